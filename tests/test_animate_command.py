"""The command `gfla animate`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.animations import PERSON, SEQUENCE, make_model, photo, standing, walking
from helpers.bvh_files import swinging, write_bvh
from helpers.terminals import Terminal
from helpers.videos import make_uneven, write_people

from gfla_tf.animation import animator as animator_module
from gfla_tf.animation import job as animation_job
from gfla_tf.animation import video_writer
from gfla_tf.animation.renderers import make_renderer
from gfla_tf.animation.spool import FrameSpool
from gfla_tf.cli import main
from gfla_tf.image_io import write_image
from gfla_tf.models.model_files import save_model
from gfla_tf.motion.video import read_frames, video_info, write_video
from gfla_tf.pose import write_openpose_json
from gfla_tf.pose.sequences import KeypointSequence, write_sequence

FRAMES = 12
COMMAND = "animate me.png dance.json --model tiny --source-keypoints me.json --output out.mp4 --clean fill"


class Blend:
    """Renders by hand, and fast: every frame is the last one, darker, with the joints' places in it."""

    def start(self, image, keypoints, previous=None):
        return image if previous is None else previous[0]

    def step(self, state, keypoints):
        image = 0.7 * state
        image[: len(keypoints), : keypoints.shape[1]] += np.sin(keypoints)[..., np.newaxis]
        return image.astype(np.float32), image.astype(np.float32)


@pytest.fixture(scope="module")
def models():
    """Small networks by name."""
    return {"tiny": make_model(SEQUENCE), "person": make_model(PERSON)}


@pytest.fixture
def inputs(tmp_path, monkeypatch, models):
    """The current folder with a photo, its keypoints and a dance; no ffmpeg, and `Blend` in place of networks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for module in (video_writer, animation_job):
        monkeypatch.setattr(module, "find_ffmpeg", lambda: None)
    write_image("me.png", photo())
    write_openpose_json("me.json", [standing(50, 100, 80)])
    load = animator_module.load_trained
    monkeypatch.setattr(animator_module, "load_trained", lambda name, *rest: models.get(name) or load(name, *rest))
    monkeypatch.setattr(animator_module, "make_renderer", lambda model: make_renderer(model) and Blend())
    names = tuple(f"{number:03}" for number in range(FRAMES))
    write_sequence("dance.json", KeypointSequence(names, walking(FRAMES), "h36m-17", (300, 200)))
    return tmp_path


def test_with_a_real_network(inputs, monkeypatch):
    monkeypatch.setattr(animator_module, "make_renderer", make_renderer)
    save_model(make_model(SEQUENCE), "folder_of_model")
    assert main([*COMMAND.replace("tiny", "folder_of_model").split()]) == 0
    assert len(list(read_frames("out.mp4"))) == FRAMES


def test_everything_that_can_be_written(inputs, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr", Terminal())
    before = {path.name for path in inputs.iterdir()}
    assert main([*COMMAND.split(), "--side-by-side", "--gif", "--frames-per-second", "20"]) == 0
    written = capsys.readouterr().out.split()
    assert written == ["out.mp4", "out_side_by_side.mp4", "out.gif"]
    assert {path.name for path in inputs.iterdir()} - before == set(written)
    info = video_info("out.mp4")
    assert (info.frames, info.frames_per_second, info.height, info.width) == (FRAMES, 20.0, 64, 48)
    assert video_info("out_side_by_side.mp4").frames == FRAMES
    assert len(list(read_frames("out.gif"))) == FRAMES
    assert f"{FRAMES}/{FRAMES} frames of the GIF, " in sys.stderr.getvalue()


def test_killed_and_restarted_it_ends_with_the_same_file(inputs, monkeypatch, capsys):
    assert main(COMMAND.split()) == 0
    whole = Path("out.mp4").read_bytes()
    Path("out.mp4").unlink()
    add, rendered = FrameSpool.add, []

    def counted(self, *frame):
        if len(rendered) == 11:
            raise KeyboardInterrupt
        rendered.append(frame)
        add(self, *frame)

    monkeypatch.setattr(FrameSpool, "add", counted)
    assert main(COMMAND.split()) == 130
    assert not Path("out.mp4").exists()
    rendered.clear()
    assert main(COMMAND.split()) == 0
    assert len(rendered) == 2  # the state had been kept after 10 frames
    assert "goes on after 10 frames" in capsys.readouterr().err
    assert Path("out.mp4").read_bytes() == whole
    assert not list(inputs.glob(".out*"))


def test_other_inputs_begin_anew(inputs, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(animation_job, "write_animation", interrupt)
        assert main(COMMAND.split()) == 130
    assert main([*COMMAND.split(), "--retarget", "limbs"]) == 0
    assert "goes on" not in capsys.readouterr().err


def interrupt(*_) -> None:
    raise KeyboardInterrupt


def test_a_person_generator_and_a_video(inputs, capsys):
    write_people(Path("dance.mp4"), walking(3, "blazepose-33"), 15.0)
    command = COMMAND.replace("tiny", "person").replace("dance.json", "dance.mp4").replace("--clean fill", "")
    assert main([*command.split(), "--side-by-side", "row.mp4"]) == 0
    assert (video_info("out.mp4").frames, video_info("out.mp4").frames_per_second) == (3, 15.0)
    assert next(read_frames("row.mp4")).shape[1] > 2 * 85
    said = capsys.readouterr().err
    assert "ffmpeg was not found" in said


def test_motion_capture_needs_no_cleaning(inputs, capsys):
    write_bvh(Path("walk.bvh"), swinging(6))
    assert main([*COMMAND.replace("dance.json", "walk.bvh").replace("--clean fill", "").split(), "--turn", "90"]) == 0
    assert capsys.readouterr().err == ""
    assert video_info("out.mp4").frames == 3


WRONG = [
    (COMMAND.replace("tiny", "sequence"), "The preset sequence comes without weights"),
    (COMMAND.replace("tiny", "motion") + " --weights stand-in", "A model of a sequence or person preset"),
    (COMMAND.replace("out.mp4", "out.avi"), "A file ending in .mp4, .m4v, .mov is expected. Received: out.avi"),
    (COMMAND.replace("out.mp4", "absent/out.mp4"), "existing, writable folder"),
    (COMMAND + " --gif out.png", "A file ending in .gif"),
    (COMMAND + " --side-by-side out.mp4", "Different files are expected as inputs and outputs"),
    (COMMAND.replace("dance.json", "black.mp4").replace("out.mp4", "black.mp4"), "Different files are expected"),
    (COMMAND.replace("me.json", "me.mp4").replace("out.mp4", "me.mp4"), "Different files are expected"),
    (COMMAND.replace("dance.json", "absent.mp4"), "A video, a .bvh file, a keypoint file or a folder"),
    (COMMAND.replace("dance.json", "text.mp4"), "text.mp4, which OpenCV cannot read as a video"),
    (COMMAND.replace("dance.json", "me.png"), "keypoint file or a folder of them is expected. Received: me.png, which"),
    (COMMAND + " --turn 45", "--turn is for .bvh files. Received: 45 with dance.json"),
    (COMMAND.replace("dance.json", "black.mp4"), "nobody in black.mp4"),
    (COMMAND.replace("dance.json", "folder"), "expected keypoint files"),
    (COMMAND.replace("dance.json", "nobody.json"), "nobody in"),
    (COMMAND.replace("dance.json", "broken.json"), "broken JSON"),
    (COMMAND.replace("dance.json", "other.bvh"), "must have the joints hip"),
    (COMMAND.replace("dance.json", "still.bvh"), "at least one frame is expected. Received: none"),
    (COMMAND.replace("dance.json", "uneven.mp4"), "frames at even times"),
    (COMMAND + " --frames-per-second 0", "frames_per_second above 0"),
    (COMMAND + " --frames-per-second 90000", "frames_per_second of a video from 0.01 to 65535 is expected"),
    (COMMAND + " --turn nan", "turn must be a number of degrees. Received: nan"),
    (COMMAND + " --person 3", "there is 1 person, number 0. Received: 3"),
    (COMMAND + " --person -1", "The number of a person from 0"),
    (COMMAND + " --clean network --motion-model motion", "The preset motion comes without weights"),
    (COMMAND.replace("me.png", "absent.png"), "absent.png"),
    (COMMAND.replace("me.json", "nobody.json"), "nobody in"),
    (COMMAND.replace("me.json", "far.json"), "at least two joints in the photo are expected"),
    (COMMAND.replace("dance.json", "other.json") + " --retarget none", "pictures of a known size"),
]


@pytest.mark.parametrize(("command", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_wrong_input_is_one_line_and_exit_code_2(inputs, capsys, command, reason):
    write_wrong_inputs()
    before = sorted(path.name for path in inputs.iterdir())
    assert main(command.split()) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("gfla: ")]
    assert line.startswith("gfla animate: error: ")
    assert reason in line
    assert sorted(path.name for path in inputs.iterdir()) == before


@pytest.mark.parametrize("slow", ["read_driving", "make_cleaner"])
def test_wrong_input_is_found_before_anything_slow_begins(inputs, monkeypatch, slow):
    write_wrong_inputs()
    monkeypatch.setattr(animation_job, slow, lambda *_: pytest.fail("was begun"))
    wrong = {"read_driving": "--person -1", "make_cleaner": "--retarget none"}[slow]
    assert main([*COMMAND.replace("dance.json", "other.json").split(), *wrong.split()]) == 2


@pytest.mark.parametrize("setting", ["retarget", "camera", "framing", "normalization"])
def test_wrong_settings_of_a_job_are_found_at_once(inputs, setting):
    job = animation_job.AnimationJob("me.png", "dance.json", "out.mp4", "absent", **{setting: "some"})
    with pytest.raises(ValueError, match=f"{setting} must be one of .* Received: 'some'"):
        animation_job.animate(job)


def write_wrong_inputs() -> None:
    Path("text.mp4").write_text("no video", encoding="utf-8")
    Path("nobody.json").write_text('{"people": []}', encoding="utf-8")
    Path("broken.json").write_text("{", encoding="utf-8")
    Path("folder").mkdir()
    write_openpose_json("me.mp4", [standing(50, 100, 80)])
    write_openpose_json("far.json", [standing(1000, 100, 80)])
    write_openpose_json("other.json", [standing(60, 100, 80)])
    write_video("black.mp4", [np.full((32, 32, 3), -1, np.float32)], 30.0)
    write_people(Path("uneven.mp4"), walking(8, "blazepose-33"), 10.0, change=make_uneven)
    write_bvh(Path("other.bvh"), [{}], {"hip": (None, (0, 0, 0)), "leg": ("hip", (0, -1, 0))})
    write_bvh(Path("still.bvh"), [])


def test_the_help_names_all_options(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["animate", "--help"])
    assert caught.value.code == 0
    assert "--side-by-side" in capsys.readouterr().out

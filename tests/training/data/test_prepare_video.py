"""Videos made into clips, with an estimator that finds red boxes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.box_estimator import BoxEstimator
from helpers.tiny_datasets import keypoints_at, tree
from helpers.training_runs import wait_for

from gfla_tf.image_io import read_image, write_image
from gfla_tf.pose import read_keypoints
from gfla_tf.pose.person_choice import choose_people
from training.__main__ import main
from training.data import prepare_video as module
from training.data.clip_preparation import PreparationSettings
from training.data.clip_sources import ClipSource, find_sources, read_test_list
from training.data.prepare_video import prepare_video

ROOT = Path(__file__).parents[3]
HEIGHT, WIDTH = 48, 80
PNG = PreparationSettings(size=32, framing="squeeze", format="png")


def frame_with(*boxes, height=HEIGHT, width=WIDTH):
    """A grey frame with red boxes (left, top, size)."""
    frame = np.zeros((height, width, 3), np.float32)
    for left, top, size in boxes:
        frame[top : top + size, left : left + size] = [0.8, -0.8, -0.8]
    return frame


def write_frames(folder, frames):
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        write_image(folder / f"frame{number}.png", frame)


def write_video(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (WIDTH, HEIGHT))
    for frame in frames:
        writer.write(np.rint((frame[..., ::-1] + 1) * 127.5).astype(np.uint8))
    writer.release()


@pytest.fixture
def source(tmp_path):
    """Twelve frames of somebody who walks to the right; in the fourth nobody is found."""
    frames = [frame_with((5 + 2 * number, 10, 20)) for number in range(12)]
    frames[3] = frame_with()
    write_frames(tmp_path / "source" / "001" / "1", frames)
    return tmp_path / "source"


def prepare(source, output, settings=PNG, **kwargs):
    return prepare_video(find_sources(source), output, settings, BoxEstimator, **kwargs)


def test_a_folder_of_frames_becomes_a_clip(source, tmp_path):
    output = tmp_path / "output"
    assert prepare(source, output, workers=2) == []
    files = tree(output)
    names = [f"train/001_1/frames/{number:06}.png" for number in range(12)]
    names += [f"train/001_1/keypoints/{number:06}_keypoints.json" for number in range(12)]
    assert sorted(files) == sorted([*names, "train/001_1/clip.json", "dataset.json"])
    assert json.loads(files["train/001_1/keypoints/000003_keypoints.json"])["people"] == []
    clip = json.loads(files["train/001_1/clip.json"])
    assert (clip["frames"], clip["frames_with_person"], clip["source_size"]) == (12, 11, [48, 80])
    said = json.loads(files["dataset.json"])
    assert said["kind"] == "clips"
    assert said["complete"] is True
    assert said["clips"] == {"train": 1, "test": 0}
    # Numbers and not letters order the frames: frame10 comes after frame9.
    tenth = read_image(output / names[10])
    assert tenth[12, round(30 * 32 / 80), 0] > 0.5


def test_convention_squeezed_frames_and_keypoints_share_their_pixels(source, tmp_path):
    prepare(source, tmp_path / "output")
    keypoints = read_keypoints(tmp_path / "output/train/001_1/keypoints/000000_keypoints.json")
    # The box is at x 5, y 10: ((5 + 0.5) * 32 / 80 - 0.5, (10 + 0.5) * 32 / 48 - 0.5)
    np.testing.assert_allclose(keypoints[:, :2].min(axis=0), [1.7, 6.5], atol=1e-4)


def test_convention_padding_puts_the_picture_in_the_middle_of_the_square(source, tmp_path):
    prepare(source, tmp_path / "output", PreparationSettings(size=40, framing="pad", format="png"))
    keypoints = read_keypoints(tmp_path / "output/train/001_1/keypoints/000000_keypoints.json")
    # 80 pixels become 40; 16 rows are added above: ((5 + 0.5) / 2 - 0.5, (10 + 16 + 0.5) / 2 - 0.5)
    np.testing.assert_allclose(keypoints[:, :2].min(axis=0), [2.25, 12.75], atol=1e-4)


def test_the_square_around_the_person_is_one_for_the_clip(source, tmp_path):
    prepare(source, tmp_path / "output", PreparationSettings(size=64, framing="person", format="png"))
    clip = tmp_path / "output/train/001_1"
    shown = json.loads((clip / "clip.json").read_text(encoding="utf-8"))["shown"]
    people = [read_keypoints(clip / f"keypoints/{number:06}_keypoints.json") for number in (0, 11)]
    assert shown["width"] == shown["height"]
    # 22 pixels to the right in the source, at the scale of the clip.
    moved = (people[1] - people[0])[:, :2]
    np.testing.assert_allclose(moved, np.tile([22 * 64 / shown["width"], 0], (18, 1)), atol=1e-3)
    for person in people:
        assert person[:, :2].min() > 0
        assert person[:, :2].max() < 63


def test_a_video_file_becomes_a_clip(tmp_path):
    write_video(tmp_path / "source/test/walk.mp4", [frame_with((10, 10, 24))] * 5)
    assert prepare(tmp_path / "source", tmp_path / "output") == []
    clip = json.loads((tmp_path / "output/test/walk/clip.json").read_text(encoding="utf-8"))
    assert clip["frames"] == 5
    assert clip["frames_per_second"] == pytest.approx(25)
    frame = read_image(tmp_path / "output/test/walk/frames/000004.png")
    assert frame[14, 8, 0] > 0.4 > 0 > frame[14, 8, 2]  # red and not blue


def test_videos_that_fail_are_reported_and_left_out(source, tmp_path, monkeypatch, capfd):
    (source / "broken.mp4").write_bytes(b"not a video")
    write_frames(source / "nobody", [frame_with()] * 3)
    write_frames(source / "mixed", [frame_with((5, 5, 20)), frame_with((5, 5, 20), height=50)])
    monkeypatch.setattr(module, "_bundled_estimator", BoxEstimator)
    output = tmp_path / "output"
    assert main(["data", "prepare", "video", str(source), "--output", str(output), "--test-fraction", "0"]) == 2
    printed = capfd.readouterr()
    assert "1 of 4 clips written to " in printed.out
    assert "A video that OpenCV can read is expected. Received: " in printed.err
    assert "nobody: nobody was found in its 3 frames." in printed.err
    assert "mixed: frames of one size are expected. Received: [(48, 80), (50, 80)]" in printed.err
    assert "001/1: the person was not found in 1 of 12 frames." in printed.err
    assert [path.name for path in (output / "train").iterdir()] == ["001_1"]
    assert not (output / ".partial").exists()


def test_wrong_input_is_refused(source, tmp_path, capfd):
    for arguments, message in [
        ([str(tmp_path / "nowhere")], "A folder of videos, or of folders of frames, is expected. Received: "),
        ([str(source), "--size", "8"], "--size must be at least 16. Received: 8."),
        ([str(source), "--workers", "0"], "--workers must be at least 1. Received: 0."),
        ([str(source), "--test-fraction", "1.5"], "--test-fraction must be in [0, 1]. Received: 1.5."),
    ]:
        assert main(["data", "prepare", "video", *arguments, "--output", str(tmp_path / "output")]) == 2
        assert message in capfd.readouterr().err
    assert not (tmp_path / "output").exists()


def test_a_clip_does_not_come_into_both_splits(source, tmp_path):
    (train,) = find_sources(source)
    test = ClipSource(train.name, "test", train.path)
    output = tmp_path / "output"
    assert prepare_video([train], output, PNG, BoxEstimator) == []
    with pytest.raises(ValueError, match=r"Received: 001_1 for test, which is there for train\."):
        prepare_video([test], output, PNG, BoxEstimator)
    assert not any((output / "test").iterdir())
    assert prepare_video([train, test], output, PNG, BoxEstimator) == []  # two clips of one name


def test_other_settings_need_another_folder(source, tmp_path):
    prepare(source, tmp_path / "output")
    with pytest.raises(ValueError, match="begun with other settings; .* Received: size 64 instead of 32"):
        prepare(source, tmp_path / "output", PreparationSettings(size=64, framing="squeeze", format="png"))


@pytest.mark.parametrize("fails_at", [1, 5, 12, 13, 17, 24])  # twelve estimates, then twelve frames
def test_an_interrupted_run_goes_on(source, tmp_path, monkeypatch, fails_at):
    prepare(source, tmp_path / "undisturbed")
    calls = []
    steps = {
        "_estimate_frame": module.ClipPreparation._estimate_frame,
        "_write_frame": module.ClipPreparation._write_frame,
    }

    def interrupted(step):
        def run(*arguments):
            calls.append(step)
            if len(calls) == fails_at:
                raise KeyboardInterrupt
            return steps[step](*arguments)

        return run

    for step in steps:
        monkeypatch.setattr(module.ClipPreparation, step, interrupted(step))
    with pytest.raises(KeyboardInterrupt):
        prepare(source, tmp_path / "output")
    assert not (tmp_path / "output/train/001_1").exists()
    for step, original in steps.items():
        monkeypatch.setattr(module.ClipPreparation, step, original)
    known = len(list(tmp_path.glob("output/.partial/train/001_1/.estimates/*.json")))
    assert known >= min(fails_at - 1, 12)
    kept = {file.name: file.stat().st_mtime_ns for file in tmp_path.glob("output/.partial/train/001_1/frames/*")}
    assert len(kept) >= fails_at - 13
    estimated = []

    class Counting(BoxEstimator):
        def estimate(self, image):
            estimated.append(image)
            return super().estimate(image)

    prepare_video(find_sources(source), tmp_path / "output", PNG, Counting)
    assert len(estimated) == 12 - known
    frames = tmp_path / "output/train/001_1/frames"
    assert kept == {name: (frames / name).stat().st_mtime_ns for name in kept}
    assert tree(tmp_path / "output") == tree(tmp_path / "undisturbed")


HALTING_RUN = """
import sys, time
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from helpers.box_estimator import BoxEstimator
from training.data.clip_preparation import PreparationSettings
from training.data.clip_sources import find_sources
from training.data.prepare_video import prepare_video
import gfla_tf.outputs
original = gfla_tf.outputs.os.replace
def halting(temporary, path):
    if Path(path).name == "000003.png":
        Path(sys.argv[2], "halted").touch()
        time.sleep(3600)
    original(temporary, path)
gfla_tf.outputs.os.replace = halting
settings = PreparationSettings(size=32, framing="squeeze", format="png")
prepare_video(find_sources(Path(sys.argv[1])), Path(sys.argv[2]), settings, BoxEstimator)
"""


def test_a_killed_run_goes_on(source, tmp_path):
    undisturbed, output = tmp_path / "undisturbed", tmp_path / "output"
    prepare(source, undisturbed)
    paths = [str(ROOT), str(ROOT / "tests")]
    process = subprocess.Popen(
        [sys.executable, "-c", HALTING_RUN, str(source), str(output), *paths],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        text=True,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(output / "halted", process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (output / "halted").unlink()
    assert any(output.glob(".partial/train/001_1/frames/.*.png"))  # killed while it wrote
    assert (output / ".partial/train/001_1/frames/000002.png").exists()
    assert not (output / "train/001_1").exists()
    prepare(source, output)
    assert tree(output) == tree(undisturbed)


def test_clips_that_are_there_are_kept_and_new_ones_added(source, tmp_path):
    output = tmp_path / "output"
    prepare(source, output)
    before = (output / "train/001_1/clip.json").stat().st_mtime_ns
    write_frames(source / "002", [frame_with((5, 5, 20))] * 2)
    prepare(source, output)
    assert (output / "train/001_1/clip.json").stat().st_mtime_ns == before
    assert len(list((output / "train/002/frames").iterdir())) == 2


def test_what_was_written_into_the_source_is_not_taken_for_clips(source, monkeypatch):
    monkeypatch.setattr(module, "_bundled_estimator", BoxEstimator)
    arguments = ["data", "prepare", "video", str(source), "--output", str(source / "made"), "--size", "32"]
    clips = []
    for _ in range(2):
        assert main(arguments) == 0
        clips.append(sorted(path.name for path in (source / "made").glob("*/*")))
    assert clips[0] == clips[1] == ["001_1"]


def test_a_source_that_is_split_keeps_its_split_and_names(tmp_path):
    for name in ("train/a/1", "test/a/1", "other/b"):
        write_frames(tmp_path / name, [frame_with()] * 2)
    clips = find_sources(tmp_path, test_fraction=1.0)
    assert [(clip.split, clip.name) for clip in clips] == [("train", "a_1"), ("test", "a_1"), ("test", "other_b")]
    with pytest.raises(ValueError, match="A list of test clips is for a folder that is not split yet. Received: "):
        find_sources(tmp_path, test_names=["a_1"])


def test_a_list_names_the_test_clips(tmp_path):
    for name in ("001/1/1", "001/1/2", "002/1/1"):
        write_frames(tmp_path / "source" / name, [frame_with()] * 2)
    (tmp_path / "val.txt").write_text("\ufeff001/1/2\r\n002_1_1.mp4\r\n\r\n", encoding="utf-8")
    names = read_test_list(tmp_path / "val.txt")
    assert names == ["001_1_2", "002_1_1"]
    clips = find_sources(tmp_path / "source", names)
    assert [(clip.split, clip.name) for clip in clips] == [
        ("train", "001_1_1"),
        ("test", "001_1_2"),
        ("test", "002_1_1"),
    ]
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="Names of clips, one a line, are expected in .*binary. Received: 'utf-8'"):
        read_test_list(tmp_path / "binary")
    with pytest.raises(ValueError, match="must name clips that are there. Received: 003_1_1"):
        find_sources(tmp_path / "source", [*names, "003_1_1"])
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match="one a line, are expected in .* Received: an empty file"):
        read_test_list(tmp_path / "empty.txt")


def test_a_fraction_is_drawn_by_name(tmp_path):
    for number in range(40):
        (tmp_path / f"clip{number}.mp4").touch()
    drawn = {clip.name for clip in find_sources(tmp_path, test_fraction=0.25) if clip.split == "test"}
    assert 2 <= len(drawn) <= 20
    for number in range(20):
        (tmp_path / f"clip{number}.mp4").unlink()
    fewer = {clip.name for clip in find_sources(tmp_path, test_fraction=0.25) if clip.split == "test"}
    assert fewer == {name for name in drawn if int(name[4:]) >= 20}
    assert not any(clip.split == "test" for clip in find_sources(tmp_path, test_fraction=0.0))


def test_two_clips_of_one_name_are_refused(tmp_path):
    for name in ("a/b.mp4", "a_b.avi"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="Clips must differ in their names. Received: .*, both called a_b"):
        find_sources(tmp_path)


def test_the_person_is_followed_and_not_mixed_up_with_a_larger_one():
    walker = [keypoints_at(10 + 2 * number, 20, 30) for number in range(8)]
    passer = keypoints_at(120, 5, 60)
    frames = [[walker[0]]] + [[passer, person] for person in walker[1:]]
    frames[4] = [passer]  # the walker is not found: the other one is too far away
    frames[5] = []
    chosen = choose_people(frames, "nearest")
    assert [None if one is None else float(one[:, 0].min()) for one in chosen] == [10, 12, 14, 16, None, None, 22, 24]
    largest = choose_people(frames, "largest")
    assert [None if one is None else float(one[:, 0].min()) for one in largest] == [10, *[120] * 4, None, 120, 120]


def test_somebody_without_common_joints_is_followed_by_the_middle():
    upper, lower = keypoints_at(10, 10, 40), keypoints_at(12, 12, 40)
    upper[9:], lower[:9] = 0, 0
    (first, second) = choose_people([[upper], [lower]])
    assert first is not None
    assert second is not None


def test_the_bundled_estimator_finds_a_person(tmp_path):
    (tmp_path / "source/walk").mkdir(parents=True)
    photo = read_image(ROOT / "samples" / "walker.jpg")
    for number in range(2):
        write_image(tmp_path / "source/walk" / f"{number}.png", photo[::2, ::2])
    assert prepare_video(find_sources(tmp_path / "source"), tmp_path / "output", PreparationSettings(size=128)) == []
    keypoints = read_keypoints(tmp_path / "output/train/walk/keypoints/000001_keypoints.json")
    assert (keypoints[:, 2] > 0).sum() >= 12
    seen = keypoints[keypoints[:, 2] > 0]
    # The frame was fitted: the person fills most of its height, the head at the top.
    assert 128 * 0.6 < np.ptp(seen[:, 1]) < 128
    assert keypoints[1, 1] < keypoints[[8, 11], 1].min()


def test_another_rule_is_refused():
    with pytest.raises(ValueError, match="person must be one of nearest, largest. Received: 'first'"):
        choose_people([], "first")


def test_a_video_says_how_many_frames_it_has(tmp_path):
    write_video(tmp_path / "walk.mp4", [frame_with()] * 7)
    source = ClipSource("walk", "train", tmp_path / "walk.mp4")
    assert source.frame_count() == 7
    assert len([load() for load in source.frames()]) == 7
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    assert ClipSource("broken", "train", tmp_path / "broken.mp4").frame_count() == 0

"""Transfers over files and folders."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from helpers.terminals import Terminal

from gfla_tf.cli import main
from gfla_tf.image_io import read_image, write_image
from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import Preset
from gfla_tf.pipelines import PoseTransfer
from gfla_tf.pose import write_openpose_json
from gfla_tf.transfer_files import Failure, check_jobs, describe_failures, plan_jobs, transfer_files

KEYPOINTS = np.column_stack([np.linspace(10, 30, 18), np.linspace(5, 60, 18), np.ones(18)]).astype(np.float32)
SMALL = Preset(
    "small",
    "person",
    config={"widths": (4, 4, 4), "flow_widths": (4, 4, 4, 4, 4), "attention_hidden": 4},
    height=32,
    width=32,
    frame_aspect=0.5,
    skeleton="openpose-18",
)


class Estimator:
    """Finds the same person in every photo that is not black."""

    def estimate(self, photo):
        return [] if photo.max() == -1 else [self]

    def keypoints(self, skeleton):
        return KEYPOINTS


@pytest.fixture(scope="module")
def transfer():
    return PoseTransfer(build_model(SMALL), estimator=Estimator())


@pytest.fixture
def folders(tmp_path):
    for folder in ("sources", "poses", "empty"):
        (tmp_path / folder).mkdir()
    for name in ("ann", "bob"):
        write_image(tmp_path / "sources" / f"{name}.png", np.zeros((64, 40, 3), np.float32))
    write_image(tmp_path / "poses" / "jump.png", np.zeros((64, 40, 3), np.float32))
    write_openpose_json(tmp_path / "poses" / "sit.json", [KEYPOINTS])
    (tmp_path / "poses" / "notes.txt").write_text("not a pose", encoding="utf-8")
    return tmp_path


def test_every_source_goes_into_every_pose(transfer, folders):
    jobs = plan_jobs(str(folders / "sources"), str(folders / "poses"), str(folders / "out"))
    names = [job[2].name for job in jobs]
    assert names == ["ann_in_jump.png", "ann_in_sit.png", "bob_in_jump.png", "bob_in_sit.png"]
    assert transfer_files(transfer, jobs, batch_size=3, table=str(folders / "table.png")) == []
    assert sorted(path.name for path in (folders / "out").iterdir()) == names
    assert read_image(folders / "table.png").shape == (3 * 36 - 4, 3 * 20 - 4, 3)
    assert read_image(folders / "out" / names[0]).shape == (32, 16, 3)


def test_a_pair_that_fails_is_reported_and_the_others_rendered(transfer, folders):
    write_image(folders / "sources" / "nobody.png", np.full((64, 40, 3), -1, np.float32))
    jobs = plan_jobs(str(folders / "sources"), str(folders / "poses" / "sit.json"), str(folders / "out"))
    failures = transfer_files(transfer, jobs, table=str(folders / "table.png"))
    assert read_image(folders / "table.png").shape == (3 * 36 - 4, 2 * 20 - 4, 3)
    assert len(failures) == 1
    assert "nobody.png" in failures[0].source
    assert "nobody was found" in failures[0].reason
    assert sorted(path.name for path in (folders / "out").iterdir()) == ["ann_in_sit.png", "bob_in_sit.png"]


def test_a_folder_is_made_with_its_first_picture(transfer, folders):
    jobs = plan_jobs(str(folders / "sources"), str(folders / "poses"), str(folders / "out"))
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        transfer_files(transfer, jobs, batch_size=0)
    assert len(transfer_files(transfer, [(str(folders / "absent.png"), *job[1:]) for job in jobs])) == len(jobs)
    assert not (folders / "out").exists()


def test_a_folder_that_cannot_be_is_found_at_once(folders):
    photo = folders / "sources" / "ann.png"
    jobs = plan_jobs(str(folders / "sources"), str(folders / "poses"), str(photo / "out"))
    with pytest.raises(ValueError, match=r"A folder that can be written to is expected\. Received: .*ann.png.out"):
        check_jobs(jobs)


def test_progress_reaches_its_end_whatever_fails(transfer, folders, monkeypatch, capsys):
    write_image(folders / "sources" / "cy.png", np.full((64, 40, 3), -1, np.float32))
    jobs = plan_jobs(str(folders / "sources"), str(folders / "poses" / "sit.json"), str(folders / "out"))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert len(transfer_files(transfer, jobs)) == 1
    assert "\x1b[K3/3 pictures, " in sys.stderr.getvalue()
    assert capsys.readouterr().out == ""


def test_many_files_are_planned_at_once(tmp_path):
    for folder in ("sources", "poses"):
        (tmp_path / folder).mkdir()
        for number in range(150):
            (tmp_path / folder / f"{number}.png").touch()
    start = time.process_time()
    assert len(plan_jobs(str(tmp_path / "sources"), str(tmp_path / "poses"), str(tmp_path / "out"))) == 150 * 150
    assert time.process_time() - start < 3  # 0.3 s; 6 s if each name is looked for among all


def test_a_single_job_writes_picture_and_sheet(transfer, folders):
    jobs = plan_jobs(str(folders / "sources" / "ann.png"), str(folders / "poses" / "sit.json"), str(folders / "a.png"))
    assert transfer_files(transfer, jobs, paste=True, sheet=str(folders / "sheet.png")) == []
    assert read_image(folders / "a.png").shape == (64, 40, 3)
    assert read_image(folders / "sheet.png").shape[1] > 60


def test_a_single_job_that_fails_raises_and_writes_nothing(transfer, folders):
    write_image(folders / "nobody.png", np.full((64, 40, 3), -1, np.float32))
    jobs = plan_jobs(str(folders / "nobody.png"), str(folders / "poses" / "sit.json"), str(folders / "a.png"))
    with pytest.raises(ValueError, match=r"nobody.png: .*nobody was found"):
        transfer_files(transfer, jobs)
    assert not (folders / "a.png").exists()


def test_plans_that_cannot_work(folders):
    photo, poses = str(folders / "sources" / "ann.png"), str(folders / "poses")
    with pytest.raises(ValueError, match="--output must be a folder. Received: .*a.png"):
        plan_jobs(photo, poses, str(folders / "a.png"))
    with pytest.raises(ValueError, match="A folder with photos is expected. Received: .*empty"):
        plan_jobs(str(folders / "empty"), poses, str(folders / "out"))
    with pytest.raises(ValueError, match=r"A file ending in .png.*Received: .*a.txt"):
        plan_jobs(photo, photo, str(folders / "a.txt"))
    with pytest.raises(ValueError, match="existing, writable folder"):
        plan_jobs(photo, photo, str(folders / "absent" / "a.png"))
    write_image(folders / "sources" / "ann.jpg", np.zeros((64, 40, 3), np.float32))
    with pytest.raises(ValueError, match="differ in more than their extension. Received: ann_in_jump.png"):
        plan_jobs(str(folders / "sources"), poses, str(folders / "out"))


@pytest.mark.parametrize("name", ["sheet", "table"])
def test_pictures_that_cannot_be_written_are_found_at_once(folders, name):
    photo, pose = str(folders / "sources" / "ann.png"), str(folders / "poses" / "sit.json")
    jobs = plan_jobs(photo, pose, str(folders / "a.png"))
    with pytest.raises(ValueError, match=r"A file ending in .png.*Received: .*b.bmp"):
        check_jobs(jobs, **{name: str(folders / "b.bmp")})


def test_debug_sheet_is_for_one_pair(folders):
    jobs = plan_jobs(str(folders / "sources"), str(folders / "poses"), str(folders / "out"))
    with pytest.raises(ValueError, match="--debug and --source-keypoints are for one source and one pose"):
        check_jobs(jobs, sheet="sheet.png")


def test_a_photo_that_fails_in_every_pose_is_named_once():
    failures = [Failure("me.jpg", pose, "me.jpg: nobody was found") for pose in ("a.json", "b.json")]
    failures.append(Failure("you.jpg", "b.json", "a shoulder is missing"))
    assert describe_failures(failures) == [
        "me.jpg: nobody was found (2 pictures)",
        "you.jpg in the pose of b.json: a shoulder is missing",
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("absent.jpg pose.json --output a.png", "A photo or a folder of photos is expected. Received: absent.jpg"),
        ("me.jpg absent.json --output a.png", "A photo, a keypoint file or a folder of them is expected"),
        ("me.jpg pose.json --output a.png --source-keypoints b.json", "A keypoint file is expected. Received: b.json"),
        ("me.jpg pose.json --output me.jpg", "Different files are expected"),
        ("me.jpg pose.json --output a.png --debug b.txt", "A file ending in .png"),
        ("me.jpg pose.json --output a.png --table b.txt", "A file ending in .png"),
        ("me.jpg pose.json --output a.png --batch-size 0", "--batch-size of at least 1 is expected. Received: 0"),
        ("me.jpg pose.json --output a.png --intermediate-poses -1", "--intermediate-poses of at least 0 is expected"),
    ],
)
def test_what_is_wrong_is_found_before_tensorflow_starts(tmp_path, monkeypatch, capsys, wrong, reason):
    monkeypatch.chdir(tmp_path)
    for name in ("me.jpg", "pose.json"):
        (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, "gfla_tf.pipelines", None)  # importing it fails
    assert main(["transfer", *wrong.split()]) == 2
    assert reason in capsys.readouterr().err


def test_checks_need_no_tensorflow():
    code = "import sys; from gfla_tf.transfer_files import check_jobs; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

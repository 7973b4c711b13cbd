"""`python -m training motion-table` on small recordings and clips."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.bvh_files import swinging, write_bvh

from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import PRESETS
from training import motion_table
from training.__main__ import main
from training.data import motion_clips
from training.data.layouts import find_clips
from training.data.motion_detector import size_of
from training.data.render.people import clip_split
from training.motion_scores import FILTERS, FilterFamily
from training.motion_tracks import capture_tracks, clip_tracks

CLIPS = Path(__file__).parents[2] / "samples" / "clips"
TRAIN, TEST = (next(f"walk{n}" for n in range(60) if clip_split(f"walk{n}") == split) for split in ("train", "test"))


@pytest.fixture
def mocap(tmp_path):
    """A recording of one and a half seconds for testing, and a shorter one for training."""
    (tmp_path / "mocap").mkdir()
    for name, frames in ((TRAIN, 40), (TEST, 90)):
        write_bvh(tmp_path / "mocap" / f"{name}.bvh", swinging(frames, turn=30))
    return tmp_path / "mocap"


@pytest.fixture
def clips(tmp_path):
    """A clip whose frames the estimator need not see: what it found is kept already."""
    shutil.copytree(CLIPS / "train", tmp_path / "clips" / "test")
    shutil.copy(CLIPS / "dataset.json", tmp_path / "clips")
    paths = sorted((tmp_path / "clips" / "test" / "clip000000" / "truth").glob("*.npz"))
    found = np.stack([np.load(path)["keypoints"] for path in paths])
    found[..., 0] += 2
    (tmp_path / "kept").mkdir()
    (clip,) = find_clips(tmp_path / "clips", "test")
    np.savez(motion_clips._kept_file(tmp_path / "kept", clip), found=found)
    return tmp_path / "clips"


@pytest.fixture
def model(tmp_path):
    """A network that has learned nothing: a correction of 0."""
    preset = replace(PRESETS["motion-demo"], config={"filters": 4, "hidden": 4, "residual": True}, parameters=0)
    save_model(build_model(preset), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def few_settings(monkeypatch):
    few = tuple(FilterFamily(family.name, family.settings, family.values[:2], family.make) for family in FILTERS)
    monkeypatch.setattr(motion_table, "FILTERS", few)


def test_tracks_of_motion_capture(mocap):
    tracks = list(capture_tracks(mocap))
    assert [track.name for track in tracks] == [f"{TEST} from side {side}" for side in range(4)]
    for track in tracks:
        assert track.found.shape == track.exact.shape == (45, 17, 3)  # 90 frames at 60 a second, seen at 30
        assert track.frames_per_second == 30
        error = np.linalg.norm((track.found - track.exact)[..., :2], axis=-1)[track.found[..., 2] > 0]
        assert 0.002 < np.median(error) / track.size < 0.05
    again = list(capture_tracks(mocap))
    np.testing.assert_array_equal(again[2].found, tracks[2].found)
    assert len(list(capture_tracks(mocap, held_out=[TRAIN]))) == 8
    assert len(list(capture_tracks(mocap, split="train"))) == 4


def test_tracks_of_clips(clips, tmp_path):
    (track,) = clip_tracks(clips, kept=tmp_path / "kept")
    assert (track.name, track.found.shape) == ("clip000000", (30, 17, 3))
    np.testing.assert_allclose((track.found - track.exact)[..., 0][track.exact[..., 2] > 0], 2, atol=1e-3)
    truth = np.load(clips / "test" / "clip000000" / "truth" / "000000.npz")["keypoints"]
    assert track.size == pytest.approx(size_of(truth[np.newaxis]), rel=0.3)


def test_what_was_found_in_other_frames_is_not_taken(clips, tmp_path, monkeypatch):
    """Every dataset has a clip000000."""
    monkeypatch.setattr(motion_clips, "_Estimator", lambda: lambda frame, progress: np.ones((18, 3), np.float32))
    other = shutil.copytree(clips, tmp_path / "other" / "clips")
    frames = sorted((other / "test" / "clip000000" / "frames").iterdir())
    shutil.copy(frames[1], frames[0])
    for _ in range(2):  # looked for, and kept
        (track,) = clip_tracks(other, kept=tmp_path / "kept")
        assert (track.found[..., 2] > 0).any()
        np.testing.assert_array_equal(track.found[track.found[..., 2] > 0], 1)
    assert len(list((tmp_path / "kept").iterdir())) == 2
    (track,) = clip_tracks(clips.rename(tmp_path / "moved"), kept=tmp_path / "kept")
    assert track.found.max() > 1


def test_clips_without_frames_are_left_out(clips, tmp_path):
    (clip,) = find_clips(clips, "test")
    pairs = motion_clips.detect_clips([replace(clip, frames=()), clip], tmp_path / "kept")
    assert [len(exact) for _, exact in pairs] == [30]


@pytest.mark.parametrize("damaged", ["kept", "truth"])
def test_damaged_files_are_named(clips, tmp_path, damaged):
    (path,) = (tmp_path / "kept").iterdir()
    if damaged == "truth":
        path = clips / "test" / "clip000000" / "truth" / "000003.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{path}: a file of .* is expected. Received: "):
        list(clip_tracks(clips, kept=tmp_path / "kept"))


def test_tables(mocap, clips, model, tmp_path, few_settings, capsys):
    arguments = ["--mocap", str(mocap), "--clips", str(clips), "--detections", str(tmp_path / "kept")]
    arguments += ["--model", f"nothing={model}", "--lookahead", "0", "--output", str(tmp_path / "tables.json")]
    assert main(["motion-table", *arguments]) == 0
    out = capsys.readouterr().out
    tables = json.loads((tmp_path / "tables.json").read_text())
    assert list(tables) == [
        "motion capture, made-up detector: 4 tracks, 180 frames",
        "clips, bundled estimator: 1 tracks, 30 frames",
    ]
    for title, scores in tables.items():
        assert f"| {title} | position error | acceleration error |" in out
        names = list(scores)
        assert names[0] == "as found, gaps filled"
        assert names[-2:] == ["nothing", "nothing, 0 frames later"]
        assert any(name.startswith("Savitzky-Golay, window 5, order") for name in names)
        assert any(name.startswith("One-Euro, minimum cutoff 0.5, beta") for name in names)
        # Two windows of 30 frames fill the gaps in a short recording as the whole does.
        assert scores["nothing"]["position"] == pytest.approx(scores[names[0]]["position"], rel=0.05)
        assert f"| nothing | {scores['nothing']['position']:.3f} % |" in out
    markdown = [*arguments[:-1], str(tmp_path / "tables.md")]
    assert main(["motion-table", *markdown]) == 0
    assert (tmp_path / "tables.md").read_text().strip() == capsys.readouterr().out.strip() == out.strip()


def test_gaps_longer_than_a_network_sees_are_filled_as_for_filters(mocap, tmp_path):
    """A joint that a network never sees would count as being in the corner of the picture."""
    track = next(capture_tracks(mocap))
    track.found[5:, 3] = 0
    scores = {}
    for blocks in (1, 3):  # 9 frames, 81 frames
        config = {"filters": 4, "hidden": 4, "residual": True, "blocks": blocks}
        save_model(build_model(replace(PRESETS["motion-demo"], config=config, parameters=0)), tmp_path / f"{blocks}")
        (method,) = motion_table._methods([f"{tmp_path / str(blocks)}"], []).values()
        scores[blocks] = motion_table.score([track], method).position
    assert scores[1] == pytest.approx(scores[3], rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--mocap DIR or --clips DIR is expected"),
        (["--mocap", "absent"], "a folder of .bvh files is expected"),
        (["--mocap", ".", "--model", "absent"], "A folder or one of the presets"),
        (["--mocap", ".", "--output", "absent/table.md"], "existing, writable folder"),
        (["--mocap", ".", "--model", "m=x", "m=y"], "Different names of models are expected. Received: two called m."),
        (["--clips", "a/clips", "b/clips"], "Different names of folders of clips are expected. Received: two called"),
    ],
)
def test_wrong_input(tmp_path, monkeypatch, capsys, model, arguments, message):
    monkeypatch.chdir(tmp_path)
    if "--model" not in arguments:
        arguments = [*arguments, "--model", str(model)]
    assert main(["motion-table", *arguments]) == 2
    assert message in capsys.readouterr().err

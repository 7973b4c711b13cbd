"""The motion extractor that comes with the library: what it is there for, and inputs of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.bvh_files import swinging, write_bvh

from gfla_tf.models.model_files import load_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.motion import CausalMotionCleaner, MotionCleaner, fill_only
from gfla_tf.motion.methods import make_cleaner
from gfla_tf.published import published_model
from training.data.render.people import clip_split
from training.motion_scores import score
from training.motion_tracks import Track, capture_tracks

FRAMES = 45


@pytest.fixture(scope="module")
def network():
    return load_model(published_model("motion-demo"))


@pytest.fixture(scope="module")
def cleaner(network):
    return MotionCleaner(network)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Somebody who walks, seen from four sides by the made-up detector."""
    folder = tmp_path_factory.mktemp("mocap")
    name = next(f"walk{number}" for number in range(60) if clip_split(f"walk{number}") == "test")
    write_bvh(folder / f"{name}.bvh", swinging(2 * FRAMES, turn=30))
    return list(capture_tracks(folder))


def changed(keypoints: np.ndarray, factor: float, shift: tuple[float, float]) -> np.ndarray:
    """Keypoints in a larger picture, elsewhere; missing ones stay (0, 0, 0)."""
    points = np.where(keypoints[..., 2:] > 0, keypoints[..., :2] * factor + shift, 0)
    return np.concatenate([points, keypoints[..., 2:]], axis=-1).astype(np.float32)


def test_it_is_the_preset(network):
    assert network.preset == PRESETS["motion-demo"]


def test_it_calms_joints_and_does_not_move_them_away(cleaner, tracks):
    before = score(tracks, lambda track: fill_only(track.found))
    after = score(tracks, lambda track: cleaner.clean(track.found))
    assert after.acceleration < before.acceleration / 2
    assert after.position < before.position


@pytest.mark.parametrize(("factor", "shift"), [(1.0, (300.0, -40.0)), (0.1, (0.0, 0.0)), (7.0, (-900.0, 2000.0))])
def test_output_moves_and_grows_with_the_input(cleaner, tracks, factor, shift):
    """By less than a ten-thousandth of the person's size."""
    track = tracks[0]
    moved = cleaner.clean(changed(track.found, factor, shift))
    expected = changed(cleaner.clean(track.found), factor, shift)
    np.testing.assert_allclose(moved[..., :2], expected[..., :2], rtol=0, atol=1e-4 * factor * track.size)
    np.testing.assert_array_equal(moved[..., 2], expected[..., 2])


def test_frames_without_anybody_are_filled(cleaner, tracks):
    track = tracks[0]
    found = track.found.copy()
    found[:5] = found[20:24] = found[-3:] = 0
    gaps = score([Track("gaps", found, track.exact)], lambda track: cleaner.clean(track.found))
    clean = cleaner.clean(found)
    assert np.isfinite(clean).all()
    seen = (track.found[5:-3, :, 2] > 0).any(axis=0)
    assert (clean[:, seen, 2] > 0).all()
    assert gaps.position < 2 * score([track], lambda track: fill_only(track.found)).position + 1


@pytest.mark.parametrize("frames", [0, 1, 2, 7])
def test_nobody_in_any_frame(cleaner, frames):
    np.testing.assert_array_equal(cleaner.clean(np.zeros((frames, 17, 3))), np.zeros((frames, 17, 3)))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_recordings_of_a_few_frames(cleaner, tracks, frames):
    track = tracks[0]
    found = track.found[:frames]
    clean = cleaner.clean(found)
    assert clean.shape == found.shape
    seen = found[..., 2] > 0
    assert (clean[seen][:, 2] > 0).all()
    assert np.linalg.norm((clean - found)[seen][:, :2], axis=-1).max() < 0.1 * track.size


def test_live(network, tracks):
    live = CausalMotionCleaner(network, lookahead=5)
    before = score(tracks[:1], lambda track: fill_only(track.found))
    after = score(tracks[:1], lambda track: live.clean(track.found))
    assert after.acceleration < before.acceleration


def test_it_is_the_default(cleaner, tracks):
    found = tracks[0].found[:3]
    np.testing.assert_array_equal(make_cleaner("network")(found, None), cleaner.clean(found))

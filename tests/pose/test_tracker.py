"""People followed from frame to frame: when they are searched for, and that they are where they should be."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.made_up_people import MadeUpDetector, MadeUpModel

from gfla_tf.image_io import read_image
from gfla_tf.pose import PoseEstimator, PoseTracker

FRAME = np.zeros((500, 1000, 3), np.float32)
SAMPLES = Path(__file__).parents[2] / "samples"
BODIES = (((300, 250), 80, 0.9), ((600, 250), 80, 0.8))


def make_tracker(bodies, *presences, **settings):
    tracker = PoseTracker(**settings)
    networks = MadeUpDetector(list(bodies)), MadeUpModel(*presences)
    tracker.__dict__["_networks"] = networks
    return tracker, *networks


def searched(tracker, detector, frames):
    """Which of the frames are searched."""
    found = []
    for frame in frames:
        before = len(detector.searched)
        tracker.estimate(frame)
        found.append(len(detector.searched) > before)
    return found


def test_frames_between_searches_are_not_searched():
    tracker, detector, model = make_tracker(BODIES, search_every=3)
    assert searched(tracker, detector, [FRAME] * 7) == [True, False, False, True, False, False, True]
    assert len(model.looked) == 3 * 2 * 2 + 4 * 2  # twice at each of two people, or once


def test_every_frame_can_be_searched():
    tracker, detector, _ = make_tracker(BODIES, search_every=1)
    assert searched(tracker, detector, [FRAME] * 3) == [True, True, True]


def test_who_is_lost_is_searched_for_in_the_same_frame():
    tracker, detector, _ = make_tracker(BODIES, *[1.0] * 4, 1.0, 0.4)
    assert searched(tracker, detector, [FRAME] * 3) == [True, True, False]
    assert len(tracker.estimate(FRAME)) == 2


def test_frames_without_anybody_are_searched_again():
    tracker, detector, _ = make_tracker([])
    assert searched(tracker, detector, [FRAME] * 2) == [True, True]
    detector.bodies += BODIES[:1]
    assert len(tracker.estimate(FRAME)) == 1


def test_a_frame_of_another_size_is_searched():
    tracker, detector, _ = make_tracker(BODIES)
    assert searched(tracker, detector, [FRAME, FRAME[:, :900], FRAME[:, :900]]) == [True, True, False]


def test_what_is_to_be_forgotten_is_searched_for():
    tracker, detector, _ = make_tracker(BODIES)
    assert searched(tracker, detector, [FRAME] * 2) == [True, False]
    tracker.forget()
    assert searched(tracker, detector, [FRAME] * 2) == [True, False]


def test_a_cut_to_somebody_else_is_searched():
    walker, astronaut = (cv2.resize(read_image(SAMPLES / name), (360, 480)) for name in ("walker.jpg", "astronaut.jpg"))
    tracker = PoseTracker()
    tracker.estimate(walker)
    (found,) = tracker.estimate(astronaut)
    np.testing.assert_array_equal(found.landmarks, PoseEstimator().estimate_largest(astronaut).landmarks)


def test_the_largest_comes_first_in_every_frame():
    tracker, _, model = make_tracker([((200, 250), 60, 0.9), ((600, 250), 120, 0.8)])
    model.strays = 10  # so that boxes have a size
    for _ in range(2):
        first, second = tracker.estimate(FRAME)
        assert first.landmarks[-1, 0] == pytest.approx(600)
        assert second.landmarks[-1, 0] == pytest.approx(200)


def test_convention_a_walker_who_moves_is_found_where_she_is():
    walker = read_image(SAMPLES / "walker.jpg")
    tracker, estimator = PoseTracker(), PoseEstimator()
    tracker.estimate(walker)
    for shift in (6, 12):
        moved = np.roll(walker, shift, axis=1)
        (followed,) = tracker.estimate(moved)
        assert tracker._followed
        expected = estimator.estimate_largest(moved).keypoints()
        both = (followed.keypoints()[:, 2] > 0) & (expected[:, 2] > 0)
        assert both.sum() >= 14
        np.testing.assert_allclose(followed.keypoints()[both, :2], expected[both, :2], atol=6)
        assert followed.mask.shape == walker.shape[:2]


@pytest.mark.parametrize("search_every", [0, -1, 2.0])
def test_wrong_settings_are_refused(search_every):
    with pytest.raises(ValueError, match=f"search_every is expected to be .* Received: {search_every}"):
        PoseTracker(search_every=search_every)
    with pytest.raises(ValueError, match="threads"):
        PoseTracker(threads=0)

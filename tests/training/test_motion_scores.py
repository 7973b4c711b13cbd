"""The two figures that motion extractors are judged by, and the search for the best filter."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.motion.filling import person_size
from gfla_tf.motion.filters import fill_only
from training.motion_scores import FILTERS, FilterFamily, score, search
from training.motion_tracks import Track


def standing(frames, height=200.0):
    """Somebody who stands still, `[frames, 17, 3]`."""
    points = np.zeros((frames, 17, 3), np.float32)
    points[..., 0] = np.linspace(0, 40, 17)
    points[..., 1] = np.linspace(0, height, 17)
    points[..., 2] = 1
    return points


def track(found, exact, name="somebody"):
    return Track(name, found, exact)


def test_convention_percent_of_the_size_and_second_differences():
    exact = standing(5)
    found = exact.copy()
    found[2, 3, :2] += [3, 4]
    found[:, 4, 0] += 7  # stays the same: no acceleration
    size = person_size(exact[..., :2], exact[..., 2] > 0)
    result = score([track(found, exact)], lambda track: track.found)
    assert result.position == pytest.approx(100 * (5 + 5 * 7) / size / (5 * 17), rel=1e-5)
    # Joint 3's errors are 0 0 5 0 0: second differences of 5, 10 and 5 in 3 * 17 counted ones.
    assert result.acceleration == pytest.approx(100 * 20 / size / (3 * 17), rel=1e-5)


def test_joints_outside_of_the_picture_and_never_found_ones_do_not_count():
    exact = standing(100)
    found = exact.copy()
    exact[10, 3, 2] = 0  # not in the picture
    found[10, 3, :2] = 500
    found[:, 5] = 0  # never found
    found[1:, 7] = 0  # found once: counts for 40 frames more
    found[:, 8, 0] += 1
    counted = track(found, exact).counted
    assert not counted[10, 3]
    assert counted[9, 3]
    assert not counted[:, 5].any()
    assert counted[:, 7].sum() == 41
    size = person_size(exact[..., :2], exact[..., 2] > 0)
    result = score([track(found, exact)], lambda track: fill_only(track.found))
    assert result.position == pytest.approx(100 * 100 / size / (17 * 100 - 1 - 100 - 59), rel=1e-4)
    # Joint 8 is off all the time, by the same; joint 3 does not count in three triples.
    assert result.acceleration == pytest.approx(0, abs=1e-5)


def test_all_joints_weigh_alike_whatever_the_track_s_length():
    long, short = standing(30), standing(10)
    moved = short + np.float32([1, 0, 0])
    size = person_size(short[..., :2], short[..., 2] > 0)
    both = score([track(long, long), track(moved, short)], lambda track: track.found)
    assert both.position == pytest.approx(100 / size * 10 / 40, rel=1e-5)


def test_nothing_to_judge_by():
    assert all(np.isnan(value) for value in score([], lambda track: track.found))


def test_the_best_settings_are_found_for_each_figure():
    exact = standing(9)
    found = exact.copy()
    found[4, :, 0] += 8

    def make(share, shift):
        def method(track):
            moved = track.found * (1 - share) + track.exact * share
            return moved + np.float32([shift, 0, 0])

        return method

    # Half of the error; a tenth of it, but all is moved by 3 pixels; a fifth of it, and moved by 1.
    family = FilterFamily("mix", ("share", "shift"), ((0.0, 0.0), (0.5, 0.0), (0.9, 3.0), (0.8, 1.0)), make)
    tracks = [track(found, exact)]
    half, shifted, between = (f"mix, share {share}, shift {shift}" for share, shift in ((0.5, 0), (0.9, 3), (0.8, 1)))
    results = dict(search(tracks, family))
    assert list(results) == [half, shifted]
    assert results[half].position < results[shifted].position
    assert results[half].acceleration > results[shifted].acceleration
    harmless = score(tracks, make(0.0, 1.3)).position
    assert list(dict(search(tracks, family, harmless))) == [half, between, shifted]
    assert list(dict(search(tracks, family, harmless=0.0))) == [half, shifted]


@pytest.mark.parametrize("family", FILTERS, ids=lambda family: family.name)
def test_filters_beat_noise_that_trembles(family):
    exact = standing(60)
    found = exact.copy()
    found[..., :2] += np.random.default_rng(0).normal(0, 3, (60, 17, 2))
    before = score([track(found, exact)], lambda track: track.found)
    for _, best in search([track(found, exact)], family):
        assert best.position < 0.6 * before.position
        assert best.acceleration < 0.2 * before.acceleration

"""Where to look for people, and which answers are believed, with made-up networks."""

import numpy as np
import pytest
from helpers.made_up_people import MadeUpDetector, MadeUpModel

from gfla_tf.pose.blazepose.landmarks import RegionPose
from gfla_tf.pose.blazepose.people import find_people, follow_people, mask_overlap, search_rounds, square_tiles
from gfla_tf.pose.blazepose.region import Region, whole_picture

WIDE = np.zeros((500, 1000, 3), np.float32)
HERE = Region(300, 250, 200)


def test_convention_tiles_cover_a_wide_photo_and_overlap_by_half():
    assert square_tiles(width=20, height=10, side=10) == [Region(5, 5, 10), Region(10, 5, 10), Region(15, 5, 10)]
    assert square_tiles(width=10, height=20, side=10) == [Region(5, 5, 10), Region(5, 10, 10), Region(5, 15, 10)]
    assert square_tiles(width=8, height=6, side=10) == [Region(4, 3, 10)]


@pytest.mark.parametrize(("width", "height", "side"), [(1000, 700, 300), (1001, 333, 333), (640, 480, 479)])
def test_tiles_leave_no_gap_and_overlap_by_at_least_half(width, height, side):
    tiles = square_tiles(width, height, side)
    for centers, length in (({t.center_x for t in tiles}, width), ({t.center_y for t in tiles}, height)):
        centers = sorted(centers)
        assert centers[0] - side / 2 == pytest.approx(0)
        assert centers[-1] + side / 2 == pytest.approx(length)
        assert np.all(np.diff(centers) <= side / 2 + 1e-9)


def test_rounds_of_a_wide_photo():
    first, second = search_rounds(width=2000, height=1000)
    assert first[0] == whole_picture(2000, 1000)
    assert sorted({region.side for region in first}) == [500, 1000, 2000]
    assert {region.side for region in second} == {250}


def test_small_photos_are_not_cut_into_tiles():
    assert search_rounds(width=200, height=100) == [[whole_picture(200, 100)], []]


@pytest.mark.parametrize("size", [(100000, 8), (8, 100000), (2048, 2048), (1, 1)])
def test_the_number_of_regions_is_limited(size):
    assert sum(len(regions) for regions in search_rounds(*size)) < 150


def test_a_person_is_looked_at_twice():
    model = MadeUpModel(next_side=180)
    (person,) = find_people(WIDE, MadeUpDetector([((300, 250), 80, 0.9)], smallest=1000), model)
    assert [round(region.side) for region in model.looked] == [200, 180]
    assert person.region.side == 180


@pytest.mark.parametrize("presences", [(0.4,), (1.0, 0.4)])
def test_a_person_must_be_confirmed_by_both_looks(presences):
    model = MadeUpModel(*presences)
    assert find_people(WIDE, MadeUpDetector([((300, 250), 80, 0.9)], smallest=1000), model) == []
    assert len(model.looked) == len(presences)


def test_the_same_person_in_many_tiles_is_found_once():
    model = MadeUpModel()
    assert len(find_people(WIDE, MadeUpDetector([((300, 250), 80, 0.9)]), model)) == 1
    assert len(model.looked) == 2


def test_the_better_detection_of_a_silhouette_stays():
    bodies = [((310, 270), 100, 0.8), ((300, 250), 80, 0.9)]
    (person,) = find_people(WIDE, MadeUpDetector(bodies), MadeUpModel())
    assert (person.region.center_x, person.region.center_y) == pytest.approx((300, 250))


def test_neighbours_are_both_found_best_first():
    bodies = [((300, 250), 80, 0.8), ((450, 250), 80, 0.9)]
    people = find_people(WIDE, MadeUpDetector(bodies), MadeUpModel())
    assert [round(person.region.center_x) for person in people] == [450, 300]


def test_the_second_round_is_for_photos_where_the_first_finds_nobody():
    image = np.zeros((1000, 1000, 3), np.float32)
    found = MadeUpDetector([((300, 250), 80, 0.9)])
    assert len(find_people(image, found, MadeUpModel())) == 1
    assert min(region.side for region in found.searched) == 500
    late = MadeUpDetector([((300, 250), 80, 0.9)], largest=250)
    assert len(find_people(image, late, MadeUpModel())) == 1
    assert min(region.side for region in late.searched) == 250


def test_bodies_that_do_not_fit_into_a_tile_are_left_to_larger_ones():
    large = [((500, 250), 400, 0.9)]  # a region of 1000 pixels
    assert find_people(WIDE, MadeUpDetector(large, largest=500), MadeUpModel()) == []
    assert len(find_people(WIDE, MadeUpDetector(large, smallest=1000), MadeUpModel())) == 1


def seen_at(*centers, side=200):
    """People of the frame before, by the place of their bodies."""
    return [MadeUpModel().predict(WIDE, Region(x, 250, side)) for x in centers]


def test_people_are_followed_by_one_look_each():
    model = MadeUpModel()
    people = follow_people(WIDE, seen_at(450, 300), model)
    assert [person.region.center_x for person in people] == [450, 300]
    assert [region.center_x for region in model.looked] == [450, 300]


def test_followed_people_are_lost_where_nobody_is_seen():
    (person,) = follow_people(WIDE, seen_at(450, 300), MadeUpModel(0.4, 1.0))
    assert person.region.center_x == 300
    assert follow_people(WIDE, seen_at(450), MadeUpModel(visibility=0.4)) == []
    assert follow_people(WIDE, seen_at(450, side=0), MadeUpModel()) == []


@pytest.mark.parametrize("side", [110, 300])
def test_who_is_beside_the_place_is_lost(side):
    """After a cut somebody else may be found where the region happens to be."""
    assert follow_people(WIDE, seen_at(450), MadeUpModel(next_side=side)) == []


def test_two_people_do_not_become_one():
    (person,) = follow_people(WIDE, seen_at(300, 310), MadeUpModel())
    assert person.region.center_x == 300


@pytest.mark.parametrize("model", [MadeUpModel(strays=17), MadeUpModel(visibility=0.4), MadeUpModel(next_side=0)])
def test_implausible_people_are_dropped(model):
    assert find_people(WIDE, MadeUpDetector([((300, 250), 80, 0.9)], smallest=1000), model) == []


def test_some_landmarks_may_miss_the_silhouette():
    detector = MadeUpDetector([((300, 250), 80, 0.9)], smallest=1000)
    assert len(find_people(WIDE, detector, MadeUpModel(strays=16))) == 1


def test_landmarks_outside_the_photo_do_not_count_as_seen():
    assert find_people(WIDE, MadeUpDetector([((-50, 250), 80, 0.9)], smallest=1000), MadeUpModel()) == []


def test_mask_overlap_of_discs():
    model = MadeUpModel()
    pose = model.predict(WIDE, HERE)
    assert mask_overlap(pose, pose) == 1
    assert mask_overlap(pose, model.predict(WIDE, Region(300, 250, 50))) == 1  # wholly within the larger one
    assert mask_overlap(pose, model.predict(WIDE, Region(500, 250, 200))) == 0
    # Two discs of radius r with centres r apart share 2/3 - sqrt(3) / (2 pi) = 0.391 of their area.
    radius = 200 * 20 / 64
    assert mask_overlap(pose, model.predict(WIDE, Region(300 + radius, 250, 200))) == pytest.approx(0.391, abs=0.02)


def test_mask_overlap_follows_the_rotation():
    left, right = np.zeros((64, 64), np.float32), np.zeros((64, 64), np.float32)
    left[:, :20], right[:, 44:] = 1, 1
    turned = Region(HERE.center_x, HERE.center_y, HERE.side, np.pi)
    landmarks = np.zeros((33, 3), np.float32)
    one, other = (RegionPose(landmarks, 1.0, mask, HERE, HERE) for mask in (left, right))
    same = RegionPose(landmarks, 1.0, right, turned, turned)
    assert mask_overlap(one, other) == 0
    assert mask_overlap(one, same) > 0.9


def test_empty_masks_overlap_nothing():
    nothing = RegionPose(np.zeros((33, 3), np.float32), 1.0, np.zeros((64, 64), np.float32), HERE, HERE)
    assert mask_overlap(nothing, MadeUpModel().predict(WIDE, HERE)) == 0

"""Poses of real photos, with places read off the photos by eye, and their way into keypoints."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.image_io import from_uint8, read_image
from gfla_tf.pose import estimator as estimator_module
from gfla_tf.pose.blazepose.landmarks import RegionPose
from gfla_tf.pose.blazepose.region import Region
from gfla_tf.pose.estimator import PoseEstimate, PoseEstimator, shrink

SAMPLES = Path(__file__).parents[2] / "samples"
NOSE, NECK, RIGHT_SHOULDER, RIGHT_WRIST, LEFT_SHOULDER, LEFT_WRIST = 0, 1, 2, 4, 5, 7
RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, LEFT_HIP, LEFT_KNEE, LEFT_ANKLE = 8, 9, 10, 11, 12, 13
SWAP_SIDES = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]
WALKER_HEIGHT = 410  # pixels, from the top of the head to the soles


@pytest.fixture(scope="module")
def estimator():
    return PoseEstimator()


@pytest.fixture(scope="module")
def walker():
    return read_image(SAMPLES / "walker.jpg")


@pytest.fixture(scope="module")
def walker_keypoints(estimator, walker):
    return estimator.estimate_largest(walker).keypoints()


def distances(keypoints, expected):
    """Distances in pixels of the joints that both have."""
    both = (keypoints[:, 2] > 0) & (expected[:, 2] > 0)
    assert both.sum() >= 14
    return np.linalg.norm(keypoints[both, :2] - expected[both, :2], axis=1)


def made_up_estimate(minimum_confidence=0.5, **places):
    """An estimate in a photo of 60 x 40 pixels; places: BlazePose number to (x, y, visibility)."""
    landmarks = np.tile(np.array([30, 20, 0.9], np.float32), (33, 1))
    for number, place in places.items():
        landmarks[int(number[1:])] = place
    return PoseEstimate(landmarks, np.ones((40, 60), np.float32), 1.0, np.zeros(4, np.float32), minimum_confidence)


def test_convention_joints_of_the_walker_in_photo_pixels(walker_keypoints):
    # She walks to the left of the photo; her left side faces the camera.
    seen_by_eye = {
        NOSE: (143, 70),
        LEFT_WRIST: (252, 235),
        RIGHT_WRIST: (86, 215),
        LEFT_KNEE: (115, 330),
        RIGHT_KNEE: (203, 338),
        LEFT_ANKLE: (112, 420),
        RIGHT_ANKLE: (263, 408),
    }
    for joint, place in seen_by_eye.items():
        assert walker_keypoints[joint, 2] >= 0.5
        assert walker_keypoints[joint, :2] == pytest.approx(place, abs=15)


def test_convention_left_is_the_persons_own_left(estimator):
    # He faces the camera: his left is on the right of the photo.
    keypoints = estimator.estimate_largest(read_image(SAMPLES / "standing.jpg")).keypoints()
    for left, right in [(LEFT_SHOULDER, RIGHT_SHOULDER), (LEFT_HIP, RIGHT_HIP), (LEFT_ANKLE, RIGHT_ANKLE)]:
        assert keypoints[left, 0] > keypoints[right, 0] + 20
    assert keypoints[NECK, :2] == pytest.approx((158, 116), abs=8)
    assert np.all(keypoints[:, 2] >= 0.5)


def test_convention_the_mask_covers_the_walker(estimator, walker):
    mask = estimator.estimate_largest(walker).mask
    assert mask.shape == (480, 360)
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    for x, y in [(175, 60), (165, 200), (190, 270), (265, 250), (80, 220), (112, 300), (110, 400), (265, 420)]:
        assert mask[y, x] > 0.5, (x, y)
    for x, y in [(20, 20), (120, 150), (240, 160), (300, 300), (50, 350), (175, 420), (340, 460)]:
        assert mask[y, x] < 0.5, (x, y)


def test_box_lies_around_the_walker(estimator, walker):
    estimate = estimator.estimate_largest(walker)
    left, top, right, bottom = estimate.box
    assert (left, bottom) == pytest.approx((66, 445), abs=12)  # the hand in front, the foot in front
    assert 35 < top < 75  # eyes and ears, not the hair
    assert right == pytest.approx(283, abs=12)
    assert 0.9 < estimate.score <= 1


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_convention_keypoints_turn_with_the_photo(estimator, walker, walker_keypoints, quarters):
    turned = estimator.estimate_largest(np.rot90(walker, quarters)).keypoints()
    expected, width, height = walker_keypoints.copy(), 360, 480
    for _ in range(quarters):  # counterclockwise: the right edge becomes the top one
        expected = np.stack([expected[:, 1], width - 1 - expected[:, 0], expected[:, 2]], axis=-1)
        width, height = height, width
    assert distances(turned, expected).mean() < 0.02 * WALKER_HEIGHT


def test_convention_a_mirrored_photo_exchanges_left_and_right(estimator, walker, walker_keypoints):
    mirrored = estimator.estimate_largest(walker[:, ::-1]).keypoints()
    expected = walker_keypoints[SWAP_SIDES] * [-1, 1, 1] + [359, 0, 0]
    assert distances(mirrored, expected).mean() < 0.03 * WALKER_HEIGHT


def test_convention_large_photos_keep_their_own_coordinates(estimator, walker, walker_keypoints):
    large = np.repeat(np.repeat(walker, 5, axis=0), 5, axis=1)  # 2400 rows, more than the longest side
    estimate = estimator.estimate_largest(large)
    expected = walker_keypoints * [5, 5, 1] + [2, 2, 0]  # pixel 0 is now the pixels 0 to 4
    assert distances(estimate.keypoints(), expected).mean() < 0.01 * 5 * WALKER_HEIGHT
    assert estimate.mask.shape == (2400, 1800)
    assert estimate.mask[5 * 200, 5 * 165] > 0.5
    assert estimate.mask[5 * 300, 5 * 300] < 0.5


def test_convention_estimates_in_a_shrunk_photo_are_brought_back(monkeypatch):
    def person_in_the_shrunk_photo(image, detector, model):
        assert image.shape == (14, 20, 3)
        landmarks = np.tile(np.array([1, 2, 1], np.float32), (33, 1))
        landmarks[0, :2] = 4, 6
        mask = np.zeros((16, 16), np.float32)
        mask[8, 8] = 1  # the centre of the region
        region = Region(center_x=4, center_y=6, side=16)
        return [RegionPose(landmarks, 0.75, mask, region, region)]

    monkeypatch.setattr(estimator_module, "LONGEST_SIDE", 20)
    monkeypatch.setattr(estimator_module, "find_people", person_in_the_shrunk_photo)
    (estimate,) = PoseEstimator().estimate(np.zeros((40, 60, 3), np.float32))
    # Pixel 1 of the photo shrunk three times is the mean of the pixels 3, 4 and 5: 1 becomes 4, 2 becomes 7.
    np.testing.assert_allclose(estimate.landmarks[[0, 1]], [[13, 19, 1], [4, 7, 1]])
    np.testing.assert_allclose(estimate.box, [4, 7, 13, 19])
    assert np.argwhere(estimate.mask == 1).tolist() == [[19, 13]]
    assert estimate.score == 0.75


@pytest.mark.parametrize("orientation", ["wide", "tall"])
def test_a_small_person_in_a_large_photo_is_found(estimator, walker, walker_keypoints, orientation):
    small = shrink(walker, 3)  # 160 x 120
    photo = np.full((400, 1600, 3) if orientation == "wide" else (1600, 400, 3), 0.2, np.float32)
    row, column = (150, 1200) if orientation == "wide" else (1200, 150)
    photo[row : row + 160, column : column + 120] = small
    keypoints = estimator.estimate_largest(photo).keypoints()
    expected = walker_keypoints / [3, 3, 1] - [1 / 3, 1 / 3, 0] + [column, row, 0]
    assert distances(keypoints, expected).mean() < 0.02 * WALKER_HEIGHT / 3


def test_everybody_is_found_and_the_largest_comes_first(estimator):
    photo = read_image(SAMPLES / "two_people.jpg")
    estimates = estimator.estimate(photo)
    assert [tuple(np.rint(estimate.box[:2]).astype(int) // 100) for estimate in estimates] == [(5, 2), (2, 0)]
    assert estimates[0].mask[330, 640] > 0.5 > estimates[1].mask[330, 640]
    assert estimates[1].mask[110, 315] > 0.5 > estimates[0].mask[110, 315]
    np.testing.assert_array_equal(estimator.estimate_largest(photo).landmarks, estimates[0].landmarks)


def test_joints_beyond_the_photo_are_missing(estimator):
    keypoints = estimator.estimate_largest(read_image(SAMPLES / "astronaut.jpg")).keypoints()
    assert np.all(keypoints[[NOSE, NECK, RIGHT_SHOULDER, LEFT_SHOULDER], 2] >= 0.5)
    assert not np.any(keypoints[[RIGHT_KNEE, RIGHT_ANKLE, LEFT_KNEE, LEFT_ANKLE], 2])


def test_convention_keypoints_of_landmarks():
    keypoints = made_up_estimate(m0=(11, 5, 0.7), m11=(40, 10, 0.8), m12=(20, 12, 0.6)).keypoints()
    assert keypoints.shape == (18, 3)
    assert keypoints.dtype == np.float32
    np.testing.assert_allclose(keypoints[NOSE], [11, 5, 0.7])
    np.testing.assert_allclose(keypoints[NECK], [30, 11, 0.6])  # the middle of the shoulders
    np.testing.assert_allclose(keypoints[LEFT_SHOULDER], [40, 10, 0.8])


@pytest.mark.parametrize("place", [(11, 5, 0.49), (-0.6, 5, 0.9), (59.5, 5, 0.9), (11, -0.6, 0.9), (11, 39.5, 0.9)])
def test_hidden_and_outer_joints_are_missing(place):
    assert made_up_estimate(m0=place).keypoints()[NOSE, 2] == 0
    assert made_up_estimate(m11=place).keypoints()[NECK, 2] == 0


@pytest.mark.parametrize("place", [(-0.5, 5, 0.5), (59.4, 5, 0.5), (11, -0.5, 0.5), (11, 39.4, 0.5)])
def test_joints_at_the_very_edge_count(place):
    assert made_up_estimate(m0=place).keypoints()[NOSE, 2] == 0.5


def test_minimum_confidence_reaches_the_keypoints(walker):
    assert made_up_estimate(0.8, m0=(11, 5, 0.7)).keypoints()[NOSE, 2] == 0
    estimate = PoseEstimator(minimum_confidence=1.0).estimate_largest(walker)
    assert estimate.minimum_confidence == 1.0
    assert set(estimate.keypoints()[:, 2]) <= {0, 1}


def test_keypoints_leave_the_landmarks_alone():
    estimate = made_up_estimate(m0=(11, 5, 0.1))
    estimate.keypoints()
    np.testing.assert_allclose(estimate.landmarks[0], [11, 5, 0.1])
    with pytest.raises(FrozenInstanceError):
        estimate.score = 0.0


def test_other_skeletons():
    assert made_up_estimate().keypoints("blazepose-33").shape == (33, 3)
    with pytest.raises(ValueError, match="octopus"):
        made_up_estimate().keypoints("octopus")


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (8, 3000), (3000, 8), (1, 40000), (240, 320)])
@pytest.mark.parametrize("kind", ["black", "noise"])
def test_odd_pictures_do_not_crash(estimator, size, kind):
    noise = np.random.default_rng(0).uniform(-1, 1, (*size, 3))
    image = (noise if kind == "noise" else np.full((*size, 3), -1.0)).astype(np.float32)
    for estimate in estimator.estimate(image):
        assert estimate.mask.shape == size
        assert np.isfinite(estimate.landmarks).all()


def test_an_empty_picture_shows_nobody(estimator):
    black = np.full((300, 400, 3), -1, np.float32)
    assert estimator.estimate(black) == []
    with pytest.raises(ValueError, match=r"nobody was found in the picture\. Received: .* \(300, 400, 3\)"):
        estimator.estimate_largest(black)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((8, 8), np.float32), r"\[height, width, 3\].*Received: float32 of shape \(8, 8\)"),
        (np.zeros((8, 8, 4), np.float32), r"Received: float32 of shape \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.float32), r"Received: float32 of shape \(0, 8, 3\)"),
        (np.zeros((8, 8, 3), np.uint8), r"float image .* Received: uint8"),
        (np.full((8, 8, 3), np.nan, np.float32), "finite numbers is expected"),
        (np.full((8, 8, 3), 255, np.float32), r"in \[-1, 1\] is expected. Received: values from 255"),
    ],
)
def test_wrong_images_are_refused(estimator, image, message):
    with pytest.raises(ValueError, match=message):
        estimator.estimate(image)


@pytest.mark.parametrize("arguments", [{"minimum_confidence": -0.1}, {"minimum_confidence": 1.1}])
def test_wrong_confidences_are_refused(arguments):
    with pytest.raises(ValueError, match=r"A minimum confidence in \[0, 1\] is expected"):
        PoseEstimator(**arguments)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_wrong_numbers_of_threads_are_refused(threads):
    with pytest.raises(ValueError, match="threads is expected to be a whole number"):
        PoseEstimator(threads=threads)


def test_float64_and_one_thread_give_the_same(walker, walker_keypoints):
    keypoints = PoseEstimator(threads=1).estimate_largest(walker.astype(np.float64)).keypoints()
    np.testing.assert_allclose(keypoints, walker_keypoints, atol=0.1)


def test_networks_are_loaded_once_at_the_first_photo(monkeypatch):
    loaded = []
    monkeypatch.setattr(estimator_module, "PersonDetector", lambda threads: loaded.append(("detector", threads)))
    monkeypatch.setattr(estimator_module, "LandmarkModel", lambda threads: loaded.append(("landmarks", threads)))
    monkeypatch.setattr(estimator_module, "find_people", lambda image, detector, model: [])
    estimator = PoseEstimator(threads=3)
    assert loaded == []
    estimator.estimate(np.zeros((8, 8, 3), np.float32))
    estimator.estimate(np.zeros((8, 8, 3), np.float32))
    assert loaded == [("detector", 3), ("landmarks", 3)]


def test_convention_shrink_averages_blocks_and_repeats_the_border():
    image = np.arange(6, dtype=np.float32).reshape(2, 3, 1)  # [[0, 1, 2], [3, 4, 5]]
    np.testing.assert_allclose(shrink(image, 2)[..., 0], [[2.0, 3.5]])  # the column of 2 and 5 is repeated
    assert shrink(image, 1) is image
    assert shrink(from_uint8(np.zeros((5, 7, 3), np.uint8)), 3).shape == (2, 3, 3)

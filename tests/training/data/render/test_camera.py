import numpy as np
import pytest

from training.data.render.camera import Camera, Framing, fit_camera, heading, look_rotation, random_framing

HEIGHT, WIDTH = 20, 30


def front_camera(**changes):
    values = {
        "position": np.array([0.0, 1.0, 4.0]),
        "rotation": look_rotation(0, 0),
        "focal": 40.0,
        "center": ((WIDTH - 1) / 2, (HEIGHT - 1) / 2),
        "height": HEIGHT,
        "width": WIDTH,
    }
    return Camera(**(values | changes))


def test_convention_from_the_front_the_left_hand_is_on_the_right_of_the_picture():
    # 0.5 m to the person's left and 0.2 m up, 4 m away: 40 * 0.5 / 4 = 5 pixels right, 40 * 0.2 / 4 = 2 up.
    projected = front_camera().project(np.array([0.5, 1.2, 0.0]))
    np.testing.assert_allclose(projected, [14.5 + 5, 9.5 - 2, 4.0])


def test_convention_azimuth_and_elevation():
    # Seen from the person's left side (+x), the front (+z) is on the left of the picture.
    camera = front_camera(position=np.array([4.0, 1.0, 0.0]), rotation=look_rotation(np.pi / 2, 0))
    np.testing.assert_allclose(camera.project(np.array([0.0, 1.0, 0.4])), [14.5 - 4, 9.5, 4.0], atol=1e-9)
    # From straight above the front is at the bottom.
    camera = front_camera(position=np.array([0.0, 4.0, 0.0]), rotation=look_rotation(0, np.pi / 2))
    np.testing.assert_allclose(camera.project(np.array([0.0, 0.0, 0.4])), [14.5, 9.5 + 4, 4.0], atol=1e-9)


def test_convention_roll_turns_the_camera_clockwise():
    # The camera a quarter turn clockwise, so what was up is on the left.
    camera = front_camera(rotation=look_rotation(0, 0, np.pi / 2))
    np.testing.assert_allclose(camera.project(np.array([0.0, 1.2, 0.0])), [14.5 - 2, 9.5, 4.0], atol=1e-9)


@pytest.mark.parametrize("azimuth", [0.0, 1.0, -2.5])
def test_rotation_is_orthonormal_and_right_handed(azimuth):
    rotation = look_rotation(azimuth, 0.4, 0.1)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_rays_meet_the_points_that_project_there():
    camera = front_camera(rotation=look_rotation(0.3, 0.2, 0.1), position=np.array([1.0, 1.5, 3.0]))
    points = camera.position + np.array([[0.2, -0.1, 1.0], [-1.0, 0.3, 2.0]]) @ camera.rotation
    x, y, depth = camera.project(points).T
    origins, directions = camera.rays(x, y)
    np.testing.assert_allclose(origins + depth[:, np.newaxis] * directions, points, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(256, 176), (64, 128)])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 0.5])
def test_fitted_points_fill_the_picture_up_to_the_margin(height, width, shift):
    points = np.random.default_rng(0).uniform([-0.4, 0.0, -0.2], [0.4, 1.8, 0.2], (200, 3))
    framing = Framing(azimuth=0.7, elevation=0.2, roll=0.03, margin=0.05, shift=shift)
    projected = fit_camera(points, framing, height, width).project(points)
    low, high = projected[:, :2].min(axis=0), projected[:, :2].max(axis=0)
    margin, end = 0.05 * height, np.array([width, height]) - 0.05 * height
    assert (low > margin - 1.5).all()
    assert (high < end + 0.5).all()
    # One of the two directions is full.
    assert ((high - low) > 0.97 * (end - margin)).any()
    if shift == -1 and width > height:
        assert low[0] == pytest.approx(margin - 0.5, abs=1)


def test_in_a_narrow_picture_the_feet_stay_near_the_lower_border():
    points = np.array([[-0.9, 1.5, 0], [0.9, 1.5, 0], [0, 0, 0], [0, 1.8, 0]])  # arms stretched out: a square
    projected = fit_camera(points, Framing(margin=0.05), 128, 64).project(points)
    # 64 - 2 * 6.4 = 51.2 pixels wide and high; 64 rows are free, and a tenth of them is below.
    assert np.ptp(projected[:, 0]) == pytest.approx(51.2, abs=0.5)
    assert projected[2, 1] == pytest.approx(63.5 + 0.8 * 32 + 25.6, abs=0.5)


def test_random_framings_depend_on_the_seed_only_and_vary():
    first = [random_framing(np.random.default_rng(seed)) for seed in range(100)]
    assert first == [random_framing(np.random.default_rng(seed)) for seed in range(100)]
    front = sum(np.cos(framing.azimuth) > 0.7 for framing in first)
    assert 40 <= front <= 80
    assert 5 <= sum(framing.upper_body for framing in first) <= 40


def test_heading_is_where_the_front_points():
    # Facing +x: the left side is at -z.
    joints = {
        f"{side}_{name}": np.array([0, 1.0, sign])
        for side, sign in (("left", -0.2), ("right", 0.2))
        for name in ("shoulder", "hip")
    }
    assert heading(joints) == pytest.approx(np.pi / 2)


def test_bad_input():
    with pytest.raises(ValueError, match="At least two points.*Received: shape \\(1, 3\\)"):
        fit_camera(np.zeros((1, 3)), Framing(), 10, 10)
    with pytest.raises(ValueError, match="at least one pixel.*Received: 0 x 10"):
        fit_camera(np.zeros((2, 3)), Framing(), 0, 10)

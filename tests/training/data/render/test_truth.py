from types import SimpleNamespace

import numpy as np
import pytest
from helpers.puppets import Puppet, ellipsoid, patchy_texture

from gfla_tf.pose.skeletons import get_skeleton
from training.data.render.backgrounds import Background
from training.data.render.camera import Camera, Framing, fit_camera, look_rotation
from training.data.render.lighting import FLAT_LIGHT, random_light
from training.data.render.mesh import join_meshes
from training.data.render.picture import render_picture
from training.data.render.textures import TextureAtlas
from training.data.render.truth import HIDDEN, VISIBLE, annotated_keypoints, correspond, true_keypoints

pytest.importorskip("embreex")
from training.data.render.raytrace import Scene

JOINTS = get_skeleton("openpose-18").joints
HEIGHT, WIDTH = 128, 96


def take(posed, framing=None, light=FLAT_LIGHT, camera=None):
    scene = Scene(posed.mesh, TextureAtlas(posed.mesh.materials))
    camera = camera or fit_camera(posed.mesh.vertices, framing, HEIGHT, WIDTH)
    background = Background(np.full((camera.height, camera.width, 3), 0.5, np.float32), floor=False)
    return SimpleNamespace(scene=scene, camera=camera, picture=render_picture(scene, camera, light, background))


def warp(image, flow):
    """Independent of the library: bilinear, source pixel = target pixel + flow."""
    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]]
    x = np.clip(columns + flow[..., 0], 0, image.shape[1] - 1.001)
    y = np.clip(rows + flow[..., 1], 0, image.shape[0] - 1.001)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = (x - left)[..., np.newaxis], (y - top)[..., np.newaxis]
    upper = image[top, left] * (1 - a) + image[top, left + 1] * a
    return upper * (1 - b) + (image[top + 1, left] * (1 - a) + image[top + 1, left + 1] * a) * b


def inner(mask, pixels=2):
    """Pixels whose surroundings, `pixels` each way, are all in the mask."""
    for axis in (0, 1):
        mask = np.all([np.roll(mask, step, axis) for step in range(-pixels, pixels + 1)], axis=0)
    return mask


def ball(x, camera):
    mesh = join_meshes([ellipsoid((x, 1, 0), (0.5,) * 3, "head", patchy_texture(0), rings=60)])
    return take(SimpleNamespace(mesh=mesh), camera=camera)


def far_camera():
    """Nearly without perspective, 20 pixels a metre, 40 rows and 60 columns."""
    return Camera(np.array([0, 1.0, 100]), look_rotation(0, 0), 2000.0, (29.5, 19.5), 40, 60)


def test_convention_flow_points_from_the_target_into_the_source():
    # In the source the ball is 0.4 m further to the right of the picture: 8 pixels (8.04 for its nearest point).
    target, source = ball(0, far_camera()), ball(0.4, far_camera())
    flow, visible = correspond(target.picture, source.scene, source.camera)
    assert flow.shape == (40, 60, 2)
    np.testing.assert_allclose(flow[target.picture.seen], np.tile([8, 0], (target.picture.seen.sum(), 1)), atol=0.05)
    assert (flow[~target.picture.seen] == 0).all()
    assert visible[inner(target.picture.seen, 1)].all()
    assert not visible[~target.picture.seen].any()


def test_what_leaves_the_source_picture_is_not_visible():
    target, source = ball(0, far_camera()), ball(1.5, far_camera())  # 30 pixels: its middle is on the picture's border
    _, visible = correspond(target.picture, source.scene, source.camera)
    columns = np.nonzero(visible.any(axis=0))[0]
    assert columns.min() in (19, 20)
    assert columns.max() == 29


def test_the_back_is_not_visible_from_the_front():
    camera = far_camera()
    behind = Camera(np.array([0, 1.0, -100]), look_rotation(np.pi, 0), camera.focal, camera.center, 40, 60)
    target, source = ball(0, camera), ball(0, behind)
    _, visible = correspond(target.picture, source.scene, source.camera)
    assert not visible[inner(target.picture.seen, 1)].any()


@pytest.mark.parametrize(("kind", "limit"), [("flat", 0.03), ("studio", 0.06)])
def test_warping_the_source_gives_the_target(kind, limit):
    framings = [Framing(azimuth=angle, elevation=0.1) for angle in (0.0, 0.6, -0.5)]
    light = [random_light(np.random.default_rng(3), kind, framing.azimuth) for framing in framings]
    views = [take(Puppet(1).posed(p), f, one) for p, f, one in zip((0.0, 0.2, -0.1), framings, light, strict=True)]
    for target, source in ((0, 1), (1, 0), (2, 1)):
        target, source = views[target], views[source]
        flow, visible = correspond(target.picture, source.scene, source.camera)
        compared = inner(visible)
        assert compared.sum() > 500
        difference = np.abs(warp(source.picture.image, flow) - target.picture.image)[compared]
        assert difference.mean() < limit
        # It is the flow that does it.
        shifted = np.abs(warp(source.picture.image, flow + 4) - target.picture.image)[compared]
        assert shifted.mean() > 2 * difference.mean()


@pytest.mark.parametrize(("kind", "limit"), [("flat", 0.03), ("studio", 0.06)])
def test_warping_clothed_people(kind, limit):
    from training.data.render.people import sample_person
    from training.data.render.poses import random_pose

    random, differences = np.random.default_rng(2), []
    for seed in range(1, 5):
        person = sample_person(seed)
        light = random_light(np.random.default_rng(seed), kind)
        target, source = (
            take(person.posed(random_pose(random, heading=0.0)), framing, light)
            for framing in (Framing(azimuth=0.2), Framing(azimuth=-0.2, elevation=0.15))
        )
        flow, visible = correspond(target.picture, source.scene, source.camera)
        # Two pixels or more inside the outlines of both.
        inside_source = inner(source.picture.mask == 1)[..., np.newaxis].astype(float)
        compared = inner(visible) & (warp(inside_source, flow)[..., 0] > 0.99)
        assert compared.sum() > 200
        differences.append(np.abs(warp(source.picture.image, flow) - target.picture.image)[compared].mean())
    assert np.mean(differences) < limit


def test_an_arm_in_front_hides_the_trunk():
    side = Framing(azimuth=np.pi / 2)
    target, source = take(Puppet(1).posed(0.3), side), take(Puppet(1).posed(0.0), side)
    flow, visible = correspond(target.picture, source.scene, source.camera)
    x, y, _ = target.camera.project(np.array([0.2, 1.2, 0.0])).round().astype(int)
    assert target.picture.seen[y, x]
    assert not visible[y, x]  # there the left arm hangs in front of it
    np.testing.assert_allclose(flow[y, x], [0, 0], atol=8)


def test_keypoints_by_projection_with_confidences():
    posed = Puppet(1).posed(0.0)
    view = take(posed, Framing())
    keypoints = true_keypoints(view.scene, view.camera, posed.joints)
    assert keypoints.shape == (18, 3)
    assert keypoints.dtype == np.float32
    expected = [view.camera.project(posed.joints[name])[:2] for name in JOINTS]
    np.testing.assert_allclose(keypoints[:, :2], expected, atol=1e-3)
    np.testing.assert_array_equal(keypoints[:, 2], VISIBLE)
    # The left wrist is on the right of the picture.
    assert keypoints[JOINTS.index("left_wrist"), 0] > keypoints[JOINTS.index("right_wrist"), 0]


def test_from_behind_the_face_is_hidden_and_not_annotated():
    posed = Puppet(1).posed(0.0)
    view = take(posed, Framing(azimuth=np.pi))
    keypoints = true_keypoints(view.scene, view.camera, posed.joints)
    hidden = {name for name, confidence in zip(JOINTS, keypoints[:, 2], strict=True) if confidence == HIDDEN}
    assert {"nose", "left_eye", "right_eye"} <= hidden
    assert "left_wrist" not in hidden
    annotated = annotated_keypoints(keypoints)
    assert (annotated[JOINTS.index("nose")] == 0).all()
    assert (annotated[JOINTS.index("left_wrist")] == keypoints[JOINTS.index("left_wrist")]).all()


def test_from_the_side_the_far_arm_is_hidden_but_annotated():
    posed = Puppet(1).posed(0.0)
    view = take(posed, Framing(azimuth=np.pi / 2))
    keypoints = true_keypoints(view.scene, view.camera, posed.joints)
    assert keypoints[JOINTS.index("left_elbow"), 2] == VISIBLE
    assert keypoints[JOINTS.index("right_elbow"), 2] == HIDDEN
    assert annotated_keypoints(keypoints)[JOINTS.index("right_elbow"), 2] == HIDDEN


def test_joints_outside_of_the_picture_are_zero():
    posed = Puppet(1).posed(0.0)
    upper = posed.mesh.vertices[posed.mesh.vertices[:, 1] > 1.0]
    view = take(posed, camera=fit_camera(upper, Framing(), HEIGHT, WIDTH))
    keypoints = true_keypoints(view.scene, view.camera, posed.joints)
    np.testing.assert_array_equal(keypoints[JOINTS.index("left_ankle")], 0)
    assert keypoints[JOINTS.index("nose"), 2] == VISIBLE

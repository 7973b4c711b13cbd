"""Ground truth of rendered pictures: joints, and which pixel of one picture shows the same skin as a pixel of another.

A flow is (dx, dy) in pixels, integers at pixel centres: target pixel l shows the surface point that lies at
l + flow(l) in the source picture. The correspondence is (face, barycentric coordinates) of the person's mesh, so it is
exact. Keypoints are float32 `[18, 3]` = (x, y, confidence) in OpenPose's order: confidence 1 visible, 0.5 inside the
picture but hidden, 0 outside of it, where the coordinates are 0 too.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.skeletons import get_skeleton
from training.data.render.camera import Camera
from training.data.render.picture import Picture
from training.data.render.raytrace import Scene

__all__ = ["VISIBLE", "HIDDEN", "OUTSIDE", "FACE_JOINTS", "true_keypoints", "annotated_keypoints", "correspond"]

VISIBLE, HIDDEN, OUTSIDE = 1.0, 0.5, 0.0
JOINTS = get_skeleton("openpose-18").joints
FACE_JOINTS = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
SAME_POINT = 0.002  # metres: what lies less in front of a surface point is taken for that point
# Metres of body, and clothes on it, that may lie between the camera and a joint that counts as visible.
BODY_AROUND = {"nose": 0.05, "eye": 0.05, "ear": 0.07, "neck": 0.16, "shoulder": 0.16, "hip": 0.22}
LIMB_AROUND = 0.13


def true_keypoints(scene: Scene, camera: Camera, joints: dict[str, np.ndarray]) -> np.ndarray:
    """The joints in a picture.

    Args:
        scene: the posed person.
        camera: where it is seen from.
        joints: 3-D positions in metres by OpenPose's names.

    Returns:
        float32 `[18, 3]`, confidences as at the top of this module.
    """
    positions = np.stack([joints[name] for name in JOINTS])
    projected = camera.project(positions)
    x, y, depth = projected.T
    inside = (x >= -0.5) & (x < camera.width - 0.5) & (y >= -0.5) & (y < camera.height - 0.5) & (depth > 0)
    first = scene.hit(*camera.rays(x, y)).depth
    hidden = depth - first > [BODY_AROUND.get(name.partition("_")[2] or name, LIMB_AROUND) for name in JOINTS]
    keypoints = np.stack([x, y, np.where(hidden, HIDDEN, VISIBLE)], axis=-1)
    return np.where(inside[:, np.newaxis], keypoints, OUTSIDE).astype(np.float32)


def annotated_keypoints(keypoints: np.ndarray) -> np.ndarray:
    """What a detector would find: all joints in the picture, but of the face only what is visible.

    Detectors guess a limb behind the body well; a nose that they find says that the person is seen from the front.

    Args:
        keypoints: float32 `[18, 3]` as `true_keypoints` gives them.

    Returns:
        float32 `[18, 3]`; joints that are missing are (0, 0, 0).
    """
    is_face = np.array([name in FACE_JOINTS for name in JOINTS])
    kept = (keypoints[:, 2] > OUTSIDE) & ~(is_face & (keypoints[:, 2] < VISIBLE))
    return np.where(kept[:, np.newaxis], keypoints, np.float32(0))


def correspond(target: Picture, source_scene: Scene, source_camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Exact flow from a target picture to a source picture of the same person.

    Args:
        target: the picture that the flow is for.
        source_scene: the same person in the source's pose; the same faces in the same order.
        source_camera: of the source.

    Returns:
        `flow`, float32 `[height, width, 2]` = (dx, dy) in pixels from the target pixel to the source pixel, also for
        surface points that are hidden in the source, 0 in the background; and `visible`, bool `[height, width]`: the
        point is seen in the source picture, from the same side of the cloth.
    """
    points = source_scene.points(target.hits)
    x, y, depth = source_camera.project(points).T
    rows, columns = np.nonzero(target.seen)
    flow = np.zeros((*target.seen.shape, 2), np.float32)
    flow[rows, columns] = np.stack([x - columns, y - rows], axis=-1)
    inside = (x >= -0.5) & (x < source_camera.width - 0.5) & (y >= -0.5) & (y < source_camera.height - 0.5)
    origins, directions = source_camera.rays(x, y)
    unhidden = source_scene.hit(origins, directions).depth > depth - SAME_POINT
    same_side = source_scene.outside_seen(target.hits, directions) == target.outside
    visible = np.zeros(target.seen.shape, bool)
    visible[rows, columns] = inside & (depth > 0) & unhidden & same_side
    return flow, visible

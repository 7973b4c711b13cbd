"""Poses: skeletons, keypoint files, pose maps, drawing, and an estimator for photos.

Keypoints are float32 arrays `[..., joints, 3]` = (x, y, confidence): pixels, (0, 0) the centre of the top left pixel,
confidence 0 = missing. A skeleton names the joints and their order.

* `skeletons`: the joint orders of common detectors and data sets, and the way from one to another.
* `keypoint_files`: keypoints from OpenPose, AlphaPose, COCO, MediaPipe and annotation CSV files.
* `heatmaps`: keypoints to pose maps `[..., height, width, joints]`, which is what the networks see.
* `drawing`: a coloured skeleton over a photo, which is what people look at.
* `estimator`: keypoints from a photo; `tracker`: from the frames of a video.

Names are imported when they are first used, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib

__all__ = [
    # skeletons
    "SKELETONS",
    "Skeleton",
    "get_skeleton",
    "convert_keypoints",
    "flip_keypoints",
    "missing_joints",
    # keypoint files
    "KeypointFile",
    "NobodyError",
    "read_keypoint_file",
    "read_keypoints",
    "write_openpose_json",
    "write_annotation_csv",
    # heatmaps
    "pose_maps",
    "pose_maps_tensor",
    "rescale_keypoints",
    # drawing
    "draw_skeleton",
    "skeleton_image",
    # estimator
    "PoseEstimator",
    "PoseEstimate",
    "PoseTracker",
]

_HOME_OF = {
    "SKELETONS": "skeletons",
    "Skeleton": "skeletons",
    "get_skeleton": "skeletons",
    "convert_keypoints": "skeletons",
    "flip_keypoints": "skeletons",
    "missing_joints": "skeletons",
    "KeypointFile": "keypoint_records",
    "NobodyError": "keypoint_records",
    "read_keypoint_file": "keypoint_files",
    "read_keypoints": "keypoint_files",
    "write_openpose_json": "openpose_json",
    "write_annotation_csv": "annotation_csv",
    "pose_maps": "heatmaps",
    "pose_maps_tensor": "heatmaps",
    "rescale_keypoints": "heatmaps",
    "draw_skeleton": "drawing",
    "skeleton_image": "drawing",
    "PoseEstimator": "estimator",
    "PoseEstimate": "estimator",
    "PoseTracker": "tracker",
}


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first used (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))

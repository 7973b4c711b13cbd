"""MediaPipe's pose landmarks as JSON: 33 joints of BlazePose, coordinates as fractions of the image's sides.

    {"landmarks": [{"x": 0.5, "y": 0.25, "z": 0.0, "visibility": 0.9}, ...], "image_width": 640, "image_height": 480}

Also under `pose_landmarks`, or the bare list; a list of such lists is several people. Convention: x in pixels is x *
image_width and y is y * image_height, without a shift by half a pixel. Coordinates of a file without a size are taken
for pixels, unless they look like fractions. `visibility` is the confidence, 1 where a landmark has none; z is dropped.
"""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.pose.keypoint_records import KeypointFile, NobodyError, are_numbers, frame_name, read_size, shorten

__all__ = ["is_landmark_json", "parse_landmark_json"]

_KEYS = ("landmarks", "pose_landmarks")
_JOINTS = 33
# Landmarks may lie somewhat outside of the image.
_LOWEST_FRACTION, _HIGHEST_FRACTION = -0.5, 1.5


def is_landmark_json(data: object) -> bool:
    """Tell whether parsed JSON has the shape of this format."""
    if isinstance(data, dict):
        return any(key in data for key in _KEYS)
    while isinstance(data, list) and data:
        data = data[0]
    return isinstance(data, dict) and "x" in data


def parse_landmark_json(data: dict | list, path: str | os.PathLike[str]) -> KeypointFile:
    """Read parsed JSON for which `is_landmark_json`.

    Raises:
        NobodyError: Nobody in the file.
        ValueError: Something in it that is not of this format, or an image size that is missing.
    """
    landmarks = next(data[key] for key in _KEYS if key in data) if isinstance(data, dict) else data
    size = read_size(data, "image_height", "image_width", str(path)) if isinstance(data, dict) else None
    if not isinstance(landmarks, list):
        raise ValueError(f"{path}: expected a list of {_JOINTS} landmarks. Received: {shorten(landmarks)}")
    if not landmarks:
        raise NobodyError(f"nobody in {path}: expected {_JOINTS} landmarks")
    people = landmarks if isinstance(landmarks[0], list) else [landmarks]
    keypoints = [_read_person(person, f"{path}, person {index}") for index, person in enumerate(people)]
    frames = {frame_name(path): list(_to_pixels(np.stack(keypoints), size, path))}
    return KeypointFile("landmark-json", "blazepose-33", frames, size)


def _read_person(person: object, where: str) -> np.ndarray:
    if not isinstance(person, list) or len(person) != _JOINTS or not all(isinstance(one, dict) for one in person):
        received = f"{len(person)} items" if isinstance(person, list) else shorten(person)
        raise ValueError(f"{where}: expected a list of {_JOINTS} landmarks. Received: {received}")
    rows = [(landmark.get("x"), landmark.get("y"), landmark.get("visibility", 1)) for landmark in person]
    for joint, row in enumerate(rows):
        if not are_numbers(row):
            raise ValueError(
                f"{where}, landmark {joint}: expected finite numbers x, y and visibility. Received: {shorten(row)}"
            )
    return np.array(rows, np.float64)


def _to_pixels(people: np.ndarray, size: tuple[int, int] | None, path: str | os.PathLike[str]) -> np.ndarray:
    coordinates = people[..., :2]
    if size is not None:
        people[..., 0] *= size[1]
        people[..., 1] *= size[0]
    elif coordinates.min() >= _LOWEST_FRACTION and coordinates.max() <= _HIGHEST_FRACTION:
        raise ValueError(
            f"{path}: image_width and image_height are needed, because the landmarks are fractions of the image's "
            f"sides. Received: coordinates from {coordinates.min():g} to {coordinates.max():g}"
        )
    return np.where(people[..., 2:] > 0, people, 0).astype(np.float32)

"""The mask of a person, drawn from the target's keypoints, for mask-SSIM, mask-LPIPS and L1 inside the person.

The mask covers every pixel closer than 4 pixels to a limb or to a joint, and is then closed by a 5 x 5 element (dilated
and eroded), which fills narrow gaps between limbs. All this happens on a canvas of 128 x 64 pixels (height x width),
the size of Market-1501's pictures; pictures of another size are mapped onto it, edges to edges, and each of their
pixels takes the value of the canvas pixel that its centre lies in.

Limbs are those of the 18 joints of OpenPose and a few more lines that fill torso and head: shoulder to hip on each
side, hip to hip, neck to both ears, and ear to ear. Other skeletons are converted first. A limb needs both of its
joints, and missing joints leave nothing.

Keypoints are (x, y, confidence) in pixels, integer coordinates being pixel centres: x lies at
(x + 0.5) * 64 / width - 0.5 on the canvas.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.skeletons import SKELETONS, Skeleton, check_keypoints, convert_keypoints

__all__ = ["person_mask"]

HEIGHT, WIDTH = 128, 64
RADIUS = 4.0
CLOSING = 5
FILLING_LINES = (
    ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_hip"),
    ("right_hip", "left_hip"),
    ("neck", "right_ear"),
    ("neck", "left_ear"),
    ("right_ear", "left_ear"),
)


def person_mask(keypoints, height: int, width: int, skeleton: str | Skeleton = "openpose-18") -> np.ndarray:
    """Draw the masks of people, one a picture.

    Args:
        keypoints: `[batch, joints, 3]` = (x, y, confidence) in pixels of the pictures.
        height: of the pictures, in pixels.
        width: of the pictures, in pixels.
        skeleton: of the keypoints.

    Returns:
        float32 `[batch, height, width, 1]`, 1 on the person and 0 elsewhere.

    Raises:
        ValueError: if the keypoints or the size are not as described.
    """
    keypoints = check_keypoints(keypoints, skeleton)
    if keypoints.ndim != 3:
        raise ValueError(f"keypoints of shape [batch, joints, 3] are expected. Received: {keypoints.shape}.")
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1 pixel. Received: {height} and {width}.")
    points = convert_keypoints(keypoints, skeleton, "openpose-18").astype(np.float64)
    points[..., :2] = (points[..., :2] + 0.5) * (WIDTH / width, HEIGHT / height) - 0.5
    canvases = np.stack([_canvas(person) for person in points]) if len(points) else np.zeros((0, HEIGHT, WIDTH))
    rows, columns = _canvas_pixels(height, HEIGHT), _canvas_pixels(width, WIDTH)
    return canvases[:, rows][:, :, columns, np.newaxis].astype(np.float32)


def _canvas_pixels(length: int, canvas_length: int) -> np.ndarray:
    """For each pixel along a side of the picture, the pixel of the canvas that its centre lies in."""
    return (2 * np.arange(length) + 1) * canvas_length // (2 * length)


def _canvas(points: np.ndarray) -> np.ndarray:
    """The mask of one person on the canvas, of bools."""
    from scipy import ndimage

    there = (points[:, 2] > 0) & np.isfinite(points[:, :2]).all(axis=-1)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for start, end in _lines():
        if there[start] and there[end]:
            mask |= _distances(points[start, :2], points[end, :2]) < RADIUS
    element = np.ones((CLOSING, CLOSING), bool)
    # What lies outside of the canvas neither adds to the mask nor eats into it.
    return ndimage.binary_erosion(ndimage.binary_dilation(mask, element), element, border_value=1)


def _lines() -> list[tuple[int, int]]:
    """Pairs of joints that are joined, and each joint with itself."""
    skeleton = SKELETONS["openpose-18"]
    filling = [(skeleton.joints.index(start), skeleton.joints.index(end)) for start, end in FILLING_LINES]
    return [*skeleton.limbs, *filling, *((joint, joint) for joint in range(len(skeleton.joints)))]


def _distances(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How far each pixel of the canvas is from a line between two points, in pixels."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    direction, x, y = end - start, columns - start[0], rows - start[1]
    length = direction @ direction
    along = np.clip((x * direction[0] + y * direction[1]) / length, 0, 1) if length else 0.0
    return np.hypot(x - along * direction[0], y - along * direction[1])

"""Skeletons drawn for people to look at: the person's right side warm, the left side cool, the middle grey.

Images are float32 RGB `[height, width, 3]` in [-1, 1]. Keypoints are `[joints, 3]` = (x, y, confidence) in pixels, (0,
0) the centre of the top left pixel; they may lie anywhere, also far outside of the image. Missing joints (confidence
not above 0, or a coordinate that isn't finite) and their limbs are left out. Lines and dots are anti-aliased and placed
to a sixteenth of a pixel.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.skeletons import Skeleton, check_keypoints, get_skeleton

__all__ = ["black_canvas", "draw_skeleton", "joint_colors", "limb_colors", "skeleton_image"]

LARGEST_CANVAS = 4096  # pixels a side
FURTHEST = 2**14  # pixels from the corner; what is further away is a detector's mistake
MARGIN = 20  # pixels around joints of a picture of unknown size

# RGB, 0..255. Neighbouring limbs of one side take different shades.
_RIGHT_COLORS = ((255, 60, 40), (255, 130, 0), (255, 200, 40))
_LEFT_COLORS = ((50, 80, 255), (0, 150, 255), (60, 220, 230))
_MIDDLE_COLORS = ((215, 215, 215),)

_FRACTION_BITS = 4  # OpenCV's fixed point coordinates


def draw_skeleton(
    image: np.ndarray,
    keypoints: np.ndarray,
    skeleton: str | Skeleton = "openpose-18",
    thickness: int | None = None,
    color: tuple[int, int, int] | None = None,
) -> np.ndarray:
    """Draw a person's limbs and joints over a photo.

    Args:
        image: float `[height, width, 3]`, RGB in [-1, 1]. It is not modified.
        keypoints: `[joints, 3]` = (x, y, confidence) in pixels of the image.
        skeleton: The skeleton of `keypoints`.
        thickness: Of the lines, in pixels, without OpenCV's soft edges; by default it grows with the person, up to what
            suits one who fills the image.
        color: RGB, each 0..255, of everything; by default colours tell left, right and middle.

    Returns:
        New float32 image `[height, width, 3]` in [-1, 1]. Pixels that nothing was drawn on keep their value (within
        [-1, 1]); the others are in steps of 1/127.5.

    Raises:
        ValueError: An image, keypoints or thickness of another kind.
    """
    skeleton = get_skeleton(skeleton)
    image = _check_image(image)
    points = _visible_points(keypoints, skeleton)
    if thickness is None:
        thickness = _suitable_thickness(points, image.shape[:2])
    if isinstance(thickness, bool) or not isinstance(thickness, (int, np.integer)) or thickness < 1:
        raise ValueError(f"thickness must be a whole number of pixels, at least 1. Received: {thickness!r}")
    before = np.rint((image + 1) * 127.5).astype(np.uint8)
    after = before.copy()
    _draw(after, points, skeleton, int(thickness), color)
    return np.where(after == before, image, after.astype(np.float32) / np.float32(127.5) - 1)


def skeleton_image(
    keypoints: np.ndarray, height: int, width: int, skeleton: str | Skeleton = "openpose-18"
) -> np.ndarray:
    """Draw a person's limbs and joints on a black canvas.

    Args:
        keypoints: `[joints, 3]` = (x, y, confidence) in pixels of the canvas.
        height: Of the canvas, in pixels.
        width: Of the canvas, in pixels.
        skeleton: The skeleton of `keypoints`.

    Returns:
        float32 `[height, width, 3]` in [-1, 1], black being -1.
    """
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1 pixel. Received: {height} and {width}")
    return draw_skeleton(np.full((height, width, 3), -1, np.float32), keypoints, skeleton)


def black_canvas(keypoints: np.ndarray, size: tuple[int, int] | None = None) -> tuple[np.ndarray, float]:
    """A black picture to draw joints on where there is none behind them.

    Args:
        keypoints: `[..., joints, 3]` = (x, y, confidence) in pixels.
        size: (height, width) in pixels of the picture that they are in. Where it is not known, the canvas holds all
            joints right of and below its corner, but for those that are further away than pictures reach.

    Returns:
        float32 `[height, width, 3]`, all -1, and the factor that brings coordinates to its pixels: 1, unless a side
        would be longer than `LARGEST_CANVAS`.
    """
    if size is None:
        there = (keypoints[..., 2] > 0) & (np.abs(keypoints[..., :2]) < FURTHEST).all(axis=-1)
        width, height = keypoints[there, :2].max(axis=0, initial=1).astype(int).tolist()
        size = height + MARGIN, width + MARGIN
    scale = min(LARGEST_CANVAS / max(size), 1.0)
    return np.full([*(max(round(side * scale), 2) for side in size), 3], -1, np.float32), scale


def limb_colors(skeleton: Skeleton) -> list[tuple[int, int, int]]:
    """The colours of a skeleton's limbs, RGB, 0..255, in their order."""
    return _colors([_limb_side(skeleton, limb) for limb in skeleton.limbs])


def joint_colors(skeleton: Skeleton) -> list[tuple[int, int, int]]:
    """The colours of a skeleton's joints, RGB, 0..255, in their order."""
    return _colors([_joint_side(name) for name in skeleton.joints])


def _check_image(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or image.size == 0 or not np.issubdtype(image.dtype, np.floating):
        raise ValueError(
            "image must be floats in [-1, 1] of shape [height, width, 3]. "
            f"Received: {image.dtype} of shape {image.shape}"
        )
    if not np.isfinite(image).all():
        raise ValueError("image must be floats in [-1, 1]. Received: NaN or infinite values")
    return np.clip(image.astype(np.float32), -1, 1)


def _visible_points(keypoints: np.ndarray, skeleton: Skeleton) -> dict[int, np.ndarray]:
    keypoints = check_keypoints(keypoints, skeleton)
    if keypoints.ndim != 2:
        raise ValueError(f"keypoints must be of one person, [joints, 3]. Received: shape {keypoints.shape}")
    return {
        joint: point[:2].astype(np.float64)
        for joint, point in enumerate(keypoints)
        if point[2] > 0 and np.isfinite(point[:2]).all()
    }


def _suitable_thickness(points: dict[int, np.ndarray], size: tuple[int, int]) -> int:
    extent = max(np.ptp(list(points.values()), axis=0)) if points else 0
    return max(1, round(min(sum(size) / 200, extent / 45)))


def _draw(canvas: np.ndarray, points: dict[int, np.ndarray], skeleton: Skeleton, thickness: int, color) -> None:
    for limb, limb_color in zip(skeleton.limbs, limb_colors(skeleton), strict=True):
        if limb[0] in points and limb[1] in points:
            _draw_line(canvas, points[limb[0]], points[limb[1]], color or limb_color, thickness)
    for joint, joint_color in enumerate(joint_colors(skeleton)):
        if joint in points:
            _draw_dot(canvas, points[joint], color or joint_color, radius=1.1 * thickness)


def _joint_side(name: str) -> str:
    side = name.partition("_")[0]
    return side if side in ("left", "right") else "middle"


def _limb_side(skeleton: Skeleton, limb: tuple[int, int]) -> str:
    """Choose a limb's side: neck to left shoulder is left, left hip to right hip is in the middle."""
    sides = {_joint_side(skeleton.joints[joint]) for joint in limb} - {"middle"}
    return sides.pop() if len(sides) == 1 else "middle"


def _colors(sides: list[str]) -> list[tuple[int, int, int]]:
    palettes = {"right": _RIGHT_COLORS, "left": _LEFT_COLORS, "middle": _MIDDLE_COLORS}
    return [palettes[side][sides[:i].count(side) % len(palettes[side])] for i, side in enumerate(sides)]


def _draw_line(
    canvas: np.ndarray, start: np.ndarray, end: np.ndarray, color: tuple[int, int, int], thickness: int
) -> None:
    import cv2

    clipped = _clip_segment(start, end, canvas.shape[:2], margin=2 * thickness)
    if clipped is not None:
        cv2.line(
            canvas, _fixed_point(clipped[0]), _fixed_point(clipped[1]), color, thickness, cv2.LINE_AA, _FRACTION_BITS
        )


def _draw_dot(canvas: np.ndarray, center: np.ndarray, color: tuple[int, int, int], radius: float) -> None:
    import cv2

    if _clip_segment(center, center, canvas.shape[:2], margin=2 * radius) is not None:
        radius = max(1, round(radius * 2**_FRACTION_BITS))
        cv2.circle(canvas, _fixed_point(center), radius, color, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)


def _fixed_point(point: np.ndarray) -> tuple[int, int]:
    x, y = np.rint(point * 2**_FRACTION_BITS).astype(int)
    return int(x), int(y)


def _clip_segment(
    start: np.ndarray, end: np.ndarray, size: tuple[int, int], margin: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the part of a segment within `margin` pixels of the image (Liang and Barsky), or None.

    OpenCV's coordinates are 32-bit integers; a joint may be further away than that.
    """
    first, last = 0.0, 1.0
    direction = end - start
    lowest, highest = np.full(2, -margin), np.array(size[::-1]) - 1 + margin
    for axis in range(2):
        if direction[axis] == 0:
            if not lowest[axis] <= start[axis] <= highest[axis]:
                return None
            continue
        enter, leave = sorted((bound[axis] - start[axis]) / direction[axis] for bound in (lowest, highest))
        first, last = max(first, enter), min(last, leave)
    if first > last:
        return None
    # Rounding errors of huge coordinates are huge too.
    return tuple(np.clip(start + part * direction, lowest, highest) for part in (first, last))

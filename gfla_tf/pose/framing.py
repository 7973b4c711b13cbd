"""The part of a picture that the network sees: fitted around a person, moved to the network's size and back.

Conventions: a frame is counted in whole pixels of the picture; it covers the columns left ... left + width - 1 and the
rows top ... top + height - 1, and may reach beyond the picture, where the border pixel repeats. Keypoints are in pixels
with integers at pixel centres, so that a frame of width w shown at W pixels maps x to (x + 0.5 - left) * W / w - 0.5.
Pictures are resized by antialiased bicubic interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfla_tf.pose.resizing import crop_frame

__all__ = ["FRAMINGS", "Frame", "are_inside", "check_framing", "fit_frame", "resize_image", "whole_frame"]

FRAMINGS = ("person", "whole")

# Room around the joints as parts of the larger side of their box: hair above the eyes, feet below the ankles, hands.
MARGIN_TOP = 0.15
MARGIN_BOTTOM = 0.10
MARGIN_SIDE = 0.10
SMALLEST_SIDE = 8  # pixels
LARGEST_CUT = 2**25  # pixels: the frame of a whole clip may be far larger than the photo


@dataclass(frozen=True)
class Frame:
    """A rectangle in whole pixels of a picture: left, top, width, height."""

    left: int
    top: int
    width: int
    height: int

    def keypoints_into(self, keypoints: np.ndarray, height: int, width: int) -> np.ndarray:
        """Keypoints of the picture in the pixels of the frame shown at height x width.

        Args:
            keypoints: `[..., joints, 3]` = (x, y, confidence) in pixels of the picture.
            height: of the frame as the network sees it, in pixels.
            width: likewise.

        Returns:
            float32, same shape; missing joints stay (0, 0, 0).
        """
        keypoints = np.asarray(keypoints, np.float32)
        scale = np.array([width / self.width, height / self.height], np.float32)
        origin = np.array([self.left, self.top], np.float32)
        points = (keypoints[..., :2] + 0.5 - origin) * scale - 0.5
        moved = np.concatenate([points, keypoints[..., 2:]], axis=-1).astype(np.float32)
        return np.where(keypoints[..., 2:] > 0, moved, np.float32(0))

    def crop(self, image: np.ndarray, height: int, width: int) -> np.ndarray:
        """The frame's part of a picture at height x width, the border pixel repeated outside.

        Args:
            image: float `[picture height, picture width, 3]` in [-1, 1].
            height: of the result in pixels.
            width: likewise.

        Returns:
            float32 `[height, width, 3]` in [-1, 1].
        """
        if self.height * self.width > LARGEST_CUT:
            return crop_frame(self, image, height, width)
        return resize_image(self.cut(image), height, width)

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The frame's part of a picture `[picture height, picture width, 3]`, the border pixel repeated outside."""
        rows = np.clip(np.arange(self.top, self.top + self.height), 0, image.shape[0] - 1)
        columns = np.clip(np.arange(self.left, self.left + self.width), 0, image.shape[1] - 1)
        return image[rows[:, np.newaxis], columns]

    def paste(self, image: np.ndarray, content: np.ndarray, feather: float = 0.02) -> np.ndarray:
        """A picture with the frame's part replaced, blended in along the frame's border.

        Args:
            image: float `[picture height, picture width, 3]` in [-1, 1]; it is not modified.
            content: float `[any height, any width, 3]` in [-1, 1], stretched to the frame.
            feather: width of the soft border as a part of the frame's sides; by default less than `fit_frame` leaves
                below shoes, where the picture's own would show through.

        Returns:
            float32 picture of the size of `image`.
        """
        content = resize_image(content, self.height, self.width)
        opacity = _ramp(self.height, feather)[:, np.newaxis] * _ramp(self.width, feather)[np.newaxis]
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + self.height, image.shape[0]), min(self.left + self.width, image.shape[1])
        result = np.array(image, np.float32)
        if bottom <= top or right <= left:
            return result
        inside = np.s_[top - self.top : bottom - self.top, left - self.left : right - self.left]
        alpha = opacity[inside][..., np.newaxis]
        result[top:bottom, left:right] += alpha * (content[inside] - result[top:bottom, left:right])
        return result


def _ramp(length: int, feather: float) -> np.ndarray:
    """Opacity along one side: rising from the border to 1 within feather * length pixels."""
    distance = np.minimum(np.arange(length) + 0.5, length - np.arange(length) - 0.5)
    return np.clip(distance / max(feather * length, 0.5), 0, 1).astype(np.float32)


def check_framing(framing: str) -> None:
    """Raise a ValueError unless people can be framed so: "person", around the joints, or "whole", the whole picture."""
    if framing not in FRAMINGS:
        raise ValueError(f"framing must be one of {', '.join(FRAMINGS)}. Received: {framing!r}.")


def whole_frame(height: int, width: int) -> Frame:
    """The frame that is the whole picture, for datasets whose pictures are framed already."""
    return Frame(0, 0, width, height)


def are_inside(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Tell which points lie in a picture, whose outer pixels are whole ones.

    Args:
        points: `[..., 2 or more]`, x and y first, in pixels of the picture.
        height: of the picture in pixels.
        width: likewise; x is inside from -0.5 up to width - 0.5, which is outside.

    Returns:
        `[...]` bool.
    """
    x, y = points[..., 0], points[..., 1]
    return (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)


def fit_frame(keypoints: np.ndarray, aspect: float) -> Frame:
    """The frame around a person: the box of the joints, with room around it, widened to an aspect ratio.

    Args:
        keypoints: `[joints, 3]` = (x, y, confidence) in pixels; missing joints (confidence 0) do not count.
        aspect: width / height of the frame.

    Returns:
        The frame; it may reach beyond the picture.

    Raises:
        ValueError: if fewer than two joints are there.
    """
    points = np.asarray(keypoints, np.float64)
    points = points[points[:, 2] > 0, :2]
    if len(points) < 2:
        raise ValueError(f"At least two joints are needed to frame a person. Received: {len(points)}.")
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    size = max(right - left, bottom - top, SMALLEST_SIDE)
    top, bottom = top - MARGIN_TOP * size, bottom + MARGIN_BOTTOM * size
    left, right = left - MARGIN_SIDE * size, right + MARGIN_SIDE * size
    height = max(bottom - top, (right - left) / aspect)
    width = height * aspect
    center_x, center_y = (left + right) / 2, (top + bottom) / 2
    return Frame(round(center_x - width / 2), round(center_y - height / 2), max(round(width), 1), max(round(height), 1))


def resize_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture `[any height, any width, 3]` in [-1, 1] at height x width, antialiased bicubic, clipped to [-1, 1]."""
    import tensorflow as tf

    image = np.asarray(image, np.float32)
    if image.shape[:2] == (height, width):
        return image
    resized = tf.image.resize(image, [height, width], method="bicubic", antialias=True)
    return np.clip(resized.numpy(), -1.0, 1.0)

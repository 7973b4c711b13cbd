"""Classical filters for joints over time, to compare the motion extractor with.

Their default settings were chosen among a few on the train clips that `training.data.motion_noise` was measured on,
for little error and little trembling.

Keypoints are `[frames, 17, 3]` = (x, y, confidence) in pixels, Human3.6M's joints. What is missing is filled in first
(`filling`), over the whole recording; a joint that no frame has stays missing. Confidences are those of the filling.

References:
* A. Savitzky, M. J. E. Golay, "Smoothing and Differentiation of Data by Simplified Least Squares Procedures",
  Analytical Chemistry 36, 1964.
* G. Casiez, N. Roussel, D. Vogel, "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
  Systems", CHI 2012.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gfla_tf.motion.filling import fill_missing
from gfla_tf.motion.normalization import person_frame

__all__ = ["fill_only", "one_euro", "savitzky_golay"]


def fill_only(keypoints: np.ndarray) -> np.ndarray:
    """Fill in what is missing and smooth nothing: what any filter has to beat; float32 `[frames, 17, 3]`."""
    return _filtered(keypoints, lambda points: points)


def savitzky_golay(keypoints: np.ndarray, window: int = 9, order: int = 2) -> np.ndarray:
    """Replace every place by that of a polynomial fitted to the frames around it.

    Args:
        keypoints: `[frames, 17, 3]`.
        window: frames of a fit, odd; the last odd number up to the recording's length where that is shorter.
        order: of the polynomial, below `window`. Recordings of no more than `order` frames stay as they are.

    Returns:
        float32 `[frames, 17, 3]`.

    Raises:
        ValueError: a window that is even or not above the order.
    """
    from scipy.signal import savgol_filter

    if window % 2 == 0 or not 0 <= order < window:
        raise ValueError(f"An odd window above the order is expected. Received: window {window}, order {order}.")
    window = min(window, len(keypoints) - 1 + len(keypoints) % 2)
    if window <= order:
        return fill_only(keypoints)
    return _filtered(keypoints, lambda points: savgol_filter(points, window, order, axis=0))


def one_euro(
    keypoints: np.ndarray,
    frames_per_second: float = 30.0,
    minimum_cutoff: float = 4.0,
    beta: float = 6.0,
    derivative_cutoff: float = 1.0,
) -> np.ndarray:
    """A low-pass filter whose cutoff rises with the speed; looks at no later frame.

    Args:
        keypoints: `[frames, 17, 3]`.
        frames_per_second: of the recording; above 0.
        minimum_cutoff: in hertz, at rest; above 0. Lower means less jitter and more lag.
        beta: hertz more for each unit of speed, in halves of the person's size a second; at least 0.
        derivative_cutoff: in hertz, of the filter of the speed; above 0.

    Returns:
        float32 `[frames, 17, 3]`.

    Raises:
        ValueError: a number out of range.
    """
    above_0 = (frames_per_second, minimum_cutoff, derivative_cutoff)
    if not all(0 < number < np.inf for number in above_0) or not 0 <= beta < np.inf:
        raise ValueError(
            "Finite frames_per_second and cutoffs above 0 and a beta from 0 are expected. Received: "
            f"{frames_per_second}, {minimum_cutoff}, {derivative_cutoff} and {beta}."
        )
    if not len(keypoints):
        return fill_only(keypoints)
    unit = person_frame(fill_missing(keypoints)).unit[0]
    settings = (frames_per_second, minimum_cutoff, beta / unit, derivative_cutoff)
    return _filtered(keypoints, lambda points: _one_euro(points, *settings))


def _one_euro(points: np.ndarray, rate: float, minimum_cutoff: float, beta: float, derivative_cutoff: float):
    """The filter of the paper for all numbers of `[frames, ...]` alike; beta is per unit of the points."""
    result = points.copy()
    speed = np.zeros_like(points[0])
    for frame in range(1, len(points)):
        change = (points[frame] - points[frame - 1]) * rate
        speed += _smoothing(derivative_cutoff, rate) * (change - speed)
        step = _smoothing(minimum_cutoff + beta * np.abs(speed), rate)
        result[frame] = result[frame - 1] + step * (points[frame] - result[frame - 1])
    return result


def _smoothing(cutoff: float | np.ndarray, rate: float) -> float | np.ndarray:
    """How much of the way to the new value a low-pass filter of that cutoff in hertz goes."""
    return 1 / (1 + rate / (2 * np.pi * cutoff))


def _filtered(keypoints: np.ndarray, smooth: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Keypoints whose filled coordinates were smoothed; guessed joints are missing again."""
    filled = fill_missing(keypoints)
    points = smooth(filled[..., :2]) if len(filled) else filled[..., :2]
    smoothed = np.concatenate([points, filled[..., 2:]], axis=-1)
    return np.where(filled[..., 2:] > 0, smoothed, 0).astype(np.float32)

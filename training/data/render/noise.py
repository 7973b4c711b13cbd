"""Keypoints as a detector finds them in a film: trembling, drifting, sometimes lost and sometimes far off.

Keypoints are float32 `[frames, joints, 3]` = (x, y, confidence) in pixels. The numbers below are chosen to resemble
such detectors, not fitted to one.
"""

from __future__ import annotations

import numpy as np

__all__ = ["detector_noise"]

TREMBLE = 0.006  # standard deviation from frame to frame, as part of the person's size
DRIFT = 0.010  # standard deviation of the slow part
MEMORY = 0.85  # of the slow part, from one frame to the next
LOST, LOST_HIDDEN = 0.01, 0.15  # how often a joint is missed
FAR_OFF, FAR = 0.005, 0.15  # how often a joint is far off, and by how much of the person's size


def detector_noise(keypoints: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Disturb exact keypoints.

    Args:
        keypoints: float32 `[frames, joints, 3]`; confidence 0.5 marks a hidden joint, which is lost more often.
        random: the source of chance.

    Returns:
        float32, same shape; confidences fall with the error, lost joints are (0, 0, 0).

    Raises:
        ValueError: keypoints of another shape.
    """
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.ndim != 3 or keypoints.shape[-1] != 3:
        raise ValueError(f"Keypoints [frames, joints, 3] are expected. Received: shape {keypoints.shape}.")
    frames, joints = keypoints.shape[:2]
    error = TREMBLE * random.normal(size=(frames, joints, 2)) + DRIFT * _slow_noise(random, frames, joints)
    error += FAR * random.normal(size=error.shape) * (random.random((frames, joints, 1)) < FAR_OFF)
    present = keypoints[..., 2] > 0
    lost = random.random((frames, joints)) < np.where(keypoints[..., 2] < 1, LOST_HIDDEN, LOST)
    confidence = np.exp(-np.linalg.norm(error, axis=-1) * 10) * random.uniform(0.85, 1.0, (frames, joints))
    moved = keypoints[..., :2] + error * _person_size(keypoints, present)
    noisy = np.concatenate([moved, (confidence * keypoints[..., 2])[..., np.newaxis]], axis=-1)
    return np.where((present & ~lost)[..., np.newaxis], noisy, 0).astype(np.float32)


def _slow_noise(random: np.random.Generator, frames: int, joints: int) -> np.ndarray:
    """Noise of variance 1 that keeps `MEMORY` of itself from frame to frame, `[frames, joints, 2]`."""
    noise = random.normal(size=(frames, joints, 2))
    for frame in range(1, frames):
        noise[frame] = MEMORY * noise[frame - 1] + np.sqrt(1 - MEMORY**2) * noise[frame]
    return noise


def _person_size(keypoints: np.ndarray, present: np.ndarray) -> float:
    """Largest extent of the joints of any frame, in pixels."""
    if not present.any():
        return 0.0
    high = np.where(present[..., np.newaxis], keypoints[..., :2], -np.inf).max(axis=1)
    low = np.where(present[..., np.newaxis], keypoints[..., :2], np.inf).min(axis=1)
    return float(np.max(high - low))

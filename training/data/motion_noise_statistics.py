"""What a detector's errors are like: a `DetectorNoise` from recordings whose exact joints are known.

A track is a pair of keypoints `[frames, 18, 3]` = (x, y, confidence) in pixels, as found and exact (confidence 1
visible, 0.5 hidden, 0 not in the picture). In this order, each kind of error being left out of what follows:

1. Swapped limbs: left and right fit better the other way round, at less than half the distance.
2. Far off: further than `FAR` from where the recording's median error would put the joint. That some of the far ones
   land nearer by chance is taken into account.
3. Lag: the part of the other errors that goes against the movement, by least squares.
4. Bias: the part that goes along with the body (`motion_noise_bias`).
5. Offset: the mean error of a joint over a recording. What is left is the changing error.
6. Speed: the line through the length of a visible joint's changing error over its speed.
7. Memory: an exponential is fitted to the changing error's correlation with itself 1 ... 10 frames later, less a
   constant, which is what taking the mean away costs; spread and offset are put right by it. What the exponential
   lacks at 0 frames is new in each frame.
8. Durations: by trying (`motion_noise_durations`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from training.data.motion_detector import JOINT_PARTS, LIMB_PAIRS
from training.data.motion_noise import DetectorNoise
from training.data.motion_noise_bias import fit_bias
from training.data.motion_noise_durations import fit_durations
from training.data.motion_noise_tracks import FAR, ErrorTrack

__all__ = ["LAGS", "NoiseReport", "measure_noise"]

LAGS = 10  # frames
_JOINTS_OF = {part: [j for j, name in enumerate(JOINT_PARTS) if name == part] for part in dict.fromkeys(JOINT_PARTS)}


@dataclass(frozen=True)
class NoiseReport:
    """The noise, and what it was read from.

    Attributes:
        noise: what was measured.
        correlation: of the changing error with itself, 0 ... 10 frames later.
        frames: how many there were.
        joints: how many joints were found in them.
        median_error: the distance to the exact place that half of them stay below, as part of the person's size.
    """

    noise: DetectorNoise
    correlation: tuple[float, ...]
    frames: int
    joints: int
    median_error: float


def measure_noise(tracks: Iterable[tuple[np.ndarray, np.ndarray]], frames_per_second: float = 30.0) -> NoiseReport:
    """Measure a detector's errors.

    Args:
        tracks: (found, exact) of each recording, as at the top of this module.
        frames_per_second: of the recordings.

    Raises:
        ValueError: no visible joint was found in three frames one after the other.
    """
    tracks = list(tracks)
    read = [ErrorTrack(found, exact, frames_per_second) for found, exact in tracks]
    lag = _lag(read) if read else 0.0
    for track in read:
        track.near += lag * track.speed
    bias = fit_bias(read)
    for track in read:
        track.explain(np.array([bias[part] for part in JOINT_PARTS]))
    correlation = _correlation(read)
    if not np.isfinite(correlation).all():
        raise ValueError(f"Recordings with joints found over {LAGS + 1} frames are expected. Received: none.")
    memory, kept, lost = _fit_exponential(correlation)
    noise = DetectorNoise(
        bias=bias,
        memory=memory / frames_per_second,
        fresh=float(np.clip(1 - kept / (1 + lost), 0, 1)),
        lag=lag,
        **_amounts(read, lost),
        **_accidents(read),
    )
    noise = fit_durations(noise, read, [exact for _, exact in tracks], frames_per_second)
    distances = np.linalg.norm(np.concatenate([track.error for track in read]), axis=-1)
    distances = distances[np.isfinite(distances)]
    frames = sum(len(track.error) for track in read)
    return NoiseReport(noise, tuple(correlation.tolist()), frames, len(distances), float(np.median(distances)))


def _pooled(read: list[ErrorTrack], *names: str) -> list[np.ndarray]:
    """Attributes of all tracks, one after the other."""
    return [np.concatenate([getattr(track, name) for track in read]) for name in names]


def _amounts(read: list[ErrorTrack], lost: float) -> dict:
    """How large errors are; `lost` is the part of the variance that taking the mean away cost."""
    change, hidden, speed, offset = _pooled(read, "change", "hidden", "speed", "offset")
    speed, length = np.linalg.norm(speed, axis=-1), np.linalg.norm(change, axis=-1)
    visible, unseen = np.isfinite(length) & ~hidden, np.isfinite(length) & hidden
    growth = _growth(speed[visible], length[visible])
    still = change / (1 + growth * speed)[..., np.newaxis]
    spread = {part: _rms(still[:, joints][visible[:, joints]]) for part, joints in _JOINTS_OF.items()}
    scaled = still / np.array([max(spread[part], 1e-6) for part in JOINT_PARTS])[:, np.newaxis]
    stays = {part: _rms(offset[:, joints]) ** 2 - lost * spread[part] ** 2 for part, joints in _JOINTS_OF.items()}
    return {
        "offset": {part: float(np.sqrt(max(value, 0))) for part, value in stays.items()},
        "spread": {part: float(value * np.sqrt(1 + lost)) for part, value in spread.items()},
        "hidden": _rms(scaled[unseen]) or 1.0,
        "speed": growth,
        "face": _face(scaled),
    }


def _growth(speed: np.ndarray, length: np.ndarray) -> float:
    """How much the line through lengths over speeds grows for a speed of 1, as part of its height at rest; from 0."""
    spread = np.square(speed - speed.mean()).mean() if speed.size else 0.0
    if spread < 1e-9:
        return 0.0
    slope = np.mean((speed - speed.mean()) * length) / spread
    rest = length.mean() - slope * speed.mean()
    return float(max(slope / rest, 0.0)) if rest > 0 else 0.0


def _rms(values: np.ndarray) -> float:
    """Root mean square; 0 of nothing."""
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else 0.0


def _face(scaled: np.ndarray) -> float:
    """How much of the nose's error the eyes share."""
    nose, eyes = scaled[:, _JOINTS_OF["nose"]], scaled[:, _JOINTS_OF["eye"]]
    known = np.isfinite(nose + eyes)
    variance = np.mean(np.square(np.broadcast_to(nose, eyes.shape)[known])) if known.any() else 0.0
    # What is shared appears in the product as its root: nose = shared, eye = sqrt(face) shared + its own.
    return float(np.clip(np.mean((nose * eyes)[known]) / variance, 0, 1) ** 2) if variance else 0.0


def _correlation(read: list[ErrorTrack]) -> np.ndarray:
    """Of the changing error with itself 0 ... 10 frames later; NaN where no track is long enough."""
    totals = np.full(LAGS + 1, np.nan)
    for lag in range(LAGS + 1):
        products = [(track.change[lag:] * track.change[: max(len(track.change) - lag, 0)]).ravel() for track in read]
        products = np.concatenate([np.zeros(0), *products])
        if np.isfinite(products).any():
            totals[lag] = products[np.isfinite(products)].mean()
    return totals / totals[0] if totals[0] > 0 else totals


def _fit_exponential(correlation: np.ndarray) -> tuple[float, float, float]:
    """Memory in frames, height at 0 and the constant below of the exponential nearest to lags 1 ... 10."""
    lags = np.arange(1, len(correlation))
    best = (np.inf, 1.0, 1.0, 0.0)
    for memory in np.geomspace(0.2, 30, 300):
        columns = np.stack([np.exp(-lags / memory), -np.ones(len(lags))], axis=-1)
        (kept, lost), *_ = np.linalg.lstsq(columns, correlation[1:], rcond=None)
        if lost < 0 or kept > 1 + lost:
            lost = max(lost, 0.0)
            kept = min(float(np.mean((correlation[1:] + lost) / columns[:, 0])), 1 + lost)
        distance = float(np.sum((columns @ [kept, lost] - correlation[1:]) ** 2))
        best = min(best, (distance, float(memory), float(kept), float(lost)))
    return best[1:]


def _lag(read: list[ErrorTrack]) -> float:
    """Seconds that the detector is behind."""
    change, speed = _pooled(read, "change", "speed")
    known = np.isfinite(change)
    return float(-np.sum(change[known] * speed[known]) / np.maximum(np.sum(speed[known] ** 2), 1e-9))


def _accidents(read: list[ErrorTrack]) -> dict:
    """What happens now and then, and how often."""
    far, hidden, error, found, there, confidence = _pooled(
        read, "far", "hidden", "error", "found", "there", "confidence"
    )
    counted, nobody = np.isfinite(error[..., 0]), ~found.any(axis=1, keepdims=True)
    distance, landed = _true_distance(np.linalg.norm(error[far], axis=-1))
    swapped = {limbs: np.concatenate([track.swapped[limbs] for track in read]) for limbs in LIMB_PAIRS}
    both = (~hidden, hidden)
    return {
        "far_off": tuple(_share(far, counted & mask) / landed for mask in both),
        "far": distance,
        "swapped": {limbs: float(flags.mean()) if flags.size else 0.0 for limbs, flags in swapped.items()},
        "missed": {
            part: tuple(_share(~found[:, joints], (there & ~nobody & mask)[:, joints]) for mask in both)
            for part, joints in _JOINTS_OF.items()
        },
        "lost": float(nobody.mean()),
        "confidence": tuple(_share(confidence, found & there & mask) for mask in both),
    }


def _true_distance(distances: np.ndarray) -> tuple[float, float]:
    """Standard deviation of how far the far ones are, and which part of them is further than `FAR`.

    Distances are Rayleigh's, of which only those above `FAR` were seen; their median tells, whatever a few giants do.
    """
    if not distances.size:
        return FAR, 1.0
    variance = max(float(np.median(distances)) ** 2 - FAR**2, 1e-6) / (2 * np.log(2))
    return float(np.sqrt(variance)), float(np.exp(-(FAR**2) / (2 * variance)))


def _share(flags: np.ndarray, of: np.ndarray) -> float:
    """The mean of those that count; 0 of nothing."""
    return float(flags[of].mean()) if of.any() else 0.0

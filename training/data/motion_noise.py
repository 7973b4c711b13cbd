"""How a detector errs: the numbers behind `motion_detector.detect`, and the defaults that were measured.

Lengths are parts of the person's size (`gfla_tf.motion.person_size`, the height of the standing body), times are
seconds, and every length is one of a joint's x or y. Parts of the body are those of OpenPose's joints, left and right
alike: nose, neck, shoulder, elbow, wrist, hip, knee, ankle, eye, ear.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Real

import numpy as np

from gfla_tf.json_files import read_json, write_json

__all__ = ["DetectorNoise", "read_noise", "write_noise"]

PARTS = ("nose", "neck", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear")
LIMBS = ("arms", "legs")


def _table(**values) -> Mapping:
    """A default that is a table."""
    return field(default_factory=lambda: dict(values))


@dataclass(frozen=True)
class DetectorNoise:
    """How a detector errs; see the top of the module for units.

    The defaults are those of `gfla_tf.pose.PoseEstimator`, measured by

        python -m training data render --kind clips --people 24 --clips 32 --frames 90 --size 256 --test-fraction 0
            --seed 7 --wardrobe ... --motion ... --output CLIPS
        python -m training data noise CLIPS

    that is, on 2880 rendered frames of 256 x 256 pixels with people of the train split who dance and fight, about 180
    pixels tall. Half of the joints it found lay within 1.3 % of the person's size of the exact place.

    Attributes:
        bias: part of the body -> how far off it is always found, as parts of three ways of the body (outwards, up, to
            the face; see `motion_detector.body_ways`): what the detector takes for the joint is another point.
        offset: part of the body -> standard deviation of the further error that stays for the whole recording.
        spread: part -> standard deviation of the error that changes, of a visible joint that hardly moves.
        hidden: factor of `spread` for hidden joints.
        speed: how much `spread` grows, as a factor, for each person's size a second that the joint moves.
        memory: seconds after which an e-th is left of the error that forgets itself.
        fresh: part in [0, 1] of the changing error's variance that is new in each frame.
        face: part in [0, 1] of the changing error's variance that nose, eyes and ears have in common.
        lag: seconds that the detector is behind the movement.
        far_off: how often a (visible, hidden) joint is far off: parts of all frames.
        far: standard deviation of how far.
        far_duration: seconds after which chance decides anew, on average.
        swapped: how often left is taken for right, of arms and of legs.
        swapped_duration: as `far_duration`.
        missed: part of the body -> how often a (visible, hidden) joint is missed.
        missed_duration: as `far_duration`.
        lost: how often nobody is found; with `missed_duration`.
        confidence: of a (visible, hidden) joint that is found.
    """

    bias: Mapping[str, tuple[float, float, float]] = _table(
        nose=(0.0, 0.017, -0.086), neck=(0.0, 0.021, -0.01), shoulder=(0.004, 0.021, -0.01),
        elbow=(0.008, 0.007, -0.013), wrist=(0.007, -0.035, 0.064), hip=(-0.019, -0.049, 0.097),
        knee=(-0.037, -0.014, 0.028), ankle=(0.008, 0.003, 0.013), eye=(-0.013, 0.032, -0.102),
        ear=(-0.062, -0.048, 0.114),
    )  # fmt: skip
    offset: Mapping[str, float] = _table(
        nose=0.0113, neck=0.0046, shoulder=0.0074, elbow=0.0092, wrist=0.0067, hip=0.0084, knee=0.0090,
        ankle=0.0061, eye=0.0084, ear=0.0119,
    )  # fmt: skip
    spread: Mapping[str, float] = _table(
        nose=0.0084, neck=0.0047, shoulder=0.0082, elbow=0.0110, wrist=0.0084, hip=0.0086, knee=0.0102,
        ankle=0.0085, eye=0.0076, ear=0.0083,
    )  # fmt: skip
    hidden: float = 1.34
    speed: float = 0.292
    memory: float = 0.153
    fresh: float = 0.055
    face: float = 0.737
    lag: float = 0.0002
    far_off: tuple[float, float] = (0.0088, 0.0115)
    far: float = 0.0919
    far_duration: float = 0.137
    swapped: Mapping[str, float] = _table(arms=0.0155, legs=0.0227)
    swapped_duration: float = 0.508
    missed: Mapping[str, tuple[float, float]] = _table(
        nose=(0.0, 0.0), neck=(0.0, 0.0), shoulder=(0.0, 0.0), elbow=(0.109, 0.634), wrist=(0.111, 0.836),
        hip=(0.0, 0.0), knee=(0.028, 0.267), ankle=(0.0056, 0.0843), eye=(0.0, 0.0), ear=(0.0, 0.0),
    )  # fmt: skip
    missed_duration: float = 0.444
    lost: float = 0.0094
    confidence: tuple[float, float] = (0.971, 0.965)

    def __post_init__(self) -> None:
        for name, keys in _KEYS.items():
            value = getattr(self, name)
            if not isinstance(value, Mapping) or set(value) != set(keys):
                received = list(value) if isinstance(value, Mapping) else repr(value)
                raise ValueError(f"{name} must have numbers for {', '.join(keys)}. Received: {received}.")
        for entry in fields(self):
            value, count = getattr(self, entry.name), _COUNTS.get(entry.name)
            if not all(_are_numbers(part, count) for part in _parts(value)):
                raise ValueError(f"{entry.name} must be {count or 'single'} numbers. Received: {value!r}.")
        unsigned = (getattr(self, entry.name) for entry in fields(self) if entry.name not in ("bias", "lag"))
        unsigned = np.concatenate([_numbers(value) for value in unsigned])
        signed = np.concatenate([_numbers(self.bias), _numbers(self.lag)])
        if not np.isfinite(signed).all() or not np.isfinite(unsigned).all() or unsigned.min() < 0:
            raise ValueError(f"Finite numbers, none but bias and lag below 0, are expected. Received: {self}.")

    def scaled(self, factor: float, durations: float = 1.0, keep_bias: bool = False) -> DetectorNoise:
        """A detector that errs so many times as much and as often (but never in more than all frames).

        Args:
            factor: of amounts and of how often accidents happen.
            durations: factor of how long accidents (far off, swapped, missed) last, in as many frames.
            keep_bias: leave what the detector takes for a joint as it is.
        """
        changed = {name: _times(getattr(self, name), factor) for name in _GROWING[keep_bias:]}
        return replace(self, **changed, **{name: durations * getattr(self, name) for name in _DURATIONS})


_GROWING = ("bias", "offset", "spread", "lag", "far_off", "swapped", "missed", "lost")
_DURATIONS = ("far_duration", "swapped_duration", "missed_duration")
_COUNTS = {"bias": 3, "missed": 2, "far_off": 2, "confidence": 2}
_KEYS = {"bias": PARTS, "offset": PARTS, "spread": PARTS, "missed": PARTS, "swapped": LIMBS}


def _times(value: object, factor: float) -> object:
    """A field, its numbers multiplied, but none beyond 1."""
    if isinstance(value, dict):
        return {key: _times(inner, factor) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_times(inner, factor) for inner in value)
    return min(factor * value, 1.0)


def _numbers(value: object) -> np.ndarray:
    """All numbers in a field, `[n]`."""
    return np.ravel(np.array([*_parts(value)], np.float64))


def _parts(value: object) -> Iterable:
    """What a field has for the parts of the body, or the one that it has for all."""
    return value.values() if isinstance(value, Mapping) else [value]


def _are_numbers(value: object, count: int | None) -> bool:
    """Whether it is a sequence of so many numbers; None is for a number itself."""
    values = [value] if count is None else value
    if not isinstance(values, (tuple, list)) or len(values) != (count or 1):
        return False
    return all(isinstance(number, Real) and not isinstance(number, bool) for number in values)


def write_noise(path: str | os.PathLike[str], noise: DetectorNoise) -> None:
    """Write the numbers as JSON."""
    write_json(path, asdict(noise))


def read_noise(path: str | os.PathLike[str]) -> DetectorNoise:
    """Read what `write_noise` wrote.

    Raises:
        ValueError: the file is missing, damaged, or has other fields.
    """
    try:
        return DetectorNoise(**read_json(path))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: a detector's noise, JSON of `data noise`, is expected. Received: {error}") from None

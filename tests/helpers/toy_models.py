"""SavedModels of a few operations, to try servers with: quick to write, and they wait, fail and answer as one likes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from serving.requests import WARMUP_FILE, make_record, write_records

__all__ = ["write_toy"]


class _Toy(tf.Module):
    """Answers with its factor, so that versions can be told from each other."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = tf.Variable(factor, name="factor")

    def scale(self, x):
        return {"y": x * self.factor}

    def mixed(self, number, file_bytes):
        length = tf.strings.length(file_bytes)
        return {"number": number * self.factor, "echo_bytes": file_bytes, "text": tf.strings.as_string(length)}

    def total(self, x):
        return {"total": tf.reduce_sum(x)}

    def inverse(self, x):
        return {"y": 1.0 / x}

    def positive(self, x):
        message = "x must be positive. Received:"
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x > 0), [message, x])]):
            return {"y": tf.identity(x)}

    def count(self, number, flag):
        return {"next": tf.where(flag, number + 1, number)}

    def hold(self, file_bytes):
        """Writes these empty files, and answers when somebody has removed them."""
        names = tf.map_fn(lambda name: (tf.io.write_file(name, ""), name)[1], file_bytes)
        (left,) = tf.while_loop(lambda left: left > 0, lambda left: [tf.size(tf.io.matching_files(names))], [1])
        return {"left": tf.zeros_like(file_bytes, tf.int32) + left}


SPECS = {
    "scale": {"x": tf.TensorSpec([None, 2])},
    "mixed": {"number": tf.TensorSpec([None]), "file_bytes": tf.TensorSpec([None], tf.string)},
    "total": {"x": tf.TensorSpec([None, 2])},
    "lengths": {"x": tf.TensorSpec([None, None])},
    "inverse": {"x": tf.TensorSpec([None])},
    "positive": {"x": tf.TensorSpec([None])},
    "count": {"number": tf.TensorSpec([None], tf.int32), "flag": tf.TensorSpec([None], tf.bool)},
    "hold": {"file_bytes": tf.TensorSpec([None], tf.string)},
}


def write_toy(
    root: Path, name: str = "toy", version: int = 1, factor: float = 2.0, warmup: np.ndarray | None = None
) -> Path:
    """Write a version, as a whole and then renamed; `warmup` is the `x` of a warm-up request."""
    toy = _Toy(factor)
    functions = {
        signature: tf.function(getattr(toy, "scale" if signature == "lengths" else signature)).get_concrete_function(
            **{key: tf.TensorSpec(spec.shape, spec.dtype, key) for key, spec in specs.items()}
        )
        for signature, specs in SPECS.items()
    }
    writing, folder = root / name / f".writing-{version}", root / name / str(version)
    tf.saved_model.save(toy, str(writing), signatures={"serving_default": functions["scale"], **functions})
    if warmup is not None:
        (writing / WARMUP_FILE).parent.mkdir()
        write_records(writing / WARMUP_FILE, [make_record(name, "scale", {"x": warmup})])
    writing.rename(folder)
    return folder

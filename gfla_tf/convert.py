"""Weights between the authors' PyTorch checkpoints and safetensors files, both ways.

A checkpoint is read without PyTorch and without running anything in it (`gfla_tf.torch_checkpoint`), checked name by
name against the network, and written under the same names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.outputs import check_distinct, check_output
from gfla_tf.weights import load_state, read_any_state, save_weights, state_of

__all__ = ["Conversion", "convert"]


@dataclass(frozen=True)
class Conversion:
    """What was written: how many tensors (second names counted), and how many numbers."""

    tensors_written: int
    numbers: int


def convert(
    checkpoint: str | os.PathLike,
    preset: str,
    output: str | os.PathLike,
    precision: str = "float32",
    pytorch: bool = False,
) -> Conversion:
    """Read a checkpoint, check that it fits a preset exactly, write it as safetensors.

    Args:
        checkpoint: a `.pth` that PyTorch wrote (any version since 0.1.10), or a safetensors file.
        preset: name of the network that it belongs to.
        output: the file to write, ending in .safetensors; it appears complete or not at all.
        precision: "float32" or "float16".
        pytorch: write every name that `load_state_dict` of the authors' network expects, second names included.

    Returns:
        What was written.

    Raises:
        ValueError: if the file is not a checkpoint, or holds anything but weights; if the output cannot be written, or
            would replace the checkpoint; and, in one message, for every name that is missing or unexpected or of the
            wrong shape.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}. Received: {preset!r}.")
    check_output(output, (".safetensors",))
    check_distinct([checkpoint], [output])
    state = read_any_state(checkpoint)
    model = build_model(PRESETS[preset])
    load_state(model, state, source=os.fspath(checkpoint), list_all=True)
    save_weights(model, output, precision, aliases=pytorch)
    written = state_of(model, aliases=pytorch)
    return Conversion(len(written), sum(value.size for value in state_of(model).values()))

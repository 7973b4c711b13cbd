"""Everything that a stage of training has learned, as arrays: what a checkpoint holds.

Networks (spectral norm's vectors included), the moving average, optimisers (with their counts of steps, which the
learning rate follows) and loss scales: `network/generator/0012`, `optimizer/generator/0003`, `extra/NAME`, numbered in
the order in which they were made.
There is no other state: the order of the data is a function of seed and step, and so is all randomness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from gfla_tf.weights import find_misfits

__all__ = ["restore_state", "state_of_stage"]


def state_of_stage(stage: Any) -> dict[str, np.ndarray]:
    """The values of all variables of a `training.stages` model by name."""
    return {name: tf.convert_to_tensor(variable).numpy() for name, variable in _variables(stage)}


def restore_state(stage: Any, state: Mapping[str, np.ndarray], source: str) -> None:
    """Set all variables of a stage.

    Args:
        stage: a model of `training.stages`, its optimisers built.
        state: of `state_of_stage`.
        source: what to call the state in messages.

    Raises:
        ValueError: names or shapes differ; nothing has been set then.
    """
    wanted = dict(_variables(stage))
    problems = find_misfits({name: tuple(variable.shape) for name, variable in wanted.items()}, state)
    if problems:
        raise ValueError(f"{source} does not fit this run's networks: {'; '.join(problems[:5])}.")
    for name, variable in wanted.items():
        variable.assign(state[name])


def _variables(stage: Any) -> Iterator[tuple[str, Any]]:
    for name, network in stage.networks().items():
        yield from _numbered(f"network/{name}", network.variables)
    for name, optimizer in stage.optimizers_by_name().items():
        yield from _numbered(f"optimizer/{name}", optimizer.variables)
    for name, variable in stage.extra_variables().items():
        yield f"extra/{name}", variable


def _numbered(name: str, variables: Any) -> Iterator[tuple[str, Any]]:
    for number, variable in enumerate(variables):
        yield f"{name}/{number:04}", variable

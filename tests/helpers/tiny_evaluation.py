"""A protocol for tiny tests of evaluations, and networks that have learned nothing."""

from __future__ import annotations

import functools

import numpy as np

from gfla_tf.metrics.network_weights import head_shapes
from gfla_tf.metrics.networks import parameter_shapes
from gfla_tf.stand_in import stand_in_state
from training.evaluation.protocols import Protocol

__all__ = ["TINY", "stand_in_network"]

TINY = Protocol(
    "tiny",
    "for tests",
    "fashion",
    ("lpips_alexnet", "psnr", "l1_person"),
    ranking="l1_person",
    formats=(".png",),
    frechet=False,
    needs_truth=True,
)


@functools.cache
def stand_in_network(name):
    """Weights of a network, and positive heads as trained ones are."""
    heads = {key: np.abs(array) for key, array in stand_in_state(head_shapes(name)).items()}
    return {**stand_in_state(parameter_shapes(name)), **heads}

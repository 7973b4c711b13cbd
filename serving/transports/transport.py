"""What every transport does, and what a server tells of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from serving.exchange import Arrays

__all__ = ["EndpointInfo", "Target", "Transport", "endpoints_from"]

NUMPY_TYPES = {
    "DT_STRING": object,
    "DT_BOOL": bool,
    "DT_FLOAT": np.float32,
    "DT_DOUBLE": np.float64,
    "DT_INT32": np.int32,
    "DT_INT64": np.int64,
    "DT_UINT8": np.uint8,
}


@dataclass(frozen=True)
class Target:
    """The model that is asked: its newest version unless a number or a label is given."""

    model: str
    version: int | None = None
    label: str | None = None

    def __post_init__(self):
        if self.version is not None and self.label is not None:
            raise ValueError(f"A version or a label is expected, not both. Received: {self}.")


@dataclass(frozen=True)
class EndpointInfo:
    """What a signature takes and gives: (type, shape) by name; None in a shape is a free length."""

    inputs: Mapping[str, tuple[type, tuple[int | None, ...]]]
    outputs: Mapping[str, tuple[type, tuple[int | None, ...]]]


class Transport(Protocol):
    """A way to a server. Of one thread; failures are `ServingError`."""

    def predict(self, target: Target, endpoint: str, inputs: Arrays, seconds: float) -> Arrays:
        """Ask for a prediction, and wait that long at most."""

    def endpoints(self, target: Target, seconds: float) -> dict[str, EndpointInfo]:
        """Ask what a model's signatures are."""

    def close(self) -> None:
        """End the connection."""


def endpoints_from(signatures: Mapping[str, Any]) -> dict[str, EndpointInfo]:
    """Signatures from a `SignatureDefMap` as JSON."""
    return {
        name: EndpointInfo(_tensors(entry.get("inputs", {})), _tensors(entry.get("outputs", {})))
        for name, entry in signatures.items()
        if entry.get("method_name")
    }


def _tensors(infos: Mapping[str, Any]) -> dict[str, tuple[type, tuple[int | None, ...]]]:
    return {name: (NUMPY_TYPES.get(info["dtype"], object), _shape(info)) for name, info in infos.items()}


def _shape(info: Mapping[str, Any]) -> tuple[int | None, ...]:
    sizes = [int(dim.get("size", 0)) for dim in info.get("tensor_shape", {}).get("dim", [])]
    return tuple(None if size < 0 else size for size in sizes)

"""Values of configurations from JSON, which has lists for tuples and objects for dataclasses.

Each takes a field's name, for messages, and the value; it raises a ValueError where the value does not suit.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from gfla_tf.models.model_files import config_from_json

__all__ = ["as_network", "as_numbers", "as_size", "as_table_of", "as_texts", "check_names"]


def check_names(values: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise a ValueError, which names the nearest field, unless all names are known."""
    known = list(known)
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" Known are {', '.join(known)}."
            raise ValueError(f"{what} has no field {name}.{hint}")


def as_table_of(kind: type, numbers: bool = True) -> Callable[[str, Any], Any]:
    """A reader of a dataclass from an object of its fields.

    Args:
        kind: the dataclass.
        numbers: whether all of its fields are numbers.
    """
    names = tuple(entry.name for entry in fields(kind))

    def read(name: str, value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} must be an object of {', '.join(names)}. Received: {value!r}.")
        check_names(value, names, name)
        wrong = [f"{key}={inner!r}" for key, inner in value.items() if type(inner) not in (int, float)]
        if numbers and wrong:
            raise ValueError(f"{name} must be numbers. Received: {', '.join(wrong)}.")
        return kind(**value)

    return read


def as_network(name: str, value: Any) -> dict[str, Any]:
    """Arguments of a network's constructor."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object of the network's arguments. Received: {value!r}.")
    if "dtype" in value:
        raise ValueError(f"{name} takes its dtype from precision. Received: {value['dtype']!r}.")
    try:
        return config_from_json(dict(value))
    except (AttributeError, TypeError, ValueError):
        kernels = value["attention_kernels"]
        raise ValueError(
            f'{name}.attention_kernels must be an object of levels, like {{"3":3,"2":5}}. Received: {kernels!r}.'
        ) from None


def as_size(name: str, value: Any) -> tuple[int, int] | None:
    """(height, width) in pixels, or None."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != 2 or any(type(side) is not int for side in value):
        raise ValueError(f"{name} must be [height, width] in pixels. Received: {value!r}.")
    return tuple(value)


def as_numbers(name: str, value: Any) -> tuple[float, float]:
    """A pair of numbers: (lowest, highest) or (first, last)."""
    if not isinstance(value, (list, tuple)) or len(value) != 2 or any(type(end) not in (int, float) for end in value):
        raise ValueError(f"{name} must be a pair of numbers. Received: {value!r}.")
    return tuple(value)


def as_texts(name: str, value: Any) -> tuple[str, ...]:
    """Any number of texts."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} must be a list of names. Received: {value!r}.")
    return tuple(value)

"""What a score depends on, in hashes and counts: scores with different fingerprints can't be compared.

Nothing in it depends on where files lie or when it was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import keras
import numpy as np
import tensorflow as tf

import gfla_tf
from training.evaluation.protocols import Protocol

__all__ = ["describe_data", "differences", "fingerprint"]

VERSION = 3  # of this package's way to evaluate: raised whenever scores change


def fingerprint(protocol: Protocol, data: dict, networks: Mapping[str, str], real_set: dict | None = None) -> dict:
    """The fingerprint of an evaluation, as JSON.

    Args:
        protocol: the one that holds.
        data: description of the pairs or clips that systems are judged on.
        networks: SHA-256 of the weights of the metrics' networks by name.
        real_set: description of the real pictures that sets are compared with, if any.
    """
    fixed = json.loads(json.dumps(asdict(protocol)))
    del fixed["description"]
    return {
        "evaluation": VERSION,
        "protocol": fixed,
        "data": data,
        "real_set": real_set,
        "networks": dict(networks),
        "packages": {
            "gfla_tf": gfla_tf.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


def describe_data(data: dict) -> str:
    """What a fingerprint says about its data, for people: `100 of 800 pairs of the test split, compared at ...`."""
    unit = "clips" if data["kind"] == "clips" else "pairs"
    height, width = data["picture_size"]
    frames = f" ({data['judged_frames']} frames each)" if unit == "clips" else ""
    count = f"{data[unit]} of {data[f'{unit}_available']} {unit}{frames} of the {data['split']} split"
    return f"{count}, compared at {height}x{width} (height x width), {data['person_mask']} masks of people"


def differences(first: object, second: object, name: str = "") -> list[str]:
    """Where two fingerprints differ, one line each: `data.pairs: 800, 16`."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = dict.fromkeys([*first, *second])
        parts = [differences(first.get(key), second.get(key), f"{name}.{key}".lstrip(".")) for key in keys]
        return [line for part in parts for line in part]
    return [] if first == second else [f"{name}: {json.dumps(first)}, {json.dumps(second)}"]

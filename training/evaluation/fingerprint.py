"""What a score depends on, in hashes and counts: scores with different fingerprints can't be compared.

Nothing in it depends on where files lie or when it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

import keras
import numpy as np
import tensorflow as tf

import gfla_tf
from training.evaluation.hashes import files_sha256
from training.evaluation.pairs import SPLIT, EvaluationPairs
from training.evaluation.protocols import Protocol

__all__ = ["differences", "fingerprint"]

VERSION = 1  # of this package's way to evaluate: raised whenever scores change


def fingerprint(
    protocol: Protocol, pairs: EvaluationPairs, networks: Mapping[str, str], real_set: dict | None = None
) -> dict:
    """The fingerprint of an evaluation, as JSON.

    Args:
        protocol: the one that holds.
        pairs: those that systems are judged on.
        networks: SHA-256 of the weights of the metrics' networks by name.
        real_set: description of the real pictures that sets are compared with, if any.
    """
    fixed = json.loads(json.dumps(asdict(protocol)))
    del fixed["description"]
    return {
        "evaluation": VERSION,
        "protocol": fixed,
        "data": _describe_pairs(pairs),
        "real_set": real_set,
        "networks": dict(networks),
        "packages": {
            "gfla_tf": gfla_tf.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


def _describe_pairs(pairs: EvaluationPairs) -> dict:
    digest = hashlib.sha256(json.dumps([pairs.names(position) for position in range(len(pairs))]).encode())
    digest.update(np.ascontiguousarray(pairs.keypoints()).tobytes())
    digest.update(files_sha256(pairs.files()).encode())
    return {
        "kind": pairs.layout.kind,
        "split": SPLIT,
        "pairs": len(pairs),
        "pairs_available": pairs.available,
        "pairs_left_out": dict(sorted(pairs.dropped.items())),
        "picture_size": list(pairs.picture_size),
        "person_mask": "exact" if pairs.exact_masks else "limbs",
        "exact_flow": pairs.flows is not None,
        "sha256": digest.hexdigest(),
    }


def differences(first: object, second: object, name: str = "") -> list[str]:
    """Where two fingerprints differ, one line each: `data.pairs: 800, 16`."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = dict.fromkeys([*first, *second])
        parts = [differences(first.get(key), second.get(key), f"{name}.{key}".lstrip(".")) for key in keys]
        return [line for part in parts for line in part]
    return [] if first == second else [f"{name}: {json.dumps(first)}, {json.dumps(second)}"]

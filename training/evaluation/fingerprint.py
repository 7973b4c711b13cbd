"""What a score depends on, in hashes and counts: scores with different fingerprints can't be compared.

Nothing in it depends on where files lie or when it was made.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict

import keras
import numpy as np
import scipy
import tensorflow as tf

import gfla_tf
from training.evaluation.hashes import json_sha256
from training.evaluation.protocols import Protocol

__all__ = ["VERSION", "describe_data", "describe_dependencies", "describe_fingerprint", "differences", "fingerprint"]

HASH_LENGTH = 12  # digits that are shown
VERSION = 4  # of this package's way to evaluate: raised whenever scores change


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
        "packages": _packages(),
    }


def _packages() -> dict[str, str | None]:
    """Versions of all that computes: networks, masks of people (SciPy), joints (OpenCV and the interpreter)."""
    import cv2

    return {
        "gfla_tf": gfla_tf.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "opencv": cv2.__version__,
        "ai_edge_litert": _installed("ai-edge-litert"),
    }


def _installed(package: str) -> str | None:
    """The version of a package; None where it is not installed, and something else does its work."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe_data(data: dict) -> str:
    """What a fingerprint says about its data, for people: `100 of 800 pairs of the test split, compared at ...`."""
    unit = "clips" if data["kind"] == "clips" else "pairs"
    height, width = data["picture_size"]
    frames = f" ({data['judged_frames']} frames each)" if unit == "clips" else ""
    count = f"{data[unit]} of {data[f'{unit}_available']} {unit}{frames} of the {data['split']} split"
    return f"{count}, compared at {height}x{width} (height x width), {data['person_mask']} masks of people"


def describe_fingerprint(fingerprint: dict) -> str:
    """All of a fingerprint in a few lines, for people; its own hash stands first, which tells it from any other."""
    protocol, data = fingerprint["protocol"], fingerprint["data"]
    crop = f"crop {protocol['crop']}, " if protocol.get("crop") else ""  # older evaluations don't say
    settings = [f"{crop}resized by {protocol['resize']}", f"generated files {'/'.join(protocol['formats'])}"]
    if any("ssim" in metric for metric in protocol["metrics"]):
        settings.append(f"SSIM {protocol['ssim_variant']} with range {protocol['ssim_range']}")
    if any("lpips" in metric for metric in protocol["metrics"]):
        settings.append("LPIPS 0.1")
    left_out = sum(data.get("pairs_left_out", {}).values()) + data.get("clips_too_short", 0)
    settings.append(f"left out for want of joints or length: {left_out}")
    if fingerprint["real_set"]:
        settings.append(f"{fingerprint['real_set']['pictures']} real pictures")
    number = json_sha256(fingerprint)[:HASH_LENGTH]
    return (
        f"Fingerprint {number}: evaluation {fingerprint['evaluation']}, protocol {protocol['name']}, "
        f"{', '.join(settings)}.\n{describe_dependencies(fingerprint)}"
    )


def describe_dependencies(fingerprint: dict) -> str:
    """Versions and hashes of a fingerprint in two sentences."""
    versions = {name: version for name, version in fingerprint["packages"].items() if version is not None}
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    hashes = {"data": fingerprint["data"]["sha256"], **fingerprint["networks"]}
    if fingerprint["real_set"]:
        hashes["real pictures"] = fingerprint["real_set"]["sha256"]
    shown = ", ".join(f"{name} {value[:HASH_LENGTH]}" for name, value in hashes.items())
    return f"With {packages}. SHA-256: {shown}."


def differences(first: object, second: object, name: str = "") -> list[str]:
    """Where two fingerprints differ, one line each: `data.pairs: 800, 16`."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = dict.fromkeys([*first, *second])
        parts = [differences(first.get(key), second.get(key), f"{name}.{key}".lstrip(".")) for key in keys]
        return [line for part in parts for line in part]
    return [] if first == second else [f"{name}: {json.dumps(first)}, {json.dumps(second)}"]

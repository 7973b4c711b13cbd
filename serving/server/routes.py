"""The addresses of the REST interface: which model, which version, and what about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from serving.statuses import Code, ServingError

__all__ = ["METADATA", "STATUS", "ModelSpec", "Route", "parse_route"]

STATUS, METADATA = "status", "metadata"
LARGEST_VERSION = 2**63 - 1
_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(_MODEL + r":(?P<verb>predict|classify|regress)", re.IGNORECASE)
_GET = re.compile(_MODEL + r"(?:/(?P<verb>metadata))?", re.IGNORECASE)


@dataclass(frozen=True)
class ModelSpec:
    """Which model is asked for: a version, what a label stands for, or, without both, the newest."""

    name: str
    version: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Route:
    """A request's address: the model, and `STATUS`, `METADATA`, "predict", "classify" or "regress"."""

    model: ModelSpec
    verb: str


def parse_route(method: str, target: str) -> Route:
    """Understand a request's first line.

    Args:
        method: such as "GET"; state and metadata are asked for by GET, everything else is POST.
        target: the address, such as "/v1/models/person-demo/labels/stable:predict".

    Raises:
        ServingError: NOT_FOUND for an address that has nothing to do with models, INVALID_ARGUMENT for a wrong one.
    """
    path = _path(target)
    if not path.lower().startswith("/v1/"):
        raise ServingError(Code.NOT_FOUND, f"Not found: {target}")
    pattern = {"GET": _GET, "POST": _POST}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if not match:
        raise ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {method} {target}")
    return Route(_model(match), (match["verb"] or STATUS).lower())


def _path(target: str) -> str:
    try:
        return unquote(urlsplit(target).path, errors="strict")
    except ValueError as error:
        raise ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {error}") from error


def _model(match: re.Match) -> ModelSpec:
    version = match["version"] and match["version"].lstrip("0")
    if version and (len(version) > len(str(LARGEST_VERSION)) or int(version) > LARGEST_VERSION):
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to convert version: {match['version']} to numeric.")
    return ModelSpec(match["name"], None if version is None else int(version or 0), match["label"])

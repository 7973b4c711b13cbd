"""How training is distributed; reading TF_CONFIG, which says who the workers are and which one this is."""

from __future__ import annotations

import json
from typing import NamedTuple

__all__ = ["KINDS", "Cluster", "read_cluster"]

KINDS = ("none", "mirrored", "workers")  # see `training.distribution`

_EXAMPLE = '{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}'


class Cluster(NamedTuple):
    """Attributes: workers, how many there are; worker, the number of this one from 0; address, its host:port."""

    workers: int
    worker: int
    address: str


def read_cluster(text: str | None) -> Cluster:
    """Read TF_CONFIG.

    A chief, where there is one, comes before the workers.

    Args:
        text: the environment variable's; None if it is not set.

    Raises:
        ValueError: it is missing or wrong.
    """
    if not text:
        raise _error("none")
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise _error(f"no JSON: {error}") from error
    tasks = _tasks(config)
    task = config.get("task")
    if not isinstance(task, dict) or (task.get("type"), str(task.get("index"))) not in tasks:
        raise _error(f"task {json.dumps(task)}, which is not in the cluster of {len(tasks)}")
    worker = list(tasks).index((task["type"], str(task["index"])))
    return Cluster(len(tasks), worker, list(tasks.values())[worker])


def _tasks(config: object) -> dict[tuple[str, str], str]:
    """The addresses by type and index, in order."""
    jobs = config.get("cluster") if isinstance(config, dict) else None
    if not isinstance(jobs, dict) or not jobs or set(jobs) - {"chief", "worker"}:
        raise _error(f"cluster {json.dumps(jobs)}")
    tasks = {}
    for kind in ("chief", "worker"):
        addresses = jobs.get(kind, [])
        if not isinstance(addresses, list) or not all(isinstance(entry, str) and ":" in entry for entry in addresses):
            raise _error(f"{kind} {json.dumps(addresses)}")
        tasks.update({(kind, str(index)): address for index, address in enumerate(addresses)})
    if len(set(tasks.values())) < len(tasks):
        raise _error("an address that is there twice")
    return tasks


def _error(received: str) -> ValueError:
    return ValueError(f"TF_CONFIG must be like {_EXAMPLE}. Received: {received}.")

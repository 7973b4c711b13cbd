"""What was measured at one load."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

__all__ = ["HEADER", "PERCENTILES", "Measurement"]

PERCENTILES = (50, 95, 99)
HEADER = f"{'load':>12} {'a second':>9} {'p50 ms':>9} {'p95 ms':>9} {'p99 ms':>9} {'answered':>9}  errors"


@dataclass
class Measurement:
    """The answers at one load; threads may add to it.

    Attributes:
        kind: "closed", where `load` is the number of requests at one time, or "open", where it is requests a second.
        load: likewise.
        seconds: that it took until the last answer.
        latencies: of requests that were answered, in seconds; in an open loop from when they were due.
        errors: how many requests ended with which code.
    """

    kind: str
    load: float
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: Counter = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, latency: float, error: str | None = None) -> None:
        """Count an answer, or the code of an error."""
        with self._lock:
            if error is None:
                self.latencies.append(latency)
            else:
                self.errors[error] += 1

    @property
    def throughput(self) -> float:
        """Answers a second, errors not counted."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """In seconds; not a number if nothing was answered."""
        return float(np.percentile(self.latencies, percent)) if self.latencies else float("nan")

    def line(self) -> str:
        """A line of a table under `HEADER`."""
        load = f"{self.load:g} at once" if self.kind == "closed" else f"{self.load:g} /s"
        times = " ".join(f"{1000 * self.percentile(percent):9.1f}" for percent in PERCENTILES)
        errors = ", ".join(f"{count} {code}" for code, count in sorted(self.errors.items())) or "none"
        return f"{load:>12} {self.throughput:9.2f} {times} {len(self.latencies):9}  {errors}"

    def summary(self) -> dict:
        """For a JSON file; a percentile is None if nothing was answered."""
        return {
            "kind": self.kind,
            "load": self.load,
            "seconds": self.seconds,
            "throughput": self.throughput,
            **{f"p{percent}": self.percentile(percent) if self.latencies else None for percent in PERCENTILES},
            "answered": len(self.latencies),
            "errors": dict(self.errors),
        }

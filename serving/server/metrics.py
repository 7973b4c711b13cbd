"""Numbers for Prometheus, in its text format.

Requests and their times have TensorFlow Serving's names, so that one dashboard shows both; the others begin with
`gfla_serving_`.
"""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

__all__ = ["METRICS_PATH", "Metrics"]

METRICS_PATH = "/monitoring/prometheus/metrics"  # where deployment/monitoring.config puts it
REQUESTS, LATENCY = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
BATCHES, PADDING = "gfla_serving_batch_size", "gfla_serving_padding_total"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_MICROSECONDS = tuple(1e6 * seconds for seconds in _SECONDS)
_SIZES = (1, 2, 4, 8, 16, 32, 64)
Labels = tuple[tuple[str, str], ...]


class _Histogram:
    def __init__(self, limits: tuple[float, ...]):
        self.limits, self.counts, self.total = limits, [0] * (len(limits) + 1), 0.0

    def add(self, value: float) -> None:
        self.counts[bisect.bisect_left(self.limits, value)] += 1
        self.total += value


class Metrics:
    """Counts; threads may do so at the same time.

    Args:
        gauges: numbers that are asked for when somebody looks: (name, labels, value) for each.
    """

    def __init__(self, gauges: Callable[[], Iterable[tuple[str, Labels, float]]] = tuple):
        self._gauges = gauges
        self._counters: dict[tuple[str, Labels], float] = defaultdict(float)
        self._histograms: dict[tuple[str, Labels], _Histogram] = {}
        self._lock = threading.Lock()

    def request(self, model: str, entrypoint: str, status: str, seconds: float) -> None:
        """Count a prediction that was answered."""
        name = ("model_name", model)
        with self._lock:
            self._counters[REQUESTS, (name, ("status", status))] += 1
            labels = (name, ("API", "Predict"), ("entrypoint", entrypoint))
            self._histogram(LATENCY, labels, _MICROSECONDS).add(1e6 * seconds)

    def batch(self, size: int, padded: int) -> None:
        """Count a batch that ran with that many entries, and was padded to that size."""
        with self._lock:
            self._histogram(BATCHES, (), _SIZES).add(size)
            self._counters[PADDING, ()] += padded - size

    def text(self) -> str:
        """Everything, one line a number."""
        gauges = list(self._gauges())
        with self._lock:
            lines = [*self._lines(gauges)]
        return "\n".join([*lines, ""])

    def _histogram(self, name: str, labels: Labels, limits: tuple[float, ...]) -> _Histogram:
        return self._histograms.setdefault((name, labels), _Histogram(limits))

    def _lines(self, gauges: list) -> Iterator[str]:
        for kind, entries in (("counter", self._counters), ("gauge", {entry[:2]: entry[2] for entry in gauges})):
            for name in sorted({name for name, _ in entries}):
                yield f"# TYPE {name} {kind}"
                yield from (_line(name, key[1], value) for key, value in sorted(entries.items()) if key[0] == name)
        for name in sorted({name for name, _ in self._histograms}):
            yield f"# TYPE {name} histogram"
            for (found, labels), histogram in sorted(self._histograms.items(), key=lambda item: item[0]):
                if found == name:
                    yield from _histogram_lines(name, labels, histogram)


def _histogram_lines(name: str, labels: Labels, histogram: _Histogram) -> Iterator[str]:
    below = 0
    for limit, count in zip((*histogram.limits, None), histogram.counts, strict=True):
        below += count
        yield _line(f"{name}_bucket", (*labels, ("le", "+Inf" if limit is None else f"{limit:g}")), below)
    yield _line(f"{name}_sum", labels, histogram.total)
    yield _line(f"{name}_count", labels, below)


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

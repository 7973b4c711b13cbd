"""What the benchmarks share: options, calls in turns, the table, memory, and the machine's own rate.

A benchmark measures everything that it compares in one run, in turns, and takes medians: a busy moment then hits all of
them. Ratios mean something; seconds mean something on the machine alone.

This module imports no TensorFlow by itself: the benchmark of the start-up uses it, too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

from gfla_tf.outputs import whole_file

__all__ = [
    "MEBIBYTE",
    "Table",
    "make_parser",
    "matmul_calls",
    "native_call",
    "random_inputs",
    "resident",
    "restart_peak",
    "run_alone",
    "time_in_turns",
]

Name = TypeVar("Name", bound=Hashable)

MEBIBYTE = 2**20
MATMUL_SIDE = 2048


def make_parser(documentation: str) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smallest sizes, once each: only whether it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    return parser


def time_in_turns(calls: dict[Name, Callable[[], object]], repeats: int, turn: float = 0.0) -> dict[Name, float]:
    """Median seconds of each call, taken in turns; one call each goes before, which traces and warms up.

    Calls of less than `turn` seconds are made so often in a row that a turn takes that long: a single short one would
    be timed with caches that belong to what ran before it.
    """
    times = {name: _times_in_a_turn(call, turn) for name, call in calls.items()}
    seconds: dict[Name, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            seconds[name].append(_seconds(call, times[name]))
    return {name: statistics.median(values) for name, values in seconds.items()}


def _times_in_a_turn(call: Callable[[], object], turn: float) -> int:
    call()
    return math.ceil(turn / _seconds(call)) if turn else 1


def _seconds(call: Callable[[], object], times: int = 1) -> float:
    """Mean seconds of so many calls."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


class Table:
    """Prints rows as they come, under the names of the first one's columns, and keeps them for a file.

    Args:
        name: of the benchmark.
        path: where `write` writes the rows as JSON; None for nowhere.
    """

    def __init__(self, name: str, path: Path | None = None):
        self.name = name
        self.path = path
        self.rows: list[dict] = []

    def add(self, row: dict) -> None:
        """Print and keep a row: texts to the left, numbers to the right, nothing for None."""
        if not self.rows:
            print("  ".join(_cell(name, name, value) for name, value in row.items()), flush=True)
        self.rows.append(row)
        print("  ".join(_cell(name, value, value) for name, value in row.items()), flush=True)

    def write(self) -> None:
        """Write the rows, and what they were measured on."""
        if self.path is None:
            return
        content = {"benchmark": self.name, "machine": _describe_machine(), "rows": self.rows}
        with whole_file(self.path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _cell(name: str, shown, value) -> str:
    """What is shown in a column of that name, which holds values like that one."""
    if isinstance(value, str):
        return str(shown).ljust(max(len(name), 22))
    text = f"{shown:.3g}" if isinstance(shown, float) and abs(shown) < 100 else shown
    text = f"{text:.0f}" if isinstance(text, float) else "" if text is None else str(text)
    return text.rjust(max(len(name), 6))


def _describe_machine() -> dict[str, object]:
    cpu = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpu.read_text(encoding="utf-8")) if cpu.exists() else []
    tensorflow = sys.modules.get("tensorflow")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": names[0] if names else "unknown",
        "tensorflow": getattr(tensorflow, "__version__", None),
    }


def matmul_calls(side: int = MATMUL_SIDE) -> tuple[dict[str, Callable[[], object]], float]:
    """Products of two square matrices by dtype, to be timed beside other things, and the GFLOP of one."""
    import tensorflow as tf

    multiply = tf.function(lambda matrix: tf.linalg.matmul(matrix, matrix), autograph=False)
    matrix = tf.random.normal([side, side])
    matrices = {dtype: tf.cast(matrix, dtype) for dtype in ("float32", "bfloat16")}
    calls = {f"matmul {dtype}": lambda value=value: multiply(value) for dtype, value in matrices.items()}
    return calls, 2e-9 * side**3


def native_call(function: Callable, *arguments) -> Callable[[], object]:
    """A call whose graphs take the native operations where they are built, as those of `fit` and `gfla animate` do."""
    from gfla_tf.ops.native import native_graphs

    def call():
        with native_graphs():
            return function(*arguments)

    return call


def random_inputs(batch: int, side: int, channels: tuple[int, ...] = (3, 18, 18)) -> list:
    """Square maps of smooth noise from 0 to 1, which are more like pictures than noise of single pixels is."""
    import tensorflow as tf

    nodes = [tf.random.uniform([batch, side // 8, side // 8, depth]) for depth in channels]
    return [tf.image.resize(values, [side, side]) for values in nodes]


def resident(field: str) -> int:
    """VmRSS, bytes of memory that this process holds, or VmHWM, the most so far (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024


def restart_peak() -> None:
    """Let VmHWM start anew from what the process holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def run_alone(file: str, *arguments: object) -> dict:
    """Run a benchmark's file with arguments in a process of its own; what its last line holds, as JSON."""
    command = [sys.executable, file, *map(str, arguments)]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])

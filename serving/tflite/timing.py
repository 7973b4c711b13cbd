"""How long a `.tflite` file takes, and each of its operations.

Interpreters for Python tell no times of operations. So each operation is timed as a file of its own, by the same
interpreter and delegate; equal ones, of the same shapes, are timed once. The sum differs from the whole, in which a
delegate fuses operations and keeps what they share near: it shows where time goes, not how much in all.

On one thread, the processor's time can be told from the clock's: what other programs do at the same time changes it
less.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.lite.function import LiteFunction
from gfla_tf.pose.blazepose.interpreter import find_interpreter_class, open_file
from serving.tflite.operations import alone, read_operations

__all__ = ["OperationTime", "clock_for", "make_inputs", "peak_memory", "profile", "time_interleaved"]

DELEGATES = ("xnnpack", "none")
_SHORTEST = 0.02  # seconds that an operation is repeated for


@dataclass(frozen=True)
class OperationTime:
    """What operations of one kind and shape take.

    Attributes:
        name: of the operation.
        shape: of the first output.
        count: of such operations.
        seconds: of all of them, by `clock_for`.
        delegated: whether XNNPACK takes them.
    """

    name: str
    shape: tuple[int, ...]
    count: int
    seconds: float
    delegated: bool


def make_interpreter(interpreter_class: type, delegate: str) -> Callable:
    """The interpreter's class, or one that leaves the default delegate, XNNPACK, away."""
    if delegate not in DELEGATES:
        raise ValueError(f"delegate must be one of {', '.join(DELEGATES)}. Received: {delegate!r}.")
    if delegate == "xnnpack":
        return interpreter_class
    module = sys.modules[interpreter_class.__module__]
    plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return lambda **options: interpreter_class(**options, experimental_op_resolver_type=plain)


def clock_for(threads: int) -> Callable[[], float]:
    """The processor's time for one thread, the clock's for more, which wait for each other while they count."""
    return time.process_time if threads == 1 else time.perf_counter


def make_inputs(function: LiteFunction) -> dict[str, np.ndarray]:
    """Inputs of the right shapes: noise, and joints all over the picture."""
    random, arrays = np.random.default_rng(0), {}
    for name, (shape, dtype) in function.inputs.items():
        array = random.uniform(0, 255, shape) if dtype == np.uint8 else random.uniform(-1, 1, shape)
        arrays[name] = (np.abs(array) * 128 if name.endswith("keypoints") else array).astype(dtype)
    return arrays


def time_interleaved(
    calls: dict[str, Callable[[], object]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each call, taken in turns, so that a busy moment hits all of them; one call each goes before."""
    for call in calls.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = clock()
            call()
            seconds[name].append(clock() - start)
    return seconds


def profile(content: bytes, interpreter_class: type, threads: int, delegate: str = "xnnpack") -> list[OperationTime]:
    """The operations by kind and shape, those that take longest first."""
    make = make_interpreter(interpreter_class, delegate)
    counts: dict[str, int] = {}
    measured: dict[str, tuple] = {}
    for operation, single in zip(read_operations(content), alone(content), strict=True):
        if operation.name == "DEQUANTIZE" and operation.inputs[0].constant:
            continue  # of weights: once, as the file is loaded
        key = repr((operation.name, operation.inputs, operation.outputs))
        counts[key] = counts.get(key, 0) + 1
        if key not in measured:
            measured[key] = (operation.name, operation.outputs[0].shape, *_time_single(single, make, threads))
    entries = [
        OperationTime(name, shape, counts[key], counts[key] * seconds, delegated)
        for key, (name, shape, seconds, delegated) in measured.items()
    ]
    return sorted(entries, key=lambda entry: -entry.seconds)


def _time_single(content: bytes, make: Callable, threads: int) -> tuple[float, bool]:
    """Shortest of several runs in seconds, and whether a delegate runs it."""
    interpreter = open_file(make, model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():  # zeros are indices, sizes and numbers that suit any operation
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    shortest, spent = float("inf"), 0.0
    clock = clock_for(threads)
    while spent < _SHORTEST:
        start = clock()
        interpreter.invoke()
        seconds = clock() - start
        shortest, spent = min(shortest, seconds), spent + seconds
    return shortest, any(entry["op_name"] == "DELEGATE" for entry in interpreter._get_ops_details())


def peak_memory(path: Path, threads: int, delegate: str = "xnnpack") -> int | None:
    """Bytes that loading a file and running it twice take at the peak, in a process of its own (Linux; else None).

    Raises:
        ValueError: the process failed.
    """
    if not Path("/proc/self/status").exists():
        return None
    command = [sys.executable, "-m", "serving.tflite.timing", str(path.resolve()), str(threads), delegate]
    result = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    if result.returncode:
        last_line = result.stderr.strip().rpartition("\n")[2]
        raise ValueError(
            "A file that runs in a process of its own is expected. "
            f"Received: {path} (status {result.returncode}: {last_line})."
        )
    return int(result.stdout.split()[-1])


def _resident(field: str) -> int:
    """VmRSS, bytes of memory that this process holds, or VmHWM, the most so far."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024


def _measure_memory(path: str, threads: int, delegate: str) -> int:
    interpreter_class = find_interpreter_class()
    before = _resident("VmRSS")
    function = LiteFunction(path, threads, make_interpreter(interpreter_class, delegate))
    inputs = make_inputs(function)
    for _ in range(2):
        function(**inputs)
    return _resident("VmHWM") - before


if __name__ == "__main__":
    print(_measure_memory(sys.argv[1], int(sys.argv[2]), sys.argv[3]))

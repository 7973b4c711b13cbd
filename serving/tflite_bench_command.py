"""Time TFLite files on this machine.

For example:

  python -m serving tflite-bench phones/*.tflite
  python -m serving tflite-bench phones/person-demo-192-float32.transfer.tflite --threads 1 2 4 --profile 15

Files, numbers of threads and delegates take turns, so that a busy moment hits all of them. Memory is what a process of
its own takes at the peak beyond the interpreter's library. With --profile, each operation is timed by itself.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".tflite files")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N", help="default: 1 2")
    parser.add_argument(
        "--delegate", nargs="+", choices=("xnnpack", "none"), default=["xnnpack"], help="default: xnnpack"
    )
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="default: %(default)s")
    parser.add_argument("--no-memory", action="store_true", help="leave out what takes another process each")
    parser.add_argument("--profile", type=int, default=0, metavar="N", help="show the N operations that take longest")


def run(options: argparse.Namespace) -> int:
    """Measure, and print tables."""
    from gfla_tf.lite.function import LiteFunction
    from gfla_tf.pose.blazepose.interpreter import find_interpreter_class
    from serving.tflite.timing import make_inputs, make_interpreter, peak_memory, time_interleaved

    for option, least in (("--repeats", options.repeats), ("--threads", min(options.threads))):
        if least < 1:
            raise ValueError(f"{option} from 1 is expected. Received: {least}.")
    interpreter_class = find_interpreter_class()
    calls, keys = {}, {}
    for path in options.files:
        for delegate in options.delegate:
            for threads in options.threads:
                function = LiteFunction(path, threads, make_interpreter(interpreter_class, delegate))
                inputs = make_inputs(function)
                key = f"{path} {delegate} {threads}"
                keys[key] = path, delegate, threads
                calls[key] = lambda function=function, inputs=inputs: function(**inputs)
    seconds = time_interleaved(calls, options.repeats)
    print(f"{interpreter_class.__module__}, {options.repeats} repeats")
    print(f"{'threads':>7} {'delegate':>8} {'median':>9} {'least':>9} {'memory':>8}  file")
    for key, (path, delegate, threads) in keys.items():
        memory = None if options.no_memory else peak_memory(path, threads, delegate)
        median, least = (function(seconds[key]) * 1e3 for function in (statistics.median, min))
        shown = "-" if memory is None else f"{memory / 1e6:.0f} MB"
        print(f"{threads:7} {delegate:>8} {median:6.1f} ms {least:6.1f} ms {shown:>8}  {path}")
    if options.profile:
        for path in options.files:
            _print_profile(path, interpreter_class, options)
    return 0


def _print_profile(path: Path, interpreter_class: type, options: argparse.Namespace) -> None:
    from serving.tflite.timing import profile

    entries = profile(path.read_bytes(), interpreter_class, options.threads[0], options.delegate[0])
    total = sum(entry.seconds for entry in entries)
    print(f"\n{path}: operations one by one, {total * 1e3:.1f} ms in all")
    for entry in entries[: options.profile]:
        where = "" if entry.delegated else "  not in XNNPACK"
        share = f"{entry.seconds * 1e3:7.2f} ms {entry.seconds / total:6.1%}"
        print(f"{share}  {entry.count:3} x {entry.name} {list(entry.shape)}{where}")

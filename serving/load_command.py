"""Load a server and measure how fast it answers: TensorFlow Serving's, or that of `python -m serving serve`.

For example:

  python -m serving load --model person-demo --concurrency 1 2 4 8 16 --plot load.svg
  python -m serving load --server grpc://127.0.0.1:8500 --rate 1 2 4 8 --seconds 60 --output load.json

--concurrency keeps so many requests under way (a closed loop: what can it do at most?). --rate sends so many a second
at random times, whatever comes back (an open loop: how long do people wait?). Photos are smooth noise. Requests that
fail are counted and not tried again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
from collections.abc import Iterator

from serving.predict_command import DEFAULT_SERVER, add_server_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--server", default=DEFAULT_SERVER, metavar="ADDRESS", help="http://, https://, grpc:// (default: %(default)s)"
    )
    add_server_arguments(parser)
    parser.add_argument("--endpoint", help="(default: transfer, clip or denoise, whichever the model has)")
    load = parser.add_mutually_exclusive_group()
    load.add_argument("--concurrency", type=int, nargs="+", metavar="N", help="requests at one time (default: 1 2 4 8)")
    load.add_argument("--rate", type=float, nargs="+", metavar="R", help="requests a second")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S", help="at each load (default: %(default)s)")
    parser.add_argument(
        "--photo-size", type=int, nargs=2, default=(1000, 750), metavar=("HEIGHT", "WIDTH"), help="(default: 1000 750)"
    )
    parser.add_argument("--frames", type=int, default=100, help="of clips and motion (default: %(default)s)")
    parser.add_argument("--output", metavar="JSON", help="also write all numbers")
    parser.add_argument("--plot", metavar="SVG", help="also draw them")


def run(options: argparse.Namespace) -> int:
    """Measure, and print a line for each load."""
    from gfla_tf.outputs import check_distinct, check_output
    from serving.load.measurement import HEADER

    for path in filter(None, (options.output, options.plot)):
        check_output(path)
    check_distinct([], [options.output, options.plot])
    _check_loads(options)
    endpoint, inputs = _request(options)
    print(f"{options.server}, {options.model}, {endpoint}\n{HEADER}")
    measurements = []
    for measurement in _measure(options, endpoint, inputs):
        print(measurement.line(), flush=True)
        measurements.append(measurement)
    _write(options, measurements)
    return 0


def _check_loads(options: argparse.Namespace) -> None:
    """ValueError for a load that cannot be, before minutes of others."""
    loads = options.rate or options.concurrency or (1,)
    if not all(0 < number < math.inf for number in (*loads, options.seconds)):
        shown = ", ".join(f"{load:g}" for load in loads)
        raise ValueError(f"Loads and seconds above 0 are expected. Received: {shown} for {options.seconds:g} seconds.")


def _client(options: argparse.Namespace):
    from serving.client import ServingClient
    from serving.retries import Retries

    which = options.server, options.model, options.version, options.label
    return ServingClient(*which, options.timeout, Retries(most=1))


def _request(options: argparse.Namespace) -> tuple[str, dict]:
    """The endpoint and a request for it, which has been answered once: the measurements start warm."""
    from serving.load.samples import default_endpoint, sample_inputs

    with _client(options) as client:
        endpoints = client.endpoints()
        name = options.endpoint or default_endpoint(endpoints)
        if name not in endpoints:
            raise ValueError(f"An endpoint of {', '.join(endpoints)} is expected. Received: {name}.")
        inputs = sample_inputs(endpoints[name], tuple(options.photo_size), options.frames)
        client.predict(name, inputs)
    return name, inputs


def _measure(options: argparse.Namespace, endpoint: str, inputs: dict) -> Iterator:
    from serving.load.generator import closed_loop, open_loop

    @contextlib.contextmanager
    def connect():
        with _client(options) as client:
            yield lambda: client.predict(endpoint, inputs)

    if options.rate:
        yield from (open_loop(connect, rate, options.seconds) for rate in options.rate)
    else:
        yield from (closed_loop(connect, count, options.seconds) for count in options.concurrency or (1, 2, 4, 8))


def _write(options: argparse.Namespace, measurements: list) -> None:
    from gfla_tf.outputs import whole_file
    from serving.load.plot import plot_measurements

    title = f"{options.model} at {options.server}"
    summaries = json.dumps([measurement.summary() for measurement in measurements], indent=2)
    texts = {options.output: summaries + "\n", options.plot: plot_measurements(measurements, title)}
    for path, text in texts.items():
        if path:
            with whole_file(path) as temporary:
                temporary.write_text(text, encoding="utf-8")

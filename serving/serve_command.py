"""Serve models on this machine, for development: TensorFlow Serving's REST and gRPC interface without Docker.

For example:

  python -m serving serve models
  python -m serving serve models --config models/models.config --rest-port 9501 --grpc-port 9500

The newest version of each model is served, a newer one taken over when it is there. It is one Python process, without
TLS, and asks nobody who they are: for development. For production, TensorFlow Serving runs the same folder; see "In
production" in serving/README.md. SIGTERM and Ctrl+C answer what has been asked, then end it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading

__all__ = ["add_arguments", "run"]

LOOPBACK = ("127.0.0.1", "localhost")
SECONDS_BETWEEN_LOOKS = 0.5  # for a signal that did not wake the main thread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("models", metavar="DIR", help="folder of all models, as `export` writes them")
    parser.add_argument("--config", metavar="FILE", help="models, versions and labels, as `config` writes them")
    parser.add_argument("--batching", metavar="FILE", help="batching parameters (default: those for production)")
    parser.add_argument("--no-batching", action="store_true", help="run every request alone, at once")
    parser.add_argument("--host", default="127.0.0.1", help="IPv4 address to listen at (default: %(default)s)")
    parser.add_argument("--rest-port", type=int, default=8501, metavar="N", help="0: any (default: %(default)s)")
    parser.add_argument("--grpc-port", type=int, default=8500, metavar="N", help="0: any (default: %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=30.0, metavar="S", help="to answer a request within (default: %(default)s)"
    )
    parser.add_argument(
        "--max-megabytes", type=int, default=64, metavar="N", help="of a request (default: %(default)s)"
    )
    parser.add_argument(
        "--poll", type=float, default=1.0, metavar="S", help="between two looks for new versions (default: %(default)s)"
    )


def wait_awake(event: threading.Event) -> None:
    """Wait for an event that a signal's handler sets.

    Python runs handlers in its main thread. A signal that the system has handed to another thread does not wake it up,
    so it has to look now and then.
    """
    while not event.wait(SECONDS_BETWEEN_LOOKS):
        pass


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes; 1 if requests were left without an answer then."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    from serving.server.server import DevelopmentServer

    settings = _settings(options)
    if options.host not in LOOPBACK:
        print("serving: others can connect: there is no TLS, and nobody is asked who they are.", file=sys.stderr)
    server = DevelopmentServer(settings)
    with server:
        if not server.service.store.names():
            print(f"serving: there is no NAME/VERSION in {options.models} yet.", file=sys.stderr)
        print("A server for development; serving/README.md says where production starts.")
        print(f"REST {server.rest_address}   gRPC {server.grpc_address}", flush=True)
        wait_awake(stop)
        print("Answering what has been asked ...", flush=True)
    return 0 if server.answered else 1


def _settings(options: argparse.Namespace):
    from serving.server.batching_parameters import DEFAULT_FILE, read_batching_parameters
    from serving.server.limits import Limits
    from serving.server.server import Settings

    return Settings(
        models=options.models,
        config=options.config,
        host=options.host,
        rest_port=options.rest_port,
        grpc_port=options.grpc_port,
        batching=None if options.no_batching else read_batching_parameters(options.batching or DEFAULT_FILE),
        limits=Limits(message_bytes=options.max_megabytes << 20, seconds=options.timeout),
        poll_seconds=options.poll,
    )

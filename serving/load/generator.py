"""Two ways to load a server.

A closed loop keeps a number of requests under way: the next one is sent when one is answered, so a slow server is asked
less. It finds the largest throughput. An open loop sends at random times at a given rate, whatever the server does, as
many strangers would; a request's time counts from when it was due, so that waiting for a free connection is not hidden.
"""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from serving.client import ClientError
from serving.load.measurement import Measurement

__all__ = ["Connect", "closed_loop", "open_loop"]

Connect = Callable[[], AbstractContextManager[Callable[[], object]]]


def closed_loop(connect: Connect, concurrency: int, seconds: float) -> Measurement:
    """Keep some requests under way for some time.

    Args:
        connect: gives, as a context, a function of one thread that sends a request and waits for the answer.
        concurrency: requests at one time.
        seconds: during which new ones are sent.

    Raises:
        ValueError: less than one request at a time.
        Exception: what `connect` raised.
    """
    if concurrency < 1:
        raise ValueError(f"One request at a time or more is expected. Received: {concurrency}.")
    measurement, starts = Measurement("closed", concurrency), []

    def work() -> None:
        with connect() as send:
            ready.wait()
            now = start = time.perf_counter()
            while now < start + seconds:
                _measure(send, measurement, now)
                now = time.perf_counter()

    # Before the first request, even if this thread is the last one that a busy machine lets go on.
    ready = threading.Barrier(concurrency, lambda: starts.append(time.perf_counter()))
    with _threads(concurrency, work, ready):
        pass
    measurement.seconds = time.perf_counter() - starts[0]
    return measurement


def open_loop(connect: Connect, rate: float, seconds: float, connections: int = 64, seed: int = 0) -> Measurement:
    """Send requests at random times, independent of each other and of the answers (a Poisson process).

    Args:
        connect: as for `closed_loop`.
        rate: requests a second, on average.
        seconds: during which they are sent.
        connections: requests at one time, at most; those that are due beyond wait.
        seed: of the times.

    Raises:
        ValueError: the rate is not above 0, or there is no connection.
        Exception: what `connect` raised.
    """
    if rate <= 0 or connections < 1:
        raise ValueError(f"A rate above 0 and a connection are expected. Received: {rate} and {connections}.")
    measurement, due = Measurement("open", rate), queue.SimpleQueue()

    def work() -> None:
        with connect() as send:
            ready.wait()
            while (moment := due.get()) is not None:
                _measure(send, measurement, moment)

    ready = threading.Barrier(connections + 1)
    with _threads(connections, work, ready):
        ready.wait()
        start = time.perf_counter()
        for offset in _random_times(rate, seconds, seed):
            time.sleep(max(start + offset - time.perf_counter(), 0.0))
            due.put(start + offset)
        for _ in range(connections):
            due.put(None)
    measurement.seconds = time.perf_counter() - start
    return measurement


@contextlib.contextmanager
def _threads(count: int, work: Callable[[], None], ready: threading.Barrier) -> Iterator[None]:
    """Run threads beside the block until they end; an error of one, without which the others are not ready, ends it."""
    errors = []

    def work_or_abort() -> None:
        try:
            work()
        except threading.BrokenBarrierError:
            pass  # another thread's error
        except Exception as error:
            errors.append(error)
            ready.abort()

    threads = [threading.Thread(target=work_or_abort, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        yield
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _measure(send: Callable[[], object], measurement: Measurement, start: float) -> None:
    error = None
    try:
        send()
    except ClientError as failed:
        error = failed.code.name
    measurement.add(time.perf_counter() - start, error)


def _random_times(rate: float, seconds: float, seed: int) -> Iterator[float]:
    generator, moment = random.Random(seed), 0.0
    while (moment := moment + generator.expovariate(rate)) < seconds:
        yield moment

"""Jobs for several processes, in such a way that nothing is left running.

An interruption (Ctrl-C, a signal to end) stops every worker after the picture it is at. A worker whose parent was
killed ends by itself. Workers start afresh (`spawn`), so they hold nothing but what they import.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

__all__ = ["Stopped", "run_jobs"]

POLL_SECONDS = 0.5  # between reports of progress, and looks at whether to end

_stop: Any = None  # multiprocessing.Event of this worker
_counter: Any = None  # multiprocessing.Value: pictures done by all


class Stopped(Exception):
    """Raised inside a job, by the function that it calls after each picture, when it has to end."""


def run_jobs(
    work: Callable[[Any, Callable[[], None]], Any],
    jobs: Iterable[Any],
    processes: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Any]:
    """Do jobs, giving the results in the order in which they are done.

    Args:
        work: a function of a module (workers import it) that takes a job and a function to call after each picture.
        jobs: what to do; must be picklable.
        processes: how many; 1 does everything in this process.
        progress: called now and then with the number of pictures done since its last call.

    Raises:
        ValueError: fewer than one process, or what a job raised.
        KeyboardInterrupt: Ctrl-C, or a request to end; the workers have ended.
        ChildProcessError: a worker was killed, for example because memory ran out.
    """
    if processes < 1:
        raise ValueError(f"At least one process is expected. Received: {processes}.")
    with _watching_signals() as interrupted:
        yield from (
            _run_here(work, jobs, progress, interrupted)
            if processes == 1
            else _run_pool(work, jobs, processes, progress, interrupted)
        )


def _run_here(work: Callable, jobs: Iterable[Any], progress: Callable, interrupted: Callable) -> Iterator[Any]:
    def each() -> None:
        progress(1)
        if interrupted():
            raise KeyboardInterrupt

    for job in jobs:
        yield work(job, each)


def _run_pool(
    work: Callable, jobs: Iterable[Any], processes: int, progress: Callable, interrupted: Callable
) -> Iterator[Any]:
    context = multiprocessing.get_context("spawn")
    stop, counter, reported = context.Event(), context.Value("q", 0), 0
    pool = ProcessPoolExecutor(processes, context, _start_worker, (stop, counter))
    waiting, pending = iter(jobs), set()
    try:
        while not interrupted():
            pending |= {pool.submit(_do, work, job) for job in itertools.islice(waiting, 2 * processes - len(pending))}
            if not pending:
                return
            done, pending = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            reported += _report(counter.value - reported, progress)
            yield from [future.result() for future in done]
        raise KeyboardInterrupt
    except BrokenProcessPool as error:
        raise ChildProcessError("A rendering process was killed; try fewer processes if memory ran out.") from error
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _report(pictures: int, progress: Callable[[int], None]) -> int:
    progress(pictures)
    return pictures


def _do(work: Callable, job: Any) -> Any:
    return work(job, _count_picture)


def _count_picture() -> None:
    with _counter.get_lock():
        _counter.value += 1
    if _stop.is_set():
        raise Stopped("The run was interrupted.")


def _start_worker(stop: Any, counter: Any) -> None:
    import cv2

    global _stop, _counter
    _stop, _counter = stop, counter
    cv2.setNumThreads(1)  # the processes are the parallel part
    # The parent gets Ctrl-C too, and decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


@contextlib.contextmanager
def _watching_signals() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C or a request to end (SIGTERM) has come.

    An exception at any moment, as Ctrl-C raises it otherwise, can leave the pool's locks closed, so that it never ends.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, frame: received.append(number)) for number in numbers]
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

"""Requests that each run alone, at once: what a server does without batching.

Their time is limited as that of merged requests is. TensorFlow's graphs cannot be stopped halfway: who has waited too
long is told so (DEADLINE_EXCEEDED), while the run goes on to its end. So the number of runs is limited, too, and one
more is refused (UNAVAILABLE): overdue ones cannot pile up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor, wait

from serving.exchange import Arrays
from serving.statuses import Code, ServingError

__all__ = ["LoneRuns"]


class LoneRuns:
    """Threads; used like `BatchScheduler`.

    Args:
        most: runs at one time.
    """

    def __init__(self, most: int = 256):
        self._free = threading.BoundedSemaphore(most)
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="alone")

    def run(self, key: Hashable, run: Callable[[Arrays], Arrays], inputs: Arrays, seconds: float) -> Arrays:
        """Run a request; waits for the answer.

        Args:
            key: unused.
            run: what runs it.
            inputs: of the request.
            seconds: to wait at most.

        Raises:
            ServingError: what `run` raised; UNAVAILABLE or DEADLINE_EXCEEDED.
        """
        if not self._free.acquire(blocking=False):
            raise ServingError(Code.UNAVAILABLE, "Too many requests are running.")
        future = self._threads.submit(self._run, run, inputs)
        if not wait([future], max(seconds, 0)).done:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"No answer within {seconds:.3g} seconds.")
        return future.result()

    def waiting(self) -> int:
        """Pictures that wait: none ever does."""
        return 0

    def stop(self, seconds: float | None = None) -> None:
        """End the threads when what runs has ended; waits for that unless there is a limit to waiting."""
        self._threads.shutdown(wait=seconds is None)

    def _run(self, run: Callable[[Arrays], Arrays], inputs: Arrays) -> Arrays:
        try:
            return run(inputs)
        finally:
            self._free.release()

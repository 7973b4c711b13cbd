"""Requests that wait a moment for each other and run as one batch.

Every signature of a version has its own queue; a few threads serve them all. A batch runs when it is full or its first
request has waited long enough. While another batch of its queue runs, which has all cores, it waits much longer to
become full; and the wait begins anew when that one is answered, as clients then send their next requests. They would
else fall into groups that wait for each other's small batches. What does not fit into a queue is refused at once
(UNAVAILABLE), and who has waited too long is told so (DEADLINE_EXCEEDED): nothing grows for ever.

If a merged batch fails, its requests are run one by one, so that a request does not fail for what another one sent. Do
not count on that behind TensorFlow Serving.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from serving.server.batching_parameters import BatchingParameters
from serving.server.merging import Arrays, batch_size, merge, split
from serving.statuses import Code, ServingError

__all__ = ["BatchScheduler"]

Run = Callable[[Arrays], Arrays]
BESIDE = 20  # times as long a batch waits to become full while another one of its queue runs


@dataclass(eq=False)
class _Task:
    inputs: Arrays
    size: int
    run: Run
    arrival: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    answer: Arrays | Exception | None = None

    def finish(self, answer: Arrays | Exception) -> None:
        self.answer = answer
        self.done.set()


class BatchScheduler:
    """Queues and threads.

    Args:
        parameters: sizes and times.
        observe: told the number of entries and the padded size of every batch that runs.
    """

    def __init__(self, parameters: BatchingParameters, observe: Callable[[int, int], None] = lambda *sizes: None):
        self.parameters, self._observe = parameters, observe
        self._queues: dict[Hashable, deque[_Task]] = {}
        self._running: Counter[Hashable] = Counter()  # batches of a queue
        self._answered: dict[Hashable, float] = {}  # when a queue's last batch was, if that was a moment ago
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batches-{index}", daemon=True)
            for index in range(parameters.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, key: Hashable, run: Run, inputs: Arrays, seconds: float) -> Arrays:
        """Run a request, perhaps with others of the same key; waits for the answer.

        Args:
            key: of the queue.
            run: what runs a batch.
            inputs: of the request; the batch is their first axis.
            seconds: to wait at most.

        Raises:
            ServingError: what `run` raised; INVALID_ARGUMENT, UNAVAILABLE or DEADLINE_EXCEEDED.
        """
        task = _Task(inputs, batch_size(inputs), run)
        if task.size > self.parameters.max_batch_size:
            raise ServingError(
                Code.INVALID_ARGUMENT,
                f"Task size {task.size} is larger than maximum input batch size {self.parameters.max_batch_size}",
            )
        self._enqueue(key, task)
        if not task.done.wait(max(seconds, 0)):
            self._withdraw(key, task)
            raise ServingError(Code.DEADLINE_EXCEEDED, f"No answer within {seconds:.3g} seconds.")
        if isinstance(task.answer, Exception):
            raise task.answer
        return task.answer

    def waiting(self) -> int:
        """Pictures in all queues."""
        with self._changed:
            return sum(task.size for queue in self._queues.values() for task in queue)

    def stop(self, seconds: float | None = None) -> None:
        """Run what waits, then end the threads; one that still runs a graph after some seconds is left alone."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        end = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if end is None else max(end - time.monotonic(), 0))

    def _enqueue(self, key: Hashable, task: _Task) -> None:
        room = self.parameters.max_enqueued_batches * self.parameters.max_batch_size
        with self._changed:
            queue = self._queues.setdefault(key, deque())
            if self._stopped or sum(entry.size for entry in queue) + task.size > room:
                message = "The batch scheduling queue to which this task was submitted is full"
                raise ServingError(Code.UNAVAILABLE, message)
            queue.append(task)
            self._changed.notify()

    def _withdraw(self, key: Hashable, task: _Task) -> None:
        with self._changed:
            if task in self._queues.get(key, ()):
                self._queues[key].remove(task)

    def _work(self) -> None:
        while batch := self._next_batch():
            key, tasks = batch
            self._run_batch(tasks)
            with self._changed:
                self._running[key] -= 1
                self._answered[key] = time.monotonic()
                self._changed.notify()

    def _next_batch(self) -> tuple[Hashable, list[_Task]] | None:
        """Wait for a batch of a queue; None once the scheduler is stopped and all queues are empty."""
        with self._changed:
            while True:
                self._forget()
                if self._stopped and not self._queues:
                    return None
                key = min(self._queues, key=self._pause, default=None)
                pause = None if key is None else self._pause(key)
                if key is not None and pause <= 0:
                    self._running[key] += 1
                    return key, self._take(self._queues[key])
                self._changed.wait(pause)

    def _forget(self) -> None:
        """Drop empty queues, counts of no batch, and answers that no request waits from any more."""
        self._queues = {key: queue for key, queue in self._queues.items() if queue}
        self._running = +self._running
        oldest = time.monotonic() - self._patience
        self._answered = {key: moment for key, moment in self._answered.items() if moment >= oldest}

    @property
    def _patience(self) -> float:
        """How long a request waits for others, in seconds."""
        return self.parameters.batch_timeout_micros / 1e6

    def _pause(self, key: Hashable) -> float:
        """How long a queue's next batch may still wait, in seconds; negative if it is due for so long."""
        queue = self._queues[key]
        if self._stopped or sum(task.size for task in queue) >= self.parameters.max_batch_size:
            return float("-inf")
        patience = self._patience * (BESIDE if self._running[key] else 1)
        return max(queue[0].arrival, self._answered.get(key, 0.0)) + patience - time.monotonic()

    def _take(self, queue: deque[_Task]) -> list[_Task]:
        tasks = [queue.popleft()]
        while queue and sum(task.size for task in [*tasks, queue[0]]) <= self.parameters.max_batch_size:
            tasks.append(queue.popleft())
        self._changed.notify()  # somebody else may take what is left
        return tasks

    def _run_batch(self, tasks: list[_Task]) -> None:
        try:
            answers = self._run_merged(tasks)
        except Exception as error:  # a thread that ends would leave its requests waiting
            if not isinstance(error, ServingError):
                error = ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}")
            if len(tasks) > 1 and error.code is not Code.FAILED_PRECONDITION:
                for task in tasks:
                    self._run_batch([task])
                return
            answers = [error] * len(tasks)
        for task, answer in zip(tasks, answers, strict=True):
            task.finish(answer)

    def _run_merged(self, tasks: list[_Task]) -> list[Arrays]:
        sizes = [task.size for task in tasks]
        size = self.parameters.padded(sum(sizes))
        self._observe(sum(sizes), size)
        outputs = tasks[0].run(merge([task.inputs for task in tasks], size))
        return split(outputs, sizes, size)

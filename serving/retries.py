"""Another try, a little later, where a server could not answer just now.

Only UNAVAILABLE is worth it: it comes at once, and the next moment may be better. A connection that broke after the
request was sent is UNAVAILABLE, too: a server may then do the same work twice, which changes nothing. Whatever was
refused for what it is would be refused again, and what took too long would take as long again.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from serving.statuses import Code, ServingError

__all__ = ["Retries"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Retries:
    """How often and when.

    Attributes:
        most: tries in all.
        pause: seconds before the second one, at most; twice as much before every further one. The pauses are drawn at
            random, so that many clients that were refused together don't come back together.
        longest: pause.
    """

    most: int = 5
    pause: float = 0.2
    longest: float = 5.0

    def run(
        self,
        call: Callable[[float], Result],
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> Result:
        """Call until it works.

        Args:
            call: takes the seconds that are left.
            seconds: for everything together.
            sleep: waits.
            clock: seconds from any start.

        Raises:
            ServingError: of the last try.
        """
        end = clock() + seconds
        for attempt in itertools.count(1):
            try:
                return call(end - clock())
            except ServingError as error:
                pause = random.uniform(0.5, 1.0) * min(self.pause * 2 ** (attempt - 1), self.longest)
                if error.code is not Code.UNAVAILABLE or attempt >= self.most or clock() + pause >= end:
                    raise
            sleep(pause)

"""How a request ended, in gRPC's words and in HTTP's: one table for server and clients.

The numbers are those of gRPC (google/rpc/code.proto), which TensorFlow's errors have, too. The HTTP statuses are those
that TensorFlow Serving's REST interface answers with.
"""

from __future__ import annotations

import enum
import re

__all__ = ["Code", "ServingError", "code_of_http", "from_tensorflow"]


class Code(enum.IntEnum):
    """How a request ended; `http` is the status of the REST interface."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @property
    def http(self) -> int:
        """The status of the REST interface."""
        return _HTTP[self.value]


# By number. Several codes share a status; read backwards, the first of `_BACKWARDS` counts.
_HTTP = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)
_BACKWARDS = {
    **{code.http: code for code in reversed(Code)},
    405: Code.UNIMPLEMENTED,
    408: Code.DEADLINE_EXCEEDED,
    411: Code.INVALID_ARGUMENT,
    413: Code.RESOURCE_EXHAUSTED,
    # What proxies in front of a server answer when they don't reach it.
    502: Code.UNAVAILABLE,
}
_NOISE = re.compile(r"^(Graph execution error:|Detected at node.*|<stack traces unavailable>|.*root error.*)$")
_PLACE = re.compile(r"\s*(\[\[\{\{node .*|\[Op:[^]]*\].*|name: ?)$", re.DOTALL)


class ServingError(Exception):
    """A request that failed.

    Args:
        code: how.
        message: for whoever sent it.
    """

    def __init__(self, code: Code, message: str):
        super().__init__(message)
        self.code, self.message = code, message


def code_of_http(status: int) -> Code:
    """The code behind an HTTP status; several codes share 400, 409 and 500."""
    return _BACKWARDS.get(status, Code.OK if 200 <= status < 300 else Code.UNKNOWN)


def from_tensorflow(error: Exception) -> ServingError:
    """A `tf.errors.OpError` with its code, without what it says of the graph's insides."""
    lines = [line for line in str(getattr(error, "message", error)).splitlines() if not _NOISE.match(line.strip())]
    return ServingError(Code(error.error_code), _PLACE.sub("", "\n".join(lines)).strip())

"""When another try is made."""

from __future__ import annotations

import pytest

from serving.retries import Retries
from serving.statuses import Code, ServingError, code_of_http


class Server:
    """Fails with some codes, one after the other, then answers; time passes only while somebody sleeps."""

    def __init__(self, *codes: Code):
        self.codes, self.pauses, self.left = list(codes), [], []

    def __call__(self, seconds: float) -> str:
        self.left.append(seconds)
        if self.codes:
            raise ServingError(self.codes.pop(0), "no")
        return "yes"

    def run(self, retries: Retries, seconds: float = 100.0) -> str:
        return retries.run(self, seconds, self.pauses.append, lambda: sum(self.pauses))


def test_unavailable_is_tried_again_after_growing_pauses():
    server = Server(*[Code.UNAVAILABLE] * 5)
    assert server.run(Retries(most=6, pause=1.0, longest=5.0)) == "yes"
    for pause, longest in zip(server.pauses, (1, 2, 4, 5, 5), strict=True):
        assert longest / 2 <= pause <= longest
    assert server.left == pytest.approx([100 - sum(server.pauses[:count]) for count in range(6)])


def test_the_last_try_counts():
    server = Server(*[Code.UNAVAILABLE] * 3)
    with pytest.raises(ServingError, match="no"):
        server.run(Retries(most=3))
    assert len(server.pauses) == 2


def test_no_pause_is_longer_than_the_time_that_is_left():
    server = Server(*[Code.UNAVAILABLE] * 9)
    with pytest.raises(ServingError):
        server.run(Retries(most=9, pause=4.0), seconds=5.0)
    assert len(server.left) <= 3


@pytest.mark.parametrize("code", [code for code in Code if code not in (Code.OK, Code.UNAVAILABLE)])
def test_nothing_else_is_tried_again(code):
    server = Server(code)
    with pytest.raises(ServingError) as caught:
        server.run(Retries())
    assert caught.value.code is code
    assert server.pauses == []


def test_convention_http_statuses():
    known = {
        200: "OK", 400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
        413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 500: "UNKNOWN", 501: "UNIMPLEMENTED",
        502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED", 302: "UNKNOWN", 204: "OK",
    }  # fmt: skip
    assert {status: code_of_http(status).name for status in known} == known
    assert Code.FAILED_PRECONDITION.http == 400
    assert Code.INTERNAL.http == 500

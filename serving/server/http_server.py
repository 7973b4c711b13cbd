"""The REST interface on a port: the standard library's HTTP server with limits to size, time and number.

Every connection has a thread, so the number of connections is limited; one more is answered 503 and closed. A request
must say how long it is and, from its first byte to its last, arrive in time. Addresses and bodies are understood in
`serving.server.rest`.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from serving.server.limits import Limits
from serving.server.rest import Reply, RestApi, error_reply
from serving.server.under_way import UnderWay
from serving.statuses import Code, ServingError

__all__ = ["RestServer"]

LAST_SECONDS = 1.0
FULL = ServingError(Code.UNAVAILABLE, "Too many connections.")


class RestServer(ThreadingHTTPServer):
    """A server; `serve_forever` runs it; `drain`, then `shutdown`, end it.

    Args:
        address: host and port; port 0 is any free one.
        api: answers the requests.
        limits: what is refused.

    Attributes:
        api: likewise.
        limits: likewise.
        under_way: the requests that are being answered.
    """

    request_queue_size = 128  # connections that the system keeps until they are looked at

    def __init__(self, address: tuple[str, int], api: RestApi, limits: Limits):
        self.api, self.limits, self.under_way = api, limits, UnderWay()
        self._connections = threading.BoundedSemaphore(limits.connections)
        super().__init__(address, _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server_address[1]

    def drain(self, seconds: float) -> bool:
        """Refuse new requests and wait until the others are answered; returns whether they are."""
        self.under_way.refuse()
        return self.under_way.wait(seconds)

    def process_request(self, request, client_address) -> None:
        if self._connections.acquire(blocking=False):
            try:
                super().process_request(request, client_address)
                return
            except RuntimeError:  # the system gives no more threads
                self._connections.release()
        reply = error_reply(FULL)
        with contextlib.suppress(OSError):
            head = f"HTTP/1.1 {reply.status} Service Unavailable\r\nConnection: close\r\n"
            request.sendall(f"{head}Content-Length: {len(reply.body)}\r\n\r\n".encode() + reply.body)
        self.shutdown_request(request)

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request, client_address) -> None:
        """Say nothing of connections that broke; errors of this program are answered and printed elsewhere."""


class _Arriving(io.RawIOBase):
    """A connection's bytes: a request's first one may be long in coming, then each piece alone could be in time."""

    def __init__(self, connection: socket.socket, limits: Limits):
        self._connection, self._limits, self._end = connection, limits, float("inf")

    def expect_request(self) -> None:
        """Another request comes."""
        self._end = float("inf")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        left = min(self._end - time.monotonic(), self._limits.idle_seconds)
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            count = self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._limits.idle_seconds)
        self._end = min(self._end, time.monotonic() + self._limits.seconds)
        return count


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gfla-tf", ""
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True
    server: RestServer

    def setup(self) -> None:
        self.timeout = self.server.limits.idle_seconds
        super().setup()
        self._arriving = _Arriving(self.connection, self.server.limits)
        self.rfile = io.BufferedReader(self._arriving)

    def handle_one_request(self) -> None:
        self._arriving.expect_request()
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Refuse HTTP/0.9: its answers have no head, which tells where they end on a connection that is kept."""
        if not super().parse_request():
            return False
        if self.request_version == "HTTP/0.9":
            self.send_error(400, "HTTP/1.0 or newer is expected. Received: HTTP/0.9.")
            return False
        return True

    def _handle(self) -> None:
        try:
            with self.server.under_way.one():
                self._send(self.server.api.answer(self.command, self.path, self._body()))
        except ServingError as error:
            self.close_connection = True  # of the body something may still be to come
            self._send(error_reply(error, 413 if error.code is Code.RESOURCE_EXHAUSTED else None))
            self._let_go()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _handle

    def handle_expect_100(self) -> bool:
        """Let a client that asks first (`Expect: 100-continue`) send its body."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length", ["0"])
        (length, *others), coded = lengths, "Transfer-Encoding" in self.headers
        # Two lengths, or a length and another coding, are how requests are smuggled past a proxy.
        if others or coded or not (length.isascii() and length.isdigit()):
            raise ServingError(Code.INVALID_ARGUMENT, "A request with its length (Content-Length) is expected.")
        limit = self.server.limits.message_bytes
        if len(length) > 18 or int(length) > limit:
            raise ServingError(Code.RESOURCE_EXHAUSTED, f"A request may have {limit} bytes. Received: {length}.")
        return self._read(int(length))

    def _read(self, length: int) -> bytes:
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            raise ServingError(Code.DEADLINE_EXCEEDED, "The request did not arrive in time.") from None
        if len(body) < length:
            raise ServingError(Code.INVALID_ARGUMENT, "The request is shorter than it says.")
        return body

    def _let_go(self) -> None:
        """Take what is still on its way for a moment: closing at once would also take back the answer."""
        end = time.monotonic() + LAST_SECONDS
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LAST_SECONDS)
            while time.monotonic() < end and self.connection.recv(1 << 16):
                pass

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def send_error(self, code, message=None, explain=None) -> None:
        """What the standard library finds wrong with a request line or a head, as JSON like everything else."""
        self.close_connection, self.request_version = True, self.protocol_version
        error = ServingError(Code.INVALID_ARGUMENT, message or self.responses[code][0])
        self._send(error_reply(error, int(code) if code in (414, 431) else None))

    def log_message(self, *arguments) -> None:
        pass

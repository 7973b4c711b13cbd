"""Datasets at addresses: in TensorFlow's file system in memory, and behind a web server on this machine."""

from __future__ import annotations

import contextlib
import functools
import threading
import uuid
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import tensorflow as tf


def in_memory(folder: Path) -> str:
    """Copy a folder; its address, another one each time."""
    address = f"ram://{uuid.uuid4().hex}"
    for path in folder.rglob("*"):
        target = f"{address}/{path.relative_to(folder)}"
        if path.is_dir():
            tf.io.gfile.makedirs(target)
        else:
            tf.io.gfile.makedirs(target.rpartition("/")[0])
            with tf.io.gfile.GFile(target, "wb") as file:
                file.write(path.read_bytes())
    return address


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


@contextlib.contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine only; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

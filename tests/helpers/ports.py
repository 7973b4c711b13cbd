"""Ports of this machine that nobody uses."""

from __future__ import annotations

import random
import socket

__all__ = ["free_ports"]

# Below those that systems hand out by themselves (from 32768 on, or 49152), so that no connection that is opened
# between the choice of a port and its use takes it.
CHOICE = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different free ports of 127.0.0.1; another program that asks for one of them by number may still take it."""
    ports = (port for port in random.SystemRandom().sample(CHOICE, len(CHOICE)) if _is_free(port))
    return [next(ports) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as entry:
        try:
            entry.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

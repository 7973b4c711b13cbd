"""What a server refuses, so that nobody can fill its memory or keep its threads."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What a server refuses.

    Attributes:
        message_bytes: of a request; a photo in base64 has 4/3 of its file's size.
        seconds: that a request may take to arrive, and then to be answered.
        idle_seconds: that an open connection may be silent.
        connections: over HTTP, requests over gRPC, and runs without batching, at one time each.
    """

    message_bytes: int = 64 << 20
    seconds: float = 30.0
    idle_seconds: float = 60.0
    connections: int = 256

    def __post_init__(self):
        if min(self.message_bytes, self.seconds, self.idle_seconds, self.connections) <= 0:
            raise ValueError(f"Limits must be above 0. Received: {self}.")

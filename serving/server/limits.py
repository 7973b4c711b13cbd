"""What a server refuses, so that nobody can fill its memory or keep its threads."""

from __future__ import annotations

from dataclasses import dataclass

from serving.exchange import DAY

__all__ = ["MOST_AXES", "Limits"]

MOST_AXES = 16  # of an input
MOST_BYTES = (1 << 31) - 1  # that gRPC can be told


@dataclass(frozen=True)
class Limits:
    """What a server refuses.

    Attributes:
        message_bytes: of a request; a photo in base64 has 4/3 of its file's size.
        seconds: that a request may take to arrive, and then to be answered.
        idle_seconds: that an open connection may be silent between two requests.
        connections: over HTTP, requests over gRPC, and runs without batching, at one time each.
    """

    message_bytes: int = 64 << 20
    seconds: float = 30.0
    idle_seconds: float = 60.0
    connections: int = 256

    def __post_init__(self):
        times_fit = 0 < self.seconds <= DAY and 0 < self.idle_seconds <= DAY
        if not times_fit or not 0 < self.message_bytes <= MOST_BYTES or self.connections < 1:
            raise ValueError(f"Limits above 0, of up to a day and 2 GiB - 1, are expected. Received: {self}.")

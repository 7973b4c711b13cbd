"""Files that are not whole any more."""

from __future__ import annotations

__all__ = ["break_compression"]


def break_compression(content: bytes) -> bytes:
    """A zip's content whose first file's compressed bytes begin with a block of a kind that zlib does not know."""
    start = 30 + int.from_bytes(content[26:28], "little") + int.from_bytes(content[28:30], "little")
    return content[:start] + b"\x07" + content[start + 1 :]

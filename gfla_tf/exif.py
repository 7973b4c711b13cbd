"""The orientation that a camera wrote into a picture file, and turning the picture upright.

A camera stores its pixels as the sensor gave them and notes in the file's EXIF block how they are to be turned. The
note is one of eight numbers: 1 = as stored, 2 to 4 = flipped, 5 to 8 = rows and columns exchanged, then flipped.

Reads JPEG, PNG and WebP. Reference: CIPA DC-008 (EXIF 2.32), tag 0x0112; the PNG, JPEG and RIFF file layouts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

__all__ = ["apply_orientation", "png_chunks", "read_orientation"]

ORIENTATION_TAG = 0x0112
JPEG_APP1, JPEG_START_OF_SCAN = 0xE1, 0xDA
EXIF_HEADER = b"Exif\0\0"
PNG_START = b"\x89PNG\r\n\x1a\n"


def read_orientation(data: bytes) -> int:
    """Read the orientation of a picture file.

    Args:
        data: the whole file.

    Returns:
        1 to 8; 1 if the file says nothing or nothing sensible.
    """
    try:
        for block in _exif_blocks(data):
            return _orientation_in(block.removeprefix(EXIF_HEADER))
    except (struct.error, IndexError):
        pass
    return 1


def apply_orientation(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a picture upright.

    Args:
        pixels: `[rows, columns, ...]`, as stored in the file.
        orientation: 1 to 8, as read from the file.

    Returns:
        A view on the pixels, upright; `[columns, rows, ...]` for orientations from 5 on.
    """
    if orientation >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def png_chunks(data: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the contents of a PNG file's chunks of a name; none for other files."""
    return _chunks(data, start=8, header=">I4s", name=name, trailer=4) if data.startswith(PNG_START) else iter(())


def _exif_blocks(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"\xff\xd8"):
        return _jpeg_exif_blocks(data)
    if data.startswith(PNG_START):
        return png_chunks(data, b"eXIf")
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _chunks(data, start=12, header="<4sI", name=b"EXIF", trailer=0)
    return iter(())


def _jpeg_exif_blocks(data: bytes) -> Iterator[bytes]:
    position = 2
    while data[position] == 0xFF and data[position + 1] != JPEG_START_OF_SCAN:
        (length,) = struct.unpack_from(">H", data, position + 2)
        block = data[position + 4 : position + 2 + length]
        if data[position + 1] == JPEG_APP1 and block.startswith(EXIF_HEADER):
            yield block
        position += 2 + length


def _chunks(data: bytes, start: int, header: str, name: bytes, trailer: int) -> Iterator[bytes]:
    """Yield the contents of the chunks called `name`; RIFF (no trailer) pads its chunks to an even length."""
    position = start
    while position + 8 <= len(data):
        first, second = struct.unpack_from(header, data, position)
        length, chunk_name = (first, second) if isinstance(first, int) else (second, first)
        if chunk_name == name:
            yield data[position + 8 : position + 8 + length]
        position += 8 + length + (trailer or length % 2)


def _orientation_in(block: bytes) -> int:
    """Find the orientation in an EXIF block: a byte order, the offset of a directory, and its 12-byte entries."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    (directory,) = struct.unpack_from(order + "I", block, 4)
    (entries,) = struct.unpack_from(order + "H", block, directory)
    for entry in range(entries):
        tag, _, _, value = struct.unpack_from(order + "HHIH", block, directory + 2 + 12 * entry)
        if tag == ORIENTATION_TAG:
            return value if 1 <= value <= 8 else 1
    return 1

"""Animated GIFs of any length, frame by frame: one palette for all frames, no dithering, endless repetition.

The palette is found by median cut in a few of the frames. At most 20 frames a second are taken, as viewers slow faster
ones down; delays are whole hundredths of a second that add up to the true time.

References:
* Graphics Interchange Format, version 89a, CompuServe, 1990.
* P. Heckbert, "Color Image Quantization for Frame Buffer Display", SIGGRAPH 1982.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Iterator

import numpy as np

from gfla_tf.image_io import to_uint8
from gfla_tf.outputs import whole_file

__all__ = ["median_cut", "write_gif"]

FASTEST = 20.0  # frames a second
COLORS = 256
SHORTEST, LONGEST = 2, 2**16 - 1  # delays: viewers slow shorter ones down, the format has no longer ones
LOOKED_AT = 16  # frames for the palette
_BITS = 5  # of each channel, in which colours are told apart
_SIDE = 2**_BITS
_CLEAR, _LAST_CODE = COLORS, 4095


def write_gif(
    path: str | os.PathLike[str], frames: Callable[[], Iterator[np.ndarray]], count: int, frames_per_second: float
) -> None:
    """Write an animated GIF; it is there as a whole or not at all.

    Args:
        path: the file.
        frames: gives the frames `[height, width, 3]` in [-1, 1] from the first on, all of one size; called twice.
        count: how many there are; at least 1.
        frames_per_second: above 0.

    Raises:
        ValueError: the file cannot be written.
    """
    step = math.ceil(frames_per_second / FASTEST)
    palette = _palette(frames(), max(count // LOOKED_AT, 1))
    nearest = _nearest(palette)
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        for number, frame in enumerate(frames()):
            if number % step:
                continue
            pixels = to_uint8(frame)
            if number == 0:
                file.write(_header(pixels.shape, palette))
            end, start = (round(100 * time / frames_per_second) for time in (min(number + step, count), number))
            file.write(_image(nearest[_bins(pixels)], max(end - start, SHORTEST)))
        file.write(b";")


def median_cut(colors: np.ndarray, counts: np.ndarray, wanted: int) -> np.ndarray:
    """Cut boxes of colours in halves of equal counts, the one with the largest spread first.

    Args:
        colors: `[colors, 3]`.
        counts: `[colors]`, how often each is there.
        wanted: boxes at the end; fewer where there are fewer colours.

    Returns:
        float64 `[boxes, 3]`, the mean colour of each box.
    """
    boxes = [np.arange(len(colors))]
    while len(boxes) < wanted:
        spreads = [counts[box].sum() * np.ptp(colors[box], axis=0).max() for box in boxes]
        largest = int(np.argmax(spreads))
        if spreads[largest] == 0:
            break
        box = boxes.pop(largest)
        axis = int(np.argmax(np.ptp(colors[box], axis=0)))
        box = box[np.argsort(colors[box, axis], kind="stable")]
        total = np.cumsum(counts[box])
        cut = int(np.clip(np.searchsorted(total, total[-1] / 2) + 1, 1, len(box) - 1))
        boxes += [box[:cut], box[cut:]]
    return np.stack([np.average(colors[box], axis=0, weights=counts[box]) for box in boxes])


def _bins(pixels: np.ndarray) -> np.ndarray:
    """The number of each colour among those that are told apart."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32) >> (8 - _BITS), -1, 0)
    return (red * _SIDE + green) * _SIDE + blue


def _bin_colors() -> np.ndarray:
    grid = np.stack(np.meshgrid(*[np.arange(_SIDE)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return (grid + 0.5) * (COLORS / _SIDE) - 0.5


def _palette(frames: Iterator[np.ndarray], step: int) -> np.ndarray:
    """The palette of every so many frames, uint8 `[256, 3]`."""
    counts = np.zeros(_SIDE**3, np.int64)
    for number, frame in enumerate(frames):
        if number % step == 0:
            counts += np.bincount(_bins(to_uint8(frame)).ravel(), minlength=len(counts))
    there = np.flatnonzero(counts)
    palette = np.zeros((COLORS, 3), np.uint8)
    found = np.rint(median_cut(_bin_colors()[there], counts[there], COLORS))
    palette[: len(found)], palette[len(found) :] = found, found[-1]
    return palette


def _nearest(palette: np.ndarray) -> np.ndarray:
    """The entry of the palette that is nearest to each of the colours that are told apart, uint8."""
    colors, palette = _bin_colors().astype(np.float32), palette.astype(np.float32)
    # |c - p|^2 without the part that is the same for all entries.
    return np.argmin((palette**2).sum(axis=1) - 2 * colors @ palette.T, axis=1).astype(np.uint8)


def _header(shape: tuple, palette: np.ndarray) -> bytes:
    height, width = shape[:2]
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF7, 0, 0)
    endless = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return screen + palette.tobytes() + endless


def _image(indices: np.ndarray, delay: int) -> bytes:
    """A frame of palette indices `[height, width]`, shown for so many hundredths of a second."""
    height, width = indices.shape
    place = struct.pack("<BHHHHBB", 0x2C, 0, 0, width, height, 0, 8)
    data = _compress(indices.tobytes())
    blocks = (data[start : start + 255] for start in range(0, len(data), 255))
    picture = place + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    shown = [LONGEST] * (delay // LONGEST) + [delay % LONGEST] * (delay % LONGEST > 0)
    return b"".join(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 4, part, 0, 0) + picture for part in shown)


def _compress(indices: bytes) -> bytes:
    """The format's variant of Lempel-Ziv-Welch: codes of 9 to 12 bits, the lowest bit first."""
    out = bytearray()
    table: dict[int, int] = {}
    last, size = _CLEAR + 1, 9  # the newest code, bits of a code
    pending, bits = _CLEAR, 9
    prefix = indices[0]
    for index in indices[1:]:
        key = prefix << 8 | index
        code = table.get(key)
        if code is not None:
            prefix = code
            continue
        pending, bits = pending | prefix << bits, bits + size
        last += 1
        table[key] = last
        if last == 1 << size:
            size += 1
        if last == _LAST_CODE:
            pending, bits = pending | _CLEAR << bits, bits + size
            table.clear()
            last, size = _CLEAR + 1, 9
        while bits >= 8:
            out.append(pending & 255)
            pending, bits = pending >> 8, bits - 8
        prefix = index
    pending |= prefix << bits | (_CLEAR + 1) << (bits + size)
    return bytes(out) + pending.to_bytes((bits + 2 * size + 7) // 8, "little")

"""The orientation that a camera wrote into a picture file, read inside the graph.

The same numbers 1 to 8 as `gfla_tf.exif.read_orientation` gives for JPEG and PNG: 1 = as stored, 2 to 4 = flipped, 5 to
8 = rows and columns exchanged, then flipped. A file without EXIF block, or with a damaged one, has 1. Of a JPEG's
segments and a PNG's chunks the first `MAX_BLOCKS` are looked at, as files of strangers decide how many there are.
"""

from __future__ import annotations

import tensorflow as tf

from gfla_tf.exif import ORIENTATION_TAG
from serving.graphs.headers import is_png

__all__ = ["orientation_of", "upright_size"]

MAX_BLOCKS = 100
_NONE = -1
_EXIF_MARK = b"Exif\0\0"
_JPEG_APP1, _JPEG_START_OF_SCAN = 0xE1, 0xDA


def orientation_of(data: tf.Tensor) -> tf.Tensor:
    """The orientation of a picture file.

    Args:
        data: scalar, the whole JPEG or PNG file.

    Returns:
        int32 scalar, 1 to 8.
    """
    file = _Bytes(data)
    start = tf.cond(is_png(data), lambda: _png_block(file), lambda: _jpeg_block(file))
    return tf.cond(tf.equal(start, _NONE), lambda: tf.constant(1), lambda: _orientation_in(file, start))


def upright_size(size: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Height and width `[2]` of a picture turned upright from those as stored."""
    return tf.where(orientation >= 5, tf.reverse(size, [0]), size)


class _Bytes:
    """A file's bytes; beyond its end there are zeros."""

    def __init__(self, data: tf.Tensor):
        self.data = data
        self.length = tf.strings.length(data)
        self._values = tf.io.decode_raw(tf.strings.join([data, b"\0"]), tf.uint8)

    def number(self, positions: tf.Tensor, count: int, big_endian: tf.Tensor | bool = True) -> tf.Tensor:
        """The numbers in `count` bytes from each position on, int32: four bytes may overflow to below 0."""
        places = tf.clip_by_value(positions[..., tf.newaxis] + tf.range(count), 0, self.length)
        values = tf.cast(tf.gather(self._values, places), tf.int32)
        values = tf.where(big_endian, values, tf.reverse(values, [-1]))
        return tf.reduce_sum(values * [1 << 8 * (count - 1 - index) for index in range(count)], axis=-1)

    def is_at(self, position: tf.Tensor, mark: bytes) -> tf.Tensor:
        """Whether certain bytes stand at a position."""
        places = tf.clip_by_value(position + tf.range(len(mark)), 0, self.length)
        return tf.reduce_all(tf.equal(tf.gather(self._values, places), tf.constant(list(mark), tf.uint8)))


def _jpeg_block(file: _Bytes) -> tf.Tensor:
    """Where the EXIF block begins behind its mark; -1 without."""

    def goes_on(position, found):
        marker = file.number(position, 2)
        segment = (marker >= 0xFF00) & tf.not_equal(marker, 0xFF00 | _JPEG_START_OF_SCAN)
        return tf.equal(found, _NONE) & segment & (position < file.length)

    def look(position, found):
        exif = tf.equal(file.number(position, 2), 0xFF00 | _JPEG_APP1) & file.is_at(position + 4, _EXIF_MARK)
        found = tf.where(exif, position + 4 + len(_EXIF_MARK), found)
        return position + 2 + file.number(position + 2, 2), found

    return _search(goes_on, look, 2)


def _png_block(file: _Bytes) -> tf.Tensor:
    """The same for a PNG's chunk eXIf, before the first that holds pixels."""

    def goes_on(position, found):
        in_file = (position >= 8) & (position + 8 <= file.length)
        return tf.equal(found, _NONE) & in_file & tf.logical_not(file.is_at(position + 4, b"IDAT"))

    def look(position, found):
        content = position + 8
        content = tf.where(file.is_at(content, _EXIF_MARK), content + len(_EXIF_MARK), content)
        length = file.number(position, 4)
        following = tf.where(length < 0, file.length, tf.minimum(length, file.length) + position + 12)
        return following, tf.where(file.is_at(position + 4, b"eXIf"), content, found)

    return _search(goes_on, look, 8)


def _search(goes_on, look, start: int) -> tf.Tensor:
    variables = tf.constant(start), tf.constant(_NONE)
    return tf.while_loop(goes_on, look, variables, maximum_iterations=MAX_BLOCKS)[1]


def _orientation_in(file: _Bytes, start: tf.Tensor) -> tf.Tensor:
    """The orientation in an EXIF block: a byte order, the offset of a directory, and its entries of 12 bytes."""
    big = file.is_at(start, b"MM")
    known = big | file.is_at(start, b"II")
    offset = file.number(start + 4, 4, big)
    directory = start + tf.where((offset < 0) | (offset > file.length), file.length, offset)
    entries = directory + 2 + 12 * tf.range(tf.where(known, file.number(directory, 2, big), 0))
    entries = tf.boolean_mask(entries, entries + 10 <= file.length)
    found = tf.boolean_mask(entries, tf.equal(file.number(entries, 2, big), ORIENTATION_TAG))
    value = file.number(tf.concat([found, [file.length]], 0)[0] + 8, 2, big)
    return tf.where((value >= 1) & (value <= 8), value, 1)

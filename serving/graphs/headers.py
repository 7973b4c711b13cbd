"""What a picture file says of itself in its first bytes: its format and its size, before anything is decoded.

JPEG and PNG are understood. A file that is neither, or is larger than `MAX_PIXELS`, fails with INVALID_ARGUMENT and a
message that says what was expected: nothing of a size that a stranger chose is ever allocated.
"""

from __future__ import annotations

import tensorflow as tf

__all__ = ["MAX_PIXELS", "is_deep_png", "is_png", "picture_size"]

MAX_PIXELS = 50_000_000
_JPEG_START = b"\xff\xd8\xff"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE_AT = 16  # width and height in the first chunk, four bytes each, highest first
_PNG_DEPTH_AT = 24  # bits of a colour, one byte


def is_png(data: tf.Tensor) -> tf.Tensor:
    """Whether bytes begin as a PNG file; anything else must be a JPEG file."""
    return tf.equal(tf.strings.substr(data, 0, len(_PNG_START)), _PNG_START)


def is_deep_png(data: tf.Tensor) -> tf.Tensor:
    """Whether a PNG file says that its colours have 16 bits, not up to 8."""
    return tf.equal(_png_header(data, _PNG_DEPTH_AT, 1), b"\x10")


def picture_size(data: tf.Tensor, name: str) -> tf.Tensor:
    """Height and width in pixels, as stored, of a JPEG or PNG file.

    Args:
        data: scalar, the whole file.
        name: of the input, for messages.

    Returns:
        int32 `[2]`; fails if the file is no such file, or has too many pixels.
    """
    known = is_png(data) | tf.equal(tf.strings.substr(data, 0, len(_JPEG_START)), _JPEG_START)
    message = f"{name} must hold a JPEG or PNG file. Received: bytes that begin as neither; how many:"
    with tf.control_dependencies([tf.debugging.Assert(known, [message, tf.strings.length(data)])]):
        data = tf.identity(data)
    size = tf.cond(is_png(data), lambda: _png_size(data), lambda: tf.image.extract_jpeg_shape(data)[:2])
    pixels = tf.reduce_prod(tf.cast(size, tf.int64))
    message = f"{name} must hold a picture of 1 to {MAX_PIXELS} pixels. Received: height and width"
    fits = tf.reduce_all(size > 0) & (pixels <= MAX_PIXELS)
    with tf.control_dependencies([tf.debugging.Assert(fits, [message, size])]):
        return tf.identity(size)


def _png_size(data: tf.Tensor) -> tf.Tensor:
    header = tf.io.decode_raw(_png_header(data, _PNG_SIZE_AT, 8), tf.uint8)
    numbers = tf.reshape(tf.cast(header, tf.int32), [2, 4])
    width_and_height = tf.reduce_sum(numbers * [[1 << 24, 1 << 16, 1 << 8, 1]], axis=1)
    return tf.reverse(width_and_height, [0])


def _png_header(data: tf.Tensor, position: int, count: int) -> tf.Tensor:
    """Some of a file's bytes, zeros beyond its end."""
    start = tf.strings.substr(data, 0, position + count)
    return tf.strings.substr(tf.strings.join([start, b"\0" * (position + count)]), position, count)

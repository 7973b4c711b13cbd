"""Pictures read inside tf.data: decoded and brought to the network's size by one rule.

In: paths of JPEG, PNG or WebP files of any size, or their addresses. Out: float32 RGB `[height, width, 3]` in [-1, 1].

The rule: decode with `tf.io.decode_image` to 8-bit RGB (grey becomes RGB, transparency is dropped, no rotation by EXIF:
the datasets' pictures are upright and opaque), value / 127.5 - 1, resize with `tf.image.resize`, clip to [-1, 1]. A
picture that has the size already is left as it is. Convention: half-pixel centres, so that the image's corners stay
its corners. The proportions may change: DeepFashion's 256x176 is squeezed to 256x256 on purpose.

Scores depend on this rule: a run's configuration holds the method of resizing, all that can be chosen of it.

WebP: today's TensorFlow decodes it itself, that of the `[addons]` stack by TensorFlow I/O.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

import tensorflow as tf

__all__ = [
    "RESIZE_METHODS",
    "check_resize",
    "picture_error",
    "picture_size",
    "read_picture",
    "resize_pictures",
]

# Antialiasing widens the kernel when a picture shrinks; TensorFlow's "area" is a mean over the pixels anyway.
RESIZE_METHODS = {"bicubic": True, "bilinear": True, "area": False}


def check_resize(method: str) -> None:
    """Raise a ValueError unless there is such a method of resizing."""
    if method not in RESIZE_METHODS:
        raise ValueError(f"resize must be one of {', '.join(RESIZE_METHODS)}. Received: {method!r}")


def resize_pictures(pictures: tf.Tensor, height: int, width: int, method: str = "bicubic") -> tf.Tensor:
    """Bring pictures to a size.

    Args:
        pictures: float `[..., any height, any width, channels]` in [-1, 1], three or four axes.
        height: in pixels.
        width: likewise.
        method: "bicubic" (antialiased), "bilinear" (antialiased) or "area".

    Returns:
        float32 `[..., height, width, channels]` in [-1, 1].

    Raises:
        ValueError: an unknown method.
    """
    check_resize(method)
    antialias = RESIZE_METHODS[method]
    pictures = tf.cast(pictures, tf.float32)

    def resized() -> tf.Tensor:
        return tf.clip_by_value(tf.image.resize(pictures, [height, width], method=method, antialias=antialias), -1, 1)

    fits = tf.reduce_all(tf.equal(tf.shape(pictures)[-3:-1], [height, width]))
    result = tf.cond(fits, lambda: pictures, resized)
    result.set_shape([*pictures.shape[:-3], height, width, pictures.shape[-1]])
    return result


def read_picture(
    path: tf.Tensor, height: int, width: int, method: str = "bicubic", channels: int = 3
) -> tuple[tf.Tensor, tf.Tensor]:
    """Read a picture file and resize it.

    Args:
        path: string scalar.
        height: of the result in pixels.
        width: likewise.
        method: see `resize_pictures`.
        channels: 3 for RGB, 1 for a mask.

    Returns:
        float32 `[height, width, channels]` in [-1, 1], and int32 `[2]` = (height, width) of the file's picture.
    """
    pixels = _decode(path, channels)
    picture = tf.cast(pixels, tf.float32) / 127.5 - 1.0
    return resize_pictures(picture, height, width, method), tf.shape(pixels)[:2]


def _decode(path: tf.Tensor, channels: int) -> tf.Tensor:
    data = tf.io.read_file(path)
    decode_webp = _webp_decoder()

    def decode() -> tf.Tensor:
        return tf.io.decode_image(data, channels=channels, expand_animations=False)

    other = decode_webp is not None and channels == 3
    pixels = tf.cond(_is_webp(data), lambda: decode_webp(data)[..., :3], decode) if other else decode()
    pixels.set_shape([None, None, channels])
    return pixels


def _is_webp(data: tf.Tensor) -> tf.Tensor:
    return tf.strings.regex_full_match(tf.strings.substr(data, 0, 12), r"RIFF\C{4}WEBP")


@functools.cache
def _webp_decoder() -> Callable[[tf.Tensor], tf.Tensor] | None:
    """TensorFlow I/O's, where TensorFlow has none."""
    if hasattr(tf.raw_ops, "DecodeWebP"):
        return None
    try:
        import tensorflow_io
    except ImportError:
        return None
    return tensorflow_io.image.decode_webp


def picture_error(path: str | os.PathLike[str]) -> str | None:
    """Why a picture file can't be read: one line, or None where it can. Slow: meant for files that failed before."""
    try:
        pixels = _decode(tf.constant(os.fspath(path)), 3)
    except tf.errors.OpError as error:
        return "no such file" if isinstance(error, tf.errors.NotFoundError) else _unreadable(path)
    return None if 0 not in pixels.shape else "an empty picture"


def _unreadable(path: str | os.PathLike[str]) -> str:
    undecoded = not hasattr(tf.raw_ops, "DecodeWebP") and _webp_decoder() is None
    if undecoded and _is_webp(tf.io.read_file(os.fspath(path))):
        return "WebP, which this TensorFlow reads only with TensorFlow I/O: tensorflow-io"
    return "no readable JPEG, PNG or WebP"


def picture_size(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """(height, width) of a picture file in pixels; None where it can't be read."""
    try:
        height, width, _ = _decode(tf.constant(os.fspath(path)), 3).shape
    except tf.errors.OpError:
        return None
    return height, width

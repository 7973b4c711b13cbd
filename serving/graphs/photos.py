"""Picture files to the network's pictures and back, inside the graph and on the CPU.

`gfla_tf.image_io` and `gfla_tf.pose.framing` do the same in Python: upright by the camera's note, grey pictures as RGB,
transparent ones on white, the border pixel repeated outside, antialiased bicubic resizing. JPEG is decoded by the
accurate transform, which gives the same pixels as OpenCV. Images are RGB in [-1, 1].

Photos are large, and strangers choose how large: one of a batch is decoded after the other, into as few bytes as its
pixels have.
"""

from __future__ import annotations

import tensorflow as tf

from serving.graphs.headers import MAX_PIXELS, is_deep_png, is_png, picture_size
from serving.graphs.orientation import orientation_of, upright_size

__all__ = ["crop_photos", "encode_pictures", "photo_sizes", "whole_photos"]


def photo_sizes(data: tf.Tensor, name: str) -> tf.Tensor:
    """Height and width, int32 `[batch, 2]`, of photo files `[batch]` turned upright; fails if one is no such file."""

    def upright(file):
        return upright_size(picture_size(file, name), orientation_of(file))

    return tf.map_fn(upright, data, fn_output_signature=tf.TensorSpec([2], tf.int32))


def crop_photos(data: tf.Tensor, frames: tf.Tensor, height: int, width: int, name: str) -> tf.Tensor:
    """The frames' parts of photo files at height x width.

    Args:
        data: `[batch]`, whole files.
        frames: `[batch, 4]` (left, top, width, height) in whole pixels of the upright photos.
        height: of the results in pixels.
        width: likewise.
        name: of the input, for messages.

    Returns:
        float32 `[batch, height, width, 3]` in [-1, 1].
    """
    picture = tf.TensorSpec([height, width, 3], tf.float32)
    return tf.map_fn(
        lambda pair: _crop(*pair, height, width, name),
        (data, frames),
        parallel_iterations=1,
        fn_output_signature=picture,
    )


def _crop(data: tf.Tensor, frame: tf.Tensor, height: int, width: int, name: str) -> tf.Tensor:
    size = picture_size(data, name)
    message = f"{name}: the keypoints must make a frame of at most {MAX_PIXELS} pixels. Received: width and height"
    fits = tf.reduce_prod(frame[2:]) <= MAX_PIXELS
    with tf.control_dependencies([tf.debugging.Assert(fits, [message, frame[2:]]), size]):
        frame, data = tf.cast(frame, tf.int32), tf.identity(data)  # nothing is decoded before the sizes are known
    places = _Places(frame, size, orientation_of(data))

    def resize(part):
        part = tf.ensure_shape(part, [None, None, 3])
        return tf.image.resize(part, [height, width], method="bicubic", antialias=True)

    resized = tf.cond(is_png(data), lambda: resize(_png_part(data, places)), lambda: resize(_jpeg_part(data, places)))
    return tf.clip_by_value(resized / 127.5 - 1.0, -1.0, 1.0)


class _Places:
    """The rows and columns of a frame in the pixels as they are stored."""

    def __init__(self, frame: tf.Tensor, size: tf.Tensor, orientation: tf.Tensor):
        height, width = tf.unstack(upright_size(size, orientation))
        rows = _line(frame[1], frame[3], height, _is_one_of(orientation, 3, 4, 7, 8))
        columns = _line(frame[0], frame[2], width, _is_one_of(orientation, 2, 3, 6, 7))
        self.exchanged = orientation >= 5
        self.rows, self.columns = tf.cond(self.exchanged, lambda: (columns, rows), lambda: (rows, columns))

    def take(self, pixels: tf.Tensor) -> tf.Tensor:
        """The frame's part of the stored pixels `[rows, columns, channels]`, upright."""
        part = tf.gather(tf.gather(pixels, self.rows), self.columns, axis=1)
        return tf.cond(self.exchanged, lambda: tf.transpose(part, [1, 0, 2]), lambda: part)


def _line(first: tf.Tensor, count: tf.Tensor, length: tf.Tensor, flipped: tf.Tensor) -> tf.Tensor:
    """The pixels first ... first + count - 1 along an axis, the end ones repeated; if flipped, from its other end."""
    places = tf.clip_by_value(tf.range(count) + first, 0, length - 1)
    return tf.where(flipped, length - 1 - places, places)


def _is_one_of(value: tf.Tensor, *values: int) -> tf.Tensor:
    return tf.reduce_any(tf.equal(value, values))


def _jpeg_part(data: tf.Tensor, places: _Places) -> tf.Tensor:
    return places.take(tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"))


def _png_part(data: tf.Tensor, places: _Places) -> tf.Tensor:
    def on_white(dtype):
        pixels = places.take(tf.io.decode_png(data, channels=4, dtype=dtype))
        color = tf.cast(pixels[..., :3], tf.float32) * (255.0 / dtype.max)
        alpha = tf.cast(pixels[..., 3:], tf.float32) / dtype.max
        return color * alpha + 255.0 * (1.0 - alpha)

    return tf.cond(is_deep_png(data), lambda: on_white(tf.uint16), lambda: on_white(tf.uint8))


def whole_photos(data: tf.Tensor, height: int, width: int, name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Photos taken whole: what `crop_photos` gives, and the frames, float64 `[batch, 4]`."""
    sizes = tf.cast(tf.reverse(photo_sizes(data, name), [-1]), tf.float64)
    frames = tf.concat([tf.zeros_like(sizes), sizes], axis=-1)
    return crop_photos(data, frames, height, width, name), frames


def encode_pictures(images: tf.Tensor) -> tf.Tensor:
    """Images `[batch, height, width, 3]` in [-1, 1] as PNG files `[batch]`."""
    values = tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0.0, 255.0)
    return tf.io.encode_png(tf.cast(values, tf.uint8))

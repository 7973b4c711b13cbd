"""Pictures from files and back.

In files, pictures are numbers from 0 to 255 (or 65535) in many formats. In the library an image is float32 RGB
`[height, width, 3]` in [-1, 1], pixel (0, 0) the top left one: value 0 is -1, value 255 is 1. This module is the only
place that knows both.

Reading turns the picture upright (EXIF orientation), makes grey pictures RGB and puts transparent ones on white. A file
that is written is either the old one or the whole new one.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gfla_tf.exif import apply_orientation, png_chunks, read_orientation
from gfla_tf.outputs import check_output, whole_file
from gfla_tf.remote import as_path

__all__ = [
    "PICTURE_EXTENSIONS",
    "WRITABLE_EXTENSIONS",
    "check_picture_output",
    "decode_image",
    "from_uint8",
    "read_image",
    "to_uint8",
    "write_image",
]

WRITABLE_EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp")
PICTURE_EXTENSIONS = (*WRITABLE_EXTENSIONS, ".bmp", ".tif", ".tiff", ".avif")
FULL_RANGE_16_BIT = (b"\x89PNG", b"II*\0", b"MM\0*")  # first bytes of PNG and TIFF
PNG_DEPTH_AT = 24  # bits of a colour, one byte
JPEG_QUALITY = 95


def from_uint8(array: np.ndarray) -> np.ndarray:
    """Bring numbers from 0..255 to [-1, 1].

    Args:
        array: uint8 of any shape.

    Returns:
        float32 of the same shape, x / 127.5 - 1.

    Raises:
        ValueError: the array is not uint8.
    """
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise ValueError(f"An array of uint8 is expected. Received: {array.dtype}.")
    return array.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Bring numbers from [-1, 1] to 0..255, the exact inverse of `from_uint8`.

    Args:
        image: floats of any shape; numbers beyond [-1, 1] are clipped.

    Returns:
        uint8 of the same shape, rounded to the nearest.

    Raises:
        ValueError: the numbers are no floats, or some are NaN or infinite.
    """
    image = np.asarray(image)
    if not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"Floats in [-1, 1] are expected. Received: {image.dtype}.")
    if not np.all(np.isfinite(image)):
        raise ValueError("Finite numbers are expected. Received: NaN or infinity among them.")
    return np.clip(np.rint((image.astype(np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read a picture file of any format that OpenCV knows.

    Args:
        path: the file, or its address, see `gfla_tf.remote`.

    Returns:
        float32 RGB `[height, width, 3]` in [-1, 1].

    Raises:
        ValueError: there is no such file, or it is not a picture.
    """
    try:
        data = as_path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"A picture file is expected. Received: {path} ({error.strerror}).") from error
    return decode_image(data, name=str(path))


def decode_image(data: bytes, name: str = "the given bytes") -> np.ndarray:
    """Decode a picture file held in memory.

    Args:
        data: the whole file.
        name: what to call it in an error message.

    Returns:
        float32 RGB `[height, width, 3]` in [-1, 1].

    Raises:
        ValueError: the bytes are not a picture.
    """
    pixels = _decode(bytes(data))
    if pixels is None:
        kind = "no bytes" if not data else f"{len(data)} bytes that are none"
        raise ValueError(f"A picture (PNG, JPEG, WebP, ...) is expected. Received: {kind} in {name}.")
    pixels = apply_orientation(pixels, read_orientation(data))
    return np.ascontiguousarray(_on_white(_as_fractions(pixels)) * 2 - 1)


def check_picture_output(path: str | os.PathLike) -> None:
    """Raise a ValueError unless `write_image` can write a file there; worth asking before long work."""
    check_output(path, WRITABLE_EXTENSIONS)


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write a picture file; PNG and WebP keep every pixel, JPEG is lossy.

    Args:
        path: the file; its extension (.png, .jpg, .jpeg, .webp) says the format. It is replaced as a whole.
        image: float RGB `[height, width, 3]` in [-1, 1]; numbers beyond are clipped.

    Raises:
        ValueError: the image is not of that kind, the extension is unknown, the folder is missing or not writable, or
            the format cannot hold a picture of that size.
    """
    path, image = Path(path), np.asarray(image)
    check_picture_output(path)
    if image.ndim != 3 or image.shape[-1] != 3 or image.size == 0:
        raise ValueError(f"An image of shape [height, width, 3] is expected. Received: {image.shape}.")
    data = _encode(path, to_uint8(image))
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def _decode(data: bytes) -> np.ndarray | None:
    """Decode to `[rows, columns]` or `[rows, columns, 3 or 4]` (blue, green, red, alpha) as stored, or to None."""
    import cv2

    try:
        buffer = np.frombuffer(data, np.uint8)
        pixels = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED) if data else None
        # The 16 bits of some formats are not all used (10-bit AVIF); OpenCV knows and scales them to 8 bits.
        if pixels is not None and pixels.dtype == np.uint16 and not data.startswith(FULL_RANGE_16_BIT):
            pixels = cv2.imdecode(buffer, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        return pixels if pixels is None or pixels.ndim > 2 else _with_transparent_grey(pixels, data)
    except cv2.error:
        return None


def _with_transparent_grey(pixels: np.ndarray, data: bytes) -> np.ndarray:
    """Add what a PNG says of its transparent grey (tRNS), which OpenCV overlooks."""
    for block in png_chunks(data, b"tRNS"):
        depth, grey = data[PNG_DEPTH_AT], int.from_bytes(block[:2], "big")
        highest = np.iinfo(pixels.dtype).max
        there = pixels != (grey if depth >= 8 else grey * highest // (2**depth - 1))
        return np.stack([pixels, pixels, pixels, there * highest], axis=-1).astype(pixels.dtype)
    return pixels


def _as_fractions(pixels: np.ndarray) -> np.ndarray:
    """Scale to float32 in [0, 1] with three channels (red, green, blue) or four (and alpha); clip what is float."""
    if np.issubdtype(pixels.dtype, np.floating):
        fractions = np.clip(np.nan_to_num(pixels), 0, 1).astype(np.float32)
    else:
        fractions = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    if fractions.ndim == 2:
        return np.stack([fractions] * 3, axis=-1)
    return fractions[..., [2, 1, 0, 3][: fractions.shape[-1]]]


def _on_white(fractions: np.ndarray) -> np.ndarray:
    if fractions.shape[-1] == 3:
        return fractions
    colour, alpha = fractions[..., :3], fractions[..., 3:]
    return colour * alpha + (1 - alpha)


def _encode(path: Path, pixels: np.ndarray) -> bytes:
    import cv2

    try:
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix.lower() in (".jpg", ".jpeg") else []
        done, data = cv2.imencode(path.suffix.lower(), pixels[..., ::-1], options)
    except cv2.error:
        done = False
    if not done:
        height, width = pixels.shape[:2]
        raise ValueError(f"A picture that {path.suffix} can hold is expected. Received: {width} x {height} pixels.")
    return data.tobytes()

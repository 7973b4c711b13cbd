"""Requests to load a server with: smooth noise for photos, random poses. Nobody's picture is needed."""

from __future__ import annotations

import numpy as np

from serving.exchange import Arrays
from serving.transports.transport import EndpointInfo

__all__ = ["default_endpoint", "sample_inputs"]

ENDPOINTS = ("transfer", "clip", "denoise")  # the first one that a model has is asked
BLOB = 16  # pixels from one random colour to the next: as a JPEG, such noise is as large as a photo
JPEG_QUALITY = 90


def default_endpoint(endpoints: dict[str, EndpointInfo]) -> str:
    """The endpoint that a model is for.

    Raises:
        ValueError: none of them.
    """
    found = [name for name in ENDPOINTS if name in endpoints]
    if not found:
        raise ValueError(f"A model with {', '.join(ENDPOINTS)} is expected. Received: {', '.join(endpoints)}.")
    return found[0]


def sample_inputs(
    endpoint: EndpointInfo, photo_size: tuple[int, int] = (1000, 750), frames: int = 100, seed: int = 0
) -> Arrays:
    """A request, in a batch of one.

    Args:
        endpoint: what it takes.
        photo_size: height and width of photos in pixels; poses are all over them.
        frames: where a length is free; motion models need 81.
        seed: of the noise.

    Raises:
        ValueError: a photo without pixels, or no frames.
    """
    if min(*photo_size, frames) < 1:
        raise ValueError(
            f"Photos of one pixel or more, and one frame or more are expected. "
            f"Received: {photo_size[0]}x{photo_size[1]} and {frames}."
        )
    generator = np.random.default_rng(seed)
    return {name: _sample(name, shape, photo_size, frames, generator) for name, (_, shape) in endpoint.inputs.items()}


def _sample(name: str, shape: tuple, photo_size: tuple[int, int], frames: int, generator) -> np.ndarray:
    if name.endswith("_bytes"):
        return np.array([_photo(photo_size, generator)], object)
    shape = (1, *(frames if length is None else length for length in shape[1:]))
    if not name.endswith("_keypoints"):
        return generator.uniform(-1.0, 1.0, shape).astype(np.float32)
    height, width = photo_size
    places = generator.uniform((0, 0), (width, height), (*shape[:-1], 2))
    return np.concatenate([places, np.ones((*shape[:-1], 1))], axis=-1).astype(np.float32)


def _photo(size: tuple[int, int], generator) -> bytes:
    import cv2

    height, width = size
    small = generator.integers(0, 256, (height // BLOB + 2, width // BLOB + 2, 3), np.uint8)
    photo = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()

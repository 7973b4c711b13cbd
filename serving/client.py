"""A client of TensorFlow Serving and of the development server: photo and pose in, picture out.

    with ServingClient("http://127.0.0.1:8501", "person-demo") as client:
        png, frame = client.transfer(Path("me.jpg").read_bytes(), keypoints, target_keypoints)

Nothing is prepared here: files go as they are, keypoints in pixels of the photos; `serving.signatures` says what each
endpoint takes. A client is of one thread; make one for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from serving.exchange import DAY, Arrays
from serving.retries import Retries
from serving.statuses import Code, ServingError
from serving.transports import open_transport
from serving.transports.transport import EndpointInfo, Target

__all__ = ["ClientError", "RenderedClip", "RenderedPicture", "ServingClient"]

# What to do, for each way in which a request fails.
ADVICE = {
    Code.CANCELLED: "the request was given up before it was answered, perhaps as the server ended: ask again",
    Code.UNKNOWN: "the server failed, or is not TensorFlow Serving: see its log, and whether the port is right",
    Code.INVALID_ARGUMENT: "the request is wrong",
    Code.DEADLINE_EXCEEDED: "it took too long: allow more seconds, or ask for less at once",
    Code.NOT_FOUND: "the server has no such model or version: GET /v1/models/NAME tells which it has",
    Code.ALREADY_EXISTS: "the server says that this is there already, which no prediction is: what stands before it?",
    Code.PERMISSION_DENIED: "who stands before the server does not let this through",
    Code.RESOURCE_EXHAUSTED: "the message is too large, or there are too many requests",
    Code.FAILED_PRECONDITION: "this endpoint or this batch cannot be served",
    Code.ABORTED: "the server broke the request off: ask again",
    Code.OUT_OF_RANGE: "a number in the request is beyond what the model takes",
    Code.UNIMPLEMENTED: "the server does not do this; is it TensorFlow Serving's port?",
    Code.INTERNAL: "an error within the server; its log says more",
    Code.UNAVAILABLE: "the server is not there or has too much to do",
    Code.DATA_LOSS: "the server's files of the model are damaged: export it again",
    Code.UNAUTHENTICATED: "who stands before the server wants to know who asks",
}


class ClientError(ValueError):
    """A request that failed.

    Attributes:
        code: how.
    """

    def __init__(self, error: ServingError, address: str, target: Target):
        super().__init__(f"{address}, {target.model}: {ADVICE[error.code]} ({error.code.name}: {error.message})")
        self.code = error.code


class RenderedPicture(NamedTuple):
    """A PNG file, and the part of the photo that it shows: (left, top, width, height) in its pixels."""

    image_bytes: bytes
    frame: tuple[int, int, int, int]


class RenderedClip(NamedTuple):
    """PNG files of all frames, and the part of the photo that they show."""

    image_bytes: list[bytes]
    frame: tuple[int, int, int, int]


class ServingClient:
    """Asks a server for one model's predictions.

    Args:
        address: "http://host:8501", "https://...", "grpc://host:8500" or "grpcs://...".
        model: its name.
        version: number of a version; the newest by default.
        label: instead of it, what a label stands for, such as "stable".
        seconds: that a request may take, tries and pauses together; up to a day.
        retries: how often and when to try again; `Retries()` by default.

    Raises:
        ValueError: another address or time, or a version and a label.
    """

    def __init__(
        self,
        address: str,
        model: str,
        version: int | None = None,
        label: str | None = None,
        seconds: float = 60.0,
        retries: Retries | None = None,
    ):
        if not 0 < seconds <= DAY:
            raise ValueError(f"More than 0 seconds, and up to a day for a request are expected. Received: {seconds}.")
        self.target = Target(model, version, label)
        self._address, self._seconds, self._retries = address, seconds, retries or Retries()
        self._transport = open_transport(address)

    def predict(self, endpoint: str, inputs: Arrays) -> Arrays:
        """Ask for any endpoint.

        Args:
            endpoint: of `serving.signatures`.
            inputs: arrays by name, the batch first; bytes as arrays of objects.

        Raises:
            ClientError: there is no answer.
        """
        return self._call(lambda seconds: self._transport.predict(self.target, endpoint, inputs, seconds))

    def endpoints(self) -> dict[str, EndpointInfo]:
        """What the model's endpoints take and give, by name."""
        return self._call(lambda seconds: self._transport.endpoints(self.target, seconds))

    def transfer(self, photo: bytes, source_keypoints: np.ndarray, target_keypoints: np.ndarray) -> RenderedPicture:
        """A person from a photo in another pose.

        Args:
            photo: JPEG or PNG file.
            source_keypoints: `[joints, 3]` in pixels of the photo, turned upright.
            target_keypoints: `[joints, 3]` in pixels of any picture.

        Raises:
            ClientError: there is no answer.
        """
        inputs = _one(source_image_bytes=photo, source_keypoints=source_keypoints, target_keypoints=target_keypoints)
        outputs = self.predict("transfer", inputs)
        return RenderedPicture(outputs["image_bytes"][0], _frame(outputs))

    def clip(self, photo: bytes, reference_keypoints: np.ndarray, target_keypoints: np.ndarray) -> RenderedClip:
        """A person from a photo through a whole clip, in one request.

        Args:
            photo: JPEG or PNG file.
            reference_keypoints: `[joints, 3]` in pixels of the photo, turned upright.
            target_keypoints: `[frames, joints, 3]` in pixels of the photo.

        Raises:
            ClientError: there is no answer.
        """
        outputs = self.predict("clip", _clip_inputs(photo, reference_keypoints, target_keypoints))
        return RenderedClip(list(outputs["image_bytes"][0]), _frame(outputs))

    def animate(self, photo: bytes, reference_keypoints: np.ndarray, target_keypoints: np.ndarray) -> Iterator[bytes]:
        """The same frame by frame: what was rendered last is kept here and sent with the next frame.

        Args and Raises: as for `clip`.

        Yields:
            PNG files.
        """
        prepared = self.predict("prepare", _clip_inputs(photo, reference_keypoints, target_keypoints))
        reference = {name: prepared[name] for name in ("reference_image_bytes", "reference_keypoints")}
        image, keypoints = reference.values()
        for target in np.moveaxis(prepared["target_keypoints"], 1, 0):
            previous = {"previous_image_bytes": image, "previous_keypoints": keypoints}
            image = self.predict("step", {**reference, **previous, "target_keypoints": target})["image_bytes"]
            keypoints = target
            yield image[0]

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Clean joints `[frames - receptive field + 1, channels]` from noisy ones `[frames, channels]`.

        Raises:
            ClientError: there is no answer.
        """
        return self.predict("denoise", _one(noisy=noisy))["clean"][0]

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def __enter__(self) -> ServingClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _call(self, call):
        try:
            return self._retries.run(call, self._seconds)
        except ServingError as error:
            raise ClientError(error, self._address, self.target) from error


def _one(**values: bytes | np.ndarray) -> Arrays:
    """A batch of one."""
    return {name: _batched(value) for name, value in values.items()}


def _batched(value: bytes | np.ndarray) -> np.ndarray:
    return np.array([value], object) if isinstance(value, bytes) else np.asarray(value, np.float32)[np.newaxis]


def _clip_inputs(photo: bytes, reference_keypoints: np.ndarray, target_keypoints: np.ndarray) -> Arrays:
    return _one(reference_image_bytes=photo, reference_keypoints=reference_keypoints, target_keypoints=target_keypoints)


def _frame(outputs: Arrays) -> tuple[int, int, int, int]:
    return tuple(map(int, outputs["frame"][0]))

"""Clean joints from a detector's noisy ones, for recordings of any length.

The motion extractor modulates its norms by a vector of the whole clip that it is shown, and was trained on clips of one
length. So a recording is cleaned in windows of that length: `window` frames come out of each, from `window + 2 *
margin` frames that go in. Windows follow each other at half their length, and where two overlap one fades into the
other. What comes out for a frame depends on fewer than margin + window frames before and after it, so that a stream of
frames gives exactly what the whole recording gives at once, margin + window - 1 frames later at most.

Keypoints are `[frames, 17, 3]` = (x, y, confidence) in pixels, Human3.6M's joints, confidence 0 = missing. A joint that
is missing in a frame comes out with the confidence of its neighbours in time; one that is missing in all the frames
that the network sees around a frame (81, the end frames repeated) stays missing, (0, 0, 0), as nobody knows about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from gfla_tf.motion.filling import SKELETON
from gfla_tf.motion.normalization import check_normalization
from gfla_tf.motion.windows import cut_window, find_reach, prepare_window
from gfla_tf.pose.skeletons import check_keypoints

if TYPE_CHECKING:
    import keras

__all__ = ["TRAINED_WINDOW", "MotionCleaner", "WindowModel"]

TRAINED_WINDOW = 30  # frames that come out of the network in training
_JOINTS = 17


class WindowModel:
    """A motion extractor that cleans one window of keypoints.

    Args:
        apply: the network: channels `[1, length, 34]`, float32, to `[1, window, 34]`.
        margin: frames that it sees to either side of a frame; length is window + 2 * margin.
        normalization: "person" or "image", as in its training; see `gfla_tf.motion.normalization`.
        window: frames that come out; best as in its training.

    Raises:
        ValueError: another normalization, or a window without frames.
    """

    def __init__(
        self,
        apply: Callable[[np.ndarray], np.ndarray],
        margin: int,
        normalization: str = "person",
        window: int = TRAINED_WINDOW,
    ):
        if isinstance(window, bool) or not isinstance(window, (int, np.integer)) or window < 1:
            raise ValueError(f"window must be a whole number of frames from 1. Received: {window!r}.")
        self.normalization, self.window, self.margin = check_normalization(normalization), int(window), margin
        self.length = self.window + 2 * margin
        self._apply = apply

    @classmethod
    def of_network(
        cls, model: keras.Model | WindowModel, normalization: str = "person", window: int = TRAINED_WINDOW
    ) -> WindowModel:
        """From a Keras model of 17 joints, compiled for its windows; what is a `WindowModel` already stays as it is.

        Raises:
            ValueError: the model is not of that kind, or as above.
        """
        if isinstance(model, cls):
            return model
        if not hasattr(model, "receptive_field") or getattr(model, "joints", None) != _JOINTS:
            raise ValueError(f"A motion extractor of {_JOINTS} joints is expected. Received: {type(model).__name__}.")
        made = cls(model, model.receptive_field // 2, normalization, window)
        made._apply = _compile(model, made.length)
        return made

    def __call__(self, keypoints: np.ndarray, image_size: tuple[int, int] | None = None) -> np.ndarray:
        """Clean a window.

        Args:
            keypoints: `[length, 17, 3]`.
            image_size: (height, width) of the picture in pixels; needed for the normalization "image".

        Returns:
            float64 `[window, 17, 3]`.
        """
        channels, filled, frame = prepare_window(keypoints, self.normalization, image_size)
        points = frame.points(np.asarray(self._apply(channels[np.newaxis]))[0])
        confidence = filled[self.margin : self.margin + self.window, :, 2:]
        known = find_reach(keypoints, self.margin)[..., np.newaxis] & (confidence > 0)
        return np.where(known, np.concatenate([points, confidence], axis=-1), 0.0)


def _compile(model: keras.Model, length: int):
    """The model as a graph for one window of that length."""
    import tensorflow as tf

    signature = [tf.TensorSpec([1, length, 2 * _JOINTS], tf.float32)]
    return tf.function(lambda channels: model(channels, training=False), input_signature=signature)


class MotionCleaner:
    """Cleans recordings.

    Args: those of `WindowModel.of_network`.
    """

    def __init__(self, model: keras.Model | WindowModel, normalization: str = "person", window: int = TRAINED_WINDOW):
        self.windows = WindowModel.of_network(model, normalization, window)
        self.hop = max(self.windows.window // 2, 1)

    def clean(self, keypoints: np.ndarray, image_size: tuple[int, int] | None = None) -> np.ndarray:
        """Clean a whole recording.

        Args:
            keypoints: `[frames, 17, 3]` = (x, y, confidence) in pixels; any number of frames.
            image_size: (height, width) of the picture in pixels; needed for the normalization "image".

        Returns:
            float32 `[frames, 17, 3]`.

        Raises:
            ValueError: keypoints of another shape.
        """
        keypoints = check_keypoints(keypoints, SKELETON)
        if keypoints.ndim != 3:
            raise ValueError(f"Keypoints [frames, {_JOINTS}, 3] are expected. Received: shape {keypoints.shape}.")
        cleaned = list(self.stream(keypoints, image_size))
        return np.stack(cleaned) if cleaned else keypoints

    def stream(self, frames: Iterable[np.ndarray], image_size: tuple[int, int] | None = None) -> Iterator[np.ndarray]:
        """Clean frames as they come, remembering no more than two windows need; gives what `clean` gives.

        Args:
            frames: each `[17, 3]` = (x, y, confidence) in pixels.
            image_size: as for `clean`.

        Yields:
            float32 `[17, 3]`, one a frame, in order.
        """
        windows, size = self.windows, self.windows.window
        fade = _Fade(size)
        kept, first, start = [], 0, 0  # frames, the number of the first of them, where the next window starts
        for frame in frames:
            kept.append(check_keypoints(frame, SKELETON))
            if first + len(kept) == start + size + windows.margin:
                yield from fade.add(self._window(kept, first, start, image_size), self.hop)
                start += self.hop
                outdated = max(start - windows.margin - first, 0)
                kept, first = kept[outdated:], first + outdated
        end = first + len(kept)
        while start == 0 < end or start - self.hop + size < end:
            yield from fade.add(self._window(kept, first, start, image_size), min(self.hop, end - start))
            start += self.hop
        yield from fade.take(end - start)

    def _window(self, kept: list[np.ndarray], first: int, start: int, image_size) -> np.ndarray:
        """The cleaned window that starts at a frame, from the frames that are kept."""
        windows = self.windows
        return windows(cut_window(np.stack(kept), start - windows.margin - first, windows.length), image_size)


class _Fade:
    """Overlapping windows added up with weights that rise from their ends to their middle."""

    def __init__(self, size: int):
        self._weights = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1)).astype(np.float64)
        self._sums = np.zeros((size, _JOINTS, 3))
        self._total = np.zeros(size)

    def add(self, window: np.ndarray, ready: int) -> Iterator[np.ndarray]:
        """Add a window; gives the first `ready` of its frames, which no later window covers."""
        self._sums += self._weights[:, np.newaxis, np.newaxis] * window
        self._total += self._weights
        yield from self.take(ready)

    def take(self, ready: int) -> Iterator[np.ndarray]:
        """Give so many frames and go on behind them."""
        for _ in range(ready):
            yield (self._sums[0] / self._total[0]).astype(np.float32)
            self._sums, self._total = (_shifted(array) for array in (self._sums, self._total))


def _shifted(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array[1:], np.zeros_like(array[:1])])

"""Clean joints while somebody is filmed: each frame is cleaned a fixed number of frames after it was seen.

    cleaner = CausalMotionCleaner(model, lookahead=10)
    for keypoints in camera:
        clean = cleaner.push(keypoints)      # of 10 frames ago; None for the first 10
    rest = cleaner.flush()

The motion extractor sees 40 frames to either side of a frame. Those that are not there yet are replaced by the last
one that is, as at the end of a recording: the fewer frames of look-ahead, the sooner the answer and the worse, most of
all where the movement changes. Each frame is the last one of a window (`cleaner.WindowModel`) of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from gfla_tf.motion.cleaner import TRAINED_WINDOW, WindowModel
from gfla_tf.motion.filling import SKELETON
from gfla_tf.motion.windows import cut_window
from gfla_tf.pose.skeletons import check_keypoints, get_skeleton

if TYPE_CHECKING:
    import keras

__all__ = ["CausalMotionCleaner"]


class CausalMotionCleaner:
    """Cleans frames one by one, `lookahead` frames after they were pushed.

    Args:
        model: a motion extractor of 17 joints, or a `WindowModel`, which has its normalization and window already.
        lookahead: frames after a frame that are waited for, from 0 to the margin of the network (40).
        normalization: "person" or "image", as in the network's training.
        image_size: (height, width) of the pictures in pixels; needed for the normalization "image".
        window: frames that come out of the network at once; best as in its training.

    Raises:
        ValueError: an argument is out of range, or the model is no motion extractor.
    """

    def __init__(
        self,
        model: keras.Model | WindowModel,
        lookahead: int,
        normalization: str = "person",
        image_size: tuple[int, int] | None = None,
        window: int = TRAINED_WINDOW,
    ):
        self._windows = WindowModel.of_network(model, normalization, window)
        margin = self._windows.margin
        whole = isinstance(lookahead, (int, np.integer)) and not isinstance(lookahead, bool)
        if not whole or not 0 <= lookahead <= margin:
            raise ValueError(f"A look-ahead of 0 to {margin} whole frames is expected. Received: {lookahead!r}.")
        self.lookahead, self.image_size = int(lookahead), image_size
        self._recent: deque[np.ndarray] = deque(maxlen=self._windows.length - margin + self.lookahead)
        self._pushed = self._given = 0

    def push(self, keypoints: np.ndarray) -> np.ndarray | None:
        """Take the next frame.

        Args:
            keypoints: `[17, 3]` = (x, y, confidence) in pixels, confidence 0 = missing.

        Returns:
            The clean keypoints of the frame `lookahead` frames ago, float32 `[17, 3]`; None as long as there is none.

        Raises:
            ValueError: keypoints of another shape.
        """
        keypoints = check_keypoints(keypoints, SKELETON)
        if keypoints.ndim != 2:
            raise ValueError(f"Keypoints of one frame, [17, 3], are expected. Received: shape {keypoints.shape}.")
        self._recent.append(keypoints)
        self._pushed += 1
        return self._next() if self._pushed > self.lookahead else None

    def flush(self) -> list[np.ndarray]:
        """End the recording: the frames that were still waited for. The next push begins another recording."""
        rest = [self._next() for _ in range(self._pushed - self._given)]
        self._recent.clear()
        self._pushed = self._given = 0
        return rest

    def clean(self, keypoints: Iterable[np.ndarray]) -> np.ndarray:
        """Clean a whole recording as it would have been cleaned live.

        Args:
            keypoints: `[frames, 17, 3]` = (x, y, confidence) in pixels, or its frames one by one.

        Returns:
            float32 `[frames, 17, 3]`.
        """
        given = [clean for clean in map(self.push, keypoints) if clean is not None]
        given += self.flush()
        return np.stack(given) if given else np.zeros((0, len(get_skeleton(SKELETON).joints), 3), np.float32)

    def _next(self) -> np.ndarray:
        """Clean the first frame that has not been given yet."""
        windows = self._windows
        position = self._given - (self._pushed - len(self._recent))
        first = position - windows.margin - windows.window + 1
        window = cut_window(np.stack(self._recent), first, windows.length)
        self._given += 1
        return windows(window, self.image_size)[-1].astype(np.float32)

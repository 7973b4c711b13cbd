"""Frames on disk while an animation is rendered, so that it can go on after it was stopped at any moment.

A hidden folder beside the output holds a PNG of each frame and, every few frames, what the next one is rendered from:
in full precision, so that what is rendered after an interruption is what would have been rendered without. The folder
belongs to a fingerprint of all that the frames depend on; frames of another fingerprint are thrown away. The
fingerprint is the first thing in it and the last, so that a folder without one is empty or somebody else's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gfla_tf.image_io import read_image, write_image
from gfla_tf.kept_arrays import read_kept_arrays
from gfla_tf.outputs import whole_file

__all__ = ["FrameSpool"]

KEPT_EVERY = 10  # frames; an interruption costs no more


class FrameSpool:
    """The frames so far.

    Args:
        output: the file that the frames are for.
        fingerprint: of all that the frames depend on.

    Attributes:
        count: how many frames there are.
        previous: the image as the network gave it and the pose of the last frame; None before the first.

    Raises:
        ValueError: the folder holds something else, or cannot be made.
    """

    def __init__(self, output: Path, fingerprint: str) -> None:
        self.folder = output.with_name(f".{output.name}.frames")
        self._fingerprint, self._state = self.folder / "fingerprint", self.folder / "state.npz"
        self.count, self.previous = 0, None
        if self._known() == fingerprint:
            self._resume()
            return
        self.remove()
        try:
            self.folder.mkdir()
        except OSError as error:
            raise ValueError(f"{self.folder} could not be made: {error.strerror}.") from error
        self._fingerprint.write_text(fingerprint, encoding="ascii")

    def _known(self) -> str | None:
        return self._fingerprint.read_text(encoding="ascii") if self._fingerprint.is_file() else None

    def _resume(self) -> None:
        state = read_kept_arrays(self._state)
        if state is None or not {"count", "image", "keypoints"} <= set(state):
            return
        count = int(state["count"])
        if all(self._path(number).is_file() for number in range(count)):
            self.count, self.previous = count, (state["image"], state["keypoints"])

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.png"

    def add(self, picture: np.ndarray, image: np.ndarray, keypoints: np.ndarray) -> None:
        """Put down the next frame.

        Args:
            picture: as it is shown, `[any height, any width, 3]` in [-1, 1].
            image: as the network gave it, `[height, width, 3]`.
            keypoints: its pose, `[joints, 3]`.
        """
        write_image(self._path(self.count), picture)
        self.count, self.previous = self.count + 1, (image, keypoints)
        if self.count % KEPT_EVERY == 0:
            with whole_file(self._state) as temporary:
                np.savez(temporary, count=self.count, image=image, keypoints=keypoints)

    def pictures(self) -> Iterator[np.ndarray]:
        """The frames so far, `[height, width, 3]` in [-1, 1]."""
        return (read_image(self._path(number)) for number in range(self.count))

    def remove(self) -> None:
        """Delete the folder with all that was put down.

        Raises:
            ValueError: the folder was not made by this class.
        """
        files = sorted(self.folder.glob("*"), key=lambda path: path == self._fingerprint)
        if files and files[-1] != self._fingerprint:
            raise ValueError(f"{self.folder} must be free for the frames. Received: something else of that name.")
        with contextlib.suppress(OSError):
            for path in files:  # the fingerprint last: an interruption leaves what is known as ours
                path.unlink()
            self.folder.rmdir()

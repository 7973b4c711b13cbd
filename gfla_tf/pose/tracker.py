"""Keypoints of the people in a video, who are looked for where they were in the frame before."""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.blazepose.landmarks import RegionPose
from gfla_tf.pose.blazepose.people import find_people, follow_people
from gfla_tf.pose.estimator import PoseEstimator

__all__ = ["PoseTracker"]

SEARCH_EVERY = 10  # frames: somebody new is seen after a third of a second in most videos


class PoseTracker(PoseEstimator):
    """Finds the people in the frames of one video, which it is given in their order.

    Searching a whole frame takes most of a `PoseEstimator`'s time. As MediaPipe does, a tracker searches the first
    frame and then follows everybody from frame to frame, by one look at where their joints were. It searches again in
    the frame in which somebody is lost or, as after a cut, found beside that place, where nobody was in the frame
    before, where the size changes, and every so often, for people who are new.

    Args:
        minimum_confidence: as a `PoseEstimator`'s.
        threads: likewise.
        search_every: frames from one search to the next, at least 1, which is to search all of them.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self, minimum_confidence: float = 0.5, threads: int | None = None, search_every: int = SEARCH_EVERY
    ) -> None:
        super().__init__(minimum_confidence, threads)
        if not isinstance(search_every, int) or search_every < 1:
            raise ValueError(f"search_every is expected to be a whole number from 1 on. Received: {search_every!r}.")
        self.search_every = search_every
        self._people: list[RegionPose] = []
        self._followed, self._size = 0, (0, 0)

    def forget(self) -> None:
        """Make the next frame be searched, as the first one is."""
        self._people = []

    def _find(self, image: np.ndarray) -> list[RegionPose]:
        followed = self._follow(image)
        self._followed = 0 if followed is None else self._followed + 1
        self._people = find_people(image, *self._networks) if followed is None else followed
        self._size = image.shape[:2]
        return self._people

    def _follow(self, image: np.ndarray) -> list[RegionPose] | None:
        """Everybody of the frame before; None where the frame must be searched."""
        if not self._people or self._followed + 1 >= self.search_every or image.shape[:2] != self._size:
            return None
        followed = follow_people(image, self._people, self._networks[1])
        return followed if len(followed) == len(self._people) else None

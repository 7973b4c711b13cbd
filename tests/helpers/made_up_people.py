"""Networks that see the people whom a test makes up, in place of BlazePose's."""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.blazepose.detector import Detection
from gfla_tf.pose.blazepose.landmarks import RegionPose
from gfla_tf.pose.blazepose.region import Region

__all__ = ["MadeUpDetector", "MadeUpModel"]


class MadeUpDetector:
    """Sees bodies (centre, radius, score) in regions between `smallest` and `largest` pixels a side."""

    def __init__(self, bodies, smallest=0.0, largest=np.inf):
        self.bodies, self.smallest, self.largest, self.searched = bodies, smallest, largest, []

    def detect(self, image, region):
        self.searched.append(region)
        if not self.smallest <= region.side <= self.largest:
            return []
        return [self.detection(region, *body) for body in self.bodies]

    def detection(self, region, center, radius, score):
        keypoints = np.array([center, (center[0], center[1] - radius), (0, 0), (0, 0)], float)
        return Detection(score, np.zeros(4), region.from_photo(keypoints))


class MadeUpModel:
    """Confirms with the given presences in turn; landmarks in the middle but for some strays, a disc as mask."""

    def __init__(self, *presences, strays=0, visibility=1.0, next_side=None):
        self.presences, self.strays, self.visibility = list(presences), strays, visibility
        self.next_side, self.looked = next_side, []

    def predict(self, image, region):
        self.looked.append(region)
        places = np.array([[0.05, 0.05]] * self.strays + [[0.5, 0.5]] * (33 - self.strays))
        landmarks = np.insert(region.to_photo(places), 2, self.visibility, axis=1).astype(np.float32)
        x, y = np.meshgrid(np.arange(64), np.arange(64))
        mask = ((x - 32) ** 2 + (y - 32) ** 2 < 20**2).astype(np.float32)
        presence = self.presences.pop(0) if self.presences else 1.0
        side = region.side if self.next_side is None else self.next_side
        return RegionPose(landmarks, presence, mask, region, Region(region.center_x, region.center_y, side))

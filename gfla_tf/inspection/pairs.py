"""A pose transfer with all that can be known about how its result came about.

Images are float32 RGB `[height, width, 3]` in [-1, 1] in the size that the network sees; flows are (dx, dy), target
position l showing what lies at l + flow(l) in the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gfla_tf.inspection.attention import AttentionMaps, recorded_attention, with_masks
from gfla_tf.inspection.drawings import nearest
from gfla_tf.metrics.person_masks import person_mask
from gfla_tf.pose.framing import are_inside, resize_image
from gfla_tf.pose.skeletons import get_skeleton

if TYPE_CHECKING:
    from gfla_tf.people import Person
    from gfla_tf.pipelines import PoseTransfer

__all__ = ["PairInspection", "Truth", "inspect_pair"]

LOOKED_AT = ("nose", "neck", "left_wrist", "right_hip", "left_knee", "head", "mid_hip", "right_wrist", "right_knee")
PIXELS = 4  # that are followed where none are asked for


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of the target, as far as it is.

    Attributes:
        image: how the target really looks.
        person: `[height, width, 1]` in [0, 1], what of it is the person; None if that is not known.
        flow: exact, `[height, width, 2]` in pixels of the picture; None likewise.
        visible: `[height, width, 1]`, 1 where the source shows the same point; None likewise.
    """

    image: np.ndarray
    person: np.ndarray | None = None
    flow: np.ndarray | None = None
    visible: np.ndarray | None = None

    def at(self, height: int, width: int) -> Truth:
        """The same in another size."""
        scale = np.array([width / self.image.shape[1], height / self.image.shape[0]], np.float32)
        person, flow, visible = (
            None if one is None else nearest(one, height, width) for one in (self.person, self.flow, self.visible)
        )
        return Truth(resize_image(self.image, height, width), person, None if flow is None else flow * scale, visible)


@dataclass(frozen=True, eq=False)
class PairInspection:
    """See the module's text.

    Attributes:
        name: what to call the pair.
        source_image: what the network was given.
        source_keypoints: `[joints, 3]` = (x, y, confidence) in pixels of it.
        target_keypoints: likewise, of the wanted pose.
        skeleton: of the keypoints.
        image: what the network made of it.
        maps: what its attention did, coarse first.
        aspect: width / height in true proportions.
        truth: in the network's size; None if nothing is known.
    """

    name: str
    source_image: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray
    skeleton: str
    image: np.ndarray
    maps: list[AttentionMaps]
    aspect: float
    truth: Truth | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the network's pictures in pixels."""
        return self.image.shape[:2]

    @property
    def person(self) -> np.ndarray:
        """`[height, width, 1]` in [0, 1]: the person in the target, exact if that is known, else around the limbs."""
        if self.truth is not None and self.truth.person is not None:
            return self.truth.person
        return person_mask(self.target_keypoints[np.newaxis], *self.size, self.skeleton)[0]

    def pixels(self) -> list[tuple[float, float]]:
        """(x, y) of some joints of the wanted pose that are in the picture, to follow back."""
        joints = get_skeleton(self.skeleton).joints
        found = self.target_keypoints[[joints.index(name) for name in LOOKED_AT if name in joints]]
        found = found[(found[:, 2] > 0) & are_inside(found, *self.size)]
        return [(float(x), float(y)) for x, y in found[:PIXELS, :2]]


def inspect_pair(
    transfer: PoseTransfer, source: Person, pose: Person, name: str, truth: Truth | None = None
) -> PairInspection:
    """Render a pair and look on.

    Args:
        transfer: the pipeline.
        source: of `transfer.people.read_source`.
        pose: of `transfer.people.read_pose`.
        name: what to call the pair.
        truth: what is known of the target, framed as the pose.

    Raises:
        ValueError: a person can't be framed, or the model has no local attention.
    """
    with recorded_attention(transfer.model) as maps:
        result = next(transfer.run([(source, pose)], batch_size=1))
    maps = with_masks(maps, result.masks)
    inspection = PairInspection(
        name,
        result.source_image,
        result.source_keypoints,
        result.target_keypoints,
        result.skeleton,
        result.image,
        maps,
        result.frame.width / result.frame.height,
    )
    return inspection if truth is None else replace(inspection, truth=truth.at(*inspection.size))

"""The pairs that an evaluation is made on: the test split, read at one size, with all that is known about each pair.

Images are float32 RGB `[batch, height, width, 3]` in [-1, 1], keypoints `[batch, 18, 3]` = (x, y, confidence) in pixels
of them. The exact flow is (dx, dy) in pixels of the picture: target pixel l shows the surface point that lies at
l + flow(l) in the source, also where something hides it there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from gfla_tf.metrics import person_mask
from training.data.layouts import PairLayout, find_pairs
from training.data.pair_pictures import PairPictures
from training.data.truth import has_masks, mask_path, read_outside, read_truth, truth_path
from training.evaluation.hashes import files_sha256
from training.evaluation.protocols import CROPS, Protocol
from training.sources import check_picture_size

__all__ = ["SPLIT", "EvaluationPairs", "PairBatch", "spread"]

SPLIT = "test"


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Some pairs, as at the top of this module.

    Attributes:
        positions: of the pairs among the evaluation's.
        source_image: the person as given.
        target_image: the same person in the wanted pose, the truth.
        source_keypoints: of the source.
        target_keypoints: of the target.
        person_mask: `[batch, height, width, 1]` in [0, 1], what the person touches in the target.
        flow: `[batch, height, width, 2]`; None if the dataset has none.
        visible: `[batch, height, width, 1]`, 1 where the surface point is seen in the source; None likewise.
    """

    positions: tuple[int, ...]
    source_image: np.ndarray
    target_image: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray
    person_mask: np.ndarray
    flow: np.ndarray | None = None
    visible: np.ndarray | None = None


class EvaluationPairs:
    """The usable pairs of a dataset's test split, or some of them, evenly spread.

    Args:
        folder: the dataset's.
        protocol: says layout, size and resize rule.
        count: how many pairs; None, or as many as there are, for all.

    Attributes:
        layout: where the files are.
        picture_size: (height, width) in pixels.
        numbers: of the chosen pairs among the usable ones.
        available: number of the usable ones.
        dropped: how many were left out for which reason.
        flows: folder of exact flows, None where the protocol does not need them.
        exact_masks: whether masks are the renderer's, not drawn from keypoints.

    Raises:
        ValueError: the dataset lacks something or is not of the protocol's crop, or `count` is below 1.
    """

    def __init__(self, folder: str | os.PathLike[str], protocol: Protocol, count: int | None = None) -> None:
        self.layout = find_pairs(folder, SPLIT, protocol.kind)
        check_picture_size(self.layout)
        _check_crop(self.layout, protocol)
        if protocol.needs_truth and self.layout.truth is None:
            raise ValueError(
                f"Protocol {protocol.name} needs exact flow, {self.layout.folder}/truth/{SPLIT} and truth in "
                "dataset.json. Received: a dataset without them."
            )
        self.flows = self.layout.truth if protocol.needs_truth else None
        self.picture_size = protocol.picture_size or self.layout.annotation_size
        self._pictures = PairPictures(self.layout, self.picture_size, protocol.resize)
        self.available, self.dropped = len(self._pictures.pairs), self._pictures.dropped
        self.numbers = spread(self.available, count)
        targets = [self.names(position)[1] for position in range(len(self))]
        self.exact_masks = self.layout.truth is not None and has_masks(self.layout.truth, targets)

    def __len__(self) -> int:
        return len(self.numbers)

    def names(self, position: int) -> tuple[str, str]:
        """The source's and the target's name in the list of pairs."""
        source, target = self._pair(position)
        return self._pictures.names[source], self._pictures.names[target]

    def keypoints(self) -> np.ndarray:
        """All keypoints `[pairs, 2, 18, 3]`, of source and target."""
        return self._pictures.keypoints[self._pictures.pairs[self.numbers]]

    def describe(self) -> dict:
        """What belongs into a fingerprint."""
        digest = hashlib.sha256(json.dumps([self.names(position) for position in range(len(self))]).encode())
        digest.update(np.ascontiguousarray(self.keypoints()).tobytes())
        digest.update(files_sha256(self.files()).encode())
        return {
            "kind": self.layout.kind,
            "split": SPLIT,
            "pairs": len(self),
            "pairs_available": self.available,
            "pairs_left_out": dict(sorted(self.dropped.items())),
            "picture_size": list(self.picture_size),
            "person_mask": "exact" if self.exact_masks else "limbs",
            "exact_flow": self.flows is not None,
            "sha256": digest.hexdigest(),
        }

    def files(self) -> dict[str, Path]:
        """Every file that is read, by a name that does not depend on where the dataset lies."""
        files = {}
        for position in range(len(self)):
            for picture in self._pair(position):
                files[f"picture {self._pictures.names[picture]}"] = self._pictures.paths[picture]
            if self.exact_masks:
                files[f"mask {self._mask_file(position).name}"] = self._mask_file(position)
            if self.flows is not None:
                files[f"flow {self._flow_file(position).name}"] = self._flow_file(position)
        return files

    def batches(self, size: int, first: int = 0) -> Iterator[PairBatch]:
        """All pairs from a position on, in order; the last batch holds what is left."""
        for start in range(first, len(self), size):
            yield self.read(range(start, min(start + size, len(self))))

    def read(self, positions: Sequence[int]) -> PairBatch:
        """Some pairs.

        Raises:
            ValueError: a file can't be read.
        """
        pairs = [self._pair(position) for position in positions]
        (source_image, source_keypoints), (target_image, target_keypoints) = (
            self._read_pictures([pair[role] for pair in pairs]) for role in (0, 1)
        )
        flow, visible = self._read_flows(positions)
        masks = self._read_masks(positions, target_keypoints)
        images_and_keypoints = (source_image, target_image, source_keypoints, target_keypoints)
        return PairBatch(tuple(positions), *images_and_keypoints, masks, flow, visible)

    def _pair(self, position: int) -> tuple[int, int]:
        source, target = self._pictures.pairs[self.numbers[position]]
        return int(source), int(target)

    def _read_pictures(self, pictures: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        try:
            read = [self._pictures.read(tf.constant(picture)) for picture in pictures]
        except tf.errors.OpError as error:
            paths = ", ".join(str(self._pictures.paths[picture]) for picture in pictures)
            raise ValueError(f"Readable JPEG or PNG pictures are expected. Received: {paths} ({error}).") from error
        return tuple(np.stack([values.numpy() for values in column]) for column in zip(*read, strict=True))

    def _flow_file(self, position: int) -> Path:
        return truth_path(self.flows, *self.names(position))

    def _mask_file(self, position: int) -> Path:
        return mask_path(self.layout.truth, self.names(position)[1])

    def _read_flows(self, positions: Sequence[int]) -> tuple[np.ndarray | None, np.ndarray | None]:
        if self.flows is None:
            return None, None
        flows, visibles = zip(*(read_truth(self._flow_file(position)) for position in positions), strict=True)
        for position, flow in zip(positions, flows, strict=True):
            if flow.shape[:2] != self.picture_size:
                raise ValueError(
                    f"{self._flow_file(position)}: a flow of {self.picture_size} (height, width) is expected. "
                    f"Received: {flow.shape[:2]}."
                )
        return np.stack(flows), np.stack(visibles)

    def _read_masks(self, positions: Sequence[int], target_keypoints: np.ndarray) -> np.ndarray:
        if not self.exact_masks:
            return person_mask(target_keypoints, *self.picture_size)
        masks = np.stack([1 - read_outside(self.layout.truth, self.names(position)[1]) for position in positions])
        return tf.image.resize(masks, self.picture_size, method="area").numpy()


def _check_crop(layout: PairLayout, protocol: Protocol) -> None:
    """See that the annotations, and so the pictures, are of the protocol's crop.

    Raises:
        ValueError: they are of something else.
    """
    if protocol.crop is None or layout.annotation_size == CROPS[protocol.crop]:
        return
    height, width = CROPS[protocol.crop]
    raise ValueError(
        f"Protocol {protocol.name} is for pictures of {height}x{width} (height x width), DeepFashion's cropped by "
        f"`python -m training data prepare fashion`. Received: annotations in pictures of "
        f"{layout.annotation_size[0]}x{layout.annotation_size[1]}."
    )


def spread(available: int, count: int | None) -> np.ndarray:
    """Numbers of `count` of so many, evenly spread, the same ones every time; all for None.

    Raises:
        ValueError: `count` is below 1.
    """
    if count is not None and count < 1:
        raise ValueError(f"--pairs must be at least 1. Received: {count}.")
    if count is None or count >= available:
        return np.arange(available)
    return np.linspace(0, available - 1, count).round().astype(np.int64)

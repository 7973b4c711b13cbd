"""The clips that videos are judged on: the test split's videos, read at one size, with all that is known about them.

A clip is the first frames of a video, as many as the protocol says; videos that are shorter are left out. Its first
frame is the reference, which systems are given; the others are to be drawn, and are judged. A clip is also a batch of
pairs: every frame's source is the reference.

Conventions: images float32 RGB in [-1, 1]; keypoints (x, y, confidence) in pixels of the compared picture; exact flow
(dx, dy) in pixels of it, from a frame to the frame before.
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
from training.data.clip_truth import read_clip_truth
from training.data.images import picture_size, read_picture
from training.data.layouts import find_clips, read_dataset_file
from training.evaluation.clip_person import ClipPerson
from training.evaluation.hashes import files_sha256
from training.evaluation.pairs import SPLIT, PairBatch, spread
from training.evaluation.protocols import Protocol

__all__ = ["Clip", "EvaluationClips"]

SKELETON = "openpose-18"


@dataclass(frozen=True, eq=False)
class Clip(PairBatch):
    """A clip as a batch of pairs: fields are those of `PairBatch`, one entry for each frame that is judged, and these.

    Attributes:
        positions: of the clip, among the evaluation's, once.
        person: gives the joints of a skeleton in the reference and the judged frames, `[1 + frames, joints, 3]`, clean
            or as a detector saw them: `person("h36m-17", noisy=True)`.
        step_flow: `[frames - 1, height, width, 2]`, of each judged frame but the first; None if there is none.
        step_visible: likewise, 1 where the surface point is seen in the frame before.
    """

    person: ClipPerson | None = None
    step_flow: np.ndarray | None = None
    step_visible: np.ndarray | None = None

    def pieces(self, size: int) -> Iterator[PairBatch]:
        """The clip's frames as batches of pairs, so many at a time."""
        names = ("source_image", "target_image", "source_keypoints", "target_keypoints", "person_mask")
        for start in range(0, len(self.target_image), size):
            rows = slice(start, start + size)
            yield PairBatch(self.positions, *(getattr(self, name)[rows] for name in names))


class EvaluationClips:
    """The usable clips of a dataset's test split, or some of them, evenly spread.

    Args:
        folder: the dataset's.
        protocol: says size, resize rule, length of clips, and whether exact flow is needed.
        count: how many clips; None, or as many as there are, for all.

    Attributes:
        picture_size: (height, width) in pixels, in which frames are compared.
        true_size: (height, width) of the dataset's frames.
        available: number of the usable ones.
        dropped: how many were left out for being too short.
        truth: whether exact flow is read: where the protocol needs it.
        noisy: whether all clips have noisy keypoints.
        exact_masks: whether masks are files, not drawn from keypoints.

    Raises:
        ValueError: no clip is usable, or the dataset lacks something.
    """

    def __init__(self, folder: str | os.PathLike[str], protocol: Protocol, count: int | None = None) -> None:
        self.protocol, found = protocol, find_clips(folder, SPLIT)
        videos = [video for video in found if len(video.frames) >= protocol.clip_frames]
        self.available, self.dropped = len(videos), len(found) - len(videos)
        if not videos:
            raise ValueError(
                f"{folder}: videos of at least {protocol.clip_frames} frames are expected. "
                f"Received: {self.dropped} shorter ones."
            )
        self.videos = [videos[number] for number in spread(len(videos), count)]
        self.noisy, self.exact_masks, truth = (
            all(getattr(video, name) for video in self.videos) for name in ("noisy", "masks", "truth")
        )
        self.truth = protocol.needs_truth
        if self.truth and not truth:
            raise ValueError(f"Protocol {protocol.name} needs CLIP/truth of all clips. Received: clips without.")
        size = read_dataset_file(folder).get("annotation_size") or picture_size(self.videos[0].frames[0])
        self.true_size = tuple(size)
        self.picture_size = protocol.picture_size or self.true_size

    def __len__(self) -> int:
        return len(self.videos)

    def stems(self, position: int) -> list[str]:
        """What a clip's judged frames are called."""
        return [path.stem for path in self._frames(position)[1:]]

    def names(self, position: int) -> tuple[str, str]:
        """The clip's name with the reference, and the range of the judged frames."""
        stems = self.stems(position)
        return f"{self.videos[position].name}/{self._frames(position)[0].stem}", f"{stems[0]}-{stems[-1]}"

    def describe(self) -> dict:
        """What belongs into a fingerprint."""
        digest = hashlib.sha256(json.dumps([self.names(position) for position in range(len(self))]).encode())
        digest.update(files_sha256(self._files()).encode())
        return {
            "kind": "clips",
            "split": SPLIT,
            "clips": len(self),
            "clips_available": self.available,
            "clips_too_short": self.dropped,
            "judged_frames": self.protocol.clip_frames - 1,
            "picture_size": list(self.picture_size),
            "person_mask": "exact" if self.exact_masks else "limbs",
            "exact_flow": self.truth,
            "sha256": digest.hexdigest(),
        }

    def read(self, positions: Sequence[int]) -> Clip:
        """One clip.

        Raises:
            ValueError: a file can't be read.
        """
        (position,) = positions
        images, sizes = self._read_pictures(self._frames(position))
        person = ClipPerson(self.videos[position], len(images), sizes, self.picture_size)
        keypoints = person(SKELETON)
        flow, visible = self._read_truth(position)
        return Clip(
            (position,),
            np.repeat(images[:1], len(images) - 1, axis=0),
            images[1:],
            np.repeat(keypoints[:1], len(images) - 1, axis=0),
            keypoints[1:],
            self._read_masks(position, keypoints[1:]),
            person=person,
            step_flow=flow,
            step_visible=visible,
        )

    def _frames(self, position: int) -> tuple[Path, ...]:
        return self.videos[position].frames[: self.protocol.clip_frames]

    def _files(self) -> dict[str, Path]:
        """Every file that may be read, by a name that does not depend on where the dataset lies."""
        files = {}
        for position, video in enumerate(self.videos):
            for frame, path in enumerate(self._frames(position)):
                paths = [path, video.keypoint_file(frame)]
                paths += [video.keypoint_file(frame, noisy=True)] * self.noisy
                paths += [video.mask_file(frame)] * self.exact_masks + [video.truth_file(frame)] * self.truth
                files |= {str(one.relative_to(video.folder.parent)): one for one in paths}
        return files

    def _read_pictures(self, paths: Sequence[Path], channels: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """Pictures, and the sizes of the files' own."""
        try:
            read = [
                read_picture(tf.constant(str(path)), *self.picture_size, self.protocol.resize, channels)
                for path in paths
            ]
        except tf.errors.OpError as error:
            raise ValueError(f"Readable frames are expected. Received: {paths[0].parent} ({error}).") from error
        images, sizes = zip(*read, strict=True)
        return np.stack([image.numpy() for image in images]), np.stack([size.numpy() for size in sizes])

    def _read_masks(self, position: int, keypoints: np.ndarray) -> np.ndarray:
        if not self.exact_masks:
            return person_mask(keypoints, *self.picture_size)
        video, frames = self.videos[position], range(1, self.protocol.clip_frames)
        masks, _ = self._read_pictures([video.mask_file(frame) for frame in frames], channels=1)
        return np.clip((masks + 1) / 2, 0, 1)

    def _read_truth(self, position: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        if not self.truth:
            return None, None
        files = [self.videos[position].truth_file(frame) for frame in range(self.protocol.clip_frames)]
        flow, visible, *_ = read_clip_truth(files)
        if flow.shape[1:3] != self.picture_size:
            raise ValueError(
                f"{files[0]}: a flow of {self.picture_size} (height, width) is expected. Received: {flow.shape[1:3]}."
            )
        return flow[1:], visible[1:]

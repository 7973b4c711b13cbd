"""Clips of videos (FashionVideo, iPER, or rendered) with a reference frame: what the sequence network learns from.

Each element is taken from one video, a dict (frames = 30):

    index                int64, number of the video among the usable ones
    reference_image      float32 `[height, width, 3]`, RGB in [-1, 1], one of the video's first 20 frames
    reference_pose       float32 `[height, width, 20]` in [0, 1], see `clip_poses`
    target_images        float32 `[frames, height, width, 3]`, consecutive frames
    target_poses         float32 `[frames, height, width, 20]`, from the clean keypoints, or the noisy ones if so set
    target_keypoints     float32 `[frames, 17, 3]` = (x, y, confidence) in pixels, clean, Human3.6M's joints
    noisy_keypoints      the same as the detector saw them, where all videos have them
    target_masks         float32 `[frames, height, width, 1]` in [0, 1], 1 = person, where all videos have masks
    previous_flow_level2, ...    exact flows, where asked for, see `clip_truth`

In training, the reference, the place of the clip and one motion of all its pictures are drawn at random; what comes
into a picture from outside is white, in masks 0. Otherwise the reference is the first frame, the clip begins with it
and nothing is moved. Conventions of the motion: `affine`. With 30 frames of 256x256 an element takes 0.2 GB, which is
why few should be loaded at a time (`PipelineSettings.parallel_calls`, `prefetch`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from training.data.affine import AffineRange, affine_matrix, move_keypoints, move_pictures
from training.data.clip_poses import keypoint_error, read_frame_keypoints, sequence_poses
from training.data.clip_truth import clip_truth, clip_truth_error
from training.data.images import check_resize, picture_error, read_picture
from training.data.layouts import ClipFolder, find_clips
from training.data.pair_pictures import check_image_size, check_levels

__all__ = ["MOTION", "ClipSettings", "VideoClips"]

MOTION = AffineRange(rotation=5.0, shift=(20.0, 3.0), scale=(0.98, 1.02))  # degrees, pixels, factors
WHITE = 1.0


@dataclass(frozen=True)
class ClipSettings:
    """How clips are cut and prepared.

    Attributes:
        frames: consecutive frames of a clip; at least 1.
        reference_frames: the reference is one of so many first frames; at least 1.
        image_size: (height, width) of the network's pictures in pixels, above 0.
        sigma: of the pose maps' Gaussians in pixels of the network's picture, above 0.
        resize: "bicubic", "bilinear" or "area"; see `images.resize_pictures`.
        motion: in degrees, pixels of the network's picture and factors; None for none.
        noisy_poses: whether poses are drawn from the noisy keypoints instead of the clean ones.
        flow_levels: levels of the network whose exact flow is wanted; it leads to the first frame, so that
            `reference_frames` must be 1.
    """

    frames: int = 30
    reference_frames: int = 20
    image_size: tuple[int, int] = (256, 256)
    sigma: float = 6.0
    resize: str = "bicubic"
    motion: AffineRange | None = MOTION
    noisy_poses: bool = False
    flow_levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_image_size(self.image_size, self.sigma)
        check_resize(self.resize)
        if self.frames < 1 or self.reference_frames < 1:
            raise ValueError(
                f"frames and reference_frames must be at least 1. Received: {self.frames}, {self.reference_frames}"
            )
        if self.flow_levels and self.reference_frames > 1:
            raise ValueError(
                "flow_levels need reference_frames of 1: exact flow leads to the first frame. "
                f"Received: {self.reference_frames}"
            )
        check_levels(self.flow_levels, self.image_size)


class VideoClips:
    """The videos of one split, as a source for `pipeline.Pipeline`.

    Args:
        folder: the dataset's.
        split: "train" or "test"; only "train" is random.
        settings: how clips are cut and prepared.

    Attributes:
        videos: those that are long enough, without a gap in the numbers of their frames.
        dropped: how many videos have no such run of frames.
        noisy, masks, truth: whether all videos have noisy keypoints, masks, exact flow.

    Raises:
        ValueError: no usable video, or noisy keypoints or exact flow are asked for that some video lacks.
    """

    def __init__(
        self, folder: str | os.PathLike[str], split: str = "train", settings: ClipSettings | None = None
    ) -> None:
        self.settings = settings or ClipSettings()
        self.random = split == "train"
        found = find_clips(folder, split)
        starts = [_clip_starts(video, self.settings.frames) for video in found]
        self.videos = [video for video, places in zip(found, starts, strict=True) if places]
        self.dropped = len(found) - len(self.videos)
        self.noisy = all(video.noisy for video in self.videos)
        self.masks = all(video.masks for video in self.videos)
        self.truth = all(video.truth for video in self.videos)
        self._check(folder)
        with tf.device("CPU:0"):  # where tf.data works
            self._starts = tf.ragged.constant([places for places in starts if places], tf.int64)
            self._lengths = tf.constant([len(video.frames) for video in self.videos], tf.int64)
            self._paths = tf.ragged.constant([[str(path) for path in video.frames] for video in self.videos])

    def _check(self, folder: str | os.PathLike[str]) -> None:
        if not self.videos:
            raise ValueError(
                f"{folder}: videos of at least {self.settings.frames} consecutive frames are expected. "
                f"Received: {self.dropped} shorter ones"
            )
        if self.settings.noisy_poses and not self.noisy:
            raise ValueError(f"{folder}: noisy_poses need CLIP/keypoints_noisy of all clips. Received: clips without")
        if self.settings.flow_levels and not self.truth:
            raise ValueError(f"{folder}: flow_levels need CLIP/truth of all clips. Received: clips without")

    def __len__(self) -> int:
        return len(self.videos)

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Load a clip of the video of that number in the graph, chosen and moved as the seed says."""
        numbers, matrix = self._frame_numbers(index, seed), self._matrix(seed)
        pictures, sizes = self._read(tf.gather(self._paths[index], numbers), channels=3)
        pictures = self._moved(pictures, matrix, WHITE)
        keypoints = {name: self._keypoints(index, numbers, sizes, matrix, name) for name in self._keypoint_names()}
        drawn = keypoints["noisy" if self.settings.noisy_poses else "clean"]
        poses = sequence_poses(drawn, *self.settings.image_size, self.settings.sigma)
        element = {
            "index": index,
            "reference_image": pictures[0],
            "reference_pose": poses[0],
            "target_images": pictures[1:],
            "target_poses": poses[1:],
            "target_keypoints": keypoints["clean"][1:],
        }
        if self.noisy:
            element["noisy_keypoints"] = keypoints["noisy"][1:]
        if self.masks:
            element["target_masks"] = self._read_masks(index, numbers[1:], matrix)
        return element | self._read_truth(index, numbers, matrix)

    def _frame_numbers(self, index: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Numbers of the reference frame and of the clip's frames, int64 `[1 + frames]`."""
        reference, start = tf.constant(0, tf.int64), self._starts[index][0]
        if self.random:
            # Another seed than that of the motion, which is drawn from the seed itself.
            unit = tf.random.stateless_uniform([2], seed + tf.constant([0, 1]), alg="philox")
            candidates = tf.minimum(self._lengths[index], self.settings.reference_frames)
            reference = _choose(unit[0], candidates)
            start = self._starts[index][_choose(unit[1], tf.size(self._starts[index], tf.int64))]
        clip = start + tf.range(self.settings.frames, dtype=tf.int64)
        return tf.ensure_shape(tf.concat([[reference], clip], axis=0), [1 + self.settings.frames])

    def _matrix(self, seed: tf.Tensor) -> tf.Tensor | None:
        if not self.random or self.settings.motion is None:
            return None
        return affine_matrix(*self.settings.motion.draw(seed), *self.settings.image_size)

    @staticmethod
    def _moved(pictures: tf.Tensor, matrix: tf.Tensor | None, fill: float) -> tf.Tensor:
        return pictures if matrix is None else move_pictures(pictures, matrix, fill)

    def _read(self, paths: tf.Tensor, channels: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Pictures `[files, height, width, channels]` in [-1, 1], and the files' own sizes `[files, 2]`."""
        height, width = self.settings.image_size
        signature = tf.TensorSpec([height, width, channels], tf.float32), tf.TensorSpec([2], tf.int32)
        return tf.map_fn(
            lambda path: read_picture(path, height, width, self.settings.resize, channels),
            paths,
            fn_output_signature=signature,
        )

    def _read_masks(self, index: tf.Tensor, numbers: tf.Tensor, matrix: tf.Tensor | None) -> tf.Tensor:
        paths = tf.numpy_function(self._mask_paths, [index, numbers], tf.string)
        masks, _ = self._read(tf.ensure_shape(paths, [self.settings.frames]), channels=1)
        return self._moved((masks + 1) / 2, matrix, 0.0)

    def _mask_paths(self, index: int, numbers: np.ndarray) -> np.ndarray:
        return np.array([os.fsencode(self.videos[index].mask_file(number)) for number in numbers])

    def _read_truth(self, index: tf.Tensor, numbers: tf.Tensor, matrix: tf.Tensor | None) -> dict[str, tf.Tensor]:
        settings = self.settings
        if not settings.flow_levels:
            return {}
        paths = tf.numpy_function(self._truth_paths, [index, numbers], tf.string)
        return clip_truth(paths, settings.frames, settings.image_size, settings.flow_levels, matrix)

    def _truth_paths(self, index: int, numbers: np.ndarray) -> np.ndarray:
        return np.array([os.fsencode(self.videos[index].truth_file(number)) for number in numbers])

    def _keypoint_names(self) -> list[str]:
        return ["clean", "noisy"] if self.noisy else ["clean"]

    def _keypoints(
        self, index: tf.Tensor, numbers: tf.Tensor, sizes: tf.Tensor, matrix: tf.Tensor | None, name: str
    ) -> tf.Tensor:
        """Keypoints of frames, `[frames, 17, 3]`, rescaled from each file's own size and moved."""
        keypoints = tf.numpy_function(self._read_keypoints, [index, numbers, name == "noisy"], tf.float32)
        keypoints = tf.ensure_shape(keypoints, [1 + self.settings.frames, 17, 3])
        # As `rescale_keypoints`: without a shift by half a pixel.
        scales = tf.constant(self.settings.image_size, tf.float32) / tf.cast(sizes, tf.float32)
        factors = tf.stack([scales[:, 1], scales[:, 0], tf.ones_like(scales[:, 0])], axis=-1)
        keypoints = keypoints * factors[:, tf.newaxis]
        return keypoints if matrix is None else move_keypoints(keypoints, matrix)

    def _read_keypoints(self, index: int, numbers: np.ndarray, noisy: bool) -> np.ndarray:
        video = self.videos[index]
        return np.stack([read_frame_keypoints(video.keypoint_file(number, bool(noisy))) for number in numbers])

    def unreadable(self, index: int) -> dict[Path, str]:
        """The files of a video that can't be read, with reasons; all of its frames are tried."""
        video, reasons = self.videos[index], {}
        for number, frame in enumerate(video.frames):
            reasons[frame] = picture_error(frame)
            for name in self._keypoint_names():
                path = video.keypoint_file(number, name == "noisy")
                reasons[path] = keypoint_error(path)
            if self.masks:
                reasons[video.mask_file(number)] = picture_error(video.mask_file(number))
            if self.settings.flow_levels:
                reasons[video.truth_file(number)] = clip_truth_error(video.truth_file(number))
        return {path: reason for path, reason in reasons.items() if reason is not None}


def _choose(unit: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """A number from 0 to count - 1 for one in [0, 1)."""
    return tf.minimum(tf.cast(unit * tf.cast(count, tf.float32), tf.int64), count - 1)


def _clip_starts(video: ClipFolder, frames: int) -> list[int]:
    """Where clips may begin: frames whose names are numbers must go on without a gap."""
    stems = [path.stem for path in video.frames]
    numbers = np.array([int(stem) for stem in stems] if all(map(str.isdecimal, stems)) else range(len(stems)))
    starts = np.arange(max(len(stems) - frames + 1, 0))
    return starts[numbers[starts + frames - 1] - numbers[starts] == frames - 1].tolist()

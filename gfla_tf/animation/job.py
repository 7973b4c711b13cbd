"""Animate a photo by files: what the command `gfla animate` does.

1. The person in the photo, and the driver's joints (`driving`), cleaned (`cleaning`).
2. What is constant over the clip: proportions, camera, frame (`retargeting`, `staging`).
3. Frame by frame through the network, each frame to disk at once (`spool`), so that memory does not grow with the
   length, and the same job goes on where it was stopped.
4. The video (`video_writer`), and what else was asked for.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gfla_tf.animation.animator import Animator
from gfla_tf.animation.cleaning import clean_keypoints
from gfla_tf.animation.driving import Driving, check_driving, read_driving
from gfla_tf.animation.ffmpeg import find_ffmpeg
from gfla_tf.animation.gif import write_gif
from gfla_tf.animation.retargeting import check_modes, check_retargeting
from gfla_tf.animation.side_by_side import side_by_side
from gfla_tf.animation.spool import FrameSpool
from gfla_tf.animation.staging import Stage
from gfla_tf.animation.video_writer import write_animation
from gfla_tf.motion.methods import check_method, make_cleaner
from gfla_tf.motion.normalization import check_normalization
from gfla_tf.motion.video import VIDEO_EXTENSIONS, check_rate
from gfla_tf.outputs import check_distinct, check_output
from gfla_tf.pose.framing import check_framing
from gfla_tf.pose.person_choice import check_choice
from gfla_tf.progress import show_progress

__all__ = ["AnimationJob", "animate"]


@dataclass(frozen=True)
class AnimationJob:
    """What to animate, by what, how, and where to put it.

    Attributes:
        source: photo of the person.
        driving: video, .bvh file, keypoint file or folder of keypoint files.
        output: video to write, ending in .mp4, .m4v or .mov.
        model: published model, preset or model folder of a sequence or person generator; see `Animator`.
        weights: safetensors file, or "stand-in".
        source_keypoints: keypoint file of the source; found otherwise.
        source_person: which of several people in the photo; the largest by default.
        person: who is followed in the driver, by size, from 0.
        clean: one of `gfla_tf.motion.methods.METHODS`, or "none"; by default the network, but none for motion capture.
        motion_model: published model, preset or model folder of the motion extractor.
        motion_weights: safetensors file for it, or "stand-in".
        normalization: "person" or "image", as in the motion extractor's training.
        retarget: "none", "global" or "limbs", see `retargeting`.
        camera: "follow" or "still", likewise.
        framing: "person" or "whole", see `staging`.
        frames_per_second: see `driving`.
        turn: likewise.
        side_by_side: video of driver, joints and result to write, or None.
        gif: animated GIF to write, or None.
        sound: whether the driver's sound is taken over.
    """

    source: str
    driving: str
    output: str
    model: str | None = None
    weights: str | None = None
    source_keypoints: str | None = None
    source_person: int | None = None
    person: int = 0
    clean: str | None = None
    motion_model: str = "motion-demo"
    motion_weights: str | None = None
    normalization: str = "person"
    retarget: str = "global"
    camera: str = "follow"
    framing: str = "person"
    frames_per_second: float | None = None
    turn: float = 0.0
    side_by_side: str | None = None
    gif: str | None = None
    sound: bool = True


def animate(job: AnimationJob) -> list[str]:
    """Do it.

    Returns:
        The files that were written.

    Raises:
        ValueError: anything that is wrong with the job; files already written are whole.
    """
    _check(job)
    animator = Animator(
        job.source,
        job.model,
        job.weights,
        job.source_keypoints,
        job.source_person,
        job.retarget,
        job.camera,
        job.framing,
    )
    driving = read_driving(job.driving, animator.skeleton, job.person, job.frames_per_second, job.turn)
    check_retargeting(job.retarget, job.camera, driving.image_size)
    check_rate(driving.frames_per_second)
    clean = _clean(job, driving)
    stage = animator.prepare(clean, driving.frames_per_second, driving.image_size)
    spool = FrameSpool(Path(job.output), _fingerprint(animator, stage))
    _render(animator, stage, spool)
    written = _write(job, driving, clean, spool)
    spool.remove()
    return written


def _check(job: AnimationJob) -> None:
    """Find what is wrong before anything slow begins."""
    outputs = (job.output, VIDEO_EXTENSIONS), (job.side_by_side, VIDEO_EXTENSIONS), (job.gif, (".gif",))
    for path, extensions in outputs:
        if path:
            check_output(path, extensions)
    check_distinct([job.source, job.driving, job.source_keypoints], [job.output, job.side_by_side, job.gif])
    if job.clean not in (None, "none"):
        check_method(job.clean)
    check_normalization(job.normalization)
    check_modes(job.retarget, job.camera)
    check_framing(job.framing)
    check_choice(start=job.person)
    check_driving(job.driving, job.turn)


def _clean(job: AnimationJob, driving: Driving) -> np.ndarray:
    """The driver's keypoints after motion extraction."""
    method = job.clean or ("none" if driving.exact else "network")
    if method == "none":
        return driving.keypoints
    clean = make_cleaner(method, driving.frames_per_second, job.motion_model, job.motion_weights, job.normalization)
    return clean_keypoints(driving.keypoints, driving.skeleton, clean, driving.image_size)


def _fingerprint(animator: Animator, stage: Stage) -> str:
    """A checksum of all that the frames depend on."""
    import gfla_tf

    settings = [animator.preset.network, animator.preset.config, animator.skeleton, gfla_tf.__version__]
    digest = hashlib.sha256(json.dumps([*settings, stage.picture_size], sort_keys=True).encode())
    for array in (stage.source_image, stage.source_keypoints, stage.targets, *animator.model.get_weights()):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _render(animator: Animator, stage: Stage, spool: FrameSpool) -> None:
    """Render the frames that are not there yet."""
    targets = stage.targets[spool.count :]
    if spool.count and len(targets):
        print(f"gfla: goes on after {spool.count} frames of an interrupted rendering.", file=sys.stderr)
    images = animator.render(stage, targets, spool.previous)
    with_progress = show_progress(zip(targets, images, strict=True), len(stage.targets), "frames", spool.count)
    for target, image in with_progress:
        spool.add(stage.picture(image), image, target)


def _write(job: AnimationJob, driving: Driving, clean: np.ndarray, spool: FrameSpool) -> list[str]:
    sound = driving.sound if job.sound else None
    if sound is not None and find_ffmpeg() is None:
        print("gfla: ffmpeg was not found: if the driver has sound, it is left out.", file=sys.stderr)
    count, rate = spool.count, driving.frames_per_second
    if job.side_by_side:
        frames = partial(_compared, driving, clean, spool)
        write_animation(job.side_by_side, _counted(frames, count), count, rate, sound)
    if job.gif:
        write_gif(job.gif, _counted(spool.pictures, count, "frames of the GIF"), count, rate)
    write_animation(job.output, _counted(spool.pictures, count), count, rate, sound)
    return list(filter(None, (job.output, job.side_by_side, job.gif)))


def _compared(driving: Driving, clean: np.ndarray, spool: FrameSpool) -> Iterator[np.ndarray]:
    return side_by_side(driving, clean, spool.pictures())


def _counted(
    frames: Callable[[], Iterator[np.ndarray]], count: int, unit: str = "frames written"
) -> Callable[[], Iterator[np.ndarray]]:
    return lambda: show_progress(frames(), count, unit)

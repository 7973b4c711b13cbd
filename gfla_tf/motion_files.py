"""Clean motion from files: what the command `gfla motion` does.

In: keypoints over time (`gfla_tf.pose.sequences`), or a video, in whose frames the bundled estimator finds them.
Out: one OpenPose JSON of all frames with the 17 joints of Human3.6M; optionally a video and a plot of before and after.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gfla_tf.image_io import WRITABLE_EXTENSIONS
from gfla_tf.motion.filling import SKELETON
from gfla_tf.motion.methods import check_method, make_cleaner
from gfla_tf.motion.normalization import check_normalization
from gfla_tf.motion.video import (
    VIDEO_EXTENSIONS,
    check_rate,
    draw_before_and_after,
    read_frames,
    video_info,
    write_video,
)
from gfla_tf.motion.video_people import find_video_people
from gfla_tf.outputs import check_distinct, check_output
from gfla_tf.people import check_there, is_keypoint_file
from gfla_tf.pose.drawing import black_canvas
from gfla_tf.pose.person_choice import check_choice
from gfla_tf.pose.sequences import KeypointSequence, choose_sequence, read_sequence, write_sequence
from gfla_tf.pose.skeletons import get_skeleton
from gfla_tf.progress import show_progress

__all__ = ["MotionJob", "clean_motion"]

FRAMES_PER_SECOND = 30.0


@dataclass(frozen=True)
class MotionJob:
    """What to clean, how, and where to put it.

    Attributes:
        source: a video, a keypoint file or a folder of keypoint files.
        output: the JSON to write.
        method: one of `gfla_tf.motion.methods.METHODS`: the network, or a classical filter.
        model: published model, preset or model folder of the network.
        weights: safetensors file for the network, or "stand-in".
        normalization: "person" or "image", as in the network's training.
        lookahead: for live use: frames that may be waited for; None for the whole recording at once.
        person: who is followed, by size in the first frame, from 0.
        frames_per_second: of the recording; by default what the video says, or 30.
        background: video to draw on; the source itself where that is one, else black.
        draw: video to write, or None.
        plot: picture to write, or None.
        joint: name of the joint to plot; the one that was corrected most by default.
        found: JSON for the keypoints before cleaning, or None.
    """

    source: str
    output: str
    method: str = "network"
    model: str = "motion-demo"
    weights: str | None = None
    normalization: str = "person"
    lookahead: int | None = None
    person: int = 0
    frames_per_second: float | None = None
    background: str | None = None
    draw: str | None = None
    plot: str | None = None
    joint: str | None = None
    found: str | None = None


def clean_motion(job: MotionJob) -> list[str]:
    """Do it.

    Returns:
        The files that were written.

    Raises:
        ValueError: anything that is wrong with the job; files already written are whole.
    """
    _check(job)
    clean = make_cleaner(job.method, _rate(job), job.model, job.weights, job.normalization, job.lookahead)
    before = _read(job)
    after = replace(before, keypoints=clean(before.keypoints, before.image_size))
    write_sequence(job.output, after)
    written = [job.output]
    if job.found:
        write_sequence(job.found, before)
        written.append(job.found)
    if job.draw:
        write_video(job.draw, _drawn(job, before, after), _rate(job))
        written.append(job.draw)
    if job.plot:
        _write_plot(job, before, after)
        written.append(job.plot)
    return written


def _check(job: MotionJob) -> None:
    """Find what is wrong before anything slow begins."""
    keypoints, video, picture = (".json",), VIDEO_EXTENSIONS, WRITABLE_EXTENSIONS
    outputs = (job.output, keypoints), (job.found, keypoints), (job.draw, video), (job.plot, picture)
    for path, extensions in outputs:
        if path:
            check_output(path, extensions)
    check_distinct([job.source, job.background], [job.output, job.draw, job.plot, job.found])
    check_method(job.method)
    if job.joint is not None and job.joint not in get_skeleton(SKELETON).joints:
        raise ValueError(f"joint must be one of {', '.join(get_skeleton(SKELETON).joints)}. Received: {job.joint!r}.")
    if job.frames_per_second is not None and not 0 < job.frames_per_second < np.inf:
        raise ValueError(f"frames_per_second above 0 is expected. Received: {job.frames_per_second}.")
    if job.lookahead is not None and job.method != "network":
        raise ValueError(f"A look-ahead is for the network. Received: {job.lookahead} with {job.method}.")
    check_normalization(job.normalization)
    check_choice(start=job.person)
    expected = "A video, a keypoint file or a folder of them"
    check_there(job.source, expected)
    if not _is_keypoints(job):
        video_info(job.source, expected)
    if job.background:
        video_info(job.background)
    if job.draw:
        check_rate(_rate(job))


def _is_keypoints(job: MotionJob) -> bool:
    return os.path.isdir(job.source) or is_keypoint_file(job.source)


def _rate(job: MotionJob) -> float:
    video = job.background or (None if _is_keypoints(job) else job.source)
    return job.frames_per_second or (video_info(video).frames_per_second if video else FRAMES_PER_SECOND)


def _read(job: MotionJob) -> KeypointSequence:
    if _is_keypoints(job):
        return read_sequence(job.source, SKELETON, person=job.person)
    people = find_video_people(job.source)
    return choose_sequence(
        people.by_frame(SKELETON), SKELETON, people.image_size, person=job.person, where=str(job.source)
    )


def _drawn(job: MotionJob, before: KeypointSequence, after: KeypointSequence) -> Iterator[np.ndarray]:
    """Every frame with both skeletons; frames that the background lacks are its last one."""
    video = job.background or (None if _is_keypoints(job) else job.source)
    both = np.stack([before.keypoints, after.keypoints], axis=1)
    if video is None:
        black, scale = black_canvas(both, before.image_size)
        images, both = itertools.repeat(black), both * np.float32([scale, scale, 1])
    else:
        images = read_frames(video)
    image = None
    for first, second in show_progress(both, len(both), "frames drawn"):
        image = next(images, image)
        if image is None:
            raise ValueError(f"A video of at least one frame is expected. Received: {video}.")
        yield draw_before_and_after(image, first, second)


def _write_plot(job: MotionJob, before: KeypointSequence, after: KeypointSequence) -> None:
    from gfla_tf.image_io import write_image
    from gfla_tf.motion.plot import most_corrected_joint, plot_joint

    joint = most_corrected_joint(before.keypoints, after.keypoints)
    if job.joint:
        joint = get_skeleton(SKELETON).joints.index(job.joint)
    write_image(job.plot, plot_joint(before.keypoints, after.keypoints, joint, _rate(job)))

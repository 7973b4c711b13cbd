"""Clips of moving people: frames, OpenPose keypoints, masks and flows to the previous and to the first frame.

    DIR/train/clip000000/frames/000000.jpg                          and DIR/test/...
    DIR/train/clip000000/keypoints/000000_keypoints.json            exact
    DIR/train/clip000000/keypoints_noisy/000000_keypoints.json      as a detector might find them
    DIR/train/clip000000/masks/000000.png
    DIR/train/clip000000/truth/000000.npz       mask, parts, keypoints, flow_previous, visible_previous,
                                                flow_reference, visible_reference

Flows live on the pixels of the frame and point into the previous frame, or into frame 0 (the reference). The previous
frame of frame 0 is itself. The camera stands still; 30 frames are a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from gfla_tf.pose.openpose_json import write_openpose_json
from training.data.motion_detector import detect
from training.data.render.backgrounds import random_background
from training.data.render.camera import random_framing
from training.data.render.cast import Cast
from training.data.render.files import flow_arrays, view_truth, write_arrays, write_picture
from training.data.render.plan import CLIP, NOISE, SHOOT, Job, Settings, chance, person_seed
from training.data.render.textures import TextureAtlas
from training.data.render.truth import annotated_keypoints
from training.data.render.views import View, aim_camera, flow_between, take_view

__all__ = ["clip_files", "write_clip"]

FRAMED_STEP = 5  # every so many frames are looked at when a clip is framed


def clip_files(settings: Settings, job: Job) -> list[str]:
    """All files of a clip, relative to the dataset's folder."""
    patterns = [f"frames/{{}}.{settings.format}", "keypoints/{}_keypoints.json", "keypoints_noisy/{}_keypoints.json"]
    patterns += ["masks/{}.png", "truth/{}.npz"] if settings.truth else []
    frames = [f"{frame:06}" for frame in range(settings.frames)]
    return [f"{job.split}/{job.name}/{pattern.format(frame)}" for pattern in patterns for frame in frames]


def write_clip(settings: Settings, job: Job, cast: Cast, folder: Path, each: Callable[[], None]) -> dict:
    """Render a clip and write it with its truth.

    Args:
        settings: of the dataset.
        job: which clip.
        cast: who to render.
        folder: of the dataset.
        each: called after each frame.

    Returns:
        An empty record: a clip needs no tables.
    """
    clip = folder / job.split / job.name
    for path in {(folder / file).parent for file in clip_files(settings, job)}:
        path.mkdir(parents=True, exist_ok=True)
    first = previous = None
    keypoints = []
    for frame, view in enumerate(_take_views(settings, job, cast)):
        first, previous = first or view, previous or view
        _write_frame(settings, clip, f"{frame:06}", view, previous, first)
        keypoints.append(annotated_keypoints(view.keypoints))
        previous = view
        each()
    noisy = detect(np.stack(keypoints), chance(settings.seed, NOISE, job.index))
    _write_keypoints(settings, clip / "keypoints", keypoints)
    _write_keypoints(settings, clip / "keypoints_noisy", noisy)
    return {}


def _take_views(settings: Settings, job: Job, cast: Cast) -> Iterator[View]:
    """Render the frames of a clip, one after the other."""
    random = chance(settings.seed, CLIP, job.index)
    actor = cast.person(person_seed(settings.seed, job.person), job.split)
    poses = cast.movement(random, settings.frames, job.split)
    framed = [actor.posed(pose) for pose in [*poses[::FRAMED_STEP], poses[-1]]]
    framing = replace(random_framing(random), shift=0.0)
    camera = aim_camera(framed, framing, settings.height, settings.width)
    shoot = chance(settings.seed, SHOOT, job.person, 0)
    background = random_background(shoot, settings.background, settings.height, settings.width)
    atlas = TextureAtlas(framed[0].mesh.materials)
    for pose in poses:
        yield take_view(settings, job.person, actor.posed(pose), atlas, camera, background)


def _write_frame(settings: Settings, clip: Path, name: str, view: View, previous: View, first: View) -> None:
    write_picture(clip / "frames" / f"{name}.{settings.format}", view.picture.image)
    if not settings.truth:
        return
    write_picture(clip / "masks" / f"{name}.png", np.repeat(view.picture.mask[..., np.newaxis], 3, axis=-1))
    arrays = view_truth(view)
    arrays |= flow_arrays(*flow_between(view, previous), "_previous")
    arrays |= flow_arrays(*flow_between(view, first), "_reference")
    write_arrays(clip / "truth" / f"{name}.npz", arrays)


def _write_keypoints(settings: Settings, folder: Path, people: Iterable[np.ndarray]) -> None:
    for frame, keypoints in enumerate(people):
        path = folder / f"{frame:06}_keypoints.json"
        write_openpose_json(path, [keypoints], (settings.height, settings.width))

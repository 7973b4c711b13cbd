"""What is evaluated on clips besides the baselines "copy" and "truth" of `systems`: models and folders of frames.

A model is a sequence generator, which draws every frame from the reference and the frame that it drew last, or a person
generator, which draws every frame from the reference alone. Poses are drawn from the clean keypoints or from those
that a detector saw.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tensorflow as tf

from gfla_tf.animation.renderers import make_renderer
from gfla_tf.models.model_files import WEIGHTS_FILE, load_model
from gfla_tf.pose.heatmaps import rescale_keypoints
from gfla_tf.weights import read_state
from training.data.images import resize_pictures
from training.evaluation.clips import Clip, EvaluationClips
from training.evaluation.generated import read_generated
from training.evaluation.hashes import arrays_sha256, files_sha256, json_sha256
from training.evaluation.systems import Rendered

__all__ = ["ClipModel", "GeneratedClips"]


class ClipModel:
    """A generator from a folder of `gfla_tf.save_model`.

    Args:
        name: what to call it.
        folder: the model's.
        resize: rule by which pictures come to the network's size and back.
        noisy: whether poses are drawn from the noisy keypoints.

    Raises:
        ValueError: the folder holds no model, or one of another kind.
    """

    def __init__(self, name: str, folder: str | os.PathLike[str], resize: str = "bicubic", noisy: bool = False) -> None:
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(f"{name}: a model's folder is expected. Received: {folder}.")
        model = load_model(folder.absolute())  # never a preset of that name, whose weights are random
        self.name, self._resize, self._noisy, self._preset = name, resize, noisy, model.preset
        self._renderer = make_renderer(model)
        self.identity = {
            "kind": "model",
            "preset": model.preset.name,
            "config": json_sha256(asdict(model.preset)),
            "weights": arrays_sha256(read_state(folder / WEIGHTS_FILE)),
            "keypoints": "noisy" if noisy else "clean",
        }

    def render(self, clip: Clip) -> Rendered:
        size, compared = (self._preset.height, self._preset.width), clip.target_image.shape[1:3]
        people = rescale_keypoints(clip.person(self._preset.skeleton, noisy=self._noisy), compared, size)
        reference = resize_pictures(tf.constant(clip.source_image[0]), *size, self._resize).numpy()
        state, frames = self._renderer.start(reference, people[0], None), []
        for person in people[1:]:
            frame, state = self._renderer.step(state, person)
            frames.append(resize_pictures(tf.constant(frame), *compared, self._resize).numpy())
        return Rendered(np.stack(frames))


class GeneratedClips:
    """A folder of frames that something else generated: CLIP/FRAME.png for each judged frame, called like the true one.

    Args:
        name: what to call it.
        folder: of the clips' folders.
        clips: the evaluation's.
        formats: extensions that files may have.

    Raises:
        ValueError: a frame is missing, or has several files; the message names it.
    """

    def __init__(
        self, name: str, folder: str | os.PathLike[str], clips: EvaluationClips, formats: tuple[str, ...]
    ) -> None:
        self.name = name
        self._files = [
            [_frame_file(Path(folder) / clips.videos[position].name, stem, formats) for stem in clips.stems(position)]
            for position in range(len(clips))
        ]
        named = {
            f"{clip:08}/{frame:08}": path for clip, files in enumerate(self._files) for frame, path in enumerate(files)
        }
        self.identity = {"kind": "generated", "files": len(named), "sha256": files_sha256(named)}

    def render(self, clip: Clip) -> Rendered:
        size = clip.target_image.shape[1:3]
        return Rendered(np.stack([read_generated(path, size) for path in self._files[clip.positions[0]]]))


def _frame_file(folder: Path, stem: str, formats: tuple[str, ...]) -> Path:
    found = [folder / f"{stem}{suffix}" for suffix in formats if (folder / f"{stem}{suffix}").is_file()]
    if len(found) != 1:
        raise ValueError(f"{folder}: one file {stem} ({', '.join(formats)}) is expected. Received: {len(found)}.")
    return found[0]

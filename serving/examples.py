"""Example requests for every endpoint, with what the library itself answers to them.

The answers don't come from the exported graphs but from `gfla_tf.PoseTransfer`, `gfla_tf.Animator` and the Keras model:
what a server gives is compared with what a user of the library gets. Two things are as in the graphs: the drawn
skeletons of a sequence model, whose edges differ from OpenCV's by design, and the way norms are computed, as random
weights make up to 0.004 (in person-fashion's pictures) out of what another way rounds otherwise.

Photos are smooth noise of several sizes, poses are random: nobody's picture gets into a file of warm-up requests.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from gfla_tf.animation.animator import Animator
from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.layers.primitives import norms_as_of_unknown_batches
from gfla_tf.people import Person
from gfla_tf.pipelines import PoseTransfer
from gfla_tf.stand_in import stand_in_input
from serving.exchange import Arrays
from serving.graphs.sequence import SequenceModel
from serving.graphs.served_model import ServedModel

__all__ = ["COUNT", "make_examples"]

COUNT = 3
CLIP_FRAMES = 2
EXTRA_FRAMES = 4  # that come out of a motion model
PHOTO_SIZES = ((96, 72), (120, 160), (80, 80))  # (height, width)


@norms_as_of_unknown_batches()
def make_examples(served: ServedModel) -> dict[str, tuple[Arrays, Arrays]]:
    """Inputs and outputs, of `COUNT` requests in a batch, by the endpoint's name."""
    makers = {"person": _person, "sequence": _sequence, "motion": _motion}
    return makers[served.facts.network](served)


def _person(served: ServedModel) -> dict[str, tuple[Arrays, Arrays]]:
    photos, random = _photos(), np.random.default_rng(0)
    joints = served.facts.joints
    sources = np.stack([_pose(random, joints, photo.shape[:2]) for photo in photos])
    targets = np.stack([_pose(random, joints, size) for size in PHOTO_SIZES])
    people = [Person(keypoints, photo) for keypoints, photo in zip(sources, photos, strict=True)]
    pairs = zip(people, map(Person, targets), strict=True)
    results = list(PoseTransfer(served.model).run(pairs))
    inputs = {"source_image_bytes": _files(photos), "source_keypoints": sources, "target_keypoints": targets}
    outputs = {"image_bytes": _files([result.image for result in results]), "frame": _frames(results)}
    return {"transfer": (inputs, outputs), "transfer_tensors": _tensors(served, results)}


def _tensors(served: ServedModel, results: list) -> tuple[Arrays, Arrays]:
    """The endpoint of framed photos: what the transfer's results show of themselves, flows and masks included."""
    inputs = {
        name: np.stack([getattr(result, name) for result in results])
        for name in ("source_image", "source_keypoints", "target_keypoints")
    }
    outputs = {"image": np.stack([result.image for result in results])}
    if served.facts.flow_level is not None:
        outputs["flow"] = np.stack([result.flows[-1] for result in results])
        outputs["mask"] = np.stack([result.masks[-1] for result in results])
    return inputs, outputs


def _sequence(served: SequenceModel) -> dict[str, tuple[Arrays, Arrays]]:
    photos, random = _photos(), np.random.default_rng(0)
    joints = served.facts.joints
    references = np.stack([_pose(random, joints, photo.shape[:2]) for photo in photos])
    clips = np.stack(
        [np.stack([_pose(random, joints, photo.shape[:2]) for _ in range(CLIP_FRAMES)]) for photo in photos]
    )
    stages = [
        Animator(Person(keypoints, photo), served.model, retarget="none").prepare(clip, image_size=photo.shape[:2])
        for photo, keypoints, clip in zip(photos, references, clips, strict=True)
    ]
    inputs = {
        "reference_image_bytes": _files(photos),
        "reference_keypoints": references,
        "target_keypoints": clips,
    }
    prepared = {
        "reference_image_bytes": _files([stage.source_image for stage in stages]),
        "reference_keypoints": np.stack([stage.source_keypoints for stage in stages]),
        "target_keypoints": np.stack([stage.targets for stage in stages]),
        "frame": _frames(stages),
    }
    clip = {"image_bytes": _render_clips(served, stages), "frame": prepared["frame"]}
    return {"clip": (inputs, clip), "prepare": (inputs, prepared), "step": _step(served, prepared, clip)}


def _render_clips(served: SequenceModel, stages: list) -> np.ndarray:
    """The frames of each stage as PNG files `[clips, frames]`."""
    images = np.stack([stage.source_image for stage in stages])
    reference = served.draw(tf.constant(np.stack([stage.source_keypoints for stage in stages])))
    targets = np.stack([stage.targets for stage in stages])
    poses = tf.stack([served.draw(tf.constant(targets[:, index])) for index in range(CLIP_FRAMES)], axis=1)
    frames = served.model.generate(images, reference, poses).numpy()
    return np.stack([_files(clip) for clip in frames])


def _step(served: SequenceModel, prepared: Arrays, clip: Arrays) -> tuple[Arrays, Arrays]:
    """The second frames of the clips, from files of the first ones."""
    targets = prepared["target_keypoints"]
    inputs = {
        "reference_image_bytes": prepared["reference_image_bytes"],
        "reference_keypoints": prepared["reference_keypoints"],
        "previous_image_bytes": clip["image_bytes"][:, 0],
        "previous_keypoints": targets[:, 0],
        "target_keypoints": targets[:, 1],
    }
    reference, previous = (_pictures(inputs[f"{name}_image_bytes"]) for name in ("reference", "previous"))
    poses = [served.draw(tf.constant(inputs[f"{name}_keypoints"])) for name in ("reference", "previous", "target")]
    images = served.model([reference, poses[0], previous, poses[1], poses[2]])["image"].numpy()
    return inputs, {"image_bytes": _files(images)}


def _motion(served: ServedModel) -> dict[str, tuple[Arrays, Arrays]]:
    shape = COUNT, served.facts.receptive_field + EXTRA_FRAMES, 2 * served.facts.joints
    noisy = np.random.default_rng(0).uniform(-1.0, 1.0, shape).astype(np.float32)
    return {"denoise": ({"noisy": noisy}, {"clean": np.asarray(served.model(noisy))})}


def _photos() -> list[np.ndarray]:
    """Pictures that 8 bits hold exactly, `[height, width, 3]` in [-1, 1]."""
    images = [stand_in_input(f"photo{index}", (*size, 3)) for index, size in enumerate(PHOTO_SIZES)]
    return [from_uint8(to_uint8(image)) for image in images]


def _pose(random: np.random.Generator, joints: int, size: tuple[int, int]) -> np.ndarray:
    """Joints all over a picture of that size, one of them missing, float32 `[joints, 3]`."""
    height, width = size
    keypoints = np.column_stack([random.uniform(0, width, joints), random.uniform(0, height, joints), np.ones(joints)])
    keypoints[random.integers(joints)] = 0
    return keypoints.astype(np.float32)


def _files(images: Iterable[np.ndarray]) -> np.ndarray:
    """PNG files of images in [-1, 1], an array of bytes."""
    return np.array([tf.io.encode_png(to_uint8(image)).numpy() for image in images], object)


def _pictures(files: np.ndarray) -> np.ndarray:
    return np.stack([from_uint8(tf.io.decode_png(file, channels=3).numpy()) for file in files])


def _frames(results: Iterable) -> np.ndarray:
    """Where results lie in their photos, int32 `[count, 4]`."""
    frames = [result.frame for result in results]
    return np.array([(frame.left, frame.top, frame.width, frame.height) for frame in frames], np.int32)

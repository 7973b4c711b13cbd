"""A served person model: the pictures of `gfla_tf.PoseTransfer`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.image_io import decode_image
from gfla_tf.people import Person
from gfla_tf.pipelines import PoseTransfer
from serving.signatures import signatures_of

SAMPLES = Path(__file__).parents[2] / "samples"
random = np.random.default_rng(0)


def pose(width: int, height: int) -> np.ndarray:
    points = random.uniform((0, 0), (width, height), (18, 2))
    return np.column_stack([points, np.ones(18)]).astype(np.float32)


def request(photo: bytes, source: np.ndarray, target: np.ndarray) -> dict[str, tf.Tensor]:
    return {
        "source_image_bytes": tf.constant([photo]),
        "source_keypoints": tf.constant(source[np.newaxis]),
        "target_keypoints": tf.constant(target[np.newaxis]),
    }


def test_graphs_have_the_signatures_that_are_told(served_person):
    served, functions = served_person
    for name, signature in signatures_of(served.facts).items():
        inputs = functions[name].structured_input_signature[0] or functions[name].structured_input_signature[1]
        specs = inputs.values() if isinstance(inputs, dict) else inputs
        found = {spec.name: (spec.dtype.name, tuple(spec.shape)) for spec in specs}
        assert found == {field.name: (field.dtype, field.batched_shape) for field in signature.inputs}
        outputs = functions[name].structured_outputs
        found = {key: (spec.dtype.name, tuple(spec.shape)) for key, spec in outputs.items()}
        assert found == {field.name: (field.dtype, field.batched_shape) for field in signature.outputs}


def test_a_photo_gives_the_picture_of_the_library(served_person):
    served, functions = served_person
    photo = (SAMPLES / "walker.jpg").read_bytes()
    image = decode_image(photo)
    source, target = pose(*image.shape[1::-1]), pose(900, 700)
    outputs = functions["transfer"](**request(photo, source, target))
    (result,) = PoseTransfer(served.model).run([(Person(source, image), Person(target))])
    frame = result.frame
    np.testing.assert_array_equal(outputs["frame"], [(frame.left, frame.top, frame.width, frame.height)])
    picture = decode_image(outputs["image_bytes"][0].numpy())
    np.testing.assert_allclose(picture, result.image, atol=1.01 / 127.5)


def test_files_are_read_and_written_on_the_cpu(served_person):
    graph = served_person[1]["transfer"].graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    devices = {node.op: node.device for node in nodes}
    for operation in ("DecodeJpeg", "DecodePng", "EncodePng", "ScaleAndTranslate"):
        assert devices[operation].endswith("CPU:0")
    assert not devices["Conv2D"]


@pytest.mark.parametrize("batches", [(0, 0, 0), (1, 2, 2), (2, 2, 1)])
def test_batches_that_do_not_go_together(served_person, batches):
    inputs = request((SAMPLES / "walker.jpg").read_bytes(), pose(300, 400), pose(9, 9))
    inputs = {
        name: tf.repeat(value, batch, axis=0) for (name, value), batch in zip(inputs.items(), batches, strict=True)
    }
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)same batch of one or more\. Received:.*"):
        served_person[1]["transfer"](**inputs)


@pytest.mark.parametrize(
    ("photo", "source", "target", "message"),
    [
        (b"", pose(300, 400), pose(9, 9), "source_image_bytes must hold a JPEG or PNG file"),
        (b"hello", pose(300, 400), pose(9, 9), "source_image_bytes must hold a JPEG or PNG file"),
        (None, pose(300, 400) * 0, pose(9, 9), "source_keypoints in the photo: at least two joints"),
        (None, pose(300, 400) + 5000, pose(9, 9), "source_keypoints in the photo: at least two joints"),
        (None, pose(300, 400), pose(9, 9) * 0, "target_keypoints: at least two joints"),
    ],
)
def test_wrong_input_is_told_from_an_inner_error(served_person, photo, source, target, message):
    photo = (SAMPLES / "walker.jpg").read_bytes() if photo is None else photo
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s){message}"):
        served_person[1]["transfer"](**request(photo, source, target))

"""The exported networks in an engine that shares no code with TensorFlow, against the Keras models.

OpenVINO reads no picture files. Of what is exported, `transfer_tensors` and `denoise` need none: their versions are
read as they were written, but for which signature is the default one, the only one that it looks at. It does not read
`transfer`, `clip` and `step`, which decode files in the graph, nor what draws a sequence's skeletons (it has no
Cumprod): the network of `step` is saved by itself.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from serving.examples import make_examples
from serving.export import serve_model
from serving.signatures import DEFAULT_SIGNATURE

openvino = pytest.importorskip("openvino", reason="pip install openvino compares with another engine")

PICTURES = 2e-3  # of the range of 2; flows, in pixels, likewise


def read_by_openvino(folder):
    """What runs a SavedModel's default signature, in float32."""
    return openvino.compile_model(openvino.convert_model(str(folder)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def with_default(version, endpoint: str, folder):
    """A copy of an exported version whose default signature, and only one, is that endpoint."""
    shutil.copytree(version, folder)
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    signatures = saved.meta_graphs[0].signature_def
    wanted = signatures[endpoint].SerializeToString()
    for name in list(signatures):
        del signatures[name]
    signatures[DEFAULT_SIGNATURE].ParseFromString(wanted)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    return folder


@pytest.mark.parametrize(
    ("network", "endpoint", "tolerance"),
    [("person", "transfer_tensors", PICTURES), ("motion", "denoise", 1e-4)],
)
def test_an_exported_version_answers_as_the_keras_model(exported, request, tmp_path, network, endpoint, tolerance):
    """The expected answers are the library's own; see `serving.examples`."""
    inputs, outputs = make_examples(serve_model(request.getfixturevalue(f"{network}_model")))[endpoint]
    model = read_by_openvino(with_default(exported / f"small-{network}" / "1", endpoint, tmp_path / "copy"))
    for batch in (slice(0, 1), slice(1, 3)):
        answer = model({name: array[batch] for name, array in inputs.items()})
        for name, expected in outputs.items():
            np.testing.assert_allclose(answer[name], expected[batch], atol=tolerance)


def test_the_network_of_step(sequence_model, tmp_path):
    served = serve_model(sequence_model)
    size = served.facts.height, served.facts.width
    image, pose = (tf.TensorSpec([None, *size, channels]) for channels in (3, served.model.pose_channels))
    names = {"reference": image, "reference_pose": pose, "previous": image, "previous_pose": pose, "target_pose": pose}

    @tf.function(autograph=False)
    def step(**inputs):
        return {"image": served.model([inputs[name] for name in names])["image"]}

    traced = step.get_concrete_function(**{name: tf.TensorSpec(spec.shape, name=name) for name, spec in names.items()})
    tf.saved_model.save(served, str(tmp_path), signatures={DEFAULT_SIGNATURE: traced})
    model, random = read_by_openvino(tmp_path), np.random.default_rng(0)
    for batch in (1, 2):
        inputs = {
            name: random.uniform(-1 if spec is image else 0, 1, (batch, *spec.shape[1:])).astype(np.float32)
            for name, spec in names.items()
        }
        expected = sequence_model([tf.constant(inputs[name]) for name in names])["image"]
        np.testing.assert_allclose(model(inputs)["image"], expected, atol=PICTURES)

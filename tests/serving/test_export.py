"""Exported models: what is in a folder, and that nothing is left of a wrong one."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import serving.export as export
from gfla_tf.image_io import decode_image
from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import Preset
from serving.__main__ import main
from serving.examples import make_examples
from serving.requests import WARMUP_FILE, read_records
from serving.server.loaded_model import LoadedModel
from serving.signatures import signatures_of

MODELS = {"small-person": "person", "small-sequence": "sequence", "small-motion": "motion"}


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_written(exported):
    """That these folders are there means that each endpoint gave the library's answers in a process without it."""
    assert sorted(path.name for path in exported.iterdir()) == sorted(MODELS)
    for name, network in MODELS.items():
        assert [path.name for path in (exported / name).iterdir()] == ["1"]
        folder = exported / name / "1"
        assert files_of(folder) == [
            "assets.extra/model.json",
            "assets.extra/tf_serving_warmup_requests",
            "fingerprint.pb",
            "saved_model.pb",
            "variables/variables.data-00000-of-00001",
            "variables/variables.index",
        ]
        facts = json.loads((folder / export.MODEL_FILE).read_text())
        assert facts["preset"]["network"] == network
        assert facts["precision"] == "float32"


def test_a_graph_asks_for_no_newer_server_than_it_must(exported):
    """What README says of servers that are older than the TensorFlow that exported."""
    for name in MODELS:
        data = (exported / name / "1" / "saved_model.pb").read_bytes()
        (graph,) = saved_model_pb2.SavedModel.FromString(data).meta_graphs
        assert graph.graph_def.versions.min_consumer <= 12
        assert graph.meta_info_def.stripped_default_attrs


def test_warmup_requests_are_those_of_every_endpoint(exported, served_person):
    records = list(read_records(exported / "small-person" / "1" / WARMUP_FILE))
    requests = [record.predict_log.request for record in records]
    assert [request.model_spec.signature_name for request in requests] == list(signatures_of(served_person[0].facts))
    assert {request.model_spec.name for request in requests} == {"small-person"}
    for record, request in zip(records, requests, strict=True):
        assert not record.predict_log.response.outputs
        assert {message.tensor_shape.dim[0].size for message in request.inputs.values()} == {1}


def test_nothing_is_left_of_a_model_that_does_something_else(motion_model, tmp_path, monkeypatch):
    make_examples = export.make_examples

    def wrong_examples(served):
        ((name, (inputs, outputs)),) = make_examples(served).items()
        return {name: (inputs, {"clean": outputs["clean"] + np.float32(0.01)})}

    monkeypatch.setattr(export, "make_examples", wrong_examples)
    message = (
        "nothing was written: serving_default, batch of 1, clean: differs by 0.01; 0.0001 is allowed; .*batch of 3"
    )
    with pytest.raises(export.ExportError, match=message):
        export.export_model(motion_model, tmp_path / "models", "motion")
    assert files_of(tmp_path) == []


def test_bfloat16_is_nearly_the_same(motion_model):
    noisy = np.random.default_rng(0).uniform(-1, 1, (1, 90, 34)).astype(np.float32)
    exact = motion_model(noisy).numpy()
    denoise = export.serve_model(motion_model, "bfloat16").functions()["denoise"]
    outputs = denoise(noisy=tf.constant(noisy))
    assert outputs["clean"].dtype.name == "float32"
    difference = np.abs(outputs["clean"].numpy() - exact)
    assert 0 < difference.max() < 0.5


# A convolution in bfloat16 rounds to 8 binary digits: by up to 2^-8 of its result. The tiny person generator has 39;
# where their roundings are independent, sqrt(39) * 2^-8 is left of the range of 1. A picture of another photo is ten
# times as far away.
BFLOAT16_PICTURES = 39**0.5 * 2**-8


def test_bfloat16_from_the_command_to_the_pictures(person_model, tmp_path):
    save_model(person_model, tmp_path / "model")
    assert main(f"export {tmp_path}/model --output {tmp_path}/models --name brief --precision bfloat16".split()) == 0
    folder = tmp_path / "models" / "brief" / "1"
    assert json.loads((folder / export.MODEL_FILE).read_text())["precision"] == "bfloat16"
    written = LoadedModel(folder)
    for endpoint, (inputs, outputs) in make_examples(export.serve_model(person_model)).items():
        pictures = [_pictures(answer) for answer in (written.run(endpoint, inputs), outputs)]
        assert pictures[0].dtype == np.float32
        difference = np.abs(pictures[0] - pictures[1]).mean(axis=(1, 2, 3))
        assert np.all(difference > 0)  # else it would be float32
        assert np.all(difference < BFLOAT16_PICTURES)
        others = np.abs(pictures[0] - np.roll(pictures[1], 1, axis=0)).mean(axis=(1, 2, 3))
        assert np.all(others > 5 * BFLOAT16_PICTURES)


def _pictures(outputs: dict) -> np.ndarray:
    if "image" in outputs:
        return outputs["image"]
    return np.stack([decode_image(file) for file in outputs["image_bytes"]])


def test_a_motion_model_says_how_many_frames_it_needs(motion_model):
    denoise = export.serve_model(motion_model).functions()["denoise"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?s)noisy must have 81 frames or more.*Received:.*80"):
        denoise(noisy=tf.zeros([1, 80, 34]))


def test_the_given_model_is_left_alone(person_model, served_person):
    assert served_person[0].model is not person_model
    assert served_person[0].model.implementation == "fused"
    for ours, given in zip(served_person[0].model.get_weights(), person_model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, given)


@pytest.mark.parametrize(
    ("model", "precision", "message"),
    [
        (
            keras.Sequential([]),
            "float32",
            "person, sequence, motion preset is expected. Received: one of kind Sequential",
        ),
        (None, "float16", "precision must be one of float32, bfloat16. Received: 'float16'"),
    ],
)
def test_wrong_arguments(model, precision, message):
    with pytest.raises(ValueError, match=message):
        export.serve_model(model, precision)


def test_other_networks_are_refused():
    model = build_model(Preset("judge", "image-discriminator", config={"filters": (4, 8)}))
    with pytest.raises(ValueError, match="Received: one of kind image-discriminator"):
        export.serve_model(model)

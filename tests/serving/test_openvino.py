"""The exported network in an engine that shares no code with TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from serving.signatures import DEFAULT_SIGNATURE

openvino = pytest.importorskip("openvino", reason="pip install openvino compares with another engine")


def test_openvino_gives_the_same_pictures(served_person, tmp_path):
    """It reads no photos: the endpoint of tensors is exported alone."""
    served, functions = served_person
    tf.saved_model.save(served, str(tmp_path), signatures={DEFAULT_SIGNATURE: functions["transfer_tensors"]})
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.compile_model(openvino.convert_model(str(tmp_path)), "CPU", exact)
    random = np.random.default_rng(0)
    for batch in (1, 2):
        inputs = {
            "source_image": random.uniform(-1, 1, (batch, 64, 48, 3)).astype(np.float32),
            "source_keypoints": random.uniform(1, 48, (batch, 18, 3)).astype(np.float32),
            "target_keypoints": random.uniform(1, 48, (batch, 18, 3)).astype(np.float32),
        }
        expected = functions["transfer_tensors"](**{name: tf.constant(value) for name, value in inputs.items()})
        outputs = model(inputs)
        for name, value in expected.items():
            np.testing.assert_allclose(outputs[name], value, atol=2e-3)

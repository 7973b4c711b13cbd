"""What a model's JSON must say, and that running it takes no TensorFlow."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import numpy as np
import pytest

import gfla_tf.lite
from gfla_tf.lite.model import LiteModel

FACTS = {
    "network": "person",
    "skeleton": "openpose-18",
    "height": 4,
    "width": 6,
    "frame_aspect": 1.5,
    "pixels": "uint8",
    "files": {},
}


def described(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps({**FACTS, **changes}), encoding="utf-8")
    return path


def test_a_description_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="missing.json: the JSON of an exported model is .* Received: no such file"):
        LiteModel(tmp_path / "missing.json")
    (tmp_path / "other.json").write_text('{"network": "person"}', encoding="utf-8")
    with pytest.raises(ValueError, match="must have the fields .* Received: none of .*'skeleton'"):
        LiteModel(tmp_path / "other.json")


def test_convention_bytes_are_0_to_255_for_minus_1_to_1(tmp_path):
    model = LiteModel(described(tmp_path))
    image = np.full((4, 6, 3), -1, np.float32)
    image[1, 2] = (1, 0.2, 0)
    pixels = model.to_pixels(image)
    assert (pixels.dtype, pixels.shape, pixels[0, 1, 2].tolist()) == (np.uint8, (1, 4, 6, 3), [255, 153, 128])
    np.testing.assert_allclose(model.from_pixels(pixels)[1, 2], (1, 0.2, 1 / 255), atol=1e-6)


def test_floats_pass_as_they_are(tmp_path):
    model = LiteModel(described(tmp_path, pixels="float32"))
    image = np.linspace(-1, 1, 72, dtype=np.float32).reshape(4, 6, 3)
    np.testing.assert_array_equal(model.from_pixels(model.to_pixels(image)), image)


def test_what_is_no_number_is_a_missing_joint():
    keypoints = np.array([[1, 2, 0.5], [np.nan, 3, 1], [4, 5, 0], [np.inf, 1, 1], [7, 8, 1]])
    expected = [[1, 2, 0.5], [0, 0, 0], [0, 0, 0], [0, 0, 0], [7, 8, 1]]
    np.testing.assert_array_equal(LiteModel.keypoints(keypoints), np.array([expected], np.float32))


def test_other_kinds_of_models_are_refused(tmp_path):
    with pytest.raises(ValueError, match="A person model is expected. Received: one of kind motion."):
        gfla_tf.lite.LitePoseTransfer(described(tmp_path, network="motion"))
    with pytest.raises(ValueError, match="A person or sequence model is expected. Received: one of kind motion."):
        gfla_tf.lite.LiteAnimator(described(tmp_path, network="motion"), np.zeros((4, 6, 3), np.float32))
    with pytest.raises(ValueError, match="A motion model is expected. Received: one of kind person."):
        gfla_tf.lite.LiteMotionCleaner(described(tmp_path))


def test_public_names_resolve():
    assert all(getattr(gfla_tf.lite, name) is not None for name in gfla_tf.lite.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'LiteTransfer'"):
        gfla_tf.lite.LiteTransfer  # noqa: B018


def test_nothing_but_numpy_is_imported():
    code = "import sys; from gfla_tf.lite import *; print([name for name in ({}) if name in sys.modules])"
    heavy = "'tensorflow', 'keras', 'scipy', 'safetensors', 'cv2', 'ai_edge_litert'"
    result = subprocess.run([sys.executable, "-c", code.format(heavy)], capture_output=True, text=True, check=True)
    assert ast.literal_eval(result.stdout) == []

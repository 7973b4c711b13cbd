"""Weights rounded to 8 bits: which, and to what."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.lite import LiteFunction
from serving.signatures import TensorField
from serving.tflite.blocks import PRECISE, convolve
from serving.tflite.convert import convert
from serving.tflite.graphs import LiteGraph
from serving.tflite.operations import read_operations
from serving.tflite.timing import profile
from serving.tflite.verification import find_interpreters
from serving.tflite.weights import quantize

random = np.random.default_rng(0)
KERNEL = random.normal(0, 0.1, (3, 3, 8, 20)).astype(np.float32)
BIAS = random.normal(size=20).astype(np.float32)
SMALL = random.normal(size=(1, 1, 20, 3)).astype(np.float32)


def network(image):
    hidden = tf.nn.relu(convolve(image, KERNEL, BIAS))
    with tf.name_scope(PRECISE):
        exact = tf.nn.relu(convolve(image, KERNEL[::-1].copy(), BIAS[::-1].copy()))
    return {"rounded": hidden, "exact": exact, "small": convolve(hidden, SMALL)}


@pytest.fixture(scope="module")
def file():
    graph = LiteGraph("small", "for tests", network, (TensorField("image", "float32", (6, 9, 8), "anything"),), ())
    return convert(graph, "dynamic")


def test_convention_each_output_channel_has_its_own_scale():
    weights = np.zeros((3, 1, 1, 2), np.float32)  # [out, height, width, in]
    weights[0, 0, 0] = (1.27, -0.5)
    weights[1, 0, 0] = (-254, 1)
    rounded, scales = quantize(weights)
    assert rounded.reshape(3, 2).tolist() == [[127, -50], [-127, 0], [0, 0]]
    np.testing.assert_allclose(scales, [0.01, 2, 1 / 127], rtol=1e-6)


def test_large_convolutions_are_rounded_but_not_precise_or_small_ones(file):
    weights = [entry.inputs[1] for entry in read_operations(file) if entry.name == "CONV_2D"]
    assert sorted((entry.dtype, entry.shape[0]) for entry in weights) == [("FLOAT32", 3), ("FLOAT32", 20), ("INT8", 20)]


def test_results_are_those_of_rounded_weights_and_inputs(file):
    image = random.uniform(-1, 1, (1, 6, 9, 8)).astype(np.float32)
    found = LiteFunction(file)(image=image)
    expected = {name: array.numpy() for name, array in network(tf.constant(image)).items()}
    np.testing.assert_allclose(found["exact"], expected["exact"], atol=1e-2)  # float16
    off = np.abs(found["rounded"] - expected["rounded"])
    # 72 products of weights up to 0.4 and inputs in steps of 2 / 255: 0.004 or so on average, never nothing.
    assert 1e-4 < off.mean() < 0.02
    assert off.max() < 0.1


def test_decoding_of_weights_is_not_timed_with_what_runs_each_time(file):
    names = [entry.name for entry in read_operations(file)]
    for interpreter_class in find_interpreters().values():
        entries = profile(file, interpreter_class, threads=1)
        assert sum(entry.count for entry in entries) == len(names) - names.count("DEQUANTIZE") < len(names)

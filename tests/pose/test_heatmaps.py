from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.pose.heatmaps import pose_maps, pose_maps_tensor, rescale_keypoints


def maps_with_tensorflow(keypoints, *arguments, **options):
    return pose_maps_tensor(tf.constant(keypoints, tf.float32), *arguments, **options).numpy()


both = pytest.mark.parametrize("draw", [pose_maps, maps_with_tensorflow], ids=["numpy", "tensorflow"])


def slow_pose_maps(keypoints, height, width, sigma):
    """The definition, pixel by pixel, of one person."""
    maps = np.zeros((height, width, len(keypoints)))
    for j, (x_joint, y_joint, confidence) in enumerate(keypoints):
        for y in range(height):
            for x in range(width):
                squared = (x - math.floor(x_joint)) ** 2 + (y - math.floor(y_joint)) ** 2
                maps[y, x, j] = math.exp(-squared / (2 * sigma**2)) if confidence > 0 else 0
    return maps


@both
def test_convention_pose_maps(draw):
    """5 high, 9 wide; the joint at x = 7.9, y = 2 is drawn around column 7 of row 2, whatever its confidence."""
    maps = draw(np.array([[7.9, 2.0, 0.3]], np.float32), 5, 9, sigma=2.0)
    assert maps.shape == (5, 9, 1)
    assert maps.dtype == np.float32
    assert np.unravel_index(maps.argmax(), maps.shape) == (2, 7, 0)
    assert maps[2, 7, 0] == 1
    assert maps[2, 8, 0] == pytest.approx(math.exp(-1 / 8))
    assert maps[4, 4, 0] == pytest.approx(math.exp(-(9 + 4) / 8))


@both
def test_default_sigma_is_six_pixels_at_any_size(draw):
    keypoints = np.array([[10.0, 3.0, 1.0]], np.float32)
    for height, width in ((8, 20), (40, 25)):
        assert draw(keypoints, height, width)[3, 16, 0] == pytest.approx(math.exp(-0.5))


@both
def test_pose_maps_follow_the_definition(draw):
    keypoints = np.random.default_rng(0).uniform(-4, 16, (6, 3)).astype(np.float32)
    keypoints[:, 2] = [1, 0, 0.2, 1, -1, 0.9]
    np.testing.assert_allclose(draw(keypoints, 7, 11, sigma=3), slow_pose_maps(keypoints, 7, 11, 3), atol=1e-6)


@both
def test_joints_outside_send_their_tail_inside(draw):
    maps = draw(np.array([[-0.5, 2.0, 1.0], [1e30, 0, 1]], np.float32), 4, 6, sigma=1.5)
    assert maps[2, 0, 0] == pytest.approx(math.exp(-1 / 4.5))
    assert not maps[..., 1].any()


@both
def test_missing_joints_are_empty(draw):
    keypoints = np.array([[2, 2, 0], [np.nan, np.nan, 0], [np.nan, 2, 1], [2, np.nan, 1], [2, 2, np.nan]], np.float32)
    np.testing.assert_array_equal(draw(keypoints, 4, 6), np.zeros((4, 6, 5)))


@both
@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
def test_leading_dimensions(draw, leading):
    keypoints = np.random.default_rng(1).uniform(0, 8, leading + (4, 3)).astype(np.float32)
    maps = draw(keypoints, 6, 10)
    assert maps.shape == leading + (6, 10, 4)
    np.testing.assert_array_equal(maps[(0,) * len(leading)], draw(keypoints[(0,) * len(leading)], 6, 10))


def test_numpy_and_tensorflow_agree():
    keypoints = np.random.default_rng(2).uniform(-30, 280, (3, 18, 3)).astype(np.float32)
    keypoints[..., 2] = np.random.default_rng(3).random((3, 18)) > 0.3
    expected = pose_maps(keypoints, 256, 176)
    np.testing.assert_allclose(maps_with_tensorflow(keypoints, 256, 176), expected, rtol=0, atol=1e-6)


def test_unknown_batch_size():
    traced = tf.function(lambda keypoints: pose_maps_tensor(keypoints, 8, 5))
    concrete = traced.get_concrete_function(tf.TensorSpec([None, 18, 3], tf.float32))
    assert concrete.structured_outputs.shape.as_list() == [None, 8, 5, 18]
    for batch in (1, 3):
        keypoints = np.random.default_rng(batch).uniform(0, 8, (batch, 18, 3)).astype(np.float32)
        np.testing.assert_allclose(concrete(tf.constant(keypoints)), pose_maps(keypoints, 8, 5), atol=1e-6)


def test_half_precision_keypoints_give_float32_maps():
    maps = pose_maps_tensor(tf.constant([[[2, 3, 1]]], tf.float16), 4, 6)
    assert maps.dtype == tf.float32
    assert maps[0, 3, 2, 0] == 1


@pytest.mark.filterwarnings("ignore")  # of the TFLite converter and interpreter, about themselves
def test_tflite_has_every_op_built_in():
    traced = tf.function(lambda keypoints: pose_maps_tensor(keypoints, 8, 5))
    concrete = traced.get_concrete_function(tf.TensorSpec([2, 18, 3], tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], traced)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    keypoints = np.random.default_rng(4).uniform(-2, 9, (2, 18, 3)).astype(np.float32)
    keypoints[0, 3] = (np.nan, np.nan, 0)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], keypoints)
    interpreter.invoke()
    maps = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(maps, pose_maps(keypoints, 8, 5), atol=1e-5)


@both
@pytest.mark.parametrize("shape", [(3,), (18, 2), (18,)])
def test_keypoints_of_another_shape(draw, shape):
    with pytest.raises(ValueError, match=r"shape \[\.\.\., joints, 3\]\. Received"):
        draw(np.zeros(shape, np.float32), 4, 4)


@both
def test_sizes_and_sigma_must_be_positive(draw):
    keypoints = np.zeros((18, 3), np.float32)
    with pytest.raises(ValueError, match=r"height and width must be at least 1 pixel. Received: 0 and 4"):
        draw(keypoints, 0, 4)
    with pytest.raises(ValueError, match=r"sigma must be above 0 pixels. Received: 0"):
        draw(keypoints, 4, 4, sigma=0)


def test_convention_rescale_keypoints():
    """From 256 high and 176 wide to a square: x grows, y stays, (0, 0) stays, no shift by half a pixel."""
    keypoints = np.array([[0, 0, 1], [88, 100, 0.5], [175, 255, 0]], np.float32)
    rescaled = rescale_keypoints(keypoints, (256, 176), (256, 256))
    np.testing.assert_allclose(rescaled, [[0, 0, 1], [128, 100, 0.5], [254.54545, 255, 0]])
    np.testing.assert_allclose(rescale_keypoints(keypoints, (256, 176), (128, 44))[1], [22, 50, 0.5])
    assert rescaled.dtype == np.float32
    assert keypoints[1, 0] == 88


def test_rescale_keypoints_refuses_what_is_no_size():
    with pytest.raises(ValueError, match=r"sizes must be \(height, width\).*Received: \(0, 4\)"):
        rescale_keypoints(np.zeros((18, 3)), (0, 4), (4, 4))
    with pytest.raises(ValueError, match=r"sizes must be \(height, width\).*Received: \(4, 4, 3\)"):
        rescale_keypoints(np.zeros((18, 3)), (4, 4), (4, 4, 3))
    with pytest.raises(ValueError, match=r"shape \[\.\.\., joints, 3\]"):
        rescale_keypoints(np.zeros((18, 2)), (4, 4), (4, 4))

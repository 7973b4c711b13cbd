"""The stage that trains the motion extractor."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.models import MotionExtractor
from training.stages.motion_stage import MotionStage, joint_error

FRAMES, MARGIN = 8, 13


def make_extractor(**config):
    return MotionExtractor(filters=8, blocks=2, hidden=4, **config)  # receptive field 27


def make_dataset(batches, size=4):
    """Joints that swing, and the same with noise."""
    random = np.random.default_rng(0)
    time = np.arange(FRAMES + 2 * MARGIN)[:, np.newaxis] / 10
    clean = np.sin(time + random.uniform(0, 6, (batches * size, 1, 34))).astype(np.float32) / 2
    noisy = clean + random.normal(0, 0.2, clean.shape).astype(np.float32)
    elements = {"index": np.arange(len(clean)), "noisy": noisy, "clean": clean[:, MARGIN:-MARGIN]}
    return tf.data.Dataset.from_tensor_slices(elements).batch(size)


def compiled(extractor, rate=1e-2, **options):
    stage = MotionStage(extractor)
    stage.compile(optimizer=keras.optimizers.Adam(rate), **options)
    return stage


def test_convention_distance_of_y_and_x_together():
    joints, clean = np.zeros((2, 1, 3, 34), np.float32)
    joints[0, 0, 2], joints[0, 0, 17 + 2] = 3, 4  # one of 3 * 17 joints is 5 away
    assert joint_error(tf.constant(joints), tf.constant(clean)).numpy() == pytest.approx(5 / 51, rel=1e-4)


def test_the_error_has_a_gradient_at_its_minimum():
    joints = tf.zeros([1, 2, 34])
    with tf.GradientTape() as tape:
        tape.watch(joints)
        error = joint_error(joints, joints * 0)
    assert np.isfinite(tape.gradient(error, joints)).all()


def test_it_learns_and_says_what_is_to_be_beaten():
    keras.utils.set_random_seed(0)
    stage = compiled(make_extractor(dropout=0.0))
    history = stage.fit(make_dataset(10), epochs=6, verbose=0, shuffle=False).history
    assert set(history) == {"mpjpe", "noisy_mpjpe", "loss", "skipped"}
    assert history["loss"] == history["mpjpe"]
    assert history["mpjpe"][-1] < 0.7 * history["mpjpe"][0]
    assert history["skipped"] == [0] * 6
    # Two coordinates with a deviation of 0.2 each: Rayleigh's mean.
    np.testing.assert_allclose(history["noisy_mpjpe"], 0.2 * np.sqrt(np.pi / 2), rtol=0.02)


def test_dropout_is_for_training_only():
    keras.utils.set_random_seed(0)
    stage = compiled(make_extractor(dropout=0.5), rate=0.0)
    trained = [stage.fit(make_dataset(1), verbose=0, shuffle=False).history["mpjpe"][0] for _ in range(2)]
    tested = [stage.evaluate(make_dataset(1), verbose=0, return_dict=True) for _ in range(2)]
    assert trained[0] != trained[1]
    assert tested[0] == tested[1]
    assert set(tested[0]) == {"mpjpe", "noisy_mpjpe", "loss", "skipped"}


def test_what_a_checkpoint_is_made_of():
    extractor = make_extractor()
    stage = compiled(extractor)
    assert stage.networks() == {"generator": extractor}
    assert stage.optimizers_by_name() == {"generator": stage.optimizer}
    assert stage.extra_variables() == {}


def test_another_network():
    with pytest.raises(ValueError, match="A motion extractor is expected. Received: Dense"):
        MotionStage(keras.layers.Dense(1))

"""The stage that trains the motion extractor."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.models import MotionExtractor
from training.stages.motion_stage import MotionStage, MotionWeights, acceleration_error, joint_error

FRAMES, MARGIN = 8, 13
LOGS = {"mpjpe", "acceleration", "noisy_mpjpe", "noisy_acceleration", "loss", "skipped"}


def make_extractor(**config):
    return MotionExtractor(filters=8, blocks=2, hidden=4, **config)  # receptive field 27


def make_dataset(batches, size=4, margin=MARGIN):
    """Joints that swing, and the same with noise."""
    random = np.random.default_rng(0)
    time = np.arange(FRAMES + 2 * margin)[:, np.newaxis] / 10
    clean = np.sin(time + random.uniform(0, 6, (batches * size, 1, 34))).astype(np.float32) / 2
    noisy = clean + random.normal(0, 0.2, clean.shape).astype(np.float32)
    elements = {"index": np.arange(len(clean)), "noisy": noisy, "clean": clean[:, margin:-margin]}
    return tf.data.Dataset.from_tensor_slices(elements).batch(size)


def compiled(extractor, rate=1e-2, **options):
    stage = MotionStage(extractor, **options)
    stage.compile(optimizer=keras.optimizers.Adam(rate))
    return stage


def test_convention_distance_of_y_and_x_together():
    joints, clean = np.zeros((2, 1, 3, 34), np.float32)
    joints[0, 0, 2], joints[0, 0, 17 + 2] = 3, 4  # one of 3 * 17 joints is 5 away
    assert joint_error(tf.constant(joints), tf.constant(clean)).numpy() == pytest.approx(5 / 51, rel=1e-4)


def test_convention_second_difference_of_the_error():
    joints, clean = np.zeros((2, 1, 4, 34), np.float32)
    clean[0, :, 1] = np.arange(4) ** 2
    # One of 17 joints is off by 3 and 4 in its second frame: the differences are (-2, 1) times 5.
    joints[0] = clean[0] + [7.0, *[0.0] * 33]  # what stays the same does not count
    joints[0, 1, 1] += 3
    joints[0, 1, 18] += 4
    error = acceleration_error(tf.constant(joints), tf.constant(clean)).numpy()
    assert error == pytest.approx((2 * 5 + 5) / (2 * 17), rel=1e-4)


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
    assert set(history) == LOGS
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
    assert set(tested[0]) == LOGS


def test_what_is_dropped_follows_from_seed_and_step():
    keras.utils.set_random_seed(0)
    extractor = make_extractor(dropout=0.5)

    def losses(seed, steps=2):
        stage = compiled(extractor, rate=0.0, seed=seed)
        return [stage.fit(make_dataset(1), verbose=0, shuffle=False).history["loss"][0] for _ in range(steps)]

    keras.utils.set_random_seed(1)
    one = losses(seed=3)
    keras.utils.set_random_seed(2)
    assert one == losses(seed=3)
    assert one[0] != one[1]
    assert one[0] != losses(seed=4, steps=1)[0]


def test_terms_are_weighted():
    keras.utils.set_random_seed(0)
    stage = compiled(make_extractor(), weights=MotionWeights(mpjpe=2.0, acceleration=3.0))
    logs = stage.evaluate(make_dataset(1), verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(2 * logs["mpjpe"] + 3 * logs["acceleration"], rel=1e-5)
    with pytest.raises(ValueError, match="Loss weights must be 0 or more, and finite. Received: acceleration"):
        MotionWeights(acceleration=-1.0)


def test_a_shorter_receptive_field_sees_the_middle():
    keras.utils.set_random_seed(0)
    stage = compiled(make_extractor())
    (batch,), (same,) = make_dataset(1), make_dataset(1, margin=MARGIN + 5)
    for name, frames in (("noisy", slice(5, -5)), ("clean", slice(None))):
        batch[name] = same[name][:, frames]
    np.testing.assert_array_equal(stage(same), stage(batch))


def test_what_a_checkpoint_is_made_of():
    extractor = make_extractor()
    stage = compiled(extractor)
    assert stage.networks() == {"generator": extractor}
    assert stage.optimizers_by_name() == {"generator": stage.optimizer}
    assert stage.extra_variables() == {}


def test_another_network():
    with pytest.raises(ValueError, match="A motion extractor is expected. Received: Dense"):
        MotionStage(keras.layers.Dense(1))

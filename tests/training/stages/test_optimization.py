"""Steps are left out where a gradient is not finite, clipped, scaled, and held."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_stages import HEIGHT, WIDTH, make_adam, make_dataset, make_generator, values_of

from training.stages import FlowStage, ImageStage, LossWeights
from training.stages.loss_scale import LossScale
from training.stages.optimization import SafeUpdate, update_average

EXACT_FLOW = LossWeights(endpoint=1.0)


def test_a_step_with_a_gradient_that_is_not_finite_is_skipped_and_counted(generator):
    stage = FlowStage(generator, EXACT_FLOW)
    stage.compile(optimizer=make_adam(1e-2), run_eagerly=True)
    stage.fit(make_dataset(1), verbose=0, shuffle=False)
    before, iterations = values_of(generator), int(stage.optimizer.iterations)
    poisoned = np.full((1, HEIGHT // 4, WIDTH // 4, 2), np.nan, np.float32)
    history = stage.fit(make_dataset(2, flow_level2=poisoned), verbose=0, shuffle=False).history
    assert history["skipped"] == [1]
    assert int(stage.optimizer.iterations) == iterations
    for weight, old in zip(values_of(generator), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_gradients_are_clipped():
    lengths = []
    for clip_norm in (None, 1e-3):
        generator = make_generator()
        before = values_of(generator)
        stage = FlowStage(generator, LossWeights(endpoint=1e4), clip_norm=clip_norm)
        stage.compile(optimizer=keras.optimizers.SGD(1.0), run_eagerly=True)
        stage.fit(make_dataset(1), verbose=0, shuffle=False)
        moves = [weight - old for weight, old in zip(values_of(generator), before, strict=True)]
        lengths.append(np.sqrt(sum(np.sum(move**2) for move in moves)))
    assert lengths[0] > 1
    assert lengths[1] == pytest.approx(1e-3, rel=1e-2)


def test_frozen_flow_does_not_move_at_first_and_then_does(generator):
    stage = ImageStage(generator, weights=LossWeights(l1=1.0, endpoint=1.0), frozen_flow_steps=2)
    stage.compile(optimizer=keras.optimizers.Adam(1e-3, beta_1=0.9), run_eagerly=True)

    def moved():
        """Do any, and do all, of the weights of the flow estimator and of the renderer move in a step?"""
        parts = generator.flow_estimator, generator.texture_renderer
        before = [values_of(part) for part in parts]
        stage.fit(make_dataset(1), verbose=0, shuffle=False)
        return [
            any(not np.array_equal(weight, old) for weight, old in zip(values_of(part), old_values, strict=True))
            for part, old_values in zip(parts, before, strict=True)
        ]

    assert [moved() for _ in range(3)] == [[False, True], [False, True], [True, True]]


def test_what_was_held_moves_by_ordinary_steps_when_it_is_let_go():
    """Adam's mean of squares would have been 0 if it had seen no gradients, and the first step many times as long."""
    variable = tf.Variable([1.0])
    optimizer = make_adam(0.1)
    optimizer.build([variable])
    update = SafeUpdate(optimizer, [variable], held=[variable], held_steps=50)
    for _ in range(50):
        update.apply([tf.constant([3.0])])
        assert variable.numpy() == [1.0]
    update.apply([tf.constant([3.0])])
    np.testing.assert_allclose(variable, [0.9], rtol=1e-4)


def test_gradients_of_nothing():
    update = SafeUpdate(make_adam(), [tf.Variable(1.0)])
    with pytest.raises(ValueError, match="must have a part in the loss. Received: gradients of none"):
        update.apply([None])


def test_loss_scale_halves_at_once_and_doubles_after_a_row_of_good_steps():
    loss_scale = LossScale(first_scale=8.0, growth_steps=3)
    values = []
    for finite in (True, True, False, True, True, True, True, False):
        loss_scale.update(tf.constant(finite))
        values.append((float(loss_scale.scale), int(loss_scale.good_steps)))
    assert values == [(8, 1), (8, 2), (4, 0), (4, 1), (4, 2), (8, 0), (8, 1), (4, 0)]


def test_loss_scale_stays_above_1():
    loss_scale = LossScale(first_scale=2.0)
    for _ in range(3):
        loss_scale.update(tf.constant(False))
    assert float(loss_scale.scale) == 1
    with pytest.raises(ValueError, match="Received: 0.5 and 2000"):
        LossScale(first_scale=0.5)


def test_a_scaled_step_is_that_of_the_loss_itself():
    variable = tf.Variable([2.0])
    loss_scale = LossScale(first_scale=1024.0)
    update = SafeUpdate(keras.optimizers.SGD(0.25), [variable], loss_scale=loss_scale)
    with tf.GradientTape() as tape:
        objective = update.objective(variable[0] ** 2)
    assert float(objective) == 4096
    assert float(update.apply(tape.gradient(objective, [variable]))) == 0
    np.testing.assert_allclose(variable, [1.0])  # 2 - 0.25 * 4
    assert float(update.apply([tf.constant([np.inf])])) == 1
    assert (variable.numpy(), float(loss_scale.scale)) == ([1.0], 512)


def test_average():
    averages, variables = [tf.Variable([1.0, 2.0])], [tf.Variable([3.0, 2.0])]
    update_average(averages, variables, 0.75)
    np.testing.assert_allclose(averages[0], [1.5, 2.0])

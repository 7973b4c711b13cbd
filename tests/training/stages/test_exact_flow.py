"""Pictures that are textured by the exact flow while the estimated one is learned."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_stages import make_adam, make_batch, values_of

from training.stages import ImageStage, LossWeights
from training.stages.exact_flow import ExactFlowShare, choose_pictures, put_exact_flows
from training.stages.optimization import SafeUpdate


def test_each_pair_is_chosen_in_its_share_of_the_steps():
    index = tf.range(300, dtype=tf.int64)
    chosen = np.stack([choose_pictures(index, tf.constant(step), 0.3) for step in range(200)])
    np.testing.assert_allclose(chosen.mean(axis=0), 0.3, atol=0.02)
    np.testing.assert_allclose(chosen.mean(axis=1), 0.3, atol=0.02)
    together = np.mean(chosen[:, 0] & chosen[:, 1])
    assert together < 0.25  # not one batch wholly, the next not at all


def test_shares_of_none_and_all():
    index = tf.range(9, dtype=tf.int64)
    assert not np.any(choose_pictures(index, 5, 0.0))
    assert np.all(choose_pictures(index, 5, 1.0))


def test_workers_choose_for_their_part_what_one_would():
    index = tf.constant([70, 3, 12345, 8], tf.int64)
    whole = choose_pictures(index, 17, 0.5)
    parts = [choose_pictures(part, 17, 0.5) for part in tf.split(index, 2)]
    np.testing.assert_array_equal(tf.concat(parts, 0), whole)


def test_convention_what_most_of_a_place_shows_counts():
    """From left to right: seen, hidden, background in both, mostly something new, half seen and less hidden."""

    def row(*values):
        return tf.constant(values, tf.float32)[tf.newaxis, tf.newaxis, :, tf.newaxis]

    batch = {
        "visible_level2": row(1.0, 0.0, 0.0, 0.2, 0.5),
        "hidden_level2": row(0.0, 0.9, 0.0, 0.2, 0.3),
        "background_level2": row(0.0, 0.0, 1.0, 0.0, 0.2),
        "flow_level2": tf.fill([1, 1, 5, 2], 2.0),
        "hidden_flow_level2": tf.fill([1, 1, 5, 2], 3.0),
    }
    (mixed,) = put_exact_flows([tf.fill([1, 1, 5, 2], 7.0)], batch, (2,), tf.constant([True]))
    np.testing.assert_array_equal(mixed[0, 0], [[2, 2], [3, 3], [0, 0], [7, 7], [2, 2]])


def test_only_chosen_pictures_change():
    flow = tf.random.stateless_normal([2, 16, 8, 2], seed=[1, 2])
    (mixed,) = put_exact_flows([flow], make_batch(2), (2,), tf.constant([False, True]))
    np.testing.assert_array_equal(mixed[0], flow[0])
    np.testing.assert_array_equal(mixed[1, 4:12], np.ones([8, 8, 2]))


def numbered(size: int = 1) -> dict[str, tf.Tensor]:
    return {**make_batch(size), "index": tf.range(size, dtype=tf.int64)}


def test_pictures_by_the_exact_flow_do_not_depend_on_the_estimated_one(generator):
    stage = ImageStage(generator, weights=LossWeights(l1=1.0, endpoint=1.0), exact_flow_share=ExactFlowShare(1.0, 1.0))
    stage.compile(optimizer=make_adam())
    before = stage.training_outputs(numbered())
    estimated = stage(numbered())
    assert np.abs(before["image"] - estimated["image"]).max() > 0
    generator.flow_estimator.flow_heads[0].bias.assign([3.0, -2.0])
    after = stage.training_outputs(numbered())
    np.testing.assert_array_equal(after["image"], before["image"])
    # The terms judge the estimated flows all the same.
    np.testing.assert_allclose(after["flows"][0] - before["flows"][0], np.broadcast_to([3, -2], (1, 16, 8, 2)), 1e-5)


def test_all_pictures_exact_and_nothing_to_hold_the_flow_to_leave_its_head_alone(generator):
    stage = ImageStage(generator, weights=LossWeights(l1=1.0), exact_flow_share=ExactFlowShare(1.0, 1.0))
    stage.compile(optimizer=make_adam(1e-2), run_eagerly=True)
    flow_head, mask_head = generator.flow_estimator.flow_heads[0], generator.flow_estimator.mask_heads[0]
    before = values_of(flow_head) + values_of(mask_head)
    stage.train_step({**numbered(), "visible_level2": tf.ones([1, 16, 8, 1])})
    after = values_of(flow_head) + values_of(mask_head)
    same = [np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    assert same == [True, True, False, False]


def test_the_flow_estimator_learns_at_its_own_rate(generator):
    """A tenth of the step that Adam takes, which is as long as the learning rate at first."""
    stage = ImageStage(generator, weights=LossWeights(l1=1.0, endpoint=1.0), flow_rate=0.1)
    stage.compile(optimizer=make_adam(1e-2), run_eagerly=True)
    head = generator.flow_estimator.flow_heads[0].bias
    before, others = head.numpy(), values_of(generator.texture_renderer)
    stage.train_step(numbered())
    np.testing.assert_allclose(np.abs(head.numpy() - before), 1e-3, rtol=1e-2)
    moves = [np.abs(new - old).max() for new, old in zip(values_of(generator.texture_renderer), others, strict=True)]
    assert max(moves) == pytest.approx(1e-2, rel=1e-2)


def test_a_slow_variable_is_held_first_and_slow_then():
    variable = tf.Variable([1.0])
    optimizer = make_adam(0.1)
    optimizer.build([variable])
    update = SafeUpdate(optimizer, [variable], held=[variable], held_steps=1, held_rate=0.5)
    places = [float(update.apply([tf.constant([3.0])]) + variable.numpy()[0]) for _ in range(2)]
    np.testing.assert_allclose(places, [1.0, 0.95], rtol=1e-5)


def test_the_share_changes_evenly_and_then_stays():
    share = ExactFlowShare(1.0, 0.4, 300)
    assert [float(share.at(step)) for step in (0, 100, 300, 900)] == pytest.approx([1.0, 0.8, 0.4, 0.4])
    assert bool(share)
    assert not ExactFlowShare()


def test_errors(generator):
    with pytest.raises(ValueError, match=r"Shares in \[0, 1\] and at least 1 step are expected. Received: .*first=1.5"):
        ExactFlowShare(1.5, 0.0)
    with pytest.raises(ValueError, match="flow_rate must be 0 or more. Received: -1"):
        ImageStage(generator, weights=LossWeights(l1=1.0), flow_rate=-1)


def test_a_stage_with_exact_flow_trains(generator):
    stage = ImageStage(generator, weights=LossWeights(l1=1.0), exact_flow_share=ExactFlowShare(0.5, 0.5))
    stage.compile(optimizer=make_adam(1e-2))
    batch = tf.data.Dataset.from_tensors(numbered(2)).repeat(20)
    history = stage.fit(batch, epochs=2, verbose=0, shuffle=False).history
    assert history["l1"][1] < history["l1"][0]

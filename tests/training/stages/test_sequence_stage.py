"""The sequence generator learns on clips."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_sequences import CHANNELS, make_clips, make_sequence_generator, make_temporal_discriminator
from helpers.tiny_stages import HEIGHT, WIDTH, make_adam, make_discriminator, make_generator, values_of

from training.runs.state import restore_state, state_of_stage
from training.stages.sequence_stage import SequenceStage
from training.stages.sequence_terms import (
    SEQUENCE_WEIGHTS,
    SequenceWeights,
    as_clips,
    as_pictures,
    both_features,
    both_flow_terms,
)
from training.stages.unrolling import render_window


@pytest.fixture(autouse=True)
def eager():
    """Steps are not traced: that takes longer than the few that are taken."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def generator():
    return make_sequence_generator()


def stage_of(generator, weights: SequenceWeights, **settings) -> SequenceStage:
    """A compiled stage with the discriminators that its weights ask for, the same ones every time."""
    keras.utils.set_random_seed(1)
    if weights.adversarial:
        settings["discriminator"] = make_discriminator()
    if weights.temporal:
        settings["temporal_discriminator"] = make_temporal_discriminator()
    stage = SequenceStage(generator, weights=weights, **settings)
    stage.compile(*(make_adam(1e-3) for _ in range(3)), run_eagerly=True)
    return stage


def rendered(generator, clips: dict) -> list[dict]:
    """What comes of each frame, by the generator's own steps."""
    state, results = generator.start(clips["reference_image"], clips["reference_pose"]), []
    for pose in tf.unstack(clips["target_poses"], axis=1):
        outputs, state = generator.step(state, pose)
        results.append(outputs)
    return results


def test_weights_are_those_of_the_paper():
    assert {name: weight for name, weight in vars(SEQUENCE_WEIGHTS).items() if weight} == {
        "l1": 5.0,
        "correctness": 5.0,
        "adversarial": 2.0,
        "temporal": 2.0,
        "style": 500.0,
        "perceptual": 0.5,
        "regularization": 0.0025,
    }


def test_terms_are_means_over_frames_of_a_clip_rendered_in_windows(generator):
    """The last frame of a window is the next one's previous frame; flows of both sources count."""
    clips = make_clips(4)
    stage = stage_of(generator, SequenceWeights(l1=1.0, endpoint=1.0, background=1.0), window=2)
    logs = stage.evaluate(tf.data.Dataset.from_tensors(clips), verbose=0, return_dict=True)
    results = rendered(generator, clips)
    targets = tf.unstack(clips["target_images"], axis=1)
    l1 = np.mean([np.abs(result["image"] - target) for result, target in zip(results, targets, strict=True)])
    assert logs["l1"] == pytest.approx(l1, rel=1e-4)
    endpoint = background = 0.0
    for result in results:
        previous, reference = (flow.numpy() for flow in result["flows"])
        left, right = np.split(previous, 2, axis=2)
        endpoint += np.linalg.norm(left - 1, axis=-1).mean() + np.linalg.norm(reference - 2, axis=-1).mean()
        background += np.linalg.norm(right, axis=-1).mean()
    assert logs["endpoint"] == pytest.approx(endpoint / 4, rel=1e-3)
    assert logs["background"] == pytest.approx(background / 4, rel=1e-3)
    assert logs["loss"] == pytest.approx(logs["l1"] + logs["endpoint"] + logs["background"], rel=1e-5)


def test_the_previous_flow_is_judged_by_the_true_previous_frame():
    targets = {"relu3_1": tf.constant([1.0, 2.0, 3.0, 10.0, 20.0, 30.0])[:, None, None, None]}
    reference, before = ({"relu3_1": tf.constant(values)[:, None, None, None]} for values in ([7.0, 70.0], [0.0, 5.0]))
    features = both_features(reference, before, targets, frames=3)
    previous, repeated = (features[source].source["relu3_1"] for source in ("previous", "reference"))
    assert previous.numpy().ravel().tolist() == [0, 1, 2, 5, 10, 20]
    assert repeated.numpy().ravel().tolist() == [7, 7, 7, 70, 70, 70]
    assert features["previous"].target is targets


def test_correctness_is_computed_for_both_flows(backbone):
    random = np.random.default_rng(0)
    maps = [tf.constant(random.uniform(0, 1, (2, 16, 8, 8)), tf.float32) for _ in range(3)]
    features = both_features({"relu3_1": maps[0][:1]}, {"relu3_1": maps[1][:1]}, {"relu3_1": maps[2]}, frames=2)
    flows = [tf.constant(random.normal(0, 1, (2, 16, 8, 2)), tf.float32) for _ in range(2)]
    masks = 2 * [tf.ones((2, 16, 8, 1))]
    weights = SequenceWeights(correctness=1.0)
    both = both_flow_terms(weights, {2: 3}, {"flows": flows, "masks": masks}, {}, features)["correctness"]
    from gfla_tf.losses import sampling_correctness

    sources = [tf.concat([maps[1][:1], maps[2][:1]], axis=0), tf.repeat(maps[0][:1], 2, axis=0)]
    alone = [sampling_correctness(maps[2], source, flow) for source, flow in zip(sources, flows, strict=True)]
    assert float(both) == pytest.approx(float(alone[0] + alone[1]), rel=1e-5)


def test_the_state_is_carried_without_gradient(generator):
    """The gradient of two frames is the sum of those of each frame, the previous one held fixed."""
    clips = make_clips(2)
    variables = generator.trainable_variables
    with tf.GradientTape() as tape:
        image = render_window(generator, clips, clips["reference_image"], clips["reference_pose"])["image"]
        loss = tf.reduce_sum(tf.square(image))
    together = tape.gradient(loss, variables)
    first, _ = tf.split(image, 2)
    starts = [(clips["reference_image"], clips["reference_pose"]), (first, clips["target_poses"][:, 0])]
    alone = []
    for number, (before, pose) in enumerate(starts):
        one = {**clips, "target_poses": clips["target_poses"][:, number : number + 1]}
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(render_window(generator, one, before, pose)["image"]))
        alone.append(tape.gradient(loss, variables))
    largest = max(np.abs(both).max() for both in together if both is not None)
    for both, *parts in zip(together, *alone, strict=True):
        if both is not None:
            np.testing.assert_allclose(both, parts[0] + parts[1], rtol=1e-3, atol=1e-5 * largest)


def test_recomputing_gives_the_same_gradients(generator):
    clips = make_clips(2)
    gradients = []
    for recompute in (False, True):
        stage = stage_of(generator, SequenceWeights(l1=1.0, endpoint=1.0), window=2, recompute=recompute)
        (window,) = stage.windows(clips)
        start = clips["reference_image"], clips["reference_pose"]
        gradients.append(stage.window_gradients(window, *start, tf.constant(0), None)[0])
    for plain, again in zip(*gradients, strict=True):
        if plain is None:
            assert again is None or not np.any(again)
        else:
            np.testing.assert_allclose(plain, again, rtol=1e-4, atol=1e-6)


def test_a_step_moves_everything(generator):
    weights = SequenceWeights(l1=1.0, adversarial=1.0, temporal=1.0, mask=1.0, regularization=0.1)
    stage = stage_of(generator, weights, average_decay=0.5)
    before = {name: values_of(network) for name, network in stage.networks().items()}
    data = tf.data.Dataset.from_tensors(make_clips(6))
    history = stage.fit(data, verbose=0, shuffle=False, validation_data=data).history
    names = {"l1", "adversarial", "temporal", "mask", "regularization", "loss", "skipped"}
    names |= {"discriminator", "temporal_discriminator"}
    assert {*history} == names | {f"val_{name}" for name in names}
    assert {name for name, values in history.items() if not values[0]} == {"skipped", "val_skipped"}
    for name, network in stage.networks().items():
        moved = [np.any(new != old) for new, old in zip(values_of(network), before[name], strict=True)]
        assert np.mean(moved) > 0.9, name


def test_it_learns_by_a_step_for_each_window(generator):
    stage = stage_of(generator, SequenceWeights(l1=1.0, endpoint=0.1), window=1)
    data = tf.data.Dataset.from_tensors(make_clips(2)).repeat(4)
    history = stage.fit(data, epochs=2, verbose=0, shuffle=False).history
    assert history["loss"][1] < history["loss"][0]
    assert int(stage.optimizer.iterations) == 2 * 2 * 4


def test_a_run_goes_on_exactly():
    """Two steps are the same as one, everything put into a new stage, and one more."""
    data = tf.data.Dataset.from_tensors(make_clips(2))
    weights = SequenceWeights(l1=1.0, adversarial=1.0)
    stages = [stage_of(make_sequence_generator(), weights, window=2, average_decay=0.9) for _ in range(3)]
    stages[0].fit(data.repeat(2), verbose=0, shuffle=False)
    stages[1].fit(data, verbose=0, shuffle=False)
    restore_state(stages[2], state_of_stage(stages[1]), "the test")
    stages[2].fit(data, verbose=0, shuffle=False)
    expected, found = (state_of_stage(stage) for stage in (stages[0], stages[2]))
    assert set(expected) == set(found)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_a_checkpoint_holds_the_temporal_discriminator(generator):
    state = state_of_stage(stage_of(generator, SequenceWeights(l1=1.0, temporal=1.0)))
    assert {name.rpartition("/")[0] for name in state} == {
        *("network/generator", "network/temporal_discriminator"),
        *("optimizer/generator", "optimizer/temporal_discriminator"),
    }


def test_only_the_person_counts_where_a_mask_is_wanted(generator):
    half = np.zeros((1, 2, HEIGHT, WIDTH, 1), np.float32)
    half[:, :, : HEIGHT // 2] = 1
    clips = make_clips(2, target_masks=half)
    logs = [
        stage_of(generator, SequenceWeights(l1=1.0), window=2, person_mask=person_mask).evaluate(
            tf.data.Dataset.from_tensors(clips), verbose=0, return_dict=True
        )
        for person_mask in (False, True)
    ]
    differences = [
        np.abs(result["image"] - target)
        for result, target in zip(rendered(generator, clips), tf.unstack(clips["target_images"], axis=1), strict=True)
    ]
    assert logs[0]["l1"] == pytest.approx(np.mean(differences), rel=1e-4)
    assert logs[1]["l1"] == pytest.approx(np.mean([part[:, : HEIGHT // 2] for part in differences]) / 2, rel=1e-4)


def test_frames_are_told_apart_from_clips():
    clips = tf.reshape(tf.range(2 * 3 * 4), [2, 3, 4])
    pictures = as_pictures(clips)
    assert pictures[:, 0].numpy().tolist() == [0, 4, 8, 12, 16, 20]
    np.testing.assert_array_equal(as_clips(pictures, 3), clips)


def test_a_batch_rendered_by_the_stage(generator):
    clips = make_clips(2)
    stage = stage_of(generator, SequenceWeights(l1=1.0), window=2)
    frames = stage(clips)
    np.testing.assert_allclose(frames[:, 1], rendered(generator, clips)[1]["image"], atol=1e-4)


def test_wrong_arguments(generator):
    with pytest.raises(ValueError, match="A sequence generator is expected. Received: PersonGenerator"):
        SequenceStage(make_generator(), weights=SequenceWeights(l1=1.0))
    with pytest.raises(ValueError, match="A temporal discriminator goes with a weight of the temporal term"):
        SequenceStage(generator, weights=SequenceWeights(l1=1.0, temporal=1.0))
    with pytest.raises(ValueError, match="window must be at least 1 frame. Received: 0"):
        stage_of(generator, SequenceWeights(l1=1.0), window=0)
    with pytest.raises(ValueError, match="window must be the temporal discriminator's 6 frames. Received: 4"):
        stage_of(generator, SequenceWeights(temporal=1.0), window=4)
    with pytest.raises(ValueError, match="A temporal discriminator needs a temporal_optimizer"):
        SequenceStage(
            generator, temporal_discriminator=make_temporal_discriminator(), weights=SequenceWeights(temporal=1.0)
        ).compile(make_adam())
    with pytest.raises(ValueError, match="Clips have no terms hidden and regions"):
        SequenceWeights(hidden=1.0)
    stage = stage_of(generator, SequenceWeights(l1=1.0), window=4)
    with pytest.raises(ValueError, match="Clips of a multiple of 4 frames are expected. Received: 6"):
        list(stage.windows(make_clips(6)))
    assert generator.pose_channels == CHANNELS

"""Both stages on tiny networks: they learn, and test with the code they train with."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_stages import HEIGHT, WIDTH, make_adam, make_batch, make_dataset, make_discriminator, values_of

from gfla_tf.ops.native import choose_implementation
from training.stages import FLOW_WEIGHTS, IMAGE_WEIGHTS, FlowStage, ImageStage, LossWeights


def test_weights_are_those_of_the_paper():
    assert vars(FLOW_WEIGHTS) == {
        **dict.fromkeys(
            ("l1", "perceptual", "style", "adversarial", "endpoint", "mask", "hidden", "regions", "background"), 0.0
        ),
        "correctness": 20.0,
        "regularization": 0.01,
    }
    assert vars(IMAGE_WEIGHTS) == {
        "l1": 5.0,
        "correctness": 5.0,
        "adversarial": 2.0,
        "style": 500.0,
        "perceptual": 0.5,
        "regularization": 0.0025,
        "endpoint": 0.0,
        "mask": 0.0,
        "hidden": 0.0,
        "regions": 0.0,
        "background": 0.0,
    }


def test_flow_stage_trains_the_flow_estimator_alone(generator, backbone):
    stage = FlowStage(generator, backbone=backbone)
    stage.compile(optimizer=make_adam(1e-3))
    before = values_of(generator)
    history = stage.fit(make_dataset(8), epochs=2, verbose=0, shuffle=False).history
    assert set(history) == {"correctness", "regularization", "loss", "skipped"}
    assert history["loss"][1] < history["loss"][0]
    assert history["skipped"] == [0, 0]
    moved = [not np.array_equal(weight, old) for weight, old in zip(values_of(generator), before, strict=True)]
    mask_weights = 2  # kernel and bias of the mask's head, which has no term
    assert sum(moved) == len(generator.flow_estimator.trainable_weights) - mask_weights


def test_exact_flow_teaches_where_it_is_known(generator):
    stage = FlowStage(generator, LossWeights(endpoint=1.0, mask=1.0))
    stage.compile(optimizer=make_adam(1e-2))
    before = stage.evaluate(make_dataset(1), verbose=0, return_dict=True)
    # Zero flow: 4 pixels in x and y of the picture are 1 at level 2.
    assert before["endpoint"] == pytest.approx(2**0.5, rel=0.05)
    assert before["mask"] == pytest.approx(np.log(2), rel=0.05)
    stage.fit(make_dataset(60), verbose=0, shuffle=False)
    after = stage.evaluate(make_dataset(1), verbose=0, return_dict=True)
    assert after["endpoint"] < before["endpoint"] / 2
    assert after["mask"] < before["mask"] / 2


def test_where_both_pictures_show_the_background_the_flow_learns_to_be_zero(generator):
    stage = FlowStage(generator, LossWeights(mask=1.0, background=1.0))
    stage.compile(optimizer=make_adam(1e-2))
    generator.flow_estimator.flow_heads[0].bias.assign([3.0, 4.0])
    before = stage.evaluate(make_dataset(1), verbose=0, return_dict=True)
    assert before["background"] == pytest.approx(5, rel=0.05)
    stage.fit(make_dataset(60), verbose=0, shuffle=False)
    after = stage.evaluate(make_dataset(1), verbose=0, return_dict=True)
    assert after["background"] < before["background"] / 2
    batch = make_batch()
    mask = stage(batch)["masks"][0][0, :, :, 0].numpy()
    shown = (batch["visible_level2"] + batch["background_level2"])[0, :, :, 0].numpy()
    assert mask[shown == 1].min() > mask[shown == 0].max()


def test_a_generator_without_attention_has_no_flow_to_train(generator):
    still = type(generator).from_config({**generator.get_config(), "attention_kernels": {}})
    with pytest.raises(ValueError, match="Stage flow trains a flow estimator. Received: a generator without one"):
        FlowStage(still, LossWeights(endpoint=1.0))
    stage = ImageStage(still, weights=LossWeights(l1=1.0), frozen_flow_steps=1)
    stage.compile(optimizer=make_adam(1e-2))
    history = stage.fit(make_dataset(10), epochs=2, verbose=0, shuffle=False).history
    assert history["l1"][1] < history["l1"][0]


def test_image_stage_learns_all_terms(generator, backbone):
    stage = ImageStage(generator, make_discriminator(), backbone=backbone, average_decay=0.5)
    stage.compile(optimizer=make_adam(1e-3), discriminator_optimizer=make_adam(1e-4), run_eagerly=True)
    history = stage.fit(make_dataset(3), epochs=2, verbose=0, shuffle=False).history
    terms = {"l1", "correctness", "adversarial", "style", "perceptual", "regularization"}
    assert set(history) == {*terms, "discriminator", "loss", "skipped"}
    assert history["l1"][1] < history["l1"][0]
    for average, weight in zip(stage.average.get_weights(), generator.get_weights(), strict=True):
        assert np.abs(average - weight).max() < 0.1


def test_a_window_is_compared_where_the_step_says(generator, backbone):
    weights = LossWeights(perceptual=1.0)

    def trained(target, compared_window, steps=1):
        copy = type(generator).from_config(generator.get_config())
        copy.build(None)
        copy.set_weights(generator.get_weights())
        stage = ImageStage(copy, weights=weights, backbone=backbone, compared_window=compared_window)
        stage.compile(optimizer=make_adam(0.0))
        batch = {**make_batch(), "target_image": target}
        return [float(stage.train_step(batch)["perceptual"]) for _ in range(steps)]

    target = np.zeros((1, HEIGHT, WIDTH, 3), np.float32)
    assert trained(target, (HEIGHT, WIDTH)) == pytest.approx(trained(target, None), rel=1e-5)
    target[:, HEIGHT // 2 :] = 1
    windows = trained(target, (32, 32), steps=6)
    assert len(set(windows)) > 3  # the running mean of windows that lie elsewhere each time
    assert trained(target, (32, 32), steps=6) == windows


def test_a_discriminator_sees_the_window_that_is_compared(generator, backbone):
    def judged(corner, **settings):
        """The size that is judged, and whether it shows the lower half, where the two pictures differ."""
        stage = ImageStage(
            generator, make_discriminator(), LossWeights(perceptual=1.0, adversarial=1.0), backbone=backbone, **settings
        )
        image = tf.zeros([1, HEIGHT, WIDTH, 3])
        target = tf.concat([image[:, : HEIGHT // 2], image[:, HEIGHT // 2 :] + 1.0], axis=1)
        real, shown = (stage.judged_part(picture, tf.constant(corner)) for picture in (target, image))
        return real.shape[1:3], bool(tf.reduce_any(real != shown))

    upper, lower = (0, 0), (HEIGHT // 2, 0)
    assert judged(upper, compared_window=(32, 32), judged_in_window=True) == ((32, 32), False)
    assert judged(lower, compared_window=(32, 32), judged_in_window=True) == ((32, 32), True)
    assert judged(upper, compared_window=(32, 32)) == ((HEIGHT, WIDTH), True)
    with pytest.raises(ValueError, match="judged_in_window goes with a compared_window"):
        judged(upper, judged_in_window=True)


def test_image_stage_without_discriminator_overfits_a_pair(generator):
    stage = ImageStage(generator, weights=LossWeights(l1=1.0))
    stage.compile(optimizer=make_adam(1e-2))
    history = stage.fit(make_dataset(20), epochs=2, verbose=0, shuffle=False).history
    assert history["l1"][1] < 0.95 * history["l1"][0]


@pytest.mark.parametrize(
    ("make", "weights"),
    [(FlowStage, FLOW_WEIGHTS), (ImageStage, LossWeights(l1=5.0, correctness=5.0, style=500.0, mask=1.0))],
)
def test_test_step_gives_the_loss_that_train_step_descends(make, weights, generator, backbone):
    stage = make(generator, weights=weights, backbone=backbone)
    stage.compile(optimizer=make_adam(0.0), run_eagerly=True)
    trained = stage.fit(make_dataset(1), verbose=0, shuffle=False).history
    tested = stage.evaluate(make_dataset(1), verbose=0, return_dict=True)
    assert set(tested) == set(trained)
    for name in tested:
        assert tested[name] == pytest.approx(trained[name][0], rel=1e-5), name


def test_nothing_is_learned_through_source_and_target(generator, backbone):
    """The step's graph holds gradients of the backbone for one picture, the generated one."""
    stage = ImageStage(generator, weights=LossWeights(perceptual=1.0, correctness=1.0), backbone=backbone)
    stage.compile(optimizer=make_adam())
    batch = make_dataset(1).get_single_element()
    graph = tf.function(stage.train_step, autograph=False).get_concrete_function(batch).graph
    backward = [op for op in graph.get_operations() if op.type == "MaxPoolGrad"]
    assert len(backward) == 4  # one a pooling of the backbone


def test_a_checkpoint_is_complete_before_the_first_step(generator):
    weights = LossWeights(l1=1.0, adversarial=1.0)
    stage = ImageStage(generator, make_discriminator(), weights, average_decay=0.5)
    stage.compile(optimizer=make_adam(), discriminator_optimizer=make_adam(), run_eagerly=True)
    assert list(stage.networks()) == ["generator", "average", "discriminator"]
    assert list(stage.optimizers_by_name()) == ["generator", "discriminator"]
    assert stage.extra_variables() == {}

    def numbers():
        return {name: len(list(optimizer.variables)) for name, optimizer in stage.optimizers_by_name().items()}

    before = numbers()
    # Two moments a variable.
    assert before["generator"] >= 2 * len(generator.trainable_variables)
    assert before["discriminator"] >= 2 * len(stage.discriminator.trainable_variables)
    stage.build_optimizers()
    stage.fit(make_dataset(1), verbose=0, shuffle=False)
    assert numbers() == before
    flow_stage = FlowStage(generator, LossWeights(endpoint=1.0))
    flow_stage.compile(optimizer=make_adam())
    assert list(flow_stage.networks()) == list(flow_stage.optimizers_by_name()) == ["generator"]


def test_xla_only_where_it_is_asked_for(generator):
    stage = FlowStage(generator, LossWeights(endpoint=1.0))
    stage.compile(optimizer=make_adam())
    assert stage.jit_compile is False


def test_errors(generator, backbone):
    with pytest.raises(ValueError, match="The correctness term needs a backbone"):
        FlowStage(generator)
    with pytest.raises(ValueError, match="A discriminator goes together"):
        ImageStage(generator, backbone=backbone)
    with pytest.raises(ValueError, match="need a backbone"):
        ImageStage(generator, make_discriminator())
    with pytest.raises(ValueError, match="Loss weights must be 0 or more, and finite. Received: l1"):
        LossWeights(l1=-1.0)
    with pytest.raises(ValueError, match="frozen_flow_steps must be 0 or more. Received: -1"):
        ImageStage(generator, weights=LossWeights(l1=1.0), frozen_flow_steps=-1)
    stage = ImageStage(generator, make_discriminator(), backbone=backbone)
    with pytest.raises(ValueError, match="needs a discriminator_optimizer"):
        stage.compile(optimizer=make_adam())
    with pytest.raises(ValueError, match="steps_per_execution must be 1. Received: 4"):
        FlowStage(generator, LossWeights(endpoint=1.0)).compile(keras.optimizers.SGD(), steps_per_execution=4)


@pytest.mark.usefixtures("native")
def test_training_takes_the_native_operations_where_it_may(generator):
    stage, taken = FlowStage(generator, LossWeights(endpoint=1.0)), []
    stage.compile(optimizer=make_adam())
    stage.train_step = lambda batch: taken.append(choose_implementation("auto")) or {}
    stage.make_train_function()(iter(make_dataset(1)))
    assert taken == ["native"]

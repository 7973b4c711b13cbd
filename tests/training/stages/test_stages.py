"""Both stages on tiny networks: they learn, count what they skip, and test with the code they train with."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import Backbone
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.models import ImageDiscriminator, PersonGenerator
from gfla_tf.stand_in import stand_in_input, stand_in_state
from training.stages import FLOW_WEIGHTS, IMAGE_WEIGHTS, FlowStage, ImageStage, LossWeights
from training.stages.optimization import make_adam

HEIGHT, WIDTH, JOINTS = 64, 32, 3


@pytest.fixture(scope="module")
def backbone():
    backbone = Backbone(
        "vgg16", ["relu1_1", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_3", "relu5_1", "relu5_2"]
    )
    backbone.build()
    backbone.assign(stand_in_state(vgg_parameter_shapes("vgg16")))
    return backbone


@pytest.fixture
def generator():
    keras.utils.set_random_seed(1)
    generator = PersonGenerator(JOINTS, widths=(4, 8, 8), flow_widths=(4, 8, 8, 8, 8), attention_hidden=8)
    generator.build(None)
    return generator


def batch(size=1, **changes):
    shapes = {"source_image": 3, "target_image": 3, "source_pose": JOINTS, "target_pose": JOINTS}
    values = {
        name: stand_in_input(name, (size, HEIGHT, WIDTH, channels), low=-1 if channels == 3 and "image" in name else 0)
        for name, channels in shapes.items()
    }
    for level in (2, 3):
        height, width = HEIGHT // 2**level, WIDTH // 2**level
        values[f"flow_level{level}"] = np.full((size, height, width, 2), 4 / 2**level, np.float32)
        values[f"visible_level{level}"] = np.zeros((size, height, width, 1), np.float32)
        values[f"visible_level{level}"][:, height // 4 : height * 3 // 4] = 1
    return {name: tf.constant(changes.get(name, value)) for name, value in values.items()}


def dataset(steps=3, **changes):
    return tf.data.Dataset.from_tensors(batch(**changes)).repeat(steps)


def test_weights_are_those_of_the_paper():
    assert vars(FLOW_WEIGHTS) == {
        **dict.fromkeys(("l1", "perceptual", "style", "adversarial", "endpoint", "mask"), 0.0),
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
    }
    adam = make_adam()
    assert (float(adam.learning_rate), adam.beta_1, adam.beta_2) == (pytest.approx(1e-4), 0.0, 0.999)


def test_flow_stage_trains_the_flow_estimator_alone(generator, backbone):
    stage = FlowStage(generator, backbone=backbone)
    stage.compile(optimizer=make_adam(1e-3))
    before = [weight.numpy().copy() for weight in generator.weights]
    history = stage.fit(dataset(8), epochs=2, verbose=0, shuffle=False).history
    assert set(history) == {"correctness", "regularization", "loss", "skipped"}
    assert history["loss"][1] < history["loss"][0]
    assert history["skipped"] == [0, 0]
    pairs = zip(generator.weights, before, strict=True)
    moved = [weight for weight, old in pairs if not np.array_equal(weight.numpy(), old)]
    mask_weights = 4  # kernels and biases of the mask heads, which have no term
    assert len(moved) == len(generator.flow_estimator.trainable_weights) - mask_weights


def test_exact_flow_teaches_faster_where_it_is_known(generator):
    weights = LossWeights(endpoint=1.0, mask=1.0)
    stage = FlowStage(generator, weights)
    stage.compile(optimizer=make_adam(1e-2))
    before = stage.evaluate(dataset(1), verbose=0, return_dict=True)
    # Zero flow: 4 pixels in x and y of the picture are 0.5 and 1 at levels 3 and 2.
    assert before["endpoint"] == pytest.approx(2**0.5 * 1.5, rel=0.05)
    assert before["mask"] == pytest.approx(2 * np.log(2), rel=0.05)
    stage.fit(dataset(40), verbose=0, shuffle=False)
    after = stage.evaluate(dataset(1), verbose=0, return_dict=True)
    assert after["endpoint"] < before["endpoint"] / 2
    assert after["mask"] < before["mask"] / 2


def test_image_stage_learns_all_terms(generator, backbone):
    stage = ImageStage(generator, ImageDiscriminator((4, 4, 4, 4)), backbone=backbone, average_decay=0.5)
    stage.compile(optimizer=make_adam(1e-3), discriminator_optimizer=make_adam(1e-4), run_eagerly=True)
    history = stage.fit(dataset(3), epochs=2, verbose=0, shuffle=False).history
    terms = {"l1", "correctness", "adversarial", "style", "perceptual", "regularization"}
    assert set(history) == {*terms, "discriminator", "loss", "skipped"}
    assert history["l1"][1] < history["l1"][0]
    for average, weight in zip(stage.average.weights, generator.weights, strict=True):
        assert np.all(np.isfinite(average.numpy()))
        assert np.abs(average.numpy() - weight.numpy()).max() < 0.1


def test_image_stage_without_discriminator_overfits_a_pair(generator):
    stage = ImageStage(generator, weights=LossWeights(l1=1.0))
    stage.compile(optimizer=make_adam(1e-2))
    history = stage.fit(dataset(20), epochs=2, verbose=0, shuffle=False).history
    assert history["l1"][1] < 0.95 * history["l1"][0]


def test_test_step_gives_the_loss_that_train_step_descends(generator, backbone):
    stage = FlowStage(generator, backbone=backbone)
    stage.compile(optimizer=make_adam(0.0), run_eagerly=True)
    trained = stage.fit(dataset(1), verbose=0, shuffle=False).history
    tested = stage.evaluate(dataset(1), verbose=0, return_dict=True)
    for name in ("correctness", "regularization", "loss"):
        assert tested[name] == pytest.approx(trained[name][0], rel=1e-5)


def test_a_step_with_a_gradient_that_is_not_finite_is_skipped_and_counted(generator):
    stage = FlowStage(generator, LossWeights(endpoint=1.0))
    stage.compile(optimizer=make_adam(1e-2), run_eagerly=True)
    stage.fit(dataset(1), verbose=0, shuffle=False)
    before = [weight.numpy().copy() for weight in generator.weights]
    poisoned = np.full((1, HEIGHT // 4, WIDTH // 4, 2), np.nan, np.float32)
    history = stage.fit(dataset(2, flow_level2=poisoned), verbose=0, shuffle=False).history
    assert history["skipped"] == [1]
    for weight, old in zip(generator.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)


def test_gradients_are_clipped(generator):
    weights = LossWeights(endpoint=1e4)
    steps = []
    for clip_norm in (None, 1e-3):
        copy = PersonGenerator.from_config(generator.get_config())
        copy.build(None)
        copy.set_weights(generator.get_weights())
        stage = FlowStage(copy, weights, clip_norm=clip_norm)
        stage.compile(optimizer=keras.optimizers.SGD(1.0), run_eagerly=True)
        stage.fit(dataset(1), verbose=0, shuffle=False)
        moves = [
            w.numpy() - old
            for w, old in zip(
                copy.get_layer("flow_estimator").weights, generator.flow_estimator.get_weights(), strict=True
            )
        ]
        steps.append(np.sqrt(sum(np.sum(move**2) for move in moves)))
    assert steps[0] > 1
    assert steps[1] == pytest.approx(1e-3, rel=1e-2)


def test_errors(generator, backbone):
    with pytest.raises(ValueError, match="The correctness term needs a backbone"):
        FlowStage(generator)
    with pytest.raises(ValueError, match="A discriminator goes together"):
        ImageStage(generator, backbone=backbone)
    with pytest.raises(ValueError, match="need a backbone"):
        ImageStage(generator, ImageDiscriminator((4, 4)))
    with pytest.raises(ValueError, match="Loss weights must be 0 or more. Received: l1"):
        LossWeights(l1=-1.0)
    stage = ImageStage(generator, ImageDiscriminator((4, 4)), backbone=backbone)
    with pytest.raises(ValueError, match="needs a discriminator_optimizer"):
        stage.compile(optimizer=make_adam())

"""Both stages learn in float32, bfloat16 and float16, and with XLA."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from helpers.tiny_stages import make_adam, make_batch, make_dataset, make_discriminator, make_generator, values_of

from training.stages import FlowStage, ImageStage, LossWeights

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_flow_stage_learns(precision):
    stage = FlowStage(make_generator(precision), LossWeights(endpoint=1.0, mask=1.0, regularization=0.01))
    stage.compile(optimizer=make_adam(1e-2))
    losses = stage.fit(make_dataset(10), epochs=2, verbose=0, shuffle=False).history["loss"]
    assert losses[1] < 0.9 * losses[0]
    assert len(stage.extra_variables()) == (2 if precision == "mixed_float16" else 0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_image_stage_learns(precision):
    generator, discriminator = make_generator(precision), make_discriminator(precision)
    stage = ImageStage(generator, discriminator, LossWeights(l1=5.0, adversarial=0.01, endpoint=0.01))
    stage.compile(optimizer=make_adam(1e-2), discriminator_optimizer=make_adam(1e-3))
    history = stage.fit(make_dataset(15), epochs=2, verbose=0, shuffle=False).history
    assert history["loss"][1] < 0.97 * history["loss"][0]
    assert history["skipped"][1] < 0.5
    for network in (generator, discriminator):
        assert all(weight.dtype == np.float32 and np.all(np.isfinite(weight)) for weight in values_of(network))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_discriminator_learns(precision):
    stage = ImageStage(make_generator(), make_discriminator(precision), LossWeights(l1=1.0, adversarial=1.0))
    stage.compile(optimizer=make_adam(), discriminator_optimizer=make_adam(3e-3))
    batch = make_batch(2)
    for _ in range(20):  # the spectral norm finds itself
        stage.discriminator(batch["target_image"], training=True)
    steps = [stage.train_judge("discriminator", batch["target_image"], batch["source_image"]) for _ in range(24)]
    losses = [float(values["discriminator"]) for values, skipped in steps if not skipped]
    assert len(losses) > 12  # in float16 the loss scale finds itself at first
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


def test_each_optimizer_has_a_loss_scale_in_float16():
    weights = LossWeights(l1=1.0, adversarial=1.0)
    stage = ImageStage(make_generator(), make_discriminator("mixed_float16"), weights)
    names = {"generator_loss_scale", "generator_good_steps", "discriminator_loss_scale", "discriminator_good_steps"}
    assert set(stage.extra_variables()) == names
    stage.compile(optimizer=make_adam(), discriminator_optimizer=make_adam(), run_eagerly=True)
    for name in ("generator", "discriminator"):
        stage.extra_variables()[f"{name}_loss_scale"].assign(1e30)
    history = stage.fit(make_dataset(1), verbose=0, shuffle=False).history
    assert history["skipped"] == [1]
    scales = {name: float(variable) for name, variable in stage.extra_variables().items()}
    assert scales["discriminator_loss_scale"] == pytest.approx(5e29)


def xla_stages(generator, backbone):
    flow = FlowStage(generator, LossWeights(correctness=5.0, regularization=0.01, mask=1.0), backbone=backbone)
    settings = {"average_decay": 0.9, "frozen_flow_steps": 1, "clip_norm": 1.0}
    image = ImageStage(generator, make_discriminator(), LossWeights(l1=5.0, adversarial=1.0), **settings)
    return {"flow": flow, "image": image}


@pytest.mark.parametrize("name", ["flow", "image"])
def test_xla(name, backbone):
    losses = []
    for jit_compile in (False, True):
        keras.utils.set_random_seed(2)
        stage = xla_stages(make_generator(), backbone)[name]
        optimizers = {"discriminator_optimizer": make_adam(1e-3)} if name == "image" else {}
        stage.compile(optimizer=make_adam(1e-3), **optimizers, jit_compile=jit_compile)
        assert stage.jit_compile is jit_compile
        losses.append(stage.fit(make_dataset(3), verbose=0, shuffle=False).history["loss"][0])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)

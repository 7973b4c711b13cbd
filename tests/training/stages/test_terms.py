"""Terms do not depend on how a batch is split; those of this package by numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_stages import make_adam, make_batch, make_discriminator

from training.stages import ImageStage, LossWeights
from training.stages.terms import Features, endpoint_error, flow_terms, mask_cross_entropy


def test_convention_endpoint_error_is_a_mean_of_means():
    flow = np.zeros((2, 2, 3, 2), np.float32)
    exact = np.zeros((2, 2, 3, 2), np.float32)
    visible = np.zeros((2, 2, 3, 1), np.float32)
    exact[0, 1, 2] = 3, 4  # 5 pixels off, half visible
    visible[0, 1, 2] = 0.5
    visible[0, 0, :] = 0.5  # right
    exact[1] = 6, 8  # 10 pixels off, everywhere
    visible[1] = 1
    # (5 * 0.5) / 2 and 10.
    assert float(endpoint_error(flow, exact, visible)) == pytest.approx((1.25 + 10) / 2, abs=2e-3)


def test_convention_hardly_visible_pictures_count_less():
    visible = np.zeros((1, 2, 3, 1), np.float32)
    exact = np.full((1, 2, 3, 2), (0, 2), np.float32)
    assert float(endpoint_error(np.zeros_like(exact), exact, visible)) == 0
    visible[0, 0, 0] = 0.25
    assert float(endpoint_error(np.zeros_like(exact), exact, visible)) == pytest.approx(0.5, abs=1e-3)


def test_regions_are_compared_at_each_level():
    """A forearm whose texture is taken from the upper arm."""
    keypoints = np.zeros((1, 18, 3), np.float32)
    keypoints[0, 2:5] = (4, 8, 1), (4, 32, 1), (28, 32, 1)  # right shoulder, elbow, wrist
    batch = {
        "target_pose": np.zeros((1, 64, 32, 18), np.float32),
        "source_keypoints": keypoints,
        "target_keypoints": keypoints,
    }

    def term(*lengths):
        shapes = [(1, 64 // 2**level, 32 // 2**level, 2) for level in (3, 2)]
        flows = [np.full(shape, (-length, -length), np.float32) for shape, length in zip(shapes, lengths, strict=True)]
        outputs = {"flows": [tf.constant(flow) for flow in flows], "masks": []}
        return float(flow_terms(LossWeights(regions=1.0), {3: 3, 2: 5}, outputs, batch, Features())["regions"])

    assert term(0, 0) == pytest.approx(0, abs=1e-3)
    assert term(1, 0) > 0.05
    assert term(1, 2) == pytest.approx(term(1, 0) + term(0, 2), rel=1e-3)


def test_mask_cross_entropy():
    mask = np.full((1, 1, 2, 1), 0.25, np.float32)
    visible = np.array([1, 0], np.float32).reshape(1, 1, 2, 1)
    assert float(mask_cross_entropy(mask, visible)) == pytest.approx(-(np.log(0.25) + np.log(0.75)) / 2)
    for saturated in (0.0, 1.0):  # in 16 bits a sigmoid gets there
        assert np.isfinite(mask_cross_entropy(np.full_like(mask, saturated), visible))


def test_terms_of_a_batch_are_means_over_its_pictures(generator, backbone):
    weights = LossWeights(**dict.fromkeys(vars(LossWeights()), 1.0))
    stage = ImageStage(generator, make_discriminator(), weights, backbone=backbone)
    stage.compile(optimizer=make_adam(), discriminator_optimizer=make_adam())
    batch = make_batch(2)
    # The second picture has a longer way to go, and less of it is visible: it counts as much as the first.
    second = np.reshape([1, 2], (2, 1, 1, 1)).astype(np.float32)
    batch["flow_level2"], batch["visible_level2"] = batch["flow_level2"] * second, batch["visible_level2"] / second

    def terms(*pictures):
        stage.reset_metrics()
        part = {name: tf.gather(value, pictures) for name, value in batch.items()}
        return {name: float(value) for name, value in stage.test_step(part).items()}

    together, first, second = terms(0, 1), terms(0), terms(1)
    assert set(together) == {*vars(weights), "discriminator", "loss", "skipped"}
    for name in together:
        assert together[name] == pytest.approx((first[name] + second[name]) / 2, rel=1e-4, abs=1e-6), name
    assert second["endpoint"] == pytest.approx(2 * first["endpoint"], rel=1e-2)

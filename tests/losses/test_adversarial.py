"""Adversarial losses of worked scores."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import adversarial

SCORES = np.array([[2.0, -1.0], [0.5, 0.0]])


@pytest.mark.parametrize(
    ("kind", "real", "generator", "expected"),
    [
        ("lsgan", True, False, (1 + 4 + 0.25 + 1) / 4),
        ("lsgan", True, True, (1 + 4 + 0.25 + 1) / 4),
        ("lsgan", False, False, (4 + 1 + 0.25 + 0) / 4),
        ("hinge", True, False, (0 + 2 + 0.5 + 1) / 4),
        ("hinge", False, False, (3 + 0 + 1.5 + 1) / 4),
        ("hinge", True, True, -1.5 / 4),
        ("log", True, False, np.mean(np.log1p(np.exp(-SCORES)))),
        ("log", False, False, np.mean(np.log1p(np.exp(SCORES)))),
        ("log", True, True, np.mean(np.log1p(np.exp(-SCORES)))),
    ],
)
def test_worked_values(kind, real, generator, expected):
    np.testing.assert_allclose(adversarial(SCORES, real, kind, generator), expected)


def test_the_log_form_is_stable_for_sure_scores():
    assert np.isfinite(adversarial(np.array([1e4, -1e4]), True, "log"))


@pytest.mark.parametrize("kind", ["lsgan", "hinge", "log"])
@pytest.mark.parametrize(("real", "generator"), [(True, False), (False, False), (True, True)])
def test_gradients(kind, real, generator):
    theory, numeric = tf.test.compute_gradient(
        lambda scores: adversarial(scores, real, kind, generator), [tf.constant(SCORES + 0.1)]
    )
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-7)
    assert np.abs(theory[0]).max() > 0.1


@pytest.mark.parametrize("kind", ["lsgan", "hinge", "log"])
def test_scores_of_16_bits_are_computed_with_in_float32(kind):
    value = adversarial(tf.constant(SCORES * 200, tf.float16), True, kind)  # (2 * 200)^2 overflows float16
    assert value.dtype == tf.float32
    np.testing.assert_allclose(value, adversarial(SCORES * 200, True, kind), rtol=1e-6)


def test_errors():
    with pytest.raises(ValueError, match="kind must be one of lsgan, hinge, log. Received: 'wgan'"):
        adversarial(SCORES, True, "wgan")
    with pytest.raises(ValueError, match="A generator learns to look real"):
        adversarial(SCORES, False, "hinge", generator=True)

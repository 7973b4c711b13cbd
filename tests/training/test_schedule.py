"""Calls of `fit`, and the learning rate."""

from __future__ import annotations

import numpy as np
import pytest

from training.schedule import FitCall, RunRate, fit_calls


@pytest.mark.parametrize(
    ("step", "steps", "calls"),
    [
        (0, 30, [(0, 0, 3, 10)]),
        (0, 35, [(0, 0, 3, 10), (30, 3, 4, 5)]),
        (4, 35, [(4, 0, 1, 6), (10, 1, 3, 10), (30, 3, 4, 5)]),
        (4, 8, [(4, 0, 1, 4)]),
        (10, 20, [(10, 1, 2, 10)]),
        (32, 35, [(32, 3, 4, 3)]),
        (35, 35, []),
        (40, 35, []),
    ],
)
def test_calls_lead_from_any_step_to_the_last_along_the_same_rounds(step, steps, calls):
    assert list(fit_calls(step, steps, 10)) == [FitCall(*call) for call in calls]


def rates(schedule, *steps):
    return [float(schedule(step)) for step in steps]


def test_rates_by_hand():
    np.testing.assert_allclose(rates(RunRate(2.0, 100), 0, 50, 100), [2, 2, 2])
    np.testing.assert_allclose(rates(RunRate(2.0, 100, "linear"), 0, 25, 100, 120), [2, 1.5, 0, 0])
    cosine = rates(RunRate(2.0, 100, "cosine"), 0, 50, 100)
    np.testing.assert_allclose(cosine, [2, 1, 0], atol=1e-6)
    warm = RunRate(2.0, 110, "linear", warmup_steps=10)
    np.testing.assert_allclose(rates(warm, 0, 4, 9, 10, 60, 110), [0.2, 1, 2, 2, 1, 0])


def test_config_round_trip_and_errors():
    schedule = RunRate(0.1, 7, "cosine", 2)
    assert RunRate.from_config(schedule.get_config()).get_config() == schedule.get_config()
    with pytest.raises(ValueError, match="decay must be one of constant, linear, cosine. Received: 'steps'"):
        RunRate(0.1, 7, "steps")

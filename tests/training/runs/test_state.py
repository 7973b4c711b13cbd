"""A stage's state is all of it, and goes only into a stage like it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from training.building import build_generator, build_stage
from training.configs import load_config
from training.runs import restore_state, state_of_stage


def make_stage(*settings):
    config = load_config("image", "tiny", settings)
    return build_stage(config, build_generator(config))


def count(variables):
    return sum(int(np.prod(variable.shape)) for variable in variables)


def test_every_number_of_networks_and_optimisers_is_in_it_and_comes_back():
    stage = make_stage()
    state = state_of_stage(stage)
    parts = [stage.generator, stage.average, stage.discriminator, stage.optimizer, stage.discriminator_optimizer]
    assert sum(value.size for value in state.values()) == sum(count(part.variables) for part in parts)
    changed = {name: np.full_like(value, 3) for name, value in state.items()}
    restore_state(stage, changed, "a file")
    for part in parts:
        for variable in part.variables:
            assert np.all(tf.convert_to_tensor(variable).numpy() == 3)


def test_a_state_of_another_network_is_refused_and_nothing_is_set():
    stage = make_stage()
    before = state_of_stage(stage)
    other = state_of_stage(make_stage("network.attention_hidden=4"))
    with pytest.raises(ValueError, match=r"a file does not fit .*: wrong shape: .* is \["):
        restore_state(stage, other, "a file")
    with pytest.raises(ValueError, match=r"a file does not fit .*: missing: network/generator/0000"):
        restore_state(stage, {name: value for name, value in before.items() if not name.endswith("0000")}, "a file")
    for name, value in state_of_stage(stage).items():
        np.testing.assert_array_equal(value, before[name])

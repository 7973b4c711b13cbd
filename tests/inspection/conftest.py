"""A pose transfer by a network that has learned nothing, inspected once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.animations import HEIGHT, PERSON, WIDTH, make_model, photo, standing

from gfla_tf.inspection.pairs import Truth, inspect_pair
from gfla_tf.people import Person
from gfla_tf.pipelines import PoseTransfer

TWO_LEVELS = {"widths": (4, 8, 8), "attention_kernels": {3: 3, 2: 5}}


@pytest.fixture(scope="package")
def model():
    """A person generator for 64x48 (height x width) with attention at 1/8 and 1/4."""
    return make_model(replace(PERSON, config={**PERSON.config, **TWO_LEVELS}))


@pytest.fixture(scope="package")
def inspection(model):
    """A pair with everything that can be known of it."""
    truth = Truth(
        photo(HEIGHT, WIDTH)[:, ::-1],
        person=np.pad(np.ones((HEIGHT, 20, 1), np.float32), ((0, 0), (10, WIDTH - 30), (0, 0))),
        flow=np.full((HEIGHT, WIDTH, 2), 4.0, np.float32),
        visible=np.concatenate([np.ones((32, WIDTH, 1)), np.zeros((32, WIDTH, 1))]).astype(np.float32),
    )
    source = Person(standing(24, 60, 55), photo(HEIGHT, WIDTH))
    pose = Person(standing(20, 58, 50, stride=0.1))
    return inspect_pair(PoseTransfer(model, framing="whole"), source, pose, "tiny <pair>", truth)

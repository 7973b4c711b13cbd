"""A rendered dataset of two test pairs, models for it, and no trained network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_datasets import TEST, write_rendered
from helpers.tiny_evaluation import TINY, stand_in_network
from helpers.tiny_models import SHALLOW, filled

from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.pose.skeletons import get_skeleton
from training.evaluation import protocols, scores
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.systems import ModelSystem


@pytest.fixture(autouse=True)
def without_trained_networks(monkeypatch):
    monkeypatch.setattr(scores, "read_network_state", stand_in_network)
    monkeypatch.setattr(protocols, "PROTOCOLS", {**protocols.PROTOCOLS, "tiny": TINY})


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """Two pairs of 256x176: each target is the source moved left by 12 pixels, seen from column 88 to 163."""
    folder = write_rendered(tmp_path_factory.mktemp("rendered"))
    for number, name in enumerate(TEST):
        mask = np.zeros((256, 176), np.uint8)
        mask[:, 100 : 110 + 10 * number] = 255
        np.savez_compressed(folder / "truth" / "test" / f"{Path(name).stem}.npz", mask=mask)
    return folder


@pytest.fixture
def pairs(data) -> EvaluationPairs:
    return EvaluationPairs(data, TINY)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Writes a person generator for pictures of 64x32; another one for each seed."""

    def make(seed: int = 0, skeleton: str = "openpose-18", **config) -> Path:
        folder = tmp_path_factory.mktemp("model")
        config = {**SHALLOW, "pose_channels": len(get_skeleton(skeleton).joints), **config}
        preset = replace(PRESETS["person-demo"], config=config, height=64, width=32, skeleton=skeleton)
        save_model(filled(build_model(preset), seed), folder)
        return folder

    return make


@pytest.fixture(scope="session")
def model(make_model) -> ModelSystem:
    """One of these as a system, whose graph is traced once."""
    return ModelSystem("mine", make_model())

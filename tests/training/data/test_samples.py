"""The bundled datasets: read by the same loaders as all others, and true to themselves."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from gfla_tf.image_io import read_image
from gfla_tf.ops import bilinear_sample
from training.data.check import check
from training.data.fashion import FashionPairs, FashionSettings
from training.data.pipeline import Pipeline, PipelineSettings

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.mark.parametrize("name", ["rendered", "clips"])
def test_samples_are_usable_datasets(name):
    assert check(SAMPLES / name).usable


def test_loader_gives_batches_of_the_samples():
    pairs = FashionPairs(SAMPLES / "rendered", "train", FashionSettings(image_size=(64, 64), flow_levels=(2,)))
    batch = next(iter(Pipeline(pairs, PipelineSettings(batch_size=4, seed=1)).dataset()))
    shapes = {name: tuple(value.shape) for name, value in batch.items()}
    assert shapes["source_image"] == shapes["target_image"] == (4, 64, 64, 3)
    assert shapes["target_pose"] == (4, 64, 64, 18)
    assert shapes["flow_level2"] == (4, 16, 16, 2)


def test_exact_flow_brings_the_source_to_the_target():
    differences, copies = [], []
    for file in sorted((SAMPLES / "rendered" / "truth" / "train").glob("*__*.npz")):
        source, target = file.stem.split("__")
        images = [read_image(SAMPLES / "rendered" / "train" / f"{name}.jpg") for name in (source, target)]
        with np.load(file) as truth:
            flow, visible = truth["flow"].astype(np.float32), truth["visible"]
        visible = cv2.erode(visible, np.ones((5, 5), np.uint8)) > 0  # two pixels inside outlines
        if visible.sum() < 50:
            continue
        warped = bilinear_sample(images[0][np.newaxis], flow[np.newaxis])[0].numpy()
        differences.append(np.abs(warped - images[1])[visible].mean() / 2)
        copies.append(np.abs(images[0] - images[1])[visible].mean() / 2)
    assert len(differences) > 5
    assert np.mean(differences) < 0.06  # in [0, 1]
    assert np.mean(differences) < np.mean(copies) / 3

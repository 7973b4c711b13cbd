"""Real pictures and those of two models, and a study of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gfla_tf.image_io import write_image
from training.jnd.folder import open_study
from training.jnd.study import StudySettings

SETTINGS = StudySettings(milliseconds=60, pictures=3, checks=2)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """real/0.jpg to 4.jpg, green; mine/N.png and theirs/source__N.png, red and blue."""
    folder = tmp_path_factory.mktemp("pictures")
    colors = {"real": (0, 1, 0), "mine": (1, 0, 0), "theirs": (0, 0, 1)}
    names = {"real": "{}.jpg", "mine": "{}.png", "theirs": "source__{}.png"}
    for kind, color in colors.items():
        (folder / kind).mkdir()
        for number in range(5):
            image = np.full((24, 16, 3), np.float32(color) * 2 - 1)
            image[: 4 * number] *= 0.5
            write_image(folder / kind / names[kind].format(number), image.astype(np.float32))
    return folder


@pytest.fixture
def generated(pictures) -> dict[str, Path]:
    return {"mine": pictures / "mine", "theirs": pictures / "theirs"}


@pytest.fixture
def study(pictures, generated, tmp_path):
    return open_study(tmp_path / "study", pictures / "real", generated, SETTINGS)

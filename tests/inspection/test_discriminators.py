"""What discriminators look at, through tf-keras-vis."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from helpers.tiny_models import tiny

from gfla_tf.inspection import discriminators
from gfla_tf.inspection.clips import ClipJudge
from gfla_tf.inspection.discriminator_panels import discriminator_row
from gfla_tf.inspection.discriminators import DiscriminatorView, functional, load_discriminator
from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import Preset

SIZE = (64, 48)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).uniform(-1, 1, (*SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def view():
    pytest.importorskip("tf_keras_vis")
    return DiscriminatorView(tiny("image-discriminator"), SIZE)


@pytest.mark.parametrize("network", ["image-discriminator", "temporal-discriminator"])
def test_functional_models_score_as_the_discriminators_do(network, picture):
    discriminator = tiny(network)
    inputs = picture if network == "image-discriminator" else np.stack([picture * part / 6 for part in range(6)])
    expected = discriminator(inputs[np.newaxis])
    scores = functional(discriminator, SIZE)(inputs[np.newaxis], training=False)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert np.std(expected) > 0


def test_maps_of_a_picture(view, picture):
    for values in (view.grad_cam(picture), view.saliency(picture)):
        assert values.shape == SIZE
        assert 0 <= values.min() < values.max() <= 1


def test_saliency_is_where_the_score_depends_on_the_picture(monkeypatch, picture):
    pytest.importorskip("tf_keras_vis")
    monkeypatch.setattr(discriminators, "_mean_score", lambda scores: scores[:, 0, 0, 0])
    saliency = DiscriminatorView(tiny("image-discriminator"), SIZE).saliency(picture)
    # Three halvings of 3x3 and 4x4 kernels: one patch sees 36 pixels and no more.
    assert saliency[:36, :36].max() == pytest.approx(1, abs=1e-3)
    assert saliency[40:, 40:].max() == 0


def test_most_real_scores_higher(view, picture):
    better = view.most_real(picture, steps=3)
    assert better.shape == picture.shape
    assert -1 <= better.min() <= better.max() <= 1
    assert view.score(better) > view.score(picture)
    assert view.most_real(steps=1).shape == picture.shape


def test_evidence_over_time(picture):
    pytest.importorskip("tf_keras_vis")
    judge = ClipJudge(tiny("temporal-discriminator"), SIZE)
    maps = [judge(picture * part / 6) for part in range(1, 7)]
    assert {one.shape for one in maps} == {SIZE}
    # It looks at six frames.
    assert [one.max() > 0 for one in maps] == [False] * 5 + [True]


def test_a_row_of_a_sheet(view, inspection, monkeypatch):
    monkeypatch.setattr(discriminators, "SMOOTH_SAMPLES", 1)
    monkeypatch.setattr(DiscriminatorView, "most_real", lambda self, start: np.zeros((*SIZE, 3), np.float32))
    row = discriminator_row(view, inspection, (128, 96))
    titles = [panel.title for panel in row.panels]
    assert titles[:4] == ["target", "target: Grad-CAM", "target: saliency", "result"]
    assert {panel.image.shape for panel in row.panels} == {(128, 96, 3)}
    assert row.panels[3].note == f"score {view.score(inspection.image):.2f}"


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf_keras_vis.gradcam", None)
    for look in (lambda: DiscriminatorView(tiny("image-discriminator"), SIZE), lambda: load_discriminator("any")):
        with pytest.raises(ValueError, match=r'tf-keras-vis: pip install "gfla-tf\[vis\]"'):
            look()


def test_other_models_are_refused(tmp_path):
    pytest.importorskip("tf_keras_vis")
    save_model(build_model(Preset("motion", "motion", "", {"filters": 8, "hidden": 8})), tmp_path)
    with pytest.raises(ValueError, match="folder of a discriminator is expected. Received: .*, a MotionExtractor"):
        load_discriminator(tmp_path)


def test_a_presets_name_is_no_folder(tmp_path, monkeypatch):
    pytest.importorskip("tf_keras_vis")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="folder of a discriminator is expected. Received: image-discriminator, no f"):
        load_discriminator("image-discriminator")
    kept = build_model(Preset("mine", "image-discriminator", "", {"filters": (4, 8)}))
    save_model(kept, "image-discriminator")
    for ours, theirs in zip(load_discriminator("image-discriminator").get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)

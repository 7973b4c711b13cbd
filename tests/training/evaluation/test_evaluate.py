"""A whole evaluation: what it scores, that it gives the same bytes again, and what it keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from helpers.tiny_datasets import X, Y, tree
from helpers.tiny_evaluation import TINY, stand_in_network

from gfla_tf.image_io import from_uint8, read_image, to_uint8, write_image
from gfla_tf.metrics import FeatureNetwork, LpipsNetwork, lpips, ssim
from gfla_tf.sheets import GAP, LABEL_HEIGHT
from training.evaluation import evaluate as evaluate_module
from training.evaluation import judge as judge_module
from training.evaluation.evaluate import evaluate
from training.evaluation.generated import GeneratedPictures
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.results import read_evaluation
from training.evaluation.scores import Scorer
from training.evaluation.systems import Baseline, Rendered


class Spy:
    """A system that counts the pairs it renders: the target, a little too bright."""

    name = "spy"

    def __init__(self, error=0.25, identity="one"):
        self.error, self.identity, self.rendered = error, {"kind": identity}, 0

    def render(self, batch):
        self.rendered += len(batch.positions)
        return Rendered(np.minimum(batch.target_image + np.float32(self.error), 1))


def test_scores_are_those_of_the_metrics(pairs, tmp_path):
    content = evaluate(TINY, pairs, [Baseline("copy"), Baseline("warp")], tmp_path, sheet=0)
    batch = pairs.read([0, 1])
    difference = np.abs(np.float64(batch.target_image) - batch.source_image)
    mask = batch.person_mask
    scores = read_evaluation(tmp_path).scores["copy"].columns
    network = LpipsNetwork("alexnet", stand_in_network("alexnet"))
    np.testing.assert_allclose(
        scores["l1_person"], (difference * mask).mean(-1).sum((1, 2)) / mask.sum((1, 2, 3)), rtol=1e-5
    )
    np.testing.assert_allclose(scores["psnr"], -10 * np.log10((difference**2).mean((1, 2, 3)) / 4), rtol=1e-5)
    np.testing.assert_allclose(
        scores["lpips_alexnet"], lpips(batch.target_image, batch.source_image, network), rtol=1e-4
    )
    np.testing.assert_allclose(scores["flow_error_level3"], [1.5, 1.5], rtol=1e-5)  # 12 pixels at an eighth
    np.testing.assert_allclose(scores["flow_error_level2"], [3, 3], rtol=1e-5)
    assert content["systems"]["copy"]["metrics"]["flow_error_level2"]["mean"] == pytest.approx(3)
    assert np.isnan(scores["hidden_flow_error_level2"]).all()  # what is hidden lies outside of the source's picture
    assert list(content["differences"]) == ["warp"]
    assert content["by_pose"] == {}  # too few pairs for thirds
    gain = read_evaluation(tmp_path).scores["warp"].columns["psnr"] - scores["psnr"]
    assert content["differences"]["warp"]["psnr"]["mean"] == pytest.approx(gain.mean(), rel=1e-5)


def test_metrics_of_a_person_need_one(pairs):
    """An empty mask is no perfect picture."""
    metrics = ("l1", "l1_person", "mask_ssim", "mask_lpips_alexnet")
    scorer, batch = Scorer(replace(TINY, metrics=metrics)), pairs.read([0, 1])
    expected = scorer.scores(batch, Rendered(batch.source_image))
    batch.person_mask[1] = 0
    scores = scorer.scores(batch, Rendered(batch.source_image))
    np.testing.assert_array_equal(scores["l1"], expected["l1"])
    for name in metrics[1:]:
        np.testing.assert_allclose(scores[name], [expected[name][0], np.nan], rtol=1e-6)


def test_lpips_and_the_frechet_distance_share_a_network(pairs):
    """Results go through VGG16 once; the numbers are those of each alone."""
    scorer, batch = Scorer(replace(TINY, metrics=("lpips_vgg16",), ranking="lpips_vgg16")), pairs.read([0, 1])
    alone = LpipsNetwork("vgg16", stand_in_network("vgg16"))
    image, other = np.array(batch.source_image), np.array(batch.source_image[::-1])
    with mock.patch.object(FeatureNetwork, "__call__", autospec=True, side_effect=FeatureNetwork.__call__) as network:
        scores = scorer.scores(batch, Rendered(image))
        features = scorer.frechet_features(image)
        assert [len(call.args[1]) for call in network.call_args_list] == [2, 2]
    np.testing.assert_array_equal(scores["lpips_vgg16"], lpips(batch.target_image, image, alone))
    np.testing.assert_array_equal(features, alone.features.pooled(image))
    np.testing.assert_array_equal(scorer.frechet_features(other), alone.features.pooled(other))


def test_thirds_are_of_poses_as_annotated(data, tmp_path, monkeypatch):
    """In pictures of 256x176, also where they are compared at 256x256."""
    seen = []
    monkeypatch.setattr(evaluate_module, "summarize_thirds", lambda keypoints, *_: seen.append(keypoints) or {})
    protocol = replace(TINY, metrics=("l1",), ranking="l1", picture_size=(256, 256), needs_truth=False)
    evaluate(protocol, EvaluationPairs(data, protocol), [Baseline("copy")], tmp_path, sheet=0)
    np.testing.assert_allclose(seen[0][:, :, 2, :2], np.tile([X[2], Y[2]], (2, 2, 1)), rtol=1e-5)


def test_ssim_by_several_windows(pairs, tmp_path):
    """The protocol's by its own window and range, others with the range of the result."""
    windows = {"ssim": ("gaussian-1.5-padded", 2.0), "ssim_gaussian-1.2": ("gaussian-1.2", "generated")}
    windows["ssim_uniform-51-padded"] = ("uniform-51-padded", "generated")
    protocol = replace(TINY, metrics=tuple(windows), ranking="ssim", ssim_variant="gaussian-1.5-padded")
    evaluate(protocol, pairs, [Baseline("copy")], tmp_path, sheet=0)
    batch, scores = pairs.read([0, 1]), read_evaluation(tmp_path).scores["copy"].columns
    for name, settings in windows.items():
        np.testing.assert_allclose(scores[name], ssim(batch.target_image, batch.source_image, *settings), rtol=1e-5)


def test_twice_gives_the_same_bytes_and_so_does_taking_up(pairs, tmp_path, model):
    def run(folder, *names):
        evaluate(TINY, pairs, [model, *map(Baseline, names)], folder, sheet=2)
        return tree(folder)

    whole = run(tmp_path / "whole", "copy", "warp-completed")
    assert run(tmp_path / "again", "copy", "warp-completed") == whole
    run(tmp_path / "parts", "copy")
    assert run(tmp_path / "parts", "copy", "warp-completed") == whole
    assert set(whole) >= {"evaluation.json", "sheet.jpg", "systems/mine/scores.csv", "systems/mine/best.jpg"}
    assert not [name for name in whole if name.startswith(".")]


def test_kept_unless_something_changes(data, pairs, tmp_path):
    def rendered(spy, protocol=TINY, pairs=pairs):
        evaluate(protocol, pairs, [spy], tmp_path, sheet=0)
        return spy.rendered - 4  # best and worst, two pairs each

    assert rendered(Spy()) == 2
    assert rendered(Spy()) == 0
    assert rendered(Spy(identity="other weights")) == 2
    assert rendered(Spy(), replace(TINY, metrics=("psnr", "l1_person"))) == 2
    assert rendered(Spy(), pairs=EvaluationPairs(data, TINY)) == 2  # back at the first metrics
    scores = tmp_path / "systems" / "spy" / "scores.csv"
    scores.write_text(scores.read_text().replace("0,fashion", "7,fashion"))
    assert rendered(Spy()) == 2
    (tmp_path / "systems" / "spy" / "system.json").unlink()
    assert rendered(Spy()) == 2


def test_the_fingerprint_follows_the_data_and_not_its_place(data, tmp_path, pairs):
    import shutil

    def fingerprint(folder):
        return judge_module.Judge(TINY, EvaluationPairs(folder, TINY), tmp_path).fingerprint

    original = fingerprint(data)
    copy = shutil.copytree(data, tmp_path / "copy")
    assert fingerprint(copy) == original
    assert original["data"]["pairs"] == 2
    assert original["data"]["person_mask"] == "exact"
    assert list(original["networks"]) == ["alexnet"]
    picture = copy / "test" / pairs.names(0)[0]
    write_image(picture, -read_image(picture))
    assert fingerprint(copy)["data"]["sha256"] != original["data"]["sha256"]


def test_results_are_judged_as_a_file_would_hold_them(pairs, tmp_path):
    """A system and the folder of PNG files that it wrote score the same."""
    spy, folder = Spy(error=0.0031), tmp_path / "written"
    folder.mkdir()
    batch = pairs.read([0, 1])
    for position, image in enumerate(spy.render(batch).image):
        stems = [name.removesuffix(".jpg") for name in pairs.names(position)]
        write_image(folder / f"{'__'.join(stems)}.png", image)
    evaluate(TINY, pairs, [spy, GeneratedPictures("files", folder, pairs, [".png"])], tmp_path / "out", sheet=0)
    scores = read_evaluation(tmp_path / "out").scores
    for name, values in scores["spy"].columns.items():
        np.testing.assert_array_equal(values, scores["files"].columns[name])
    rounded = judge_module.rendered_as_stored(spy, batch).image
    np.testing.assert_array_equal(rounded, from_uint8(to_uint8(rounded)))


def test_best_and_worst_are_told_by_the_ranking(pairs, tmp_path):
    evaluate(TINY, pairs, [Baseline("copy")], tmp_path, sheet=1)
    panel, panels = (LABEL_HEIGHT + 256 + GAP, 176 + GAP), 4
    assert read_image(tmp_path / "sheet.jpg").shape == (panel[0] - GAP, panels * panel[1] - GAP, 3)
    best, worst = (read_image(tmp_path / "systems" / "copy" / f"{name}.jpg") for name in ("best", "worst"))
    half = panels * panel[1]
    assert best.shape == (panel[0] - GAP, 2 * half - GAP, 3)
    ranking = read_evaluation(tmp_path).scores["copy"].columns["l1_person"]
    first = pairs.read([int(np.argmin(ranking))]).source_image[0]
    assert np.abs(best[LABEL_HEIGHT:, :176] - first).mean() < 0.03
    assert np.abs(worst[LABEL_HEIGHT:, half : half + 176] - first).mean() < 0.03


def test_the_frechet_distance_to_the_training_pictures(data, tmp_path, monkeypatch):
    """On mean colours; the real set is read once, and an interruption costs no more than what came after it."""
    monkeypatch.setattr("training.evaluation.real_set.SAVED_EVERY", 1)
    read = []

    class MeanColours:
        def pooled(self, images):
            read.append(len(images))
            if len(read) == interrupted_at:
                raise KeyboardInterrupt
            return np.asarray(images).mean((1, 2))

    monkeypatch.setattr(judge_module.Scorer, "frechet_features", staticmethod(MeanColours().pooled))
    protocol = replace(TINY, metrics=("l1_person",), frechet=True, needs_truth=False, picture_size=(32, 24))
    pairs, spy, interrupted_at = EvaluationPairs(data, protocol), Spy(0.5), 3
    with pytest.raises(KeyboardInterrupt):
        evaluate(protocol, pairs, [spy], tmp_path, sheet=0)
    assert not (tmp_path / "evaluation.json").exists()
    interrupted_at, before = None, len(read)
    content = evaluate(protocol, pairs, [spy], tmp_path, sheet=0)
    assert len(read) - before == 2 + 1  # two of three real pictures, one batch of results
    assert content["fingerprint"]["real_set"]["pictures"] == 3

    real, results = (np.stack(one) for one in _mean_colours(data, pairs, spy))
    mean = np.square(real.mean(0) - results.mean(0)).sum()
    covariances = np.cov(real.T), np.cov(results.T)
    import scipy.linalg

    root = np.trace(scipy.linalg.sqrtm(covariances[0] @ covariances[1] + 1e-12 * np.eye(3))).real
    expected = mean + sum(map(np.trace, covariances)) - 2 * root
    assert content["systems"]["spy"]["sets"]["frechet_vgg16"] == pytest.approx(expected, rel=1e-3)
    without = evaluate(protocol, pairs, [spy], tmp_path, sheet=0, sets=judge_module.SetChoice(frechet=False))
    assert without["systems"]["spy"]["sets"] == {}
    assert without["fingerprint"]["real_set"] is None


def _mean_colours(data, pairs, system):
    import tensorflow as tf

    from training.data.images import read_picture

    files = sorted((data / "train").iterdir())
    real = [read_picture(tf.constant(str(file)), 32, 24)[0].numpy().mean((0, 1)) for file in files]
    results = judge_module.rendered_as_stored(system, pairs.read([0, 1])).image.mean((1, 2))
    return real, results


def test_systems_that_draw_no_images_are_refused(pairs, tmp_path):
    spy = Spy(error=np.nan)
    with pytest.raises(ValueError, match=r"spy: finite pictures of shape \(2, 256, 176, 3\).*not finite"):
        evaluate(TINY, pairs, [spy], tmp_path)
    spy.render = lambda batch: Rendered(batch.target_image[:, ::2])
    with pytest.raises(ValueError, match=r"Received: \(2, 128, 176, 3\), finite"):
        evaluate(TINY, pairs, [spy], tmp_path)
    assert not (tmp_path / "evaluation.json").exists()


def test_results_that_do_not_belong_together_are_refused(pairs, tmp_path):
    evaluate(TINY, pairs, [Baseline("copy")], tmp_path, sheet=0)
    scores = tmp_path / "systems" / "copy" / "scores.csv"
    scores.write_text(scores.read_text() + "\n")
    with pytest.raises(ValueError, match=r"scores.csv: the scores that .* is about are expected. Received: others"):
        read_evaluation(tmp_path)
    for systems in (1, {"copy": 1}, {"copy": {}}, {"copy": {"scores_sha256": "a"}}):
        (tmp_path / "evaluation.json").write_text(json.dumps({"systems": systems, "fingerprint": {}}))
        with pytest.raises(ValueError, match="the result of `evaluate` is expected"):
            read_evaluation(tmp_path / "evaluation.json")
    with pytest.raises(ValueError, match="nothing.json: the result of `evaluate` is expected. Received: no such file"):
        read_evaluation(tmp_path / "nothing.json")

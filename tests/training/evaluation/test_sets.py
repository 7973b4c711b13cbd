"""Numbers of whole sets and of poses: what is kept of features, FID and its kin, joints that are found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.box_estimator import BoxEstimator
from helpers.tiny_datasets import TRAIN, keypoints_at, write_fashion
from helpers.tiny_evaluation import TINY

from gfla_tf.image_io import read_image, write_image
from gfla_tf.metrics import FeatureStatistics, InceptionScore, frechet_distance, kernel_distance
from gfla_tf.metrics.inception import InceptionFeatures
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.framing import resize_image
from gfla_tf.pose.heatmaps import rescale_keypoints
from training.evaluation import judge as judge_module
from training.evaluation import set_features
from training.evaluation.evaluate import evaluate
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.pose_scores import PoseScorer
from training.evaluation.real_set import find_real_set
from training.evaluation.scores import Scorer
from training.evaluation.set_features import SetComparison, SetFeatures, SetNetwork
from training.evaluation.systems import Baseline, Rendered

SAMPLES = Path(__file__).parents[3] / "samples"
FEATURES = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)


def test_a_sample_is_spread_evenly_whatever_the_batches(monkeypatch):
    monkeypatch.setattr(set_features, "SAMPLE", 4)
    for size in (1, 3, 10):
        kept = SetFeatures(10, 3)
        for start in range(0, 10, size):
            kept.update(FEATURES[start : start + size])
        np.testing.assert_array_equal(kept.sample, FEATURES[[0, 3, 6, 9]])
        assert kept.statistics.count == 10


def test_features_can_be_put_away_and_taken_up(monkeypatch):
    monkeypatch.setattr(set_features, "SAMPLE", 4)
    half = SetFeatures(10, 3)
    half.update(FEATURES[:5])
    np.testing.assert_array_equal(half.sample, FEATURES[[0, 3]])
    again = SetFeatures.from_arrays(10, half.arrays())
    for kept in (half, again):
        kept.update(FEATURES[5:])
    for name, array in half.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    with pytest.raises(ValueError, match="broadcast"):
        SetFeatures.from_arrays(10, {**half.arrays(), "sample": np.zeros((3, 2))})


def test_a_comparison_is_made_of_the_metrics():
    real, probabilities = np.random.default_rng(1).normal(size=(7, 3)), np.full((10, 4), 0.25)
    probabilities[:5] = np.eye(4)[[0, 1, 2, 3, 0]]
    network = SetNetwork("n", "", ("fid", "kid", "inception_score"), lambda images: (images[:, :3], images[:, 3:]))
    kept = SetFeatures(7, 3)
    kept.update(real)
    comparison = SetComparison(network, kept, 10)
    results = np.concatenate([FEATURES, probabilities], axis=1)
    for start in range(0, 10, 4):
        comparison.update(results[start : start + 4])
    scores = comparison.scores()
    expected = frechet_distance(FeatureStatistics.of(real), FeatureStatistics.of(FEATURES))
    assert scores["fid"] == pytest.approx(expected, rel=1e-6)
    assert scores["inception_score"] == pytest.approx(InceptionScore().update(probabilities).result())
    # Blocks of 7: all of the smaller set, and some of the larger.
    assert scores["kid"] == pytest.approx(kernel_distance(np.float32(real), FEATURES), abs=0.3)


class FakeInception:
    """Mean colours, and two classes: red or not."""

    variant = "2015"

    def __call__(self, images):
        colours = np.asarray(images).mean((1, 2))
        red = (colours[:, :1] + 1) / 2
        return InceptionFeatures(colours, np.concatenate([red, 1 - red], axis=1))


def test_fid_kid_and_inception_score_are_columns(data, tmp_path, monkeypatch):
    (tmp_path / "weights.pth").write_bytes(b"some")
    monkeypatch.setattr(judge_module, "load_inception", lambda variant, path: FakeInception())
    protocol = replace(TINY, metrics=("l1_person",), needs_truth=False, picture_size=(32, 24))
    pairs, sets = EvaluationPairs(data, protocol), judge_module.SetChoice(True, (("2015", tmp_path / "weights.pth"),))
    content = evaluate(protocol, pairs, [Baseline("truth"), Baseline("copy")], tmp_path / "out", sheet=0, sets=sets)
    assert list(content["systems"]["truth"]["sets"]) == ["fid", "kid", "inception_score"]
    assert content["fingerprint"]["networks"].keys() >= {"inception 2015"}
    assert content["fingerprint"]["real_set"]["pictures"] == 3
    missing = judge_module.SetChoice(True, (("2015", tmp_path / "nothing.pth"),))
    with pytest.raises(ValueError, match="nothing.pth: a readable file is expected"):
        evaluate(protocol, pairs, [Baseline("truth")], tmp_path / "out", sets=missing)


def test_joints_are_found_again_in_true_proportions():
    """A red box of 64x44 pictures, compared at 64x64: the estimator sees it as wide as it was."""
    true_image = np.full((64, 44, 3), -1, np.float32)
    true_image[8:56, 10:30, 0] = 1
    target = rescale_keypoints(keypoints_at(10, 8, 48)[np.newaxis], (64, 44), (64, 64))
    image = resize_image(true_image, 64, 64)[np.newaxis]
    accuracy = PoseScorer((64, 44), BoxEstimator())(target, image)
    assert accuracy.distance[0] < 1.5
    assert accuracy.pckh[0] == 1
    assert PoseScorer(None, BoxEstimator())(target, image).distance[0] > 3  # squeezed
    nobody = PoseScorer((64, 44), BoxEstimator())(target, np.full_like(image, -1))
    assert nobody.pckh[0] == 0
    assert np.isnan(nobody.distance[0])


def test_joints_of_a_photo_are_missed_the_farther_it_is_moved():
    """By the bundled estimator: what it finds in a photo is wanted of the photo, moved, and of somebody else's."""
    photo = resize_image(read_image(SAMPLES / "walker.jpg"), 256, 176)
    (person, *_) = PoseEstimator(threads=1).estimate(photo)
    wanted = np.repeat(person.keypoints("openpose-18")[np.newaxis], 6, axis=0)
    moved = [photo[:, np.maximum(np.arange(176) - step, 0)] for step in (0, 4, 12, 30)]
    others = [resize_image(read_image(SAMPLES / "standing.jpg"), 256, 176), np.full_like(photo, 1)]
    accuracy = PoseScorer()(wanted, np.stack([*moved, *others]))
    assert accuracy.pckh[0] == 1
    assert accuracy.distance[0] == 0
    np.testing.assert_allclose(accuracy.distance[1:4], [4, 12, 30], rtol=0.35)
    assert np.all(np.diff(accuracy.distance[:4]) > 0), accuracy
    assert np.all(np.diff(accuracy.pckh[:4]) <= 0), accuracy
    assert accuracy.pckh[3] < accuracy.pckh[1], accuracy
    assert accuracy.pckh[4] < accuracy.pckh[1], accuracy
    assert accuracy.pckh[5] == 0  # nobody


def test_poses_are_looked_for_once_a_batch(pairs, monkeypatch):
    calls = []

    class CountingEstimator(BoxEstimator):
        def estimate(self, image):
            calls.append(image.shape)
            return super().estimate(image)

    monkeypatch.setattr("training.evaluation.pose_scores.PoseEstimator", lambda threads: CountingEstimator())
    scorer, batch = Scorer(replace(TINY, metrics=("pckh", "pose_distance"), ranking="pckh")), pairs.read([0, 1])
    scores = scorer.scores(batch, Rendered(batch.target_image))
    assert calls == [(256, 176, 3)] * 2
    assert scores.keys() == {"pckh", "pose_distance"}
    scorer.scores(batch, Rendered(batch.source_image))
    assert len(calls) == 4


def test_the_fingerprint_knows_the_pose_estimator(pairs, tmp_path, monkeypatch):
    """Other networks find other joints; protocols without them don't depend on them."""

    def networks(*metrics):
        protocol = replace(TINY, metrics=metrics, ranking=metrics[0])
        return judge_module.Judge(protocol, pairs, tmp_path).fingerprint["networks"]

    assert "pose estimator" not in networks("l1_person")
    before = networks("pckh")["pose estimator"]
    assert networks("pose_distance")["pose estimator"] == before
    (tmp_path / "pose_detection.tflite").write_bytes(b"another")
    monkeypatch.setattr("gfla_tf.pose.blazepose.detector.MODEL_PATH", tmp_path / "pose_detection.tflite")
    assert networks("pckh")["pose estimator"] != before


def test_features_of_real_pictures_are_kept_for_the_same_only(tmp_path, monkeypatch):
    """A picture, the version of TensorFlow and that of the evaluation: whatever changes, all are described again."""
    described = []

    def mean_colours(images):
        described.append(len(images))
        return np.asarray(images).mean((1, 2)), None

    data, cache = write_fashion(tmp_path / "fashion"), tmp_path / "cache"
    protocol = replace(TINY, needs_truth=False, picture_size=(32, 24))
    network = SetNetwork("colours", "", ("frechet",), mean_colours)

    def features():
        described.clear()
        kept = find_real_set(EvaluationPairs(data, protocol), protocol).features(network, cache)
        return kept.statistics.mean, sum(described)

    first, read = features()
    assert read > len(TRAIN) - 1
    np.testing.assert_array_equal(features()[0], first)
    assert not described
    write_image(data / "train" / TRAIN[1], np.ones((256, 176, 3), np.float32))
    brighter, read = features()
    assert read > len(TRAIN) - 1
    assert (brighter > first + 0.1).all()
    for name, version in (("tf.__version__", "2.0"), ("VERSION", -1)):
        monkeypatch.setattr(f"training.evaluation.real_set.{name}", version)
        assert features()[1] > len(TRAIN) - 1
    assert features()[1] == 0

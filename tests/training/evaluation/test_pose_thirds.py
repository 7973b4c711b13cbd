"""Scores of pairs with near, middle and far poses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gfla_tf.metrics import paired_difference_interval
from training.evaluation.failure_facts import pose_distance
from training.evaluation.pose_thirds import summarize_thirds
from training.evaluation.report import write_report
from training.evaluation.results import Evaluation, SystemScores


def make_keypoints(amounts):
    """Source and target of each pair: the same points, one of them moved by so much; NaN: nothing found."""
    random = np.random.default_rng(0)
    points = np.concatenate([random.uniform(0, 100, (18, 2)), np.ones((18, 1))], axis=1)
    pairs = np.tile(points, (len(amounts), 2, 1, 1))
    for pair, amount in zip(pairs, amounts, strict=True):
        pair[1, 0, 0] += np.nan_to_num(amount)
        pair[1, :, 2] = np.isfinite(amount)
    return pairs


def test_each_third_by_itself():
    amounts = [50, 0, 20, 90, 10, np.nan, 70]
    keypoints = make_keypoints(amounts)
    columns = {"mine": {"l1": np.arange(7.0)}, "copy": {"l1": np.arange(7.0) ** 2, "psnr": np.ones(7)}}
    thirds = summarize_thirds(keypoints, columns, "mine")
    assert list(thirds) == ["near", "middle", "far"]
    for name, positions in {"near": [1, 4], "middle": [2, 0], "far": [6, 3]}.items():
        third = thirds[name]
        assert third["pairs"] == 2
        distances = [pose_distance(*keypoints[position]) for position in positions]
        assert (third["low"], third["high"]) == pytest.approx(tuple(distances))
        assert third["metrics"]["mine"]["l1"]["mean"] == np.mean(positions)
        expected = paired_difference_interval(columns["copy"]["l1"][positions], columns["mine"]["l1"][positions])
        assert third["differences"]["copy"]["l1"]["mean"] == pytest.approx(expected.mean)
        assert list(third["differences"]) == ["copy"]


def test_none_of_few_pairs():
    columns = {"mine": {"l1": np.arange(6.0)}}
    assert summarize_thirds(make_keypoints([1, 2, 3, 4, 5, np.nan]), columns, "mine") == {}
    assert summarize_thirds(make_keypoints([1, 2, 3, 4, 5, 6]), columns, "mine") != {}


def test_the_page_shows_them(tmp_path):
    columns = {"mine": {"l1": np.arange(6.0)}, "copy": {"l1": np.arange(6.0) + 0.5}}
    data = {"kind": "fashion", "pairs": 6, "pairs_available": 6, "split": "test", "picture_size": [8, 8]}
    fingerprint = {"protocol": {"name": "tiny", "ranking": "l1"}, "data": {**data, "person_mask": "exact"}}
    scores = {name: SystemScores((("a", "b"),) * 6, one) for name, one in columns.items()}
    systems = {name: {"metrics": {}, "sets": {}, "identity": {}} for name in columns}
    content = {
        "fingerprint": fingerprint,
        "systems": systems,
        "reference": "mine",
        "differences": {},
        "description": "",
    }
    without = Evaluation(tmp_path, content, scores)
    write_report(without, tmp_path)
    assert "By pose" not in (tmp_path / "report.md").read_text(encoding="utf-8")
    by_pose = summarize_thirds(make_keypoints([10, 20, 30, 40, 50, 60]), columns, "mine")
    write_report(replace(without, content={**content, "by_pose": by_pose}), tmp_path)
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    low, high = by_pose["far"]["low"], by_pose["far"]["high"]
    assert f"### far: 2 pairs, distance {low:.2f} to {high:.2f}" in page
    assert "| L1 ↓ | 4.5000 [4.0000, 5.0000] | 5.0000 [4.5000, 5.5000] |" in page
    assert "| L1 ↓ | +0.5000 [+0.5000, +0.5000] * |" in page

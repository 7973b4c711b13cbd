"""Failures of a system by cause."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
from helpers.animations import standing
from helpers.tiny_evaluation import TINY

from gfla_tf.image_io import read_image
from gfla_tf.pose.heatmaps import rescale_keypoints
from training.__main__ import main
from training.evaluation import protocols, sheets
from training.evaluation.columns import find_column
from training.evaluation.failure_causes import (
    CAUSES,
    FEWEST_PAIRS,
    NO_CAUSE,
    explain,
    first_causes,
    present_causes,
    variance_explained,
)
from training.evaluation.failure_facts import FACTS, facing, measure, missing_joints, pose_distance
from training.evaluation.failure_page import cause_rows, failure_blocks
from training.evaluation.failures import Failures, write_failures
from training.evaluation.page import to_markdown
from training.evaluation.systems import Baseline

NONE = {name: np.zeros(4) for name in FACTS}
NONE_OF_16 = {name: np.zeros(16) for name in FACTS}


def test_pose_distance_knows_neither_place_nor_size():
    person = standing(50, 100, 80)
    assert pose_distance(person, standing(10, 300, 200)) == pytest.approx(0, abs=1e-5)
    assert pose_distance(person, standing(50, 100, 80, stride=0.3)) > 0.05


def test_pose_distance_by_hand():
    first, second = np.zeros((18, 3), np.float32), np.zeros((18, 3), np.float32)
    first[:4] = [(-1, 0, 1), (1, 0, 1), (0, 1, 1), (0, -1, 1)]  # the root mean square from the middle is 1
    second[:4] = [(0, -1, 1), (0, 1, 1), (1, 0, 1), (-1, 0, 1)]
    assert pose_distance(first, second) == pytest.approx(2**0.5, rel=1e-6)
    first[2:4] = 0
    assert np.isnan(pose_distance(first, second))


def test_convention_facing():
    person = standing(50, 100, 80)  # looks at the camera
    away = person.copy()
    away[:, 0] = 100 - away[:, 0]  # seen from behind, left is left
    side = person.copy()
    side[:, 0] = 50
    assert (facing(person), facing(side), facing(away)) == (pytest.approx(1), 0, pytest.approx(-1))
    person[2, 2] = 0  # the right shoulder
    assert np.isnan(facing(person))


def test_missing_joints_of_either_pose_below_the_head():
    first, second = standing(50, 100, 80), standing(50, 100, 80)
    first[[0, 4], 2] = 0  # nose, right wrist
    second[[4, 10, 14], 2] = 0  # right wrist, right ankle, right eye
    assert missing_joints(first, second) == pytest.approx(2 / 13)


def test_convention_facts_of_exact_flow(pairs):
    # The target's column x shows the source's x + 12, from 88 to 163 it is seen; the source ends at column 175.
    facts = measure(pairs)
    for pair in range(2):
        person = pairs.read([pair]).person_mask[0, 0, :, 0] > 0.5
        columns = np.flatnonzero(person)
        hidden = columns[(columns < 88) | (columns >= 164)]
        assert facts["occlusion"][pair] == pytest.approx((hidden + 12 < 176).sum() / len(columns))
        assert facts["out_of_frame"][pair] == pytest.approx((hidden + 12 >= 176).sum() / len(columns))


def test_convention_poses_are_measured_as_annotated():
    """In 256x176, not in the stretched pictures of 256x256 that are compared."""
    source, target = standing(50, 100, 80), standing(60, 110, 90, stride=0.3)
    target[:, 0] = 60 + 0.5 * (target[:, 0] - 60)  # half turned
    stretched = (rescale_keypoints(one[np.newaxis], (256, 176), (256, 256)) for one in (source, target))
    batch = SimpleNamespace(
        positions=(0,), flow=None, source_keypoints=next(stretched), target_keypoints=next(stretched)
    )
    pairs = MagicMock(__len__=lambda self: 1, picture_size=(256, 256))
    pairs.layout.annotation_size = (256, 176)
    pairs.batches.return_value, pairs.keypoints.return_value = [batch], np.zeros((1, 2, 18, 3))
    facts = measure(pairs)
    assert facts["far_pose"][0] == pytest.approx(pose_distance(source, target), rel=1e-4)
    assert facts["turn"][0] == pytest.approx(facing(source) - facing(target), rel=1e-4)


def test_occlusion_by_masks_where_nothing_is_exact():
    person = np.zeros((1, 4, 4, 1), np.float32)
    person[:, :2] = 1
    batch = SimpleNamespace(
        positions=(0,),
        flow=None,
        person_mask=person,
        source_keypoints=np.ones((1, 18, 3)),
        target_keypoints=np.ones((1, 18, 3)),
    )
    keypoints = np.ones((1, 2, 18, 3))
    keypoints[0, 0, 1, 0] = 9  # the source's neck lies beyond the last column
    pairs = MagicMock(__len__=lambda self: 1, picture_size=(4, 4), layout=SimpleNamespace(annotation_size=(4, 4)))
    pairs.batches.return_value, pairs.keypoints.return_value = [batch], keypoints
    facts = measure(pairs, lambda batch: np.full((1, 4, 4, 1), 0.25, np.float32))
    assert facts["occlusion"][0] == pytest.approx(0.75)
    assert facts["out_of_frame"][0] == pytest.approx(1 / 13)
    assert np.isnan(measure(pairs)["occlusion"][0])


def test_first_cause_is_the_one_that_stands_out_most():
    facts = {**NONE, "occlusion": np.array([0.7, 0.8, 0.9, np.nan]), "turn": np.array([1.9, 0.0, 1.2, 0.0])}
    # Pair 0 is the least hidden but the most turned; of pair 2 it is the other way round.
    assert first_causes(facts) == ["turn", "occlusion", "occlusion", NO_CAUSE]
    np.testing.assert_array_equal(present_causes(facts)["turn"], [True, False, True, False])


def test_what_a_cause_explains():
    error = np.repeat([0.4, 0.6, 0.1, 0.3], 4)
    facts = {
        **NONE_OF_16,
        "occlusion": np.repeat([0.9, 0.9, 0.1, 0.1], 4),
        "turn": np.repeat([2.0, 0.0], [FEWEST_PAIRS - 1, 17 - FEWEST_PAIRS]),
    }
    explained = explain(error, facts)["occlusion"]
    assert (explained.count, explained.with_it, explained.without) == (8, pytest.approx(0.5), pytest.approx(0.2))
    assert explained.difference.mean == pytest.approx(0.3)
    half = 1.96 * np.sqrt(0.1**2 / 8 + 0.1**2 / 8)
    np.testing.assert_allclose(explained.difference[1:], [0.3 - half, 0.3 + half], atol=0.02)
    assert explained.share == pytest.approx((0.35 - 0.2) / 0.35)
    assert explained.variance == pytest.approx(1 - (1 - 0.15**2 / error.var()) * 15 / 14)
    assert explain(error, facts)["turn"].difference is None
    assert np.isfinite(explain(error, facts)["turn"].share)
    for without_zero in (-error, np.zeros(16)):
        assert np.isnan(explain(without_zero, facts)["occlusion"].share)


def test_variance_of_all_facts_together():
    error = np.tile([0.0, 1.0, 2.0, 3.0], 3)
    facts = {"a": np.tile([0.0, 0, 1, 1], 3), "b": np.tile([0.0, 1, 0, 1], 3), "c": np.full(12, np.nan)}
    assert variance_explained(error, facts) == pytest.approx(1)
    assert np.isnan(variance_explained(error, {"c": facts["c"]}))


@pytest.mark.parametrize("value", [1.0, 0.1])
def test_errors_that_are_all_the_same_have_no_variance(value):
    error = np.full(3, value)  # of 0.1, the standard deviation is 1e-17
    assert np.isnan(variance_explained(error, {"a": np.zeros(3)}))


def test_noise_explains_nothing():
    generator = np.random.default_rng(0)

    def explained(pairs, facts):
        columns = {str(number): generator.normal(size=pairs) for number in range(facts)}
        return variance_explained(generator.normal(size=pairs), columns)

    assert np.isnan(explained(17, 5))  # three pairs for each fact and the constant
    parts = [explained(60, 5) for _ in range(50)]
    assert min(parts) == 0
    assert np.mean(parts) < 0.05  # unadjusted, it is 5 / 59


def test_a_fact_that_is_the_same_of_all_pairs_explains_nothing():
    error = np.random.default_rng(0).normal(size=40)
    for value in (0.0, 0.1, 0.7):
        part = variance_explained(error, {"a": np.full(40, value)})
        assert f"{part:.1%}" == "0.0%"


def test_a_page_of_few_pairs_does_not_say_what_all_facts_explain():
    said = "All facts together"
    for count, expected in ((4, False), (40, True)):
        generator = np.random.default_rng(0)
        facts = {name: generator.uniform(0, 0.05, count) for name in FACTS}
        failures = Failures("mine", find_column("l1"), generator.uniform(size=count), facts, pairs=None)
        assert (said in to_markdown(failure_blocks(failures, {}, {})[1])) == expected


@pytest.mark.parametrize(
    ("name", "share", "said"), [("l1", "42.9%", "of the mean error would go"), ("ssim", "-", "of which less is better")]
)
def test_shares_are_of_errors(name, share, said):
    facts = {**NONE, "occlusion": np.array([0.9, 0.9, 0.1, 0.1])}
    failures = Failures("mine", find_column(name), np.array([0.4, 0.6, 0.1, 0.3]), facts, pairs=None)
    assert cause_rows(failures)[1][7] == share  # (0.35 - 0.2) / 0.35
    page = to_markdown(failure_blocks(failures, {}, {})[1])
    assert said in page


def test_rows_say_scores_as_they_are():
    # PSNR falls where the error grows.
    facts = {**NONE_OF_16, "occlusion": np.repeat([0.9, 0.1], 8), "far_pose": np.full(16, np.nan)}
    failures = Failures("mine", find_column("psnr"), np.repeat([20.0, 22, 30, 32], 4), facts, pairs=None)
    header, occlusion, _, far_pose, *_ = cause_rows(failures)
    assert occlusion[:2] == ["Occlusion", f"{CAUSES['occlusion'].threshold:g}"]
    assert occlusion[3:6] == ["8", "21.0000", "31.0000"]
    assert re.fullmatch(r"-10\.0000 \[-1[01]\.\d{4}, -9\.\d{4}\] \*", occlusion[6])
    assert occlusion[7] == "-"
    assert far_pose[3] == "not known"
    assert len({len(row) for row in (header, occlusion, far_pose)}) == 1
    np.testing.assert_array_equal(failures.scores[failures.order], failures.scores)


@pytest.fixture
def evaluation(data, tmp_path):
    """The source as it is, evaluated."""
    common = ["--data", str(data), "--output", str(tmp_path / "evaluation"), "--sheet", "0"]
    assert main(["evaluate", "--protocol", "tiny", *common, "--baseline", "copy"]) == 0
    return tmp_path / "evaluation"


def test_the_command(evaluation, data, tmp_path, make_model, capsys):
    arguments = ["failures", str(evaluation), "--data", str(data), "--output", str(tmp_path / "out")]
    capsys.readouterr()
    assert main(arguments) == 0
    assert "Occlusion" in capsys.readouterr().out
    with open(tmp_path / "out" / "failures.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert float(rows[0]["l1_person"]) >= float(rows[1]["l1_person"])
    groups = {row["first_cause"] for row in rows}
    page = (tmp_path / "out" / "failures.md").read_text(encoding="utf-8")
    for group in groups:
        count = sum(row["first_cause"] == group for row in rows)
        title = "No known cause" if group == NO_CAUSE else f"{CAUSES[group].title} above all"
        assert f"{title}: {'1 pair' if count == 1 else f'{count} pairs, the worst first'}." in page
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"failures.csv", "failures.html", "failures.md", *(f"{group}.jpg" for group in groups)}
    for wrong, message in (
        (["--system", "other"], "--system must be one of copy. Received: other."),
        (["--metric", "ssim"], "--metric must be one of lpips_alexnet, psnr"),
        (["--model", str(make_model())], "--model must be the folder of copy."),
    ):
        assert main([*arguments, *wrong, "--output", str(tmp_path / "other")]) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "other").exists()


@pytest.fixture
def plain(monkeypatch):
    """A protocol without exact flow."""
    protocol = replace(TINY, name="plain", metrics=("l1",), ranking="l1", needs_truth=False)
    monkeypatch.setattr(protocols, "PROTOCOLS", {**protocols.PROTOCOLS, "plain": protocol})


def occlusion_by(model, system, evaluation, data, output):
    """The column of failures.csv, of a model's masks."""
    arguments = ["failures", str(evaluation), "--data", str(data), "--output", str(output)]
    assert main([*arguments, "--system", system, "--model", str(model)]) == 0
    with open(output / "failures.csv", encoding="utf-8", newline="") as file:
        return [row["occlusion"] for row in sorted(csv.DictReader(file), key=lambda row: row["pair"])]


def test_a_model_that_goes_through_a_pose_in_between(plain, data, tmp_path, make_model, capsys):
    model, out = make_model(skeleton="h36m-17"), tmp_path / "evaluation"
    common = ["--data", str(data), "--output", str(out), "--sheet", "0"]
    assert (
        main(["evaluate", "--protocol", "plain", *common, "--model", f"a={model}", "--stepped-model", f"b={model}"])
        == 0
    )
    straight, stepped = (occlusion_by(model, system, out, data, tmp_path / system) for system in "ab")
    assert np.isfinite([float(value) for value in straight + stepped]).all()
    assert straight != stepped


def test_a_model_without_masks_does_not_know_occlusion(plain, data, tmp_path, make_model):
    model, out = make_model(attention_kernels={}), tmp_path / "evaluation"
    common = ["--data", str(data), "--output", str(out), "--sheet", "0"]
    assert main(["evaluate", "--protocol", "plain", *common, "--model", f"mine={model}"]) == 0
    assert occlusion_by(model, "mine", out, data, tmp_path / "failures") == ["", ""]


def test_sheets_show_results_where_the_system_is_there(pairs, tmp_path):
    failures = Failures("copy", find_column("l1"), np.array([0.1, 0.2]), measure(pairs), pairs)
    write_failures(failures, tmp_path)
    (group,) = failures.groups()
    # Panels of 176 columns, 4 between them: of each pair source, pose, target and what is hidden; or a result, too.
    assert read_image(tmp_path / f"{group}.jpg").shape[1] == 2 * 4 * 180 - 4
    write_failures(failures, tmp_path, Baseline("copy"))
    assert read_image(tmp_path / f"{group}.jpg").shape[1] == 5 * 180 - 4


def test_convention_pairs_have_the_numbers_that_inspect_takes(pairs, tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(sheets, "contact_sheet", lambda panels, columns: titles.extend(panels) or np.zeros((8, 8, 3)))
    pairs.numbers = pairs.numbers[1:]  # an evaluation of the second of two pairs
    failures = Failures("copy", find_column("l1"), np.array([0.2]), measure(pairs), pairs)
    write_failures(failures, tmp_path)
    with open(tmp_path / "failures.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["pair"], row["source"], row["target"]) == ("1", *pairs.names(0))
    assert f"| 1 | {row['source']} | {row['target']} |" in (tmp_path / "failures.md").read_text(encoding="utf-8")
    assert titles[:3] == ["1 source", "1 pose", "1 target"]


def test_sheets_of_failures_before_are_removed(pairs, tmp_path):
    for name in (*CAUSES, NO_CAUSE):
        (tmp_path / f"{name}.jpg").touch()
    (tmp_path / "other.jpg").touch()
    failures = Failures("copy", find_column("l1"), np.array([0.1, 0.2]), measure(pairs), pairs)
    written = write_failures(failures, tmp_path)
    assert {*tmp_path.iterdir()} == {*written, tmp_path / "other.jpg"}


def test_inspect_beside_what_is_true(data, tmp_path, make_model, capsys):
    arguments = ["inspect", "--protocol", "tiny", "--data", str(data), "--model", str(make_model())]
    assert main([*arguments, "--pair", "1", "--output", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "pair000001.html", "pair000001.png"}
    assert "target, the truth" in (tmp_path / "pair000001.html").read_text(encoding="utf-8")
    assert main([*arguments, "--pairs", "1", "--output", str(tmp_path / "one")]) == 0
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"index.html", "pair000000.html", "pair000000.png"}
    for wrong, message in (
        (["--pair", "2"], "--pair must be from 0 to 1. Received: [2]."),
        (["--pair", "1", "--pairs", "2"], "--pairs or --pair is expected. Received: both."),
        (["--pairs", "0"], "--pairs must be at least 1. Received: 0."),
        (["--protocol", "rendered-clips"], "--protocol must be one of pairs. Received: rendered-clips, of clips."),
    ):
        assert main([*arguments, *wrong, "--output", str(tmp_path / "other")]) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "other").exists()

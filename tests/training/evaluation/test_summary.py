"""Means, differences, and the tables and drawings made of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gfla_tf.metrics import mean_interval, paired_difference_interval
from training.evaluation.columns import find_column
from training.evaluation.distributions import draw_distributions
from training.evaluation.page import Code, Heading, Paragraph, Picture, Table, to_html, to_markdown
from training.evaluation.summary import difference, rounded, summarize
from training.evaluation.tables import difference_rows, score_rows, text_table

NAN, INFINITY = math.nan, math.inf


def test_means_with_intervals():
    values = np.random.default_rng(0).normal(3, 1, 50)
    summary = summarize({"l1": values})["l1"]
    expected = mean_interval(values)
    np.testing.assert_allclose([summary[name] for name in ("mean", "low", "high")], expected, rtol=1e-6)
    assert summary["pairs"] == 50


def test_undefined_numbers_are_left_out_and_infinite_ones_have_no_mean():
    assert summarize({"l1": np.array([1, NAN, 3])})["l1"]["mean"] == 2
    assert summarize({"l1": np.array([1, NAN, 3])})["l1"]["pairs"] == 2
    nothing = {"mean": None, "low": None, "high": None}
    assert summarize({"psnr": np.array([30, INFINITY])}) == {"psnr": {**nothing, "pairs": 2}}
    assert summarize({"l1": np.array([1, NAN])}) == {"l1": {**nothing, "pairs": 1}}


def test_differences_are_taken_pair_by_pair():
    first = {"l1": np.array([1.0, 2, NAN, 4]), "ssim": np.ones(4)}
    second = {"l1": np.array([0.5, 1, 7, NAN])}
    result = difference(first, second)
    assert list(result) == ["l1"]
    expected = paired_difference_interval([1, 2], [0.5, 1])
    np.testing.assert_allclose([result["l1"][name] for name in ("mean", "low", "high")], expected, rtol=1e-6)
    assert result["l1"]["pairs"] == 2


def test_seven_digits():
    assert [rounded(value) for value in (0.0, 123.4567891, -0.00123456789)] == [0.0, 123.4568, -0.001234568]


def test_tables():
    interval = {"mean": 0.25, "low": 0.2, "high": 0.3, "pairs": 9}
    none = {"mean": None, "low": None, "high": None, "pairs": 0}
    systems = {
        "mine": {"metrics": {"ssim": interval, "flow_error_level2": interval}, "sets": {"frechet_vgg16": 7.0}},
        "copy": {"metrics": {"ssim": none}, "sets": {}},
    }
    assert score_rows({"systems": systems}) == [
        ["", "mine", "copy"],
        ["SSIM ↑", "0.2500 [0.2000, 0.3000]", "-"],
        ["Flow error 1/4 ↓", "0.2500 [0.2000, 0.3000]", "-"],
        ["Frechet (VGG16) ↓", "7.0000", "-"],
    ]
    around_zero = {"mean": 0.1, "low": -0.1, "high": 0.3, "pairs": 9}
    assert difference_rows({"copy": {"ssim": interval, "l1": around_zero}}) == [
        ["", "copy"],
        ["SSIM ↑", "+0.2500 [+0.2000, +0.3000] *"],
        ["L1 ↓", "+0.1000 [-0.1000, +0.3000]"],
    ]
    assert text_table([["", "a"], ["long", "b"]]) == "      a\nlong  b"


def test_columns_know_which_way_is_better():
    values = np.array([2.0, 3.0, 1.0])
    assert find_column("ssim").best_first(values).tolist() == [1, 0, 2]
    assert find_column("ssim_uniform-51-padded").title == "SSIM (uniform-51-padded)"
    assert find_column("flow_error_level3").best_first(values).tolist() == [2, 0, 1]
    assert find_column("ssim").best_first(np.array([NAN, 1, NAN, 2])).tolist() == [3, 1]
    assert find_column("ssim").best_first(np.array([NAN, NAN])).tolist() == [0, 1]
    assert find_column("hidden_flow_error_level3").title == "Hidden flow error 1/8"
    with pytest.raises(ValueError, match="A column is one of .* Received: lpips_squeeze."):
        find_column("lpips_squeeze")


def test_distributions_have_a_histogram_a_system():
    scores = {"a < b": np.linspace(0, 1, 100), "empty": np.array([NAN]), "second": np.linspace(1, 2, 100)}
    svg = draw_distributions("L1", scores)
    assert svg == draw_distributions("L1", scores)
    assert svg.count("<polygon") == 2
    assert "a &lt; b" in svg
    assert "mean 0.5000" in svg
    assert "mean 1.5000" in svg
    assert "<polygon" in draw_distributions("L1", {"even": np.ones(3)})
    with pytest.raises(ValueError, match="Finite scores are expected. Received: none."):
        draw_distributions("L1", {"a": np.array([NAN])})


def test_a_page_in_both_languages():
    blocks = [
        Heading("A & B"),
        Paragraph("Text."),
        Table([["", "x|y"], ["<1>", "2"]]),
        Picture("a.svg", "A"),
        Code("{}"),
    ]
    assert to_markdown(blocks) == (
        "## A & B\n\nText.\n\n|  | x\\|y |\n|---|---|\n| <1> | 2 |\n\n![A](a.svg)\n\n```\n{}\n```\n"
    )
    page = to_html("Title", blocks)
    for part in ("<title>Title</title>", "<h2>A &amp; B</h2>", "<td>&lt;1&gt;</td>", '<img src="a.svg" alt="A">'):
        assert part in page

"""Fooling rates: by hand, intervals, raters who don't look, exported studies."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest

from training.jnd.answers import COLUMNS, Answer
from training.jnd.comparisons import CHECK
from training.jnd.export import export_study
from training.jnd.report import attentive, fooling_rates, once
from training.jnd.report import run as run_report


def answer(rater, trial, model, fooled):
    return Answer(rater, trial, model, "1", 0, int(fooled), 400)


def test_rates_by_hand():
    answers = [answer("ann", 0, "mine", True), answer("ann", 1, "mine", False), answer("ann", 2, "theirs", False)]
    answers += [answer("bob", 0, "mine", False), answer("bob", 1, "mine", False), answer("bob", 2, CHECK, False)]
    mine, theirs = fooling_rates(answers)
    assert (mine.model, mine.answers, mine.raters, mine.rate.mean) == ("mine", 4, 2, 0.25)
    assert (theirs.rate.mean, theirs.answers) == (0, 1)
    # Over raters: ann alone 1/2, bob alone 0, both 1/4.
    assert (mine.rate.low, mine.rate.high) == (0, 0.5)
    with pytest.raises(ValueError, match="Answers about generated pictures are expected. Received: none."):
        fooling_rates([answer("bob", 2, CHECK, False)])


def test_intervals_hold_the_truth_and_shrink():
    random, rates = np.random.default_rng(0), {}
    for raters in (10, 160):
        fooled = random.uniform(size=(raters, 20)) < 0.4
        answers = [answer(str(rater), t, "mine", fooled[rater, t]) for rater in range(raters) for t in range(20)]
        (rates[raters],) = fooling_rates(answers)
        assert rates[raters].rate.low < 0.4 < rates[raters].rate.high
    assert rates[160].rate.high - rates[160].rate.low < rates[10].rate.high - rates[10].rate.low


def test_raters_who_do_not_look_are_left_out():
    looking = [answer("ann", number, CHECK, number == 0) for number in range(4)] + [answer("ann", 4, "mine", True)]
    guessing = [answer("bob", number, CHECK, number < 2) for number in range(4)] + [answer("bob", 4, "mine", True)]
    assert {one.rater for one in attentive(looking + guessing)} == {"ann"}


def test_answers_that_are_handed_in_twice_count_once():
    """As browsers do with a file that was downloaded twice; another study's trials have the same numbers."""
    answers = [answer("ann", 0, "mine", True), answer("bob", 0, "mine", False), answer("ann", 0, "theirs", False)]
    assert once([*answers, *answers[:2]]) == answers
    with pytest.raises(ValueError, match="Received: two by ann to trial 0, which differ."):
        once([*answers, answer("ann", 0, "mine", False)])


def options(parser_of, *arguments):
    import argparse

    parser = argparse.ArgumentParser()
    parser_of(parser)
    return parser.parse_args(arguments)


def test_an_exported_study_is_read_with_its_key(study, tmp_path, capsys):
    from training.jnd.report import add_arguments

    export_study(study, ["1", "2"], tmp_path)
    site = tmp_path / "site"
    with open(tmp_path / "tasks.csv", newline="") as file:
        tasks = list(csv.DictReader(file))
    assert len(tasks) == 2 * len(study.trials("1"))
    assert all((site / task[name]).is_file() for task in tasks for name in ("first", "second"))
    text = (site / "index.html").read_text()
    assert not any(word in text for word in ("mine", "theirs", '"real"', '"model"'))
    rows = [["1", trial.number, 1 - trial.real, 300] for trial in study.trials("1") if trial.comparison.model == "mine"]
    (tmp_path / "answers-1.csv").write_text(
        "rater,trial,called_real,milliseconds\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    )
    collected, again = str(tmp_path / "answers-1.csv"), str(tmp_path / "answers-1 (1).csv")
    shutil.copy(collected, again)
    assert run_report(options(add_arguments, collected, again, "--key", str(tmp_path / "key.csv"))) == 0
    printed = capsys.readouterr().out
    assert "3 answers of 1 raters; 0 left out" in printed
    assert "mine   1.000 [1.000, 1.000]  3        1" in printed
    with pytest.raises(ValueError, match="answers-1.csv: a CSV file of answers"):
        run_report(options(add_arguments, collected))
    (tmp_path / "answers-1.csv").write_text("rater,trial,called_real,milliseconds\n7,0,0,9\n")
    with pytest.raises(ValueError, match="answers that go with .*key.csv are expected. Received: "):
        run_report(options(add_arguments, collected, "--key", str(tmp_path / "key.csv")))
    (tmp_path / "answers-1.csv").write_text("rater,trial,called_real,milliseconds\n1,0,2,9\n")
    with pytest.raises(ValueError, match=r"answers that go with .* Received: real [01], called_real 2\."):
        run_report(options(add_arguments, collected, "--key", str(tmp_path / "key.csv")))


@pytest.mark.parametrize("content", [b'{"a": 1}', b"\xff\xd8", b"rater,trial,model\n"])
@pytest.mark.parametrize("key", [False, True])
def test_other_files_are_no_answers(tmp_path, content, key):
    from training.jnd.report import add_arguments

    (tmp_path / "key.csv").write_text("rater,trial,model,picture,real\n")
    (tmp_path / "foo.json").write_bytes(content)
    arguments = [str(tmp_path / "foo.json"), *(["--key", str(tmp_path / "key.csv")] if key else [])]
    with pytest.raises(ValueError, match=r"foo.json: a CSV file of .*answers \(rater,.*Received: a file without "):
        run_report(options(add_arguments, *arguments))


def test_columns_are_those_of_the_text():
    assert COLUMNS == ("rater", "trial", "model", "picture", "real", "called_real", "milliseconds")

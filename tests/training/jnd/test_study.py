"""Who sees what: matching, plans, checks, the folder."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from helpers.tiny_datasets import tree

from gfla_tf.image_io import read_image, write_image
from training.__main__ import main
from training.jnd.answers import AnswerFile, read_answers
from training.jnd.comparisons import CHECK, find_comparisons, mixed_up
from training.jnd.folder import open_study
from training.jnd.study import StudySettings


def test_help_shows_the_example_as_it_is_typed(capsys):
    with pytest.raises(SystemExit):
        main(["jnd", "serve", "--help"])
    assert "theirs=results/theirs \\\n" in capsys.readouterr().out


def test_generated_pictures_meet_the_real_ones_of_their_names(pictures, generated):
    comparisons = find_comparisons(pictures / "real", generated)
    assert len(comparisons) == 10
    assert (comparisons[6].model, comparisons[6].name, comparisons[6].real.name) == ("theirs", "source__1", "1.jpg")


def test_pictures_that_do_not_go_together(pictures, tmp_path):
    write_image(tmp_path / "9.png", np.zeros((24, 16, 3), np.float32))
    with pytest.raises(ValueError, match=r"for each generated one. Received: 1 without, 9.png."):
        find_comparisons(pictures / "real", {"mine": tmp_path})
    (tmp_path / "9.png").rename(tmp_path / "2.png")
    write_image(tmp_path / "2.png", np.zeros((24, 17, 3), np.float32))
    with pytest.raises(
        ValueError, match=r"one size are expected. Received: .*2.jpg of \(24, 16\) and .* of \(24, 17\)"
    ):
        find_comparisons(pictures / "real", {"mine": tmp_path})
    (tmp_path / "2.png").unlink()
    with pytest.raises(ValueError, match="are expected. Received: none."):
        find_comparisons(pictures / "real", {"mine": tmp_path})
    with pytest.raises(ValueError, match="A folder of pictures is expected. Received: nowhere."):
        find_comparisons("nowhere", {"mine": tmp_path})


def test_a_raters_plan(study):
    trials = study.trials("ann")
    assert collections.Counter(trial.comparison.model for trial in trials) == {"mine": 3, "theirs": 3, CHECK: 2}
    assert [trial.number for trial in trials] == list(range(8))
    assert len({trial.comparison for trial in trials if trial.comparison.model != CHECK}) == 6
    for trial in trials:
        files = [study.files[token] for token in trial.tokens]
        assert files[trial.real] == trial.comparison.real
        assert files[1 - trial.real] == trial.comparison.generated
    assert study.trials("ann") == trials
    assert study.trials("bob") != trials
    first = [trial.real for number in range(100) for trial in study.trials(str(number))]
    assert 0.45 < np.mean(first) < 0.55  # 800 draws
    places = [trial.number for trial in trials if trial.comparison.model == CHECK]
    assert places[0] not in (0, 7)
    assert places[1] - places[0] > 1


def test_tokens_tell_nothing(study, pictures):
    trials = [trial for trial in study.trials("ann") if trial.comparison.model == CHECK]
    assert all(str(pictures) not in token and len(token) == 24 for token in study.files)
    real = [token for token, file in study.files.items() if file.name == "0.jpg"]
    assert len(real) == 3  # one for each comparison: seen again, it does not look known
    assert trials


def test_pictures_for_checks_keep_their_pixels():
    image = np.random.default_rng(0).uniform(-1, 1, (19, 25, 3)).astype(np.float32)
    mixed = mixed_up(image, 1)
    np.testing.assert_allclose(np.sort(mixed, axis=None), np.sort(image, axis=None))
    assert not np.array_equal(mixed[:16, :24], image[:16, :24])
    np.testing.assert_array_equal(mixed[16:], image[16:])


def test_a_study_goes_on_with_the_same_only(study, pictures, generated, tmp_path):
    folder, settings = tmp_path / "study", study.settings
    before = tree(folder)
    again = open_study(folder, pictures / "real", generated, settings)
    assert again.trials("ann") == study.trials("ann")
    assert tree(folder) == before
    assert read_image(folder / "checks" / "0.png").shape == (24, 16, 3)
    with pytest.raises(ValueError, match="the same pictures and settings as before are expected. Received: others."):
        open_study(folder, pictures / "real", generated, StudySettings(milliseconds=70))


def test_a_study_that_could_not_be_begun_leaves_room_for_another(pictures, generated, tmp_path, monkeypatch):
    monkeypatch.setattr("training.jnd.folder.mixed_up", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_study(tmp_path, pictures / "real", generated, StudySettings())
    monkeypatch.undo()
    open_study(tmp_path, pictures / "real", generated, StudySettings(milliseconds=70))


def test_answers(study, tmp_path):
    answers, trial = AnswerFile(tmp_path), study.trials("ann")[2]
    answers.add("ann", trial, 1 - trial.real, 512)
    answers.add("ann", trial, trial.real, 9)  # a second answer does not count
    assert answers.is_answered("ann", 2)
    (answer,) = read_answers(tmp_path / "answers.csv")
    assert (answer.rater, answer.trial, answer.fooled, answer.milliseconds) == ("ann", 2, True, 512)
    assert AnswerFile(tmp_path).is_answered("ann", 2)
    assert not AnswerFile(tmp_path).is_answered("ann", 3)
    (tmp_path / "answers.csv").write_text("rater,trial\nann,1\n")
    with pytest.raises(ValueError, match=r"a CSV file of answers \(rater,trial,model"):
        read_answers(tmp_path / "answers.csv")


def test_settings():
    with pytest.raises(ValueError, match="At least 50 milliseconds, 1 picture and 0 checks are expected. Received: 20"):
        StudySettings(milliseconds=20)
    with pytest.raises(ValueError, match="A seed of 0 or more is expected. Received: -1."):
        StudySettings(seed=-1)

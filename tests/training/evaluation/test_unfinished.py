"""An evaluation that is interrupted in the middle of a system goes on there, and ends with the same bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.tiny_clips import CLIPS, write_moving_clips
from helpers.tiny_datasets import tree
from helpers.tiny_evaluation import TINY

from gfla_tf.metrics import VideoFeatures
from gfla_tf.metrics.inception import InceptionFeatures
from training.evaluation import clip_judge
from training.evaluation import judge as judge_module
from training.evaluation.clips import EvaluationClips
from training.evaluation.evaluate import evaluate
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.results import read_evaluation
from training.evaluation.systems import Rendered
from training.evaluation.unfinished import UNFINISHED_FILE, Tally, Unfinished

UNFINISHED = f"systems/spy/{UNFINISHED_FILE}"
SPY_FILES = ("best.jpg", "scores.csv", "system.json", "worst.jpg")


class Spy:
    """The target, a little too bright; somebody presses Ctrl-C at one of the pairs."""

    name = "spy"

    def __init__(self, interrupted_at=None, identity="one"):
        self.interrupted_at, self.identity, self.rendered = interrupted_at, {"kind": identity}, []

    def render(self, batch):
        if batch.positions == (self.interrupted_at,):
            raise KeyboardInterrupt
        self.rendered += batch.positions
        return Rendered(np.minimum(batch.target_image + np.float32(0.1) * (1 + batch.positions[0]), 1))


class MeanColours:
    """Stands for the networks: mean colours, and two classes, red or not."""

    variant = "2015"

    def __init__(self, state=None):
        pass

    def pooled(self, images):
        return np.asarray(images).mean((1, 2))

    def __call__(self, images):
        colours = np.asarray(images).mean(tuple(range(1, np.ndim(images) - 1)))
        if np.ndim(images) == 5:
            return VideoFeatures(colours, 2 * colours)
        red = (colours[:, :1] + 1) / 2
        return InceptionFeatures(colours, np.concatenate([red, 1 - red], axis=1))


@pytest.fixture
def run(data, tmp_path, monkeypatch):
    """Evaluates a spy pair by pair, with all numbers of sets, and gives what is on disk."""
    monkeypatch.setattr(judge_module, "BATCH_SIZE", 1)
    monkeypatch.setattr(judge_module, "SAVED_EVERY", 1)
    monkeypatch.setattr(judge_module.Scorer, "frechet_features", staticmethod(MeanColours().pooled))
    monkeypatch.setattr(judge_module, "load_inception", lambda variant, path: MeanColours())
    (tmp_path / "weights.pth").write_bytes(b"some")
    protocol = replace(TINY, metrics=("l1_person", "psnr"), frechet=True, needs_truth=False, picture_size=(32, 24))
    pairs = EvaluationPairs(data, protocol)
    sets = judge_module.SetChoice(True, (("2015", tmp_path / "weights.pth"),))

    def run(spy, name):
        evaluate(protocol, pairs, [spy], tmp_path / name, sheet=0, sets=sets)
        return {file: content for file, content in tree(tmp_path / name).items() if not file.startswith("cache")}

    return run


def test_the_rest_gives_the_same_bytes(run, tmp_path):
    whole = run(Spy(), "whole")
    assert set(whole) == {"evaluation.json", *(f"systems/spy/{file}" for file in SPY_FILES)}
    with pytest.raises(KeyboardInterrupt):
        run(Spy(interrupted_at=1), "out")
    assert set(tree(tmp_path / "out" / "systems")) == {f"spy/{UNFINISHED_FILE}"}
    spy = Spy()
    assert run(spy, "out") == whole
    assert spy.rendered[:1] == [1]  # the sheets of best and worst come after it
    assert {"frechet_vgg16", "fid", "inception_score"} <= set(read_evaluation(tmp_path / "out").scores["spy"].sets)


@pytest.mark.parametrize("change", ["identity", "damage", "nothing is left"])
def test_what_is_not_taken_up(run, tmp_path, change):
    whole, spy = run(Spy(identity="two"), "whole"), Spy(identity="two")
    with pytest.raises(KeyboardInterrupt):
        run(Spy(interrupted_at=1, identity="one" if change == "identity" else "two"), "out")
    file = tmp_path / "out" / UNFINISHED
    if change == "damage":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif change == "nothing is left":
        file.write_bytes(b"")
    assert run(spy, "out") == whole
    assert spy.rendered[:2] == [0, 1]


def test_clips_go_on_too(tmp_path, monkeypatch):
    monkeypatch.setattr(clip_judge, "SAVED_EVERY", 1)
    monkeypatch.setattr(clip_judge, "read_i3d_state", dict)
    monkeypatch.setattr(clip_judge, "i3d_shapes", dict)
    monkeypatch.setattr(clip_judge, "I3d", MeanColours)
    monkeypatch.setattr("training.evaluation.scores._network_names", lambda protocol: [])
    protocol = replace(CLIPS, frechet=True, metrics=("l1",))
    clips = EvaluationClips(write_moving_clips(tmp_path / "clips"), protocol)
    evaluate(protocol, clips, [Spy()], tmp_path / "whole", sheet=0)
    with pytest.raises(KeyboardInterrupt):
        evaluate(protocol, clips, [Spy(interrupted_at=1)], tmp_path / "out", sheet=0)
    assert (tmp_path / "out" / UNFINISHED).is_file()
    spy = Spy()
    evaluate(protocol, clips, [spy], tmp_path / "out", sheet=0)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert spy.rendered[:1] == [1]
    assert {"fvd_i3d", "fid_video_i3d"} == set(read_evaluation(tmp_path / "out").scores["spy"].sets)


def test_a_tally_is_saved_every_so_often(tmp_path):
    file = tmp_path / UNFINISHED_FILE
    tally = Tally({}, 4, Unfinished(file, "key"))
    values = np.random.default_rng(0).normal(size=10)
    values[3] = np.nan
    for start, there in ((0, 0), (2, 4), (4, 4), (6, 8), (8, 8)):
        tally.add({"psnr": values[start : start + 2]})
        assert Tally({}, 4, Unfinished(file, "key")).count == there
    taken_up = Tally({}, 4, Unfinished(file, "key"))
    np.testing.assert_array_equal(taken_up.columns()["psnr"], values[:8])
    taken_up.add({"psnr": values[8:]})
    np.testing.assert_array_equal(taken_up.columns()["psnr"], values)
    assert Tally({}, 4, Unfinished(file, "another")).count == 0
    Unfinished(file, "key").remove()
    assert Tally({}, 4, Unfinished(file, "key")).count == 0

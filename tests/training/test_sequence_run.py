"""Runs of stage sequence: what they leave, how they begin, what they need."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.animations import make_model
from helpers.training_runs import last_state

from gfla_tf import load_model
from gfla_tf.image_io import read_image
from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.weights import read_state
from training.building import build_generator, build_stage, load_first_weights
from training.callbacks.clip_sheets import draw_clips
from training.callbacks.log_file import read_log
from training.configs import SequenceConfig, load_config
from training.runs.state import state_of_stage
from training.sequence_sources import open_clips
from training.stages import SEQUENCE_WEIGHTS
from training.train import train

CLIP = Path(__file__).parents[2] / "samples" / "clips" / "train" / "clip000000"
# A frame at a time and no discriminators: little to trace.
FAST = ["image_size=[32,32]", "frames=2", "window=1", 'weights={"l1":1,"endpoint":1}', "steps=2", "round_steps=1"]
NETWORK = ["network.flow_widths=[4,8,8]", "validation_batches=1"]


def config(*settings: str) -> SequenceConfig:
    return load_config("sequence", "tiny", [*FAST, *NETWORK, *settings])


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The sample clip for both splits."""
    folder = tmp_path_factory.mktemp("clips")
    for split in ("train", "test"):
        (folder / split).mkdir()
        (folder / split / "walk").symlink_to(CLIP)
    return folder


@pytest.fixture(scope="module")
def run(data, tmp_path_factory) -> Path:
    """A run of two steps, and a checkpoint of both."""
    run = tmp_path_factory.mktemp("run")
    train(config(), data, run, say=lambda text: None)
    return run / "sequence"


def test_a_run_leaves_everything(run):
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert files > {
        *("config.json", "starts.json", "log.jsonl", "curves.png"),
        *("samples/step-00000001.png", "samples/step-00000002.png", "checkpoints/step-0000000002.safetensors"),
        *("model/weights.safetensors", "model/config.json", "model/training.json"),
    }
    lines = read_log(run / "log.jsonl")
    assert [line["step"] for line in lines] == [1, 2]
    assert {"l1", "endpoint", "mask", "loss", "val_l1", "val_endpoint", "val_mask"} <= set(lines[0])
    assert json.loads((run / "model" / "training.json").read_text())["taught_with_exact_flow"]
    sheet = read_image(run / "samples" / "step-00000002.png")
    assert sheet.shape[0] >= 3 * 32
    model = load_model(run / "model")
    maps = [np.zeros((1, 32, 32, 20), np.float32), np.zeros((1, 1, 32, 32, 20), np.float32)]
    assert model.generate(np.zeros((1, 32, 32, 3), np.float32), *maps).shape == (1, 1, 32, 32, 3)


def test_a_run_taken_up_is_an_undisturbed_one(run, data, tmp_path):
    stopped = shutil.copytree(run, tmp_path / "sequence")
    (stopped / "checkpoints" / "step-0000000002.safetensors").unlink()
    shutil.rmtree(stopped / "model")
    train(config(), data, tmp_path, say=lambda text: None)
    (step, expected), (other_step, found) = (last_state(folder, "sequence") for folder in (run.parent, tmp_path))
    assert step == other_step == 2
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_person_generator_begins_both_branches(tmp_path):
    settings = config()
    generator = build_generator(settings)
    stage = build_stage(settings, generator)
    person = replace(PRESETS["person-demo"], config={**PRESETS["person-demo"].config, **settings.network})
    save_model(make_model(person), tmp_path / "person")
    said = load_first_weights(stage, settings, tmp_path, tmp_path / "person")
    assert said.startswith(f"both branches from the person generator {tmp_path / 'person'}")
    assert "flow_net_previous.block0.model.2.weight, " in said
    state, average = (state_of_stage(stage) for _ in range(2))
    source = read_state(tmp_path / "person" / "weights.safetensors")["source.block0.model.2.weight"]
    for encoder in (generator.previous_encoder, generator.reference_encoder):
        kernel = next(weight for weight in encoder.get_weights() if weight.ndim == 4)
        np.testing.assert_array_equal(np.transpose(kernel, (3, 2, 0, 1)), source)
    for name, value in state.items():
        if name.startswith("network/average"):
            np.testing.assert_array_equal(value, average[name.replace("average", "generator")])


def test_a_sequence_generator_goes_on_as_it_is(tmp_path):
    settings = config()
    stage = build_stage(settings, build_generator(settings))
    other = replace(PRESETS["sequence-demo"], config={**PRESETS["sequence-demo"].config, **settings.network})
    save_model(make_model(other), tmp_path / "model")
    assert load_first_weights(stage, settings, tmp_path, tmp_path).startswith("the generator from")
    for ours, theirs in zip(stage.generator.get_weights(), make_model(other).get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_rates_are_counted_in_steps():
    settings = config("steps=10", "frames=4", "window=2", "decay=linear", "warmup_steps=2", "learning_rate=1.0")
    stage = build_stage(settings, build_generator(settings))
    rate = stage.optimizer.learning_rate if callable(stage.optimizer.learning_rate) else stage.optimizer._learning_rate
    assert settings.updates == 2
    assert float(rate(0)) == pytest.approx(0.25)
    assert float(rate(20)) == 0.0
    assert float(rate(12)) == pytest.approx(0.5)


def test_configurations():
    paper = load_config("sequence", "video256")
    assert (paper.preset, paper.frames, paper.window, paper.batch_size) == ("sequence", 30, 6, 2)
    assert paper.weights == SEQUENCE_WEIGHTS
    demo = load_config("sequence", "demo")
    assert demo.preset == "sequence-demo"
    assert demo.updates == 4


WRONG = [
    (["frames=5", "window=2"], "frames must be a multiple of window, 2. Received: 5"),
    (["weights.temporal=1"], "The term temporal judges windows of 6 frames. Received: 1"),
    (["reference_frames=20"], "reference_frames=1 is expected. Received: 20"),
    (["window=0"], "window must be a whole number from 1"),
    (["weights.hidden=1"], "Clips have no terms hidden and regions"),
    (["preset=person-demo"], "preset must be one of sequence, sequence-demo"),
]


@pytest.mark.parametrize(("settings", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_wrong_configurations(settings, reason):
    with pytest.raises(ValueError, match=reason):
        config(*settings)


def test_clips_that_do_not_suit(data, tmp_path):
    generator = build_model(PRESETS["sequence-demo"])
    with pytest.raises(ValueError, match="image_size must be multiples of 32 .* Received: 48x32"):
        open_clips(config("image_size=[48,32]"), data, "train", generator)
    clip = tmp_path / "train" / "walk"
    clip.mkdir(parents=True)
    for name in ("frames", "keypoints"):
        (clip / name).symlink_to(CLIP / name)
    with pytest.raises(ValueError, match="The terms endpoint, mask and background need exact flow"):
        open_clips(config(), tmp_path, "train", generator)
    with pytest.raises(ValueError, match="person_mask needs masks of all clips"):
        open_clips(config("person_mask=true"), tmp_path, "train", generator)
    plain = open_clips(config("weights.endpoint=0"), tmp_path, "train", generator)
    assert plain.settings.flow_levels == ()
    assert open_clips(config(), data, "train", generator).settings.flow_levels == (3, 2, 1)


def test_sheets_of_clips():
    batch = {
        "reference_image": np.zeros((2, 16, 8, 3), np.float32),
        "target_images": np.full((2, 9, 16, 8, 3), 0.5, np.float32),
        "target_keypoints": np.zeros((2, 9, 17, 3), np.float32),
    }
    generated = np.broadcast_to(np.linspace(-1, 1, 9, dtype=np.float32)[:, None, None, None], (2, 9, 16, 8, 3)).copy()
    generated[0, 0] = np.nan
    sheet = draw_clips(batch, generated)
    tile, row = 8 + 4, 16 + 18
    assert sheet.shape == (2 * 3 * row, 7 * tile - 4, 3)
    np.testing.assert_allclose(sheet[2 * row + 18 : 3 * row, tile : tile + 8], 0)
    np.testing.assert_allclose(sheet[5 * row + 18 : 6 * row, 6 * tile : 6 * tile + 8], 1)
    np.testing.assert_allclose(sheet[18:row, tile : tile + 8], 0.5)

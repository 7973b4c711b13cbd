"""Runs from beginning to end: what they leave, how they are taken up, what they say when something is wrong."""

from __future__ import annotations

import json
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.ports import free_ports
from helpers.training_runs import LONG, assert_same_states, last_state, start_training, wait_for, wait_until

from gfla_tf import load_model
from gfla_tf.image_io import read_image, write_image
from gfla_tf.weights import read_state
from training.building import _flow_settings
from training.callbacks.log_file import read_log
from training.configs import load_config
from training.train import train

DATA = Path(__file__).parents[2] / "samples" / "rendered"
# One size of network and picture for the whole file; two steps a round.
FAST = ["round_steps=2", "validation_batches=1", "sample_pairs=1", "image_size=[64,32]"]


def config(stage, *settings):
    return load_config(stage, "tiny", [*FAST, *settings])


def train_quietly(*arguments, **options):
    said = []
    train(*arguments, **options, say=said.append)
    return said


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory):
    """A finished stage flow."""
    run = tmp_path_factory.mktemp("run")
    train(config("flow", "steps=4"), DATA, run, say=lambda text: None)
    return run


def test_a_run_leaves_everything_that_is_documented(flow_run):
    folder = flow_run / "flow"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files > {
        "config.json",
        "starts.json",
        "log.jsonl",
        "curves.png",
        "samples/step-00000002.png",
        "samples/step-00000004.png",
        "checkpoints/step-0000000004.safetensors",
        "model/weights.safetensors",
        "model/config.json",
        "model/training.json",
    }
    assert [line["step"] for line in read_log(folder / "log.jsonl")] == [2, 4]
    assert {"loss", "endpoint", "mask", "val_loss", "val_endpoint"} <= set(read_log(folder / "log.jsonl")[0])
    facts = json.loads((folder / "model" / "training.json").read_text())
    assert (facts["stage"], facts["step"], facts["taught_with_exact_flow"]) == ("flow", 4, True)
    model = load_model(folder / "model")
    assert model([np.zeros((1, 64, 32, channels), np.float32) for channels in (3, 18, 18)])["image"].shape == (
        1,
        64,
        32,
        3,
    )


def test_image_begins_with_the_flow_of_the_run_and_exports_its_average(flow_run, tmp_path):
    run = shutil.copytree(flow_run, tmp_path / "run")
    said = train_quietly(config("image", "steps=2", "learning_rate=1e-9", "weights.endpoint=0"), DATA, run)
    assert "the flow estimator from" in said[0]
    before, after = (read_state(run / stage / "model" / "weights.safetensors") for stage in ("flow", "image"))
    flow = [name for name in before if name.startswith("flow_net.")]
    assert len(flow) > 10
    for name in flow:
        np.testing.assert_allclose(after[name], before[name], atol=1e-6)
    assert (run / "image" / "discriminator" / "weights.safetensors").is_file()
    assert json.loads((run / "image" / "model" / "training.json").read_text())["moving_average"]
    # Where there is exact flow, it is measured by, even if no term asks for it.
    log = read_log(run / "image" / "log.jsonl")[0]
    assert {"endpoint", "mask", "val_endpoint", "val_mask"} <= set(log)
    weights = config("image", "weights.endpoint=0").weights
    terms = [name for name, weight in vars(weights).items() if weight]
    assert log["loss"] == pytest.approx(sum(getattr(weights, name) * log[name] for name in terms), rel=1e-4)


def test_image_refuses_the_flow_of_another_network(flow_run, tmp_path):
    run = shutil.copytree(flow_run, tmp_path / "run")
    with pytest.raises(ValueError, match="has trained another flow estimator .*flow_widths: "):
        train_quietly(config("image", "network.flow_widths=[4,8,8,16]"), DATA, run)


def test_settings_of_the_flow_are_compared_in_effect():
    """Widths that are said and those that are left out, because they are the default, are the same."""
    said = {"flow_widths": (32, 64, 128, 256, 256), "attention_kernels": {2: 3, 3: 3}}
    said, left_out, without = (
        replace(load_config("image", "fashion256"), network=network)
        for network in (said, {}, {"attention_kernels": {}})
    )
    assert _flow_settings(said) == _flow_settings(left_out)
    assert _flow_settings(without) == _flow_settings(left_out) | {"attention levels": []}


def test_ablations_begin_with_the_same_flow(flow_run, tmp_path, monkeypatch):
    monkeypatch.setattr("training.train._fit", lambda *arguments: None)
    for name, kernels, expected in (
        ("bilinear", '{"2":1}', "the flow estimator from"),
        ("none", "{}", "there is no flow estimator"),
    ):
        run = shutil.copytree(flow_run, tmp_path / name)
        settings = ["weights.endpoint=0", f"network.attention_kernels={kernels}"]
        assert expected in train_quietly(config("image", *settings), DATA, run)[0]


def test_other_first_weights(flow_run, tmp_path, monkeypatch):
    monkeypatch.setattr("training.train._fit", lambda *arguments: None)
    said = train_quietly(config("flow", "steps=2"), DATA, tmp_path / "a", start=flow_run / "flow")
    assert said[0].endswith("weights.safetensors.")
    with pytest.raises(ValueError, match="First weights, a stage of a run, .* are expected. Received: .*none"):
        train_quietly(config("flow", "steps=2"), DATA, tmp_path / "b", start=tmp_path / "none")


def test_a_finished_run_is_left_as_it_is(flow_run):
    before = (flow_run / "flow" / "model" / "weights.safetensors").stat().st_mtime_ns
    train_quietly(config("flow", "steps=4"), DATA, flow_run)
    assert (flow_run / "flow" / "model" / "weights.safetensors").stat().st_mtime_ns == before


def launch(run, *settings, stage="image", **options):
    return start_training(stage, DATA, run, *FAST, *settings, **options)


def test_a_killed_run_ends_with_the_bits_of_an_undisturbed_one(tmp_path):
    settings = ["deterministic=true", "steps=9", "average_decay=0.5", "decay=cosine", "seed=3", "keep_checkpoints=9"]
    undisturbed = launch(tmp_path / "whole", *settings)
    _, errors = undisturbed.communicate(timeout=LONG)
    assert undisturbed.returncode == 0, errors
    killed = launch(tmp_path / "killed", *settings)
    try:
        wait_for(tmp_path / "killed" / "image" / "checkpoints" / "step-0000000004.safetensors", killed)
        time.sleep(float(np.random.default_rng().uniform(0, 0.2)))  # at any moment of any step
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    assert last_state(tmp_path / "killed", "image")[0] in (4, 6, 8)
    resumed = launch(tmp_path / "killed", *settings)
    _, errors = resumed.communicate(timeout=LONG)
    assert resumed.returncode == 0, errors
    (step, whole), (other_step, again) = (last_state(tmp_path / name, "image") for name in ("whole", "killed"))
    assert step == other_step == 9
    assert_same_states(whole, again)
    logs = [read_log(tmp_path / name / "image" / "log.jsonl") for name in ("whole", "killed")]
    for first, second in zip(*logs, strict=True):
        assert first["step"] == second["step"]
        assert first["val_loss"] == second["val_loss"]


def test_two_workers_train_one_run(tmp_path):
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    cluster = {"worker": addresses}
    workers = [
        launch(
            tmp_path,
            "steps=2",
            stage="flow",  # less to trace
            options=["--distribute", "workers"],
            TF_CONFIG=json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}),
        )
        for index in range(2)
    ]
    try:
        errors = [worker.communicate(timeout=LONG)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0, 0], errors
    assert last_state(tmp_path, "flow")[0] == 2
    assert len(json.loads((tmp_path / "flow" / "starts.json").read_text())) == 1  # the second one writes nothing
    assert "A new run" in errors[0]
    assert "A new run" not in errors[1]


def test_an_interrupted_run_saves_its_step_and_goes_on(tmp_path):
    before, curves = 0, tmp_path / "flow" / "tensorboard" / "train"
    for starts, number in enumerate((signal.SIGINT, signal.SIGTERM), start=1):
        run = launch(tmp_path, "steps=100000", "round_steps=50000", stage="flow")
        try:
            # Every start has a file of its own, which is there after the first step.
            wait_until(lambda starts=starts: len(list(curves.glob("*.v2"))) == starts, run)
            run.send_signal(number)
            _, errors = run.communicate(timeout=LONG)
        finally:
            run.kill()
        assert run.returncode == 130
        assert f"Step {before} of 100000" in errors
        assert "is saved; the same command goes on" in errors
        assert "Traceback" not in errors
        step, _ = last_state(tmp_path, "flow")
        assert step > before
        before = step


def test_gradients_that_stay_infinite_stop_the_run_and_the_last_checkpoint_is_good(flow_run, tmp_path):
    run = shutil.copytree(flow_run, tmp_path / "run")
    data = shutil.copytree(DATA, tmp_path / "data")
    for path in (data / "truth" / "train").glob("*__*.npz"):
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        np.savez(path, **{**arrays, "flow": np.full_like(arrays["flow"], np.nan), "visible": arrays["visible"]})
    with pytest.raises(ValueError, match="3 steps in a row, up to step 7, had a loss or gradients that are not finite"):
        train_quietly(config("flow", "steps=20", "skipped_limit=3"), data, run)
    with pytest.raises(ValueError, match="The last 2 steps, up to the run's end at step 6, .* last saved at step 4"):
        train_quietly(config("flow", "steps=6"), data, run)
    step, state = last_state(run, "flow")
    assert step == 4
    assert all(np.all(np.isfinite(value)) for value in state.values())


def test_unreadable_pictures_are_replaced_up_to_a_limit_that_is_an_error_of_one_line(tmp_path, caplog):
    data, fast = shutil.copytree(DATA, tmp_path / "data"), ["steps=2", "validation_batches=0"]
    sampled = sorted((data / "test").glob("*.jpg"))[:2]
    for path in sampled:
        path.write_bytes(b"no picture")
    train_quietly(config("flow", *fast), data, tmp_path / "run")
    assert (tmp_path / "run/flow/samples/step-00000002.png").is_file()
    assert sampled[0].name in caplog.text
    for path in (data / "train").glob("*.jpg"):
        path.write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"^(at most 10|at least one) .*Received: .*no readable JPEG") as caught:
        train_quietly(config("flow", *fast), data, tmp_path / "other")
    assert "\n" not in str(caught.value)


def test_wrong_pictures_and_sizes(tmp_path):
    with pytest.raises(ValueError, match="image_size must be multiples of 16 for this network. Received: 64x40"):
        train_quietly(config("flow", "image_size=[64,40]"), DATA, tmp_path / "run")
    data = shutil.copytree(DATA, tmp_path / "data")
    for path in (data / "train").glob("*.jpg"):
        picture = read_image(path)
        write_image(path, picture[: picture.shape[0] // 2])
    with pytest.raises(ValueError, match="pixels, but the annotations are for pictures of 128x128"):
        train_quietly(config("flow"), data, tmp_path / "run")
    shutil.rmtree(data / "truth")
    with pytest.raises(ValueError, match="annotations are for|need exact flow"):
        train_quietly(config("flow"), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()

"""Configurations: names, files, settings, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, field, make_dataclass, replace

import pytest

from training.configs import (
    CONFIGS,
    MotionConfig,
    config_differences,
    config_names,
    load_config,
    read_config,
    write_config,
)
from training.data.motion_noise import DetectorNoise, write_noise
from training.stages import FLOW_WEIGHTS, IMAGE_WEIGHTS, MotionWeights


def test_the_paper_s_configurations_have_its_weights_and_optimiser():
    for name in ("fashion256", "market128"):
        flow, image = CONFIGS[name]["flow"], CONFIGS[name]["image"]
        assert (flow.weights, image.weights) == (FLOW_WEIGHTS, IMAGE_WEIGHTS)
        for config in (flow, image):
            assert (config.learning_rate, config.beta_1, config.beta_2) == (1e-4, 0.0, 0.999)
            assert (config.discriminator_rate, config.batch_size, config.adversarial_kind) == (0.1, 8, "lsgan")
    assert CONFIGS["fashion256"]["image"].picture_size == (256, 256)
    assert CONFIGS["market128"]["image"].picture_size == (128, 64)


def test_the_phones_network_is_trained_as_the_demo_s():
    assert sorted(CONFIGS["mobile"]) == ["flow", "image"]
    for stage, config in CONFIGS["mobile"].items():
        assert config_differences(config, CONFIGS["demo"][stage]) == ["preset: 'person-mobile', 'person-demo'"]
        assert config.picture_size == CONFIGS["demo"][stage].picture_size == (192, 128)


@pytest.mark.parametrize(("name", "stage"), [(name, stage) for name, stages in CONFIGS.items() for stage in stages])
def test_files_hold_everything(tmp_path, name, stage):
    config = load_config(stage, name)
    write_config(config, tmp_path / "config.json")
    assert read_config(tmp_path / "config.json") == config == CONFIGS[name][stage]
    assert load_config(stage, tmp_path / "config.json") == config


def test_settings_are_json_or_text_and_reach_inside():
    settings = ["steps=12", "decay=linear", "clip_norm=1.5", "average_decay=null", "image_size=[64,96]"]
    settings += ["compared_window=[32,48]"]
    config = load_config("image", "tiny", [*settings, "weights.l1=2", "network.widths=[2,4]"])
    assert (config.steps, config.decay, config.clip_norm, config.average_decay) == (12, "linear", 1.5, None)
    assert (config.picture_size, config.compared_window) == ((64, 96), (32, 48))
    assert config.weights == replace(CONFIGS["tiny"]["image"].weights, l1=2)
    assert config.network == {**CONFIGS["tiny"]["image"].network, "widths": (2, 4)}


def test_counts_written_as_floats_become_whole_numbers():
    """Keras takes none else."""
    names = ("steps", "round_steps", "keep_checkpoints", "validation_batches", "sample_pairs", "seed")
    config = load_config("image", "tiny", [f"{name}=1e2" for name in names])
    assert [repr(getattr(config, name)) for name in names] == ["100"] * len(names)
    assert repr(load_config("motion", "tiny", ["variants=2.0"]).variants) == "2"
    assert load_config("motion", "tiny", ["variants=null"]).variants is None


def test_a_file_may_leave_fields_out(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps({"preset": "person-market", "weights": {"correctness": 1}}))
    config = load_config("flow", tmp_path / "mine.json")
    assert (config.preset, config.weights.correctness, config.batch_size) == ("person-market", 1, 8)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("step=3", "A configuration has no field step. Did you mean steps?"),
        ("colour=3", "A configuration has no field colour. Known are stage, "),
        ("weights.perception=3", "weights has no field perception. Did you mean perceptual?"),
        ("weights.l1=much", "weights must be numbers. Received: l1='much'"),
        ("weights.l1=-1", "Loss weights must be 0 or more, and finite. Received: l1=-1"),
        ("weights.l1=Infinity", "Loss weights must be 0 or more, and finite. Received: l1=inf"),
        ("weights=3", "weights must be an object"),
        ("network=3", "network must be an object"),
        ("steps", "--set expects field=value. Received: steps"),
        ("steps=0", "steps must be a whole number from 1. Received: 0"),
        ("steps=1.5", "steps must be a whole number from 1. Received: 1.5"),
        ("validation_batches=2.5", "validation_batches must be a whole number from 0. Received: 2.5"),
        ("sample_pairs=2.5", "sample_pairs must be a whole number from 0. Received: 2.5"),
        ("seed=-1", "seed must be a whole number from 0. Received: -1"),
        ("steps=1e999", "steps must be a whole number from 1. Received: inf"),
        ("steps=true", "steps must be a whole number from 1. Received: True"),
        ("learning_rate=0", "learning_rate must be above 0. Received: 0"),
        ("learning_rate=NaN", "learning_rate must be above 0. Received: nan"),
        ("learning_rate=null", "learning_rate must be above 0. Received: None"),
        ("beta_1=1", "beta_1 must be from 0 to below 1. Received: 1"),
        ("precision=onednn_bfloat16", "The term regularization is lost in onednn_bfloat16"),
        ("precision=int8", "precision must be one of float32, .* Received: 'int8'"),
        ("preset=motion", "preset must be one of person-fashion, .* Received: 'motion'"),
        ("image_size=64", r"image_size must be \[height, width\] in pixels. Received: 64"),
        ("compared_window=[64]", r"compared_window must be \[height, width\] in pixels. Received: \[64\]"),
        ("compared_window=[64,48]", r"from 32 to the picture's \(64, 32\). Received: \(64, 48\)"),
        ("judged_in_window=maybe", "judged_in_window must be true or false. Received: 'maybe'"),
        ("xla=1", "xla must be true or false. Received: 1"),
        ("judged_in_window=true", "judged_in_window goes with a compared_window. Received: none"),
        ("exact_flow_share=[0,2]", r"exact_flow_share must be \[first, last\], each in \[0, 1\].* Received: \(0, 2\)"),
        ("exact_flow_share=0.5", "exact_flow_share must be a pair of numbers. Received: 0.5"),
        ("flow_rate=-1", "flow_rate must be a number from 0. Received: -1"),
        ("resize=nearest", "resize must be one of .* Received: 'nearest'"),
        ("steps.many=3", "Only weights and network have fields of their own. Received: steps.many"),
        ("stage=flow", "The stage is image, which --set does not change. Received: 'flow'"),
        ("stage=[1]", r"The stage is image, which --set does not change. Received: \[1\]"),
        ("network.attention_kernels=[3,5]", r"attention_kernels must be an object of levels.* Received: \[3, 5\]"),
        ('network.attention_kernels={"a":3}', r"attention_kernels must be an object of levels.* Received: \{'a': 3\}"),
        ("network.dtype=float16", "network takes its dtype from precision. Received: 'float16'"),
        ("backbone_weights=5", "backbone_weights must be a text. Received: 5"),
        ("seed=4294967296", "seed must be a whole number from 0 to 4294967295. Received: 4294967296"),
    ],
)
def test_wrong_settings(setting, message):
    with pytest.raises(ValueError, match=message):
        load_config("image", "tiny", [setting])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("image_size=[64,32]", "A configuration has no field image_size. Did you mean batch_size?"),
        ("preset=person-demo", "preset must be one of motion, motion-demo. Received: 'person-demo'"),
        ("frames=2", "frames must be a whole number from 3. Received: 2"),
        ("strength=2", "strength must be a pair of numbers. Received: 2"),
        ("strength=[2,1]", "strength must be two numbers from 0.0, in order. Received: 2, 1"),
        ("normalization=none", "normalization must be one of person, image"),
        ("held_out=martial_03", "held_out must be a list of names. Received: 'martial_03'"),
        ("weights.l1=1", "weights has no field l1. Known are mpjpe, acceleration"),
        ("weights.mpjpe=0", "At least one term of the loss must have a weight"),
        ("noise.speed=-1", "Finite numbers, none but bias and lag below 0, are expected"),
        ("noise.loud=1", "noise has no field loud. Known are "),
        ("noise.bias=3", "bias must have numbers for nose, .* Received: 3"),
        ("noise.far=[1,2]", r"far must be single numbers. Received: \(1, 2\)"),
        ("noise.confidence=[1,2,3]", r"confidence must be 2 numbers. Received: \(1, 2, 3\)"),
        ("noise.hidden=null", "hidden must be single numbers. Received: None"),
        ("proportions=NaN", "proportions from 0 are expected. Received: 10, nan"),
        ("strength=[0,Infinity]", "strength must be two numbers from 0.0, in order. Received: 0, inf"),
        ("steps.many=3", "Only weights, network and noise have fields of their own. Received: steps.many"),
    ],
)
def test_wrong_settings_of_motion(setting, message):
    with pytest.raises(ValueError, match=message):
        load_config("motion", "tiny", [setting])


def test_noise_may_be_a_file(tmp_path):
    file = tmp_path / "noise.json"
    write_noise(file, DetectorNoise(memory=0.5))
    config = load_config("motion", "tiny", [f"noise={file}"])
    assert config.noise.memory == 0.5
    write_config(config, tmp_path / "config.json")
    assert config_differences(config, read_config(tmp_path / "config.json")) == []
    with pytest.raises(ValueError, match="nowhere.json: a detector's noise, JSON of `data noise`, is expected"):
        load_config("motion", "tiny", ["noise=nowhere.json"])


@pytest.mark.parametrize("name", ["weights", "network"])
def test_fields_inside_of_what_is_no_object(tmp_path, name):
    (tmp_path / "mine.json").write_text(json.dumps({name: None}))
    with pytest.raises(ValueError, match=f"{name} must be an object to have a field x. Received: None"):
        load_config("image", tmp_path / "mine.json", [f"{name}.x=1"])


def test_settings_of_motion_reach_inside():
    settings = ["noise.lag=0.25", 'held_out=["martial_03"]', "frames_per_second=[30,30]", "weights.acceleration=2"]
    config = load_config("motion", "tiny", settings)
    assert config.noise == replace(CONFIGS["tiny"]["motion"].noise, lag=0.25)
    assert config.weights == MotionWeights(mpjpe=1.0, acceleration=2)
    capture = config.capture_settings()
    assert (capture.held_out, capture.frames_per_second, capture.noise.lag) == (("martial_03",), (30, 30), 0.25)
    assert config.human36m_settings().frames == config.frames


def test_a_configuration_says_whether_exact_flow_teaches():
    assert load_config("flow", "fashion256").facts == {"taught_with_exact_flow": False}
    for name in ("endpoint", "mask", "hidden", "background"):
        assert load_config("flow", "fashion256", [f"weights.{name}=1"]).facts == {"taught_with_exact_flow": True}
    assert load_config("image", "fashion256", ["exact_flow_share=[0,0.5]"]).facts == {"taught_with_exact_flow": True}


def test_a_configuration_without_the_stage():
    with pytest.raises(ValueError, match="--config must be tiny, human36m, motion-demo or a JSON file. Received: demo"):
        load_config("motion", "demo")
    assert config_names("flow") == ["fashion256", "market128", "demo", "tiny", "mobile"]


def test_weights_that_do_not_suit_a_stage():
    with pytest.raises(ValueError, match="Stage flow makes no picture to judge. Received: weights of l1, style"):
        load_config("flow", "tiny", ["weights.l1=1", "weights.style=1"])
    with pytest.raises(ValueError, match="At least one term of the loss must have a weight"):
        load_config("flow", "tiny", ['weights={"endpoint":0}'])


def test_wrong_names_and_files(tmp_path):
    with pytest.raises(ValueError, match="--config must be fashion256, .* or a JSON file. Received: huge"):
        load_config("flow", "huge")
    with pytest.raises(ValueError, match="a JSON object is expected"):
        load_config("flow", tmp_path / "none.json")
    for text, message in (("{", "a JSON object is expected"), ("[1]", "a JSON object is expected")):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            load_config("flow", tmp_path / "bad.json")


def test_differences_name_fields_and_values():
    first = CONFIGS["tiny"]["flow"]
    second = replace(first, steps=9, weights=replace(first.weights, mask=2.0))
    assert config_differences(first, second) == [
        "weights: {'regularization': 0.01, 'endpoint': 1.0, 'mask': 1.0}, "
        "{'regularization': 0.01, 'endpoint': 1.0, 'mask': 2.0}",
        "steps: 8, 9",
    ]
    assert config_differences(first, second, ["weights", "steps"]) == []
    assert asdict(first)["steps"] == 8


def test_fields_are_checked_however_their_types_are_written():
    own = [("extra", bool, field(default=False)), ("note", str | None, field(default=None)), ("most", int | None, 3)]
    limits = {"AT_LEAST_ONE": (*MotionConfig.AT_LEAST_ONE, "most")}
    config = make_dataclass("Config", own, bases=(MotionConfig,), namespace=limits, frozen=True)  # types, not texts
    assert config("motion", most=2.0).most == 2
    assert config("motion", most=None).most is None
    for wrong, message in (
        ({"extra": 1}, "extra must be true or false. Received: 1"),
        ({"note": 2}, "note must be a text. Received: 2"),
        ({"most": 2.5}, "most must be a whole number from 1. Received: 2.5"),
    ):
        with pytest.raises(ValueError, match=message):
            config("motion", **wrong)

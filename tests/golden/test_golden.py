"""The networks against the authors', filled with the same weights; see `helpers.golden`."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.golden import assert_close, golden_model, load_case

from gfla_tf.models.presets import PRESETS
from gfla_tf.ops import gaussian_sample, local_attention
from gfla_tf.weights import parameters

IMAGE = 1e-4
FLOW = 5e-4
MASK = 1e-4
OTHER = 1e-4

PARAMETER_LISTS = [
    ("person_fashion", "person-fashion", "parameters"),
    ("person_market", "person-market", "parameters"),
    ("sequence", "sequence", "parameters"),
    ("face", "face", "parameters"),
    ("view", "view", "parameters"),
    ("motion", "motion", "parameters"),
    ("discriminators", "image-discriminator", "image_parameters"),
    ("discriminators", "temporal-discriminator", "clip_parameters"),
]


@pytest.fixture
def eager_functions():
    """Run tf.functions eagerly: the definition of local attention takes long to trace."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def assert_flows_and_masks(outputs: dict, expected: dict, prefix: str = "") -> None:
    names = [name for name in expected if name.startswith(f"{prefix}flow")]
    assert len(outputs["flows"]) == len(outputs["masks"]) == len(names) > 0
    for index, (flow, mask) in enumerate(zip(outputs["flows"], outputs["masks"], strict=True)):
        assert_close(flow, expected[f"{prefix}flow{index}"], FLOW)
        assert_close(mask, expected[f"{prefix}mask{index}"], MASK)


@pytest.mark.parametrize("name", ["person_fashion", "person_market"])
def test_person(name, implementation):
    case = load_case(name)
    batch, height, width = size = case.settings["input"]
    poses = [case.pose(pose, (*size, 18)) for pose in ("source_pose", "target_pose")]
    model = golden_model(name, name.replace("_", "-"), implementation=implementation)
    outputs = model([case.smooth("source_image", (batch, height, width, 3)), *poses])
    assert_close(outputs["image"], case.outputs["image"], IMAGE)
    assert_flows_and_masks(outputs, case.outputs)


def clip_inputs(name: str, pose_channels: int) -> tuple:
    """Reference image, reference pose and target poses of a case with frames."""
    case = load_case(name)
    batch, time, *size = case.settings["input"]
    reference_image = case.smooth("reference_image", (batch, *size, 3))
    reference_pose = case.pose("reference_pose", (batch, *size, pose_channels))
    return reference_image, reference_pose, case.pose("target_poses", (batch, time, *size, pose_channels))


@pytest.mark.parametrize(("name", "pose_channels"), [("sequence", 20), ("face", 16)])
def test_frames_step_by_step(name, pose_channels, implementation):
    reference_image, reference_pose, target_poses = clip_inputs(name, pose_channels)
    expected = load_case(name).outputs
    model = golden_model(name, name, implementation=implementation)
    image, pose = reference_image, reference_pose
    for index in range(target_poses.shape[1]):
        target_pose = target_poses[:, index]
        outputs = model([reference_image, reference_pose, image, pose, target_pose])
        image, pose = outputs["image"], target_pose
        assert_close(image, expected["frames"][:, index], IMAGE)
        if f"frame{index}_flow0" in expected:
            assert_flows_and_masks(outputs, expected, f"frame{index}_")


@pytest.mark.parametrize(("name", "pose_channels"), [("sequence", 20), ("face", 16)])
def test_frames_at_once(name, pose_channels):
    model = golden_model(name, name, implementation="fused")
    frames = model.generate(*clip_inputs(name, pose_channels))
    assert_close(frames, load_case(name).outputs["frames"], IMAGE)


@pytest.mark.usefixtures("eager_functions")
@pytest.mark.parametrize(("name", "pose_channels"), [("sequence", 20), ("face", 16)])
def test_frames_at_once_by_definition(name, pose_channels):
    model = golden_model(name, name, implementation="reference")
    frames = model.generate(*clip_inputs(name, pose_channels))
    assert_close(frames, load_case(name).outputs["frames"], IMAGE)


def test_view(implementation):
    case = load_case("view")
    source_image = case.smooth("source_image", (*case.settings["input"], 3))
    model = golden_model("view", "view", implementation=implementation)
    outputs = model([source_image, case.outputs["source_view"], case.outputs["target_view"]])
    assert_close(outputs["image"], case.outputs["image"], IMAGE)
    assert_flows_and_masks(outputs, case.outputs)


def test_motion():
    outputs = load_case("motion").outputs
    assert_close(golden_model("motion", "motion")(outputs["noisy"]), outputs["clean"], OTHER)


@pytest.mark.parametrize(("network", "name", "size"), [("image", "image", "images"), ("temporal", "clip", "clip")])
def test_discriminators(network, name, size):
    case = load_case("discriminators")
    model = golden_model("discriminators", f"{network}-discriminator", f"{name}_parameters")
    scores = model(case.smooth(name, tuple(case.settings[size])))
    assert np.ptp(case.outputs[f"{name}_scores"]) > 100 * OTHER
    assert_close(scores, case.outputs[f"{name}_scores"], OTHER)


def features_and_flow() -> tuple[np.ndarray, np.ndarray]:
    case = load_case("losses")
    return case.smooth("features", (2, 24, 40, 8)), case.smooth("features_flow", (2, 24, 40, 2), -12.0, 12.0)


def test_local_attention(implementation):
    outputs = load_case("losses").outputs
    attended = local_attention(*features_and_flow(), outputs["attention_weights"], implementation)
    assert_close(attended, outputs["local_attention"], OTHER)


def test_gaussian_sample(fast_implementation):
    sampled = gaussian_sample(*features_and_flow(), fast_implementation)
    assert_close(sampled, load_case("losses").outputs["gaussian_sample"], OTHER)


@pytest.mark.parametrize(("name", "preset", "key"), PARAMETER_LISTS)
def test_parameters_are_those_of_the_checkpoints(name, preset, key):
    model = golden_model(name, preset, key)
    found = {name: (entry.shape, entry.alias_of) for name, entry in parameters(model).items()}
    assert found == load_case(name).parameters(key)
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == PRESETS[preset].parameters

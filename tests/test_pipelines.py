"""Pose transfer: what goes into the network, what comes out, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf import PoseTransfer
from gfla_tf.image_io import read_image
from gfla_tf.models.intermediate_poses import render_through
from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import Preset
from gfla_tf.people import Person
from gfla_tf.pose import pose_maps

SMALL = Preset(
    "small",
    "person",
    config={"widths": (4, 4, 8), "flow_widths": (4, 4, 8, 8, 8), "attention_hidden": 8},
    height=64,
    width=96,
    frame_aspect=1.0,
    skeleton="openpose-18",
)


@pytest.fixture(scope="module")
def transfer():
    return PoseTransfer(build_model(SMALL))


def person(seed: int, photo: bool = True) -> Person:
    rng = np.random.default_rng(seed)
    keypoints = np.column_stack([rng.uniform(20, 60, 18), rng.uniform(10, 90, 18), np.ones(18)]).astype(np.float32)
    image = rng.uniform(-1, 1, (100, 80, 3)).astype(np.float32) if photo else None
    return Person(keypoints, image, f"person {seed}")


def test_result_is_the_networks_output_for_the_framed_inputs(transfer):
    source, pose = person(1), person(2, photo=False)
    result = transfer(source, pose)
    poses = [pose_maps(k[np.newaxis], 64, 96) for k in (result.source_keypoints, result.target_keypoints)]
    expected = transfer.model([result.source_image[np.newaxis], *poses])
    np.testing.assert_allclose(result.image, expected["image"][0], atol=1e-5)
    np.testing.assert_array_equal(result.source_image, result.frame.crop(source.photo, 64, 96))
    np.testing.assert_allclose(result.source_keypoints, result.frame.keypoints_into(source.keypoints, 64, 96))
    assert [flow.shape for flow in result.flows] == [(8, 12, 2), (16, 24, 2)]
    assert [mask.shape for mask in result.masks] == [(8, 12, 1), (16, 24, 1)]


def test_source_and_pose_meet_at_the_same_size(transfer):
    far = person(3, photo=False)
    close = Person(far.keypoints * [5, 5, 1] + [300, 200, 0])
    results = [transfer(person(1), pose).target_keypoints for pose in (far, close)]
    np.testing.assert_allclose(*results, atol=1.5)  # frames are whole pixels


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_batches_give_the_same_results_in_order(transfer, batch_size):
    pairs = [(person(index), person(index + 10)) for index in range(3)]
    results = list(transfer.run(iter(pairs), batch_size))
    assert len(results) == 3
    for (source, pose), result in zip(pairs, results, strict=True):
        np.testing.assert_allclose(result.image, transfer(source, pose).image, atol=1e-5)
        assert result.photo is source.photo


def test_whole_pictures_are_taken_as_they_are():
    transfer = PoseTransfer(build_model(SMALL), framing="whole")
    result = transfer(person(1), person(2, photo=False))
    assert (result.frame.left, result.frame.top, result.frame.width, result.frame.height) == (0, 0, 80, 100)


def test_saved_picture_has_the_true_proportions(transfer, tmp_path):
    result = transfer(person(1), person(2))
    result.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (64, 64, 3)  # 64 x 96 as the network sees it, aspect 1
    result.save(tmp_path / "b.png", paste=True)
    assert read_image(tmp_path / "b.png").shape == (100, 80, 3)


def test_sheet_holds_all_panels(transfer):
    sheet = transfer(person(1), person(2)).sheet()
    assert sheet.shape == (2 * (64 + 18) + 4, 5 * 64 + 4 * 4, 3)
    assert np.isfinite(sheet).all()


def test_a_pose_in_between_is_halfway(transfer):
    stepped = PoseTransfer(transfer.model, intermediate_poses=1)
    result = stepped(person(1), person(2))
    ends = result.source_keypoints, result.target_keypoints
    poses = [pose_maps(pose[np.newaxis], 64, 96) for pose in (ends[0], (ends[0] + ends[1]) / 2, ends[1])]
    expected = render_through(transfer.model, result.source_image[np.newaxis], poses)
    np.testing.assert_allclose(result.image, expected["image"][0], atol=1e-5)
    np.testing.assert_allclose(result.flows[0], expected["flows"][0][0], atol=1e-4)


def test_errors():
    with pytest.raises(ValueError, match=r"person-fashion comes without weights.*gfla convert.*stand-in"):
        PoseTransfer("person-fashion")
    with pytest.raises(ValueError, match="A model of a person preset is expected. Received: one of kind motion"):
        PoseTransfer("motion", weights="stand-in")
    with pytest.raises(ValueError, match="framing must be one of person, whole. Received: 'half'"):
        PoseTransfer(build_model(SMALL), framing="half")
    with pytest.raises(ValueError, match="intermediate_poses must be 0 or more. Received: -1"):
        PoseTransfer(build_model(SMALL), intermediate_poses=-1)


def test_errors_of_a_call(transfer):
    lonely = Person(np.zeros((18, 3), np.float32), name="lonely.json")
    with pytest.raises(ValueError, match=r"lonely.json: At least two joints are needed"):
        transfer(person(1), lonely)
    with pytest.raises(ValueError, match="batch_size must be at least 1. Received: 0"):
        list(transfer.run([], batch_size=0))

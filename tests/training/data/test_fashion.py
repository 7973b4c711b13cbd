from __future__ import annotations

import json
import logging

import cv2
import numpy as np
import pytest
import tensorflow as tf
from helpers.damage import break_compression
from helpers.datasets import MISSING, annotation_row, write_annotations, write_fashion, write_pairs, write_picture

from gfla_tf.pose.heatmaps import pose_maps
from training.data.fashion import FashionPairs, FashionSettings
from training.data.pipeline import Pipeline, PipelineSettings
from training.data.truth import level_truth, mask_path, read_truth, truth_path

SMALL = FashionSettings(image_size=(64, 32))


def load(source, index=0):
    return {name: tensor.numpy() for name, tensor in source.load(tf.constant(index, tf.int64), None).items()}


def one_pair(folder, y, x, size=(256, 176), annotation_size=None, **dataset):
    """A dataset of one picture, paired with itself, with these joints."""
    pixels = write_picture(folder / "train" / "a.png", *size)
    write_annotations(folder / "fasion-annotation-train.csv", [annotation_row("a.png", y, x)])
    write_pairs(folder / "fasion-pairs-train.csv", [("a.png", "a.png")])
    if annotation_size or dataset:
        content = {"kind": "fashion", "annotation_size": annotation_size or [256, 176], **dataset}
        (folder / "dataset.json").write_text(json.dumps(content))
    return pixels


def joints(**given):
    """18 coordinates, missing but for those given by number."""
    return [given.get(f"j{joint}", -1) for joint in range(18)]


def test_batches_have_the_documented_names_shapes_and_ranges(tmp_path):
    write_fashion(tmp_path, count=5, extension=".jpg")
    source = FashionPairs(tmp_path)
    assert len(source) == 5
    batch = next(iter(Pipeline(source, PipelineSettings(batch_size=3)).dataset()))
    assert {name: (tensor.shape, tensor.dtype) for name, tensor in batch.items()} == {
        "index": ([3], tf.int64),
        "source_image": ([3, 256, 256, 3], tf.float32),
        "source_pose": ([3, 256, 256, 18], tf.float32),
        "source_keypoints": ([3, 18, 3], tf.float32),
        "target_image": ([3, 256, 256, 3], tf.float32),
        "target_pose": ([3, 256, 256, 18], tf.float32),
        "target_keypoints": ([3, 18, 3], tf.float32),
    }
    for name in ("source_image", "target_image"):
        assert -1 <= batch[name].numpy().min() < -0.5
        assert 0.5 < batch[name].numpy().max() <= 1
    for name in ("source_pose", "target_pose"):
        np.testing.assert_array_equal(batch[name].numpy().max(axis=(1, 2)), 1)


def test_convention_annotations_move_from_256x176_to_256x256(tmp_path):
    # y first; x = 88 of 176 columns becomes 128 of 256, x = 90 becomes 130.9 and is rounded down.
    one_pair(tmp_path, joints(j0=100, j1=7), joints(j0=88, j1=90))
    pose = load(FashionPairs(tmp_path))["source_pose"]
    assert np.unravel_index(pose[..., 0].argmax(), (256, 256)) == (100, 128)
    assert np.unravel_index(pose[..., 1].argmax(), (256, 256)) == (7, 130)
    # Sigma is 6 pixels: exp(-1/2) six pixels away, along x as along y.
    np.testing.assert_allclose(pose[[106, 100], [128, 134], 0], np.exp(-0.5), rtol=1e-6)
    assert not pose[..., 2:].any()


def test_convention_sigma_is_in_pixels_at_any_size(tmp_path):
    one_pair(tmp_path, joints(j0=128), joints(j0=88))
    pose = load(FashionPairs(tmp_path, settings=SMALL))["target_pose"][..., 0]
    assert np.unravel_index(pose.argmax(), pose.shape) == (32, 16)
    np.testing.assert_allclose(pose[38, 16], np.exp(-0.5), rtol=1e-6)


def test_joints_beyond_the_columns_send_their_tail_into_the_picture(tmp_path):
    one_pair(tmp_path, joints(j0=30), joints(j0=180))
    pose = load(FashionPairs(tmp_path))["source_pose"][..., 0]
    # 180 * 256 / 176 = 261.8, rounded down 261, six columns right of the last one.
    np.testing.assert_allclose(pose[30, 255], np.exp(-0.5), rtol=1e-6)


def test_pictures_are_squeezed_with_the_chosen_rule(tmp_path):
    pixels = one_pair(tmp_path, joints(j0=1), joints(j0=1), size=(128, 64))
    image = load(FashionPairs(tmp_path, settings=FashionSettings(image_size=(64, 32), resize="area")))["source_image"]
    means = (pixels / 127.5 - 1).reshape(64, 2, 32, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(image, means, atol=1e-5)
    bicubic = load(FashionPairs(tmp_path, settings=SMALL))["source_image"]
    assert 0 < np.abs(bicubic - image).max() < 0.1


def test_the_annotated_size_of_a_dataset_file_counts(tmp_path):
    one_pair(tmp_path, joints(j0=50), joints(j0=20), size=(100, 80), annotation_size=[100, 80])
    pose = load(FashionPairs(tmp_path, settings=FashionSettings(image_size=(200, 320))))["source_pose"][..., 0]
    assert np.unravel_index(pose.argmax(), pose.shape) == (100, 80)


def test_source_and_target_are_not_confused(tmp_path):
    names = write_fashion(tmp_path, count=3)
    source = FashionPairs(tmp_path, settings=SMALL)
    for index in range(3):
        element = load(source, index)
        assert element["index"] == index
        for name, number in (("source", index), ("target", (index + 1) % 3)):
            pixels = cv2.imread(str(tmp_path / "train" / names[number]))[..., ::-1]
            assert pixels.shape == (64, 44, 3)
            np.testing.assert_allclose(element[f"{name}_image"].mean(), (pixels / 127.5 - 1).mean(), atol=0.02)
            y, x = 10.0 * number + np.arange(18), 5.0 * number + np.arange(18)
            keypoints = np.stack([x * 32 / 176, y * 64 / 256, np.ones(18)], axis=-1)
            np.testing.assert_allclose(element[f"{name}_pose"], pose_maps(keypoints, 64, 32), atol=1e-6)


def test_rows_without_joints_are_dropped_and_counted(tmp_path):
    names = write_fashion(tmp_path, count=3)
    rows = [annotation_row(names[0], MISSING, MISSING)] + [
        annotation_row(name, [5] * 18, [5] * 18) for name in names[1:]
    ]
    write_annotations(tmp_path / "fasion-annotation-train.csv", rows)
    source = FashionPairs(tmp_path, settings=SMALL)
    assert len(source) == 1
    assert source.pictures.dropped == {"without any joint": 2}


def test_a_corrupt_picture_is_reported_and_skipped(tmp_path, caplog):
    names = write_fashion(tmp_path, count=6, extension=".jpg")
    broken = tmp_path / "train" / names[2]
    broken.write_bytes(broken.read_bytes()[:100])
    pipeline = Pipeline(FashionPairs(tmp_path, settings=SMALL), PipelineSettings(batch_size=6))
    with caplog.at_level(logging.WARNING):
        batches = [next(iter(pipeline.dataset(epoch)))["index"].numpy() for epoch in range(3)]
    # Pairs 1 and 2 have the picture as target and as source.
    assert all(len(indices) == 6 and not {1, 2} & set(indices.tolist()) for indices in batches)
    assert [record.getMessage() for record in caplog.records] == [
        f"{broken} can't be read and is skipped: no readable JPEG, PNG or WebP"
    ]


def test_a_resumed_run_sees_the_same_pictures_bit_for_bit(tmp_path):
    write_fashion(tmp_path, count=7, extension=".jpg")
    settings = PipelineSettings(batch_size=2, seed=3)
    whole = list(Pipeline(FashionPairs(tmp_path, settings=SMALL), settings).stream().take(5))
    resumed = list(Pipeline(FashionPairs(tmp_path, settings=SMALL), settings).stream(2).take(3))
    for batch, other in zip(whole[2:], resumed, strict=True):
        for name in batch:
            assert batch[name].numpy().tobytes() == other[name].numpy().tobytes()


def write_truth(folder, flow, visible, source="a.png", target="a.png"):
    path = truth_path(folder / "truth" / "train", source, target)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, flow=flow.astype(np.float16), visible=visible.astype(np.uint8))
    return path


def test_convention_flow_at_a_level_is_in_its_pixels(tmp_path):
    one_pair(tmp_path, joints(j0=1), joints(j0=1), size=(64, 32), annotation_size=[64, 32], truth=True)
    flow = np.zeros((64, 32, 2))
    flow[:, :16] = (8, -4)  # (dx, dy) in pixels of the picture
    visible = np.zeros((64, 32))
    visible[:, :16] = 1
    visible[:32, :2] = 0
    write_truth(tmp_path, flow, visible)
    settings = FashionSettings(image_size=(64, 32), flow_levels=(2, 3))
    element = load(FashionPairs(tmp_path, settings=settings))
    assert element["flow_level2"].shape == (16, 8, 2)
    assert element["visible_level3"].shape == (8, 4, 1)
    np.testing.assert_allclose(element["flow_level2"][0, 1], [2, -1], atol=1e-6)
    # Half of the block is visible: its mean is still that of the visible half.
    np.testing.assert_allclose(element["visible_level2"][0, 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(element["flow_level2"][0, 0], [2, -1], atol=1e-6)
    np.testing.assert_allclose(element["flow_level3"][5, 1], [1, -0.5], atol=1e-6)
    assert not element["flow_level2"][:, 4:].any()
    assert not element["visible_level2"][:, 4:].any()


def test_background_is_what_both_pictures_show(tmp_path):
    write_fashion(tmp_path, count=2, size=(64, 32))
    content = {"kind": "fashion", "annotation_size": [64, 32], "truth": True}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    (tmp_path / "truth" / "train").mkdir(parents=True)
    settings = FashionSettings(image_size=(64, 32), flow_levels=(2,))
    assert not FashionPairs(tmp_path, settings=settings).has_background
    source, target = FashionPairs(tmp_path, settings=settings).pictures.names[:2]
    masks = np.zeros((2, 64, 32), np.uint8)
    masks[0, :4, :4] = 255
    masks[1, :2, 4:8] = 1  # touched by the person's edge
    paths = [mask_path(tmp_path / "truth" / "train", name) for name in (source, target)]
    for path, mask in zip(paths, masks, strict=True):
        np.savez_compressed(path, mask=mask)
    flow, visible = np.zeros((64, 32, 2)), np.zeros((64, 32))
    flow[0, 4:6], flow[0, 6:8], flow[1, 4:8] = (4, 8), (-9, 0), (0, -9)  # of these only the first two stay inside
    visible[0, 5] = 1
    write_truth(tmp_path, flow, visible, source, target)
    pairs = FashionPairs(tmp_path, settings=settings)
    element = load(pairs)
    np.testing.assert_allclose(element["hidden_flow_level2"][0, 1], [1, 2], atol=1e-6)
    np.testing.assert_allclose(element["hidden_level2"][0, :3, 0], [0, 1 / 16, 0])
    share = element["background_level2"]
    assert share.shape == (16, 8, 1)
    np.testing.assert_allclose(share[0, :3, 0], [0, 0.5, 1])
    assert (share[1:] == 1).all()
    paths[1].write_bytes(b"no zip")
    assert pairs.unreadable(0) == {paths[1]: "no readable mask"}


def test_convention_flow_is_scaled_with_the_picture(tmp_path):
    # A picture 32 high and 64 wide shown at 64x64: dy doubles.
    flow, share = level_truth(tf.fill([32, 64, 2], 6.0), tf.ones([32, 64, 1]), 64, 64)
    np.testing.assert_allclose(flow, np.broadcast_to([6.0, 12.0], (64, 64, 2)), atol=1e-5)
    np.testing.assert_array_equal(share, 1)


def test_level_truth_equals_a_loop_over_blocks():
    random = np.random.default_rng(0)
    flow = random.normal(size=(8, 12, 2)).astype(np.float32)
    visible = random.integers(0, 2, (8, 12, 1)).astype(np.float32)
    visible[:4, :4] = 0
    level_flow, share = (tensor.numpy() for tensor in level_truth(flow, visible, 2, 3))
    for row in range(2):
        for column in range(3):
            block = np.s_[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            seen = flow[block][visible[block][..., 0] > 0]
            expected = seen.mean(axis=0) / 4 if len(seen) else np.zeros(2)
            np.testing.assert_allclose(level_flow[row, column], expected, atol=1e-5)
            np.testing.assert_allclose(share[row, column], visible[block].mean(), atol=1e-6)


def test_missing_truth_is_reported_like_a_picture(tmp_path):
    one_pair(tmp_path, joints(j0=1), joints(j0=1), size=(64, 32), annotation_size=[64, 32], truth=True)
    path = write_truth(tmp_path, np.zeros((64, 32, 2)), np.ones((64, 32)))
    source = FashionPairs(tmp_path, settings=FashionSettings(image_size=(64, 32), flow_levels=(2,)))
    assert source.unreadable(0) == {}
    content = path.read_bytes()
    for damaged in (content[:50], break_compression(content)):
        path.write_bytes(damaged)
        assert source.unreadable(0) == {path: "no readable flow and visible"}
    path.unlink()
    assert source.unreadable(0) == {path: "no such file"}
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one readable element is expected"):
        list(Pipeline(source, PipelineSettings(batch_size=1)).dataset())


def test_truth_of_another_shape_is_refused(tmp_path):
    path = write_truth(tmp_path, np.zeros((64, 32, 2)), np.ones((32, 64)))
    with pytest.raises(ValueError, match=r"flow \[h, w, 2\] and visible \[h, w\] are expected"):
        read_truth(path)


def test_flow_without_truth_is_refused(tmp_path):
    write_fashion(tmp_path, count=1)
    with pytest.raises(ValueError, match="flow_levels need exact flows"):
        FashionPairs(tmp_path, settings=FashionSettings(flow_levels=(2,)))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"image_size": (0, 256)}, r"image_size must be \(height, width\) in whole pixels"),
        ({"image_size": (256.0, 256)}, r"image_size must be \(height, width\) in whole pixels"),
        ({"sigma": 0}, "sigma be above 0"),
        ({"flow_levels": (9,)}, "flow_levels must halve the image size"),
    ],
)
def test_impossible_settings_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        FashionSettings(**bad)


def test_an_unknown_resize_rule_is_refused(tmp_path):
    write_fashion(tmp_path, count=1)
    with pytest.raises(ValueError, match="resize must be one of bicubic, bilinear, area"):
        FashionPairs(tmp_path, settings=FashionSettings(resize="nearest"))

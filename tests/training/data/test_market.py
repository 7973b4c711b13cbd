from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf
from helpers.datasets import annotation_row, write_market

from training.data.affine import AffineRange
from training.data.market import MOTION, MarketPairs, MarketSettings
from training.data.pipeline import Pipeline, PipelineSettings

SOURCE, TARGET = "0002_c1s1_000451_03.jpg", "0002_c2s1_000776_01.jpg"
NO_MOTION = MarketSettings(motion=None)


def write(folder, y, x, split="train"):
    """One pair of pictures whose first joint is at (x, y)."""
    rows = [annotation_row(name, [y] + [-1] * 17, [x] + [-1] * 17, " ") for name in (SOURCE, TARGET)]
    write_market(folder, rows, [(SOURCE, TARGET)], split)


def draw_dot(folder, y, x):
    """Replace both pictures by black ones with a white pixel, without the losses of JPEG."""
    pixels = np.zeros((128, 64, 3), np.uint8)
    pixels[y, x] = 255
    for name in (SOURCE, TARGET):
        (folder / "bounding_box_train" / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def fix_motion(monkeypatch, angle, shift, scale):
    drawn = tuple(tf.constant(value, tf.float32) for value in (angle, shift, scale))
    monkeypatch.setattr(AffineRange, "draw", lambda self, seed: drawn)


def load(source):
    element = source.load(tf.constant(0, tf.int64), tf.constant([1, 2]))
    return {name: tensor.numpy() for name, tensor in element.items()}


def peak(array):
    return tuple(int(position) for position in np.unravel_index(array[..., 0].argmax(), array.shape[:2]))


def test_batches_have_the_documented_names_shapes_and_ranges(tmp_path):
    write(tmp_path, 20, 30)
    batch = next(iter(Pipeline(MarketPairs(tmp_path), PipelineSettings(batch_size=1)).dataset()))
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "index": (1,),
        "source_image": (1, 128, 64, 3),
        "source_pose": (1, 128, 64, 18),
        "source_keypoints": (1, 18, 3),
        "target_image": (1, 128, 64, 3),
        "target_pose": (1, 128, 64, 18),
        "target_keypoints": (1, 18, 3),
    }
    maps = [tensor.numpy() for name, tensor in batch.items() if name.endswith(("_image", "_pose"))]
    assert all(values.min() >= -1 and values.max() <= 1 for values in maps)


def test_convention_annotations_are_in_128x64_with_y_first(tmp_path):
    write(tmp_path, 20, 30)
    element = load(MarketPairs(tmp_path, settings=NO_MOTION))
    assert peak(element["source_pose"]) == peak(element["target_pose"]) == (20, 30)
    np.testing.assert_allclose(element["source_pose"][26, 30, 0], np.exp(-0.5), rtol=1e-6)


def test_the_default_motion_is_the_published_one():
    assert MarketSettings().motion == MOTION == AffineRange(rotation=5, shift=(5, 5), scale=(0.95, 1.05))


def test_convention_the_target_makes_half_of_the_shift(tmp_path, monkeypatch):
    write(tmp_path, 60, 30)
    draw_dot(tmp_path, 60, 30)
    fix_motion(monkeypatch, 0, (4, -2), 1)
    element = load(MarketPairs(tmp_path))
    # Right by 4 and up by 2; the target right by 2 and up by 1.
    assert peak(element["source_image"]) == peak(element["source_pose"]) == (58, 34)
    assert peak(element["target_image"]) == peak(element["target_pose"]) == (59, 32)


def test_convention_the_target_makes_a_fifth_of_the_turn(tmp_path, monkeypatch):
    # The centre is (31.5, 63.5). A point 60 above it turned by +45 degrees, clockwise, comes to the right of it:
    # (31.5 + 60 sin 45, 63.5 - 60 cos 45) = (73.9, 21.1); by a fifth: (31.5 + 60 sin 9, 63.5 - 60 cos 9) = (40.9, 4.2).
    write(tmp_path, 4, 32)
    fix_motion(monkeypatch, 45, (-20, 0), 1)
    element = load(MarketPairs(tmp_path))
    # 0.5 right of the centre and 59.5 above it; shifted by 20 to the left, the target by 10.
    assert peak(element["source_pose"]) == (21, 53)
    assert peak(element["target_pose"]) == (4, 31)


def test_convention_only_the_source_is_scaled_about_the_centre(tmp_path, monkeypatch):
    write(tmp_path, 100, 50)
    draw_dot(tmp_path, 100, 50)
    fix_motion(monkeypatch, 0, (0, 0), 1.05)
    element = load(MarketPairs(tmp_path))
    # 31.5 + 1.05 * 18.5 = 50.9 and 63.5 + 1.05 * 36.5 = 101.8: rounded down in pose maps, to the nearest in pictures.
    assert peak(element["source_pose"]) == (101, 50)
    assert peak(element["source_image"]) == (102, 51)
    assert peak(element["target_pose"]) == peak(element["target_image"]) == (100, 50)


def test_outside_of_a_picture_its_border_repeats(tmp_path, monkeypatch):
    write(tmp_path, 60, 30)
    pixels = np.zeros((128, 64, 3), np.uint8)
    pixels[:, 0] = 255
    for name in (SOURCE, TARGET):
        (tmp_path / "bounding_box_train" / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    fix_motion(monkeypatch, 0, (4, 0), 1)
    image = load(MarketPairs(tmp_path))["source_image"]
    assert (image[:, :5] == 1).all()
    assert (image[:, 5:] == -1).all()


def test_missing_joints_are_not_moved_into_the_picture(tmp_path):
    write(tmp_path, 60, 30)
    assert not load(MarketPairs(tmp_path))["source_pose"][..., 1:].any()


def test_test_pictures_are_not_moved(tmp_path):
    write(tmp_path, 60, 30, "test")
    still, moving = (load(MarketPairs(tmp_path, "test", settings)) for settings in (NO_MOTION, None))
    np.testing.assert_array_equal(still["source_image"], moving["source_image"])


def test_motion_follows_seed_and_epoch(tmp_path):
    write(tmp_path, 60, 30)
    settings = PipelineSettings(batch_size=1, seed=4)
    first, again = (list(Pipeline(MarketPairs(tmp_path), settings).stream().take(3)) for _ in range(2))
    for batch, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(batch["source_image"], other["source_image"])
    assert not np.array_equal(first[0]["source_image"], first[1]["source_image"])


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="image_size must be"):
        MarketSettings(image_size=(128,))

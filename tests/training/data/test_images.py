from __future__ import annotations

import importlib.util
import sys

import cv2
import numpy as np
import pytest
import tensorflow as tf
from helpers.datasets import write_picture

from training.data import images
from training.data.images import check_resize, picture_error, read_picture, resize_pictures


def cubic(distance: np.ndarray) -> np.ndarray:
    """The bicubic kernel of Keys with a = -1/2."""
    d = np.abs(distance)
    return np.where(d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0))


def antialiased_weights(before: int, after: int, kernel, radius: int) -> np.ndarray:
    """`[after, before]`: the kernel widened when shrinking, cut at the border and normalised."""
    scale = before / after
    centres = (np.arange(after) + 0.5) * scale - 0.5
    weights = kernel((np.arange(before) - centres[:, np.newaxis]) / max(scale, 1))
    weights[np.abs(np.arange(before) - centres[:, np.newaxis]) > radius * max(scale, 1)] = 0
    return weights / weights.sum(axis=1, keepdims=True)


def numpy_resize(picture: np.ndarray, height: int, width: int, kernel, radius: int) -> np.ndarray:
    rows = antialiased_weights(picture.shape[0], height, kernel, radius)
    columns = antialiased_weights(picture.shape[1], width, kernel, radius)
    return np.clip(np.einsum("ij,jkc,lk->ilc", rows, picture, columns), -1, 1)


def triangle(distance: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(distance), 0)


@pytest.mark.parametrize("size", [(16, 11), (9, 30), (40, 50)])
@pytest.mark.parametrize(("method", "kernel", "radius"), [("bicubic", cubic, 2), ("bilinear", triangle, 1)])
def test_resizing_equals_the_definition(size, method, kernel, radius):
    picture = np.random.default_rng(0).uniform(-1, 1, (24, 18, 3)).astype(np.float32)
    resized = resize_pictures(picture, *size, method)
    np.testing.assert_allclose(resized, numpy_resize(picture, *size, kernel, radius), atol=2e-5)


def test_area_takes_the_mean_of_blocks():
    picture = np.random.default_rng(0).uniform(-1, 1, (4, 6, 3)).astype(np.float32)
    expected = picture.reshape(2, 2, 2, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resize_pictures(picture, 2, 2, "area"), expected, atol=1e-6)


def test_convention_half_pixel_centres():
    # A row 2 high and 4 wide to 2x8: new pixel 0 lies at -0.25 of the old ones, pixel 1 at 0.25, pixel 2 at 0.75.
    picture = np.broadcast_to(np.array([0.0, 0.4, 0.8, -0.8])[:, np.newaxis], (2, 4, 3))
    resized = resize_pictures(tf.constant(picture, tf.float32), 2, 8, "bilinear").numpy()
    np.testing.assert_allclose(resized[0, :, 0], [0, 0.1, 0.3, 0.5, 0.7, 0.4, -0.4, -0.8], atol=1e-6)
    np.testing.assert_allclose(resized[1], resized[0])


def test_bicubic_overshoot_is_clipped():
    edge = np.broadcast_to(np.where(np.arange(8) < 4, -1.0, 1.0)[:, np.newaxis], (8, 8, 3))
    resized = resize_pictures(tf.constant(edge, tf.float32), 8, 24).numpy()
    assert resized.min() == -1
    assert resized.max() == 1


def test_a_picture_of_the_right_size_is_not_touched():
    picture = np.random.default_rng(0).uniform(-1, 1, (6, 5, 3)).astype(np.float32)
    for method in ("bicubic", "bilinear", "area"):
        np.testing.assert_array_equal(resize_pictures(picture, 6, 5, method), picture)


def test_batches_are_resized_like_single_pictures():
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 6, 5, 3)).astype(np.float32)
    batch = resize_pictures(pictures, 9, 4)
    np.testing.assert_array_equal(batch[1], resize_pictures(pictures[1], 9, 4))


def test_a_png_is_read_exactly(tmp_path):
    pixels = write_picture(tmp_path / "a.png", 5, 7)
    image, size = read_picture(str(tmp_path / "a.png"), 5, 7)
    np.testing.assert_allclose(image, pixels / 127.5 - 1, atol=1e-6)
    assert image.dtype == tf.float32
    assert size.numpy().tolist() == [5, 7]


def test_a_jpeg_is_read_in_a_dataset(tmp_path):
    pixels = write_picture(tmp_path / "a.jpg", 32, 24)
    dataset = tf.data.Dataset.from_tensors(str(tmp_path / "a.jpg")).map(lambda path: read_picture(path, 32, 24)[0])
    assert dataset.element_spec == tf.TensorSpec([32, 24, 3], tf.float32)
    error = np.abs(next(iter(dataset)).numpy() - (pixels / 127.5 - 1))
    assert 0 < error.mean() < 0.03


def test_grey_pictures_become_rgb_and_masks_one_channel(tmp_path):
    grey = np.array([[0, 128], [255, 64], [1, 2]], np.uint8)
    cv2.imwrite(str(tmp_path / "grey.png"), grey)
    image, _ = read_picture(str(tmp_path / "grey.png"), 3, 2)
    np.testing.assert_allclose(image, np.stack([grey / 127.5 - 1] * 3, axis=-1), atol=1e-6)
    mask, _ = read_picture(str(tmp_path / "grey.png"), 3, 2, channels=1)
    np.testing.assert_allclose(mask[..., 0], grey / 127.5 - 1, atol=1e-6)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="resize must be one of bicubic, bilinear, area. Received: 'nearest'"):
        check_resize("nearest")


def test_errors_of_pictures_are_told(tmp_path):
    write_picture(tmp_path / "good.jpg", 32, 32)
    data = (tmp_path / "good.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    assert picture_error(tmp_path / "good.jpg") is None
    assert picture_error(tmp_path / "none.jpg") == "no such file"
    for name in ("cut.jpg", "text.jpg", "empty.jpg"):
        assert picture_error(tmp_path / name) == "no readable JPEG, PNG or WebP"


def reads_webp() -> bool:
    return hasattr(tf.raw_ops, "DecodeWebP") or importlib.util.find_spec("tensorflow_io") is not None


@pytest.mark.skipif(not reads_webp(), reason="this TensorFlow reads WebP with TensorFlow I/O only")
def test_webp_pictures_are_read_in_the_graph(tmp_path):
    names = tf.data.Dataset.from_tensor_slices([str(tmp_path / f"picture.{kind}") for kind in ("png", "webp")])
    for path in names:
        cv2.imwrite(path.numpy().decode(), write_picture(tmp_path / "any.png", 9, 14), [cv2.IMWRITE_WEBP_QUALITY, 101])
    png, webp = names.map(lambda path: read_picture(path, 9, 14)[0])
    np.testing.assert_array_equal(webp, png)
    assert picture_error(tmp_path / "picture.webp") is None


def test_where_webp_cannot_be_read_the_error_says_what_reads_it(tmp_path, monkeypatch):
    monkeypatch.delattr(tf.raw_ops, "DecodeWebP", raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    images._webp_decoder.cache_clear()
    (tmp_path / "picture.webp").write_bytes(b"RIFF\x10\0\0\0WEBPVP8L cut")
    assert picture_error(tmp_path / "picture.webp").endswith("reads only with TensorFlow I/O: tensorflow-io")
    images._webp_decoder.cache_clear()

"""L1 and PSNR: literal numbers, masks, and what is refused by every metric of two pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.metrics import l1, psnr

ZERO = np.zeros((2, 2, 3, 3), np.float32)
IMAGES = ZERO.copy()
IMAGES[0, 0, 0] = [0.6, -0.3, 0.0]  # one of six pixels of the first picture
IMAGES[1] = 0.2
MASK = np.zeros((2, 2, 3, 1), np.float32)
MASK[0, 0, :2] = 1.0
MASK[1, 1, 2] = 0.5


def test_l1():
    np.testing.assert_allclose(l1(ZERO, IMAGES), [0.9 / 18, 0.2], rtol=1e-6)


def test_psnr():
    squares = [(0.36 + 0.09) / 18, 0.04]
    np.testing.assert_allclose(psnr(ZERO, IMAGES), [10 * math.log10(4 / square) for square in squares], rtol=1e-6)
    assert float(psnr(ZERO, IMAGES)[1]) == pytest.approx(20.0)


def test_only_the_mask_counts():
    np.testing.assert_allclose(l1(ZERO, IMAGES, MASK), [0.9 / 6, 0.2], rtol=1e-6)
    np.testing.assert_allclose(psnr(ZERO, IMAGES, MASK), [10 * math.log10(4 / (0.45 / 6)), 20.0], rtol=1e-6)


def test_empty_masks():
    np.testing.assert_array_equal(l1(ZERO, IMAGES, np.zeros_like(MASK)), [0, 0])
    np.testing.assert_array_equal(psnr(ZERO, IMAGES, np.zeros_like(MASK)), [np.inf, np.inf])


def test_equal_pictures():
    np.testing.assert_array_equal(l1(IMAGES, IMAGES), [0, 0])
    np.testing.assert_array_equal(psnr(IMAGES, IMAGES), [np.inf, np.inf])


def test_small_differences_of_large_pictures_are_not_lost():
    target = np.full((1, 300, 400, 3), 0.7, np.float32)
    image = target + np.float32(1e-6)
    expected = float(image[0, 0, 0, 0]) - float(target[0, 0, 0, 0])
    np.testing.assert_allclose(l1(target, image), [expected], rtol=1e-6)


def test_pictures_of_16_bits():
    assert l1(ZERO.astype(np.float16), tf.cast(IMAGES, tf.bfloat16)).dtype == tf.float32


def test_errors():
    with pytest.raises(ValueError, match=r"images must be floats of shape .* in \[-1, 1\]. Received: uint8 of shape"):
        l1(ZERO, IMAGES.astype(np.uint8))
    with pytest.raises(ValueError, match=r"target_images must be .* Received: float32 of shape \(2, 3, 3\)"):
        l1(ZERO[0], IMAGES)
    with pytest.raises(ValueError, match=r"Received: values from 0 to 255"):
        psnr(ZERO, np.where(IMAGES > 0, np.float32(255), np.float32(0)))
    with pytest.raises(ValueError, match=r"Received: values from nan to nan"):
        psnr(ZERO, np.where(IMAGES > 0.5, np.float32(np.nan), IMAGES))
    with pytest.raises(ValueError, match=r"same number and size .* Received: \(2, 2, 3, 3\) and \(1, 2, 3, 3\)"):
        l1(ZERO, IMAGES[:1])
    with pytest.raises(ValueError, match=r"mask must be .* Received: \(2, 2, 3, 3\) for pictures of \(2, 2, 3, 3\)"):
        l1(ZERO, IMAGES, np.zeros_like(IMAGES))
    with pytest.raises(ValueError, match=r"mask must be .* in \[0, 1\]. Received: values from 0 to 127"):
        l1(ZERO, IMAGES, MASK * 127)

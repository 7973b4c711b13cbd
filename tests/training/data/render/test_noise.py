import numpy as np
import pytest

from training.data.render.noise import detector_noise


def clean(frames=200, confidence=1.0):
    keypoints = np.zeros((frames, 18, 3), np.float32)
    keypoints[..., 0] = np.linspace(20, 60, 18)
    keypoints[..., 1] = np.linspace(10, 110, 18)
    keypoints[..., 2] = confidence
    return keypoints


def test_errors_are_small_with_a_few_lost_and_far_ones():
    keypoints = clean()
    noisy = detector_noise(keypoints, np.random.default_rng(0))
    found = noisy[..., 2] > 0
    assert 0.97 < found.mean() < 1
    error = np.linalg.norm((noisy - keypoints)[..., :2], axis=-1)[found]
    assert 0.5 < np.median(error) < 2.5  # pixels of a person 100 pixels tall
    assert error.max() > 8
    assert (noisy[~found] == 0).all()


def test_the_error_of_a_frame_resembles_that_of_the_next():
    keypoints = clean()
    noisy = detector_noise(keypoints, np.random.default_rng(0))
    error = np.where(noisy[..., 2:] > 0, noisy - keypoints, 0)[..., :2].clip(-5, 5)
    next_one = (error[1:] * error[:-1]).mean() / (error**2).mean()
    later = (error[30:] * error[:-30]).mean() / (error**2).mean()
    assert next_one > 0.3
    assert abs(later) < 0.15


def test_missing_joints_stay_missing_and_hidden_ones_are_lost_more_often():
    assert (detector_noise(clean(5, 0.0), np.random.default_rng(0)) == 0).all()
    noisy = detector_noise(clean(confidence=0.5), np.random.default_rng(0))
    assert 0.1 < (noisy[..., 2] == 0).mean() < 0.2
    assert noisy[..., 2].max() <= 0.5


def test_another_shape():
    with pytest.raises(ValueError, match=r"Keypoints \[frames, joints, 3\] .* Received: shape \(18, 3\)"):
        detector_noise(np.zeros((18, 3)), np.random.default_rng(0))

"""The exact flow of rendered clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.ops import bilinear_sample
from training.data.affine import AffineRange
from training.data.clip_truth import clip_truth, read_clip_truth
from training.data.clips import ClipSettings, VideoClips

CLIPS = Path(__file__).parents[3] / "samples" / "clips"
SIZE = (96, 96)
SOURCES = ("previous", "reference")


def write_truth(path: Path, size: tuple[int, int] = (4, 8), **arrays) -> Path:
    """A frame without anybody whose flows are zero, changed by the arguments."""
    truth = {"mask": np.zeros(size, np.uint8)}
    for source in SOURCES:
        truth |= {f"flow_{source}": np.zeros((*size, 2), np.float16), f"visible_{source}": np.ones(size, np.uint8)}
    np.savez(path, **{**truth, **arrays})
    return path


@pytest.mark.parametrize("motion", [None, AffineRange(20.0, (10.0, 6.0), (0.8, 1.2))], ids=["still", "moved"])
def test_the_sources_pixels_are_where_the_flow_leads(motion):
    """Pictures warped by the exact flow show what the frames show, wherever they can."""
    settings = ClipSettings(frames=20, reference_frames=1, image_size=SIZE, motion=motion, flow_levels=(0,))
    element = VideoClips(CLIPS, settings=settings).load(tf.constant(0, tf.int64), tf.constant([1, 2]))
    targets = element["target_images"]
    before = {
        "previous": tf.concat([element["reference_image"][tf.newaxis], targets[:-1]], axis=0),
        "reference": tf.repeat(element["reference_image"][tf.newaxis], 20, axis=0),
    }
    for source in SOURCES:
        flow, visible = element[f"{source}_flow_level0"], element[f"{source}_visible_level0"].numpy()[..., 0] > 0.99
        assert visible.mean() > 0.02
        error = np.abs(bilinear_sample(before[source], flow) - targets).mean(axis=-1)[visible].mean()
        unmoved = np.abs(before[source] - targets).mean(axis=-1)[visible].mean()
        assert error < 0.62 * unmoved, source
        still = element[f"{source}_background_level0"].numpy()[..., 0] > 0.99
        assert np.abs(before[source] - targets).mean(axis=-1)[still].mean() < 0.02
        assert not (still & visible).any()


def test_convention_levels(tmp_path):
    """On 4 x 8 pixels, the right half has moved by (4, 2): at half the side that is (2, 1)."""
    flow = np.zeros((4, 8, 2), np.float16)
    flow[:, 4:] = [4, 2]
    visible = np.zeros((4, 8), np.uint8)
    visible[:2, 4:] = 1
    visible[3, 4:] = 1  # of two rows one
    mask = np.zeros((4, 8), np.uint8)
    mask[:, 4:] = 255
    first = write_truth(tmp_path / "0.npz", mask=mask)
    second = write_truth(tmp_path / "1.npz", mask=mask, flow_reference=flow, visible_reference=visible)
    files = tf.constant([str(first), str(first), str(second)])
    truth = clip_truth(files, 2, (4, 8), (1,))
    np.testing.assert_allclose(truth["reference_flow_level1"][1, :, 2:], np.tile([2.0, 1.0], (2, 2, 1)))
    np.testing.assert_allclose(truth["reference_flow_level1"][1, :, :2], 0)
    np.testing.assert_allclose(truth["reference_visible_level1"][1, ..., 0], [[0, 0, 1, 1], [0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(truth["previous_background_level1"][1, ..., 0], [[1, 1, 0, 0], [1, 1, 0, 0]])
    assert truth["previous_flow_level1"].shape == (2, 2, 4, 2)


def test_at_the_first_frame_the_reference_is_the_previous_frame(tmp_path):
    flows = {source: np.full((4, 8, 2), number, np.float16) for number, source in enumerate(SOURCES, 1)}
    files = [write_truth(tmp_path / "0.npz", mask=np.full((4, 8), 255, np.uint8))]
    files += [
        write_truth(tmp_path / f"{number}.npz", **{f"flow_{source}": flow for source, flow in flows.items()})
        for number in (1, 2)
    ]
    flow_previous, _, background_previous, flow_reference, _, background_reference = read_clip_truth(files)
    assert [flow[0, 0, 0] for flow in flow_previous] == [2, 1]
    assert [flow[0, 0, 0] for flow in flow_reference] == [2, 2]
    assert [shown[0, 0, 0] for shown in background_previous] == [0, 1]
    assert [shown[0, 0, 0] for shown in background_reference] == [0, 0]


def test_convention_a_turned_picture_turns_its_flow(tmp_path):
    """A quarter turn clockwise: what pointed right points down."""
    flow = np.zeros((8, 8, 2), np.float16)
    flow[..., 0] = 3
    files = [write_truth(tmp_path / f"{number}.npz", (8, 8), flow_reference=flow) for number in range(2)]
    matrix = tf.constant([[0.0, -1.0, 7.0], [1.0, 0.0, 0.0]])  # about the middle of 8 x 8 pixels
    truth = clip_truth(tf.constant([str(file) for file in files]), 1, (8, 8), (0,), matrix)
    np.testing.assert_allclose(truth["reference_flow_level0"][0, 2:6, 2:6], np.tile([0.0, 3.0], (4, 4, 1)), atol=1e-5)


def test_wrong_truth(tmp_path):
    with pytest.raises(ValueError, match="flow_levels need reference_frames of 1.* Received: 20"):
        ClipSettings(flow_levels=(2,))
    with pytest.raises(ValueError, match=r"flow_levels must halve the image size \(250, 256\)"):
        ClipSettings(reference_frames=1, image_size=(250, 256), flow_levels=(2,))
    with pytest.raises(ValueError, match=r"absent.npz: a file of mask, flow_previous, .* is expected"):
        read_clip_truth([tmp_path / "absent.npz"] * 2)
    small = write_truth(tmp_path / "small.npz", visible_previous=np.ones((2, 2), np.uint8))
    with pytest.raises(ValueError, match="arrays of one size are expected. Received: visible_previous"):
        read_clip_truth([small] * 2)


def test_clips_without_truth(tmp_path):
    (tmp_path / "train").mkdir()
    clip = tmp_path / "train" / "walk"
    clip.mkdir()
    for name in ("frames", "keypoints"):
        (clip / name).symlink_to(CLIPS / "train" / "clip000000" / name)
    settings = ClipSettings(reference_frames=1, image_size=SIZE, flow_levels=(2,))
    with pytest.raises(ValueError, match="flow_levels need CLIP/truth of all clips. Received: clips without"):
        VideoClips(tmp_path, settings=settings)
    (clip / "truth").mkdir()
    unreadable = VideoClips(tmp_path, settings=settings).unreadable(0)
    assert unreadable[clip / "truth" / "000003.npz"] == "no such file"

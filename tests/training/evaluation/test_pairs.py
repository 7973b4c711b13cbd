"""What is read of each pair, and which pairs."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers.tiny_datasets import TEST, X, Y, smooth_picture, write_fashion

from gfla_tf.metrics import person_mask
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.protocols import PROTOCOLS, Protocol

PLAIN = Protocol("plain", "for tests", "fashion", ("l1",), ranking="l1")


def test_pairs_of_the_test_split_in_order(pairs):
    assert [pairs.names(position) for position in range(len(pairs))] == [(TEST[0], TEST[1]), (TEST[1], TEST[0])]
    assert [batch.positions for batch in pairs.batches(4)] == [(0, 1)]
    assert [batch.positions for batch in pairs.batches(1)] == [(0,), (1,)]
    assert (pairs.picture_size, pairs.available, pairs.dropped) == ((256, 176), 2, {})


def test_convention_what_a_batch_holds(pairs):
    batch = pairs.read([1])
    for image, seed in ((batch.source_image, 4), (batch.target_image, 3)):
        assert image.shape == (1, 256, 176, 3)
        assert np.abs(image[0] - smooth_picture(256, 176, seed)).max() < 0.1
    assert batch.target_keypoints[0, 2].tolist() == [X[2], Y[2], 1]
    assert batch.flow[0, 7, 100].tolist() == [12, 0]
    assert batch.visible[0, 7, [87, 88, 163, 164], 0].tolist() == [0, 1, 1, 0]
    assert pairs.exact_masks
    assert batch.person_mask[0, 7, [99, 100, 109, 110], 0].tolist() == [0, 1, 1, 0]  # the target's, which is TEST[0]
    assert pairs.read([0]).person_mask[0, 7, [99, 100, 119, 120], 0].tolist() == [0, 1, 1, 0]


def test_convention_another_size_moves_keypoints_and_masks_along(data):
    pairs = EvaluationPairs(data, replace(PLAIN, picture_size=(128, 44)))
    batch = pairs.read([0])
    assert batch.target_image.shape == (1, 128, 44, 3)
    np.testing.assert_allclose(batch.target_keypoints[0, 2], [X[2] / 4, Y[2] / 2, 1])
    assert batch.person_mask[0, 3, [24, 25, 29, 30], 0].tolist() == [0, 1, 1, 0]
    assert batch.flow is None
    assert pairs.flows is None


def test_without_exact_masks_they_are_drawn_from_the_target(tmp_path):
    pairs = EvaluationPairs(write_fashion(tmp_path), PLAIN)
    batch = pairs.read([0])
    assert not pairs.exact_masks
    np.testing.assert_array_equal(batch.person_mask, person_mask(batch.target_keypoints, 256, 176))
    assert 0 < batch.person_mask.mean() < 1


@pytest.mark.parametrize(("count", "chosen"), [(None, range(10)), (4, [0, 3, 6, 9]), (2, [0, 9]), (99, range(10))])
def test_some_pairs_are_spread_evenly(data, count, chosen):
    from training.evaluation.pairs import spread

    assert spread(10, count).tolist() == list(chosen)


def test_files_are_all_that_is_read(data, tmp_path):
    names = EvaluationPairs(data, PROTOCOLS["rendered"]).files()
    assert sorted(name.split()[0] for name in names) == ["flow", "flow", "mask", "mask", "picture", "picture"]
    for name, path in names.items():
        copy = tmp_path / name.split()[0] / name.split()[1]
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
        assert copy.stat().st_size


def test_refusals(data, tmp_path, pairs):
    with pytest.raises(ValueError, match="--pairs must be at least 2.*Received: 1"):
        EvaluationPairs(data, PLAIN, 1)
    plain = write_fashion(tmp_path / "plain")
    with pytest.raises(ValueError, match="rendered needs exact flow.*Received: a dataset without"):
        EvaluationPairs(plain, PROTOCOLS["rendered"])
    with pytest.raises(ValueError, match=r"a flow of \(128, 88\).*Received: \(256, 176\)"):
        EvaluationPairs(data, replace(PLAIN, picture_size=(128, 88), needs_truth=True)).read([0])
    (plain / "test" / TEST[0]).write_bytes(b"no picture")
    with pytest.raises(ValueError, match="Readable JPEG or PNG pictures are expected"):
        EvaluationPairs(plain, replace(PLAIN, picture_size=(256, 176))).read([0])

"""What is read of each pair, and which pairs."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers.tiny_datasets import FASHION_NAMES, TEST, TRAIN, X, Y, smooth_picture, write_fashion, write_fashion_source

from gfla_tf.image_io import write_image
from gfla_tf.metrics import person_mask
from training.data.prepare_fashion import prepare_fashion
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.protocols import PROTOCOLS, Protocol
from training.evaluation.real_set import find_real_set

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


@pytest.mark.parametrize(
    ("count", "chosen"), [(None, range(10)), (4, [0, 3, 6, 9]), (2, [0, 9]), (1, [0]), (99, range(10))]
)
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


@pytest.fixture(scope="module")
def cropped(tmp_path_factory):
    """DeepFashion's 256x256: white margins of 40 columns; between them dark grey up to column 127, then light grey."""
    source = write_fashion_source(tmp_path_factory.mktemp("source"))
    picture = np.full((256, 256, 3), 1, np.float32)
    picture[:, 40:128], picture[:, 128:216] = -0.5, 0.5
    for path in FASHION_NAMES:
        write_image(source / path, picture)
    output = tmp_path_factory.mktemp("fashion")
    prepare_fashion(source, output, source)
    return output


def test_convention_deepfashion_is_its_middle_176_columns(cropped):
    image = EvaluationPairs(cropped, PROTOCOLS["patn176"]).read([0]).target_image
    assert image.shape == (1, 256, 176, 3)
    np.testing.assert_allclose(image[0, 100, [0, 87, 88, 175], 1], [-0.5, -0.5, 0.5, 0.5], atol=0.01)
    image = EvaluationPairs(cropped, PROTOCOLS["gfla256"]).read([0]).target_image
    assert image.shape == (1, 256, 256, 3)  # column 88 of 176 is column 128 of 256
    np.testing.assert_allclose(image[0, 100, [0, 125, 130, 255], 1], [-0.5, -0.5, 0.5, 0.5], atol=0.05)
    assert not (image > 0.9).any()  # no margin


@pytest.mark.parametrize("name", ["standard256", "gfla256", "patn176"])
def test_deepfashion_with_its_margins_is_refused(tmp_path, name):
    """Squeezed to 176 columns, people would be too narrow, and the keypoints beside them."""
    write_fashion(tmp_path, 256, 256)
    with pytest.raises(
        ValueError, match="has 256x256 pixels, but the annotations are for pictures of 256x176.*prepare"
    ):
        EvaluationPairs(tmp_path, PROTOCOLS[name])


@pytest.mark.parametrize("name", ["gfla256", "patn176"])
def test_tables_are_about_crops(tmp_path, name):
    """Annotations in 256x256 pictures fit the pictures, but no table."""
    write_fashion(tmp_path, 256, 256)
    (tmp_path / "dataset.json").write_text('{"kind": "fashion", "annotation_size": [256, 256]}', encoding="utf-8")
    EvaluationPairs(tmp_path, PROTOCOLS["standard256"])
    with pytest.raises(
        ValueError, match=f"Protocol {name} is for pictures of 256x176 .*prepare fashion.*Received: .* of 256x256."
    ):
        EvaluationPairs(tmp_path, PROTOCOLS[name])


def test_real_pictures_with_margins_are_refused(tmp_path):
    folder = write_fashion(tmp_path)
    pairs = EvaluationPairs(folder, PROTOCOLS["patn176"])
    assert len(find_real_set(pairs, PROTOCOLS["patn176"]).files) == len(TRAIN)
    for name in TRAIN:
        write_image(folder / "train" / name, smooth_picture(256, 256, 0))
    with pytest.raises(
        ValueError, match="train/.* has 256x256 pixels, but the annotations are for pictures of 256x176"
    ):
        find_real_set(pairs, PROTOCOLS["patn176"])


def test_refusals(data, tmp_path, pairs):
    with pytest.raises(ValueError, match="--pairs must be at least 1. Received: 0"):
        EvaluationPairs(data, PLAIN, 0)
    plain = write_fashion(tmp_path / "plain")
    with pytest.raises(ValueError, match="rendered needs exact flow.*Received: a dataset without"):
        EvaluationPairs(plain, PROTOCOLS["rendered"])
    with pytest.raises(ValueError, match=r"a flow of \(128, 88\).*Received: \(256, 176\)"):
        EvaluationPairs(data, replace(PLAIN, picture_size=(128, 88), needs_truth=True)).read([0])
    (plain / "test" / TEST[0]).write_bytes(b"no picture")
    with pytest.raises(ValueError, match="Readable JPEG or PNG pictures are expected"):
        EvaluationPairs(plain, replace(PLAIN, picture_size=(256, 176))).read([0])

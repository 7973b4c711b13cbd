import csv

import cv2
import numpy as np
import pytest
from helpers.puppets import puppet_cast

from gfla_tf.image_io import read_image
from gfla_tf.pose.keypoint_files import read_keypoints
from training.data.render.dataset import render_dataset
from training.data.render.plan import Settings

pytest.importorskip("embreex")

SETTINGS = Settings(
    people=3, views=3, pairs=4, height=64, width=48, test_fraction=0.34, format="png", background="white"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "people"
    render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    return folder


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_the_layout_is_the_one_of_the_real_dataset(folder):
    files = {str(path.relative_to(folder)) for path in folder.iterdir()}
    tables = {f"fasion-{kind}-{split}.csv" for kind in ("pairs", "annotation") for split in ("train", "test")}
    assert files == tables | {"train", "test", "truth", "dataset.json"}
    assert len(list((folder / "train").iterdir())) == 6
    assert len(list((folder / "test").iterdir())) == 3
    assert len(list((folder / "truth" / "test").iterdir())) == 3 + 4


def test_pairs_name_pictures_of_one_person_of_one_split(folder):
    seen = {}
    for split in ("train", "test"):
        header, *pairs = rows(folder / f"fasion-pairs-{split}.csv")
        assert header == ["from", "to"]
        assert len(pairs) == {"train": 8, "test": 4}[split]
        for source, target in pairs:
            assert source != target
            assert source.partition("_")[0] == target.partition("_")[0]
            assert (folder / split / source).is_file()
            assert (folder / split / target).is_file()
        seen[split] = {source.partition("_")[0] for source, _ in pairs}
    assert not seen["train"] & seen["test"]


def test_annotations_lie_on_the_person(folder):
    picture = next((folder / "train").iterdir())
    keypoints = read_keypoints(f"{folder / 'fasion-annotation-train.csv'}#{picture.name}")
    with np.load(folder / "truth" / "train" / f"{picture.stem}.npz") as truth:
        mask, parts, exact = truth["mask"], truth["parts"], truth["keypoints"]
    assert mask.shape == parts.shape == (64, 48)
    assert mask.dtype == parts.dtype == np.uint8
    assert exact.shape == (18, 3)
    found = keypoints[:, 2] > 0
    assert found.sum() >= 10
    np.testing.assert_allclose(keypoints[found, :2], exact[found, :2], atol=0.51)
    x, y = keypoints[found & (exact[:, 2] == 1), :2].astype(int).T
    near = cv2.dilate(mask, np.ones((5, 5)))
    assert (near[y, x] > 0).all()


def test_truth_warps_the_source_to_the_target(folder):
    _, *pairs = rows(folder / "fasion-pairs-train.csv")
    compared = 0
    for source, target in pairs:
        with np.load(folder / "truth" / "train" / f"{source[:-4]}__{target[:-4]}.npz") as truth:
            flow, visible = truth["flow"], truth["visible"]
        assert flow.dtype == np.float16
        assert flow.shape == (64, 48, 2)
        inner = cv2.erode(visible, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
        rows_, columns = np.nonzero(inner)
        moved = np.rint(np.stack([columns, rows_], axis=-1) + flow[inner]).astype(int)
        source_image, target_image = (read_image(folder / "train" / name) for name in (source, target))
        difference = np.abs(source_image[moved[:, 1].clip(0, 63), moved[:, 0].clip(0, 47)] - target_image[inner]) / 2
        if len(rows_) > 20:
            compared += 1
            assert difference.mean() < 0.08  # nearest pixel of a small picture under studio light
    assert compared >= 3


def test_pictures_and_masks_agree(folder):
    for path in (folder / "test").iterdir():
        with np.load(folder / "truth" / "test" / f"{path.stem}.npz") as truth:
            background = truth["mask"] == 0
            assert ((truth["parts"] > 0) <= ~background).all()
        np.testing.assert_array_equal(read_image(path)[background], 1)


def test_without_truth(tmp_path):
    import dataclasses

    settings = dataclasses.replace(SETTINGS, people=1, truth=False, format="jpg", test_fraction=0.0)
    render_dataset(settings, tmp_path / "plain", make_cast=puppet_cast)
    assert {path.suffix for path in (tmp_path / "plain").rglob("*.*")} == {".jpg", ".csv", ".json"}
    assert not (tmp_path / "plain" / "truth").exists()
    assert len(rows(tmp_path / "plain" / "fasion-pairs-train.csv")) == 1 + 4
    # The split without anybody has tables without rows.
    assert rows(tmp_path / "plain" / "fasion-pairs-test.csv") == [["from", "to"]]

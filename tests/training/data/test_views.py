"""Views of objects in HDF5."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import tensorflow as tf

from training.data.pipeline import Pipeline, PipelineSettings
from training.data.views import ViewPairs, view_vector

NAMES = ["a1_0_0", "a1_2_0", "a1_34_20", "b_1_0_10", "b_1_6_10", "single_0_0"]
SEED = tf.constant([1, 2])


@pytest.fixture
def folder(tmp_path):
    """Two cars with views of one colour each, 10 times the number in the list; and one with a single view."""
    with h5py.File(tmp_path / "data_car.hdf5", "w") as file:
        for number, name in enumerate(NAMES):
            file[f"{name}/image"] = np.full((6, 4, 3), 10 * number, np.uint8)
            file[f"{name}/pose"] = np.array([int(part) for part in name.split("_")[-2:]])
    for split in ("train", "test"):
        (tmp_path / f"id_car_{split}.txt").write_text("\n".join(NAMES) + "\n")
    return tmp_path


def test_convention_views():
    assert np.flatnonzero(view_vector("a1_0_0")).tolist() == [0, 18]
    assert np.flatnonzero(view_vector("a_b_2_10")).tolist() == [1, 19]
    assert np.flatnonzero(view_vector("a1_34_20")).tolist() == [17, 20]
    assert view_vector("a1_0_0").shape == (21,)
    for name in ("a1", "a1_1_0", "a1_36_0", "a1_0_30", "a1_x_0"):
        with pytest.raises(ValueError, match=f"MODEL_AZIMUTH_ELEVATION is expected.*Received: '{name}'"):
            view_vector(name)


def numbers(images) -> list[float]:
    """The numbers in the list of the views that are shown, by their colour."""
    return np.round((np.asarray(images)[:, 0, 0, 0] + 1) * 12.75).astype(int).tolist()


def test_in_tests_the_target_is_the_next_view_of_the_object(folder):
    views = ViewPairs(folder, "car", "test", (3, 8))
    assert views.names == NAMES[:5]
    (batch,) = Pipeline(views, PipelineSettings(5, shuffle=False)).dataset(0)
    assert batch["source_image"].shape == (5, 3, 8, 3)
    assert numbers(batch["source_image"]) == [0, 1, 2, 3, 4]
    assert numbers(batch["target_image"]) == [1, 2, 0, 4, 3]
    for name, order in (("source", [0, 1, 2, 3, 4]), ("target", [1, 2, 0, 4, 3])):
        np.testing.assert_array_equal(batch[f"{name}_view"], [view_vector(NAMES[number]) for number in order])


def test_in_training_the_seed_draws_the_target(folder):
    views = ViewPairs(folder, "car", image_size=(6, 4))
    index = tf.constant(1, tf.int64)
    drawn = {numbers([views.load(index, SEED + number)["target_image"]])[0] for number in range(12)}
    assert drawn == {0, 2}
    again = [views.load(index, SEED)["target_image"] for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_damaged_views_are_named(folder):
    with h5py.File(folder / "data_car.hdf5", "a") as file:
        del file[NAMES[1]], file[f"{NAMES[2]}/image"]
        file[f"{NAMES[2]}/image"] = np.zeros((6, 4, 3))
    reasons = ViewPairs(folder, "car").unreadable(0)
    deleted, of_floats = (folder / "data_car.hdf5" / name for name in NAMES[1:3])
    assert set(reasons) == {deleted, of_floats}
    assert reasons[of_floats] == "uint8 [height, width, 3] is expected. Received: float64 [6, 4, 3]"


def test_what_is_missing_is_named(folder):
    with pytest.raises(ValueError, match=r"data_chair.hdf5: an HDF5 file of views is expected"):
        ViewPairs(folder, "chair")
    with pytest.raises(ValueError, match="split must be one of train, test. Received: 'val'"):
        ViewPairs(folder, "car", "val")
    (folder / "id_car_train.txt").write_text("single_0_0\n")
    with pytest.raises(ValueError, match="two views or more are expected. Received: 1 objects without"):
        ViewPairs(folder, "car")
    (folder / "id_car_train.txt").unlink()
    with pytest.raises(ValueError, match=r"id_car_train.txt: a list of views is expected. Received: No such file"):
        ViewPairs(folder, "car")


def test_tensorflow_io_reads_the_same_pictures(folder):
    io = pytest.importorskip("tensorflow_io", reason="TensorFlow I/O is not installed")
    image = ViewPairs(folder, "car", "test", (6, 4)).load(tf.constant(2, tf.int64), SEED)["source_image"]
    rows = io.IODataset.from_hdf5(str(folder / "data_car.hdf5"), f"/{NAMES[2]}/image")
    np.testing.assert_allclose(image, np.stack(list(rows.as_numpy_iterator())) / 127.5 - 1, atol=1e-6)

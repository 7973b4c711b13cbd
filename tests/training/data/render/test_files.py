import numpy as np

from training.data.render.files import flow_arrays, write_arrays, write_picture


def test_arrays_come_back_and_equal_arrays_give_equal_bytes(tmp_path):
    arrays = {"flow": np.arange(12, dtype=np.float16).reshape(2, 3, 2), "visible": np.eye(2, 3, dtype=np.uint8)}
    for name in ("first.npz", "second.npz"):
        write_arrays(tmp_path / name, arrays)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    with np.load(tmp_path / "first.npz", allow_pickle=False) as loaded:
        assert set(loaded) == {"flow", "visible"}
        for name, array in arrays.items():
            assert loaded[name].dtype == array.dtype
            np.testing.assert_array_equal(loaded[name], array)


def test_convention_flow_is_stored_as_float16_pixels():
    flow = np.zeros((2, 3, 2), np.float32)
    flow[0, 1] = [2.5, -100000]
    arrays = flow_arrays(flow, np.array([[True, False, True]] * 2), "_previous")
    assert set(arrays) == {"flow_previous", "visible_previous"}
    assert arrays["flow_previous"].dtype == np.float16
    np.testing.assert_array_equal(arrays["flow_previous"][0, 1], [2.5, -65504])
    np.testing.assert_array_equal(arrays["visible_previous"], [[1, 0, 1]] * 2)


def test_pictures_are_in_0_to_1(tmp_path):
    import cv2

    image = np.zeros((4, 6, 3), np.float32)
    image[0, 0] = [1, 0.5, 0]
    write_picture(tmp_path / "a.png", image)
    assert cv2.imread(str(tmp_path / "a.png"))[0, 0].tolist() == [0, 128, 255]

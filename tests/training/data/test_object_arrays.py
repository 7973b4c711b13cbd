from __future__ import annotations

import contextlib
import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from training.data.object_arrays import read_object_arrays


def write_pickle(path, data: bytes, name="positions_2d"):
    """A npz file of one object array whose pickle is these bytes."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.npy", header.getvalue() + data)
    return path


def content():
    return {
        "S1": {"Walking 1": [np.arange(12, dtype=np.float32).reshape(2, 3, 2), np.zeros((1, 3, 2), ">f8")]},
        "numbers": (1, 2.5, None, True, "text", np.float32(3.5), b"\xff\x00"),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "ragged": np.array([np.arange(2), np.arange(3)], object),
    }


def assert_content(read):
    expected = content()
    for array, other in zip(read["S1"]["Walking 1"], expected["S1"]["Walking 1"], strict=True):
        np.testing.assert_array_equal(array, other)
    assert read["numbers"] == expected["numbers"]
    np.testing.assert_array_equal(read["fortran"], expected["fortran"])
    assert [array.tolist() for array in read["ragged"]] == [[0, 1], [0, 1, 2]]


def test_files_of_numpy_are_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", positions_2d=np.array(content(), object), plain=np.arange(3))
    read = read_object_arrays(tmp_path / "a.npz")
    assert_content(read["positions_2d"])
    assert read["plain"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_pickles_of_old_and_new_versions_are_read(tmp_path, protocol, core):
    data = pickle.dumps(content(), protocol)
    # NumPy renamed the module that pickles name; the length is part of protocol 4.
    for other in (b"numpy._core.multiarray", b"numpy.core.multiarray"):
        new = core + b".multiarray"
        data = data.replace(b"\x8c" + bytes([len(other)]) + other, b"\x8c" + bytes([len(new)]) + new)
        data = data.replace(b"c" + other + b"\n", b"c" + new + b"\n")
    data = data if protocol < 4 else b"\x80\x04" + data[11:]  # without the frame, whose length is another now
    read = read_object_arrays(write_pickle(tmp_path / "a.npz", data))
    assert_content(read["positions_2d"])


class Attack:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {path}",), "system"),
        (eval, ("open('{path}', 'w')",), "eval"),
        (open, ("{path}", "w"), "open"),
    ],
)
def test_nothing_that_a_pickle_asks_for_is_run(tmp_path, function, arguments, name):
    target = tmp_path / "proof"
    attack = Attack(function, *[argument.format(path=target) for argument in arguments])
    write_pickle(tmp_path / "a.npz", pickle.dumps({"S1": attack}))
    with pytest.raises(ValueError, match=rf"it asks for \w+\.{name}, which plain data does not need"):
        read_object_arrays(tmp_path / "a.npz")
    assert not target.exists()


DTYPE = b"cnumpy\ndtype\n"
ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"\x80\x04",
        b"cnumpy\nndarray\n(tR.",  # a call of ndarray
        b"cnumpy\nndarray\n.",  # a class as the content
        b"c_codecs\nencode\n(Va\nVrot13\ntR.",  # another encoding
        ARRAY + b"(tR.",  # an array without a state
        ARRAY + b"(tRNb.",  # a state that is none
        ARRAY + b"(tR(I1\n(I5\nt" + DTYPE + b"(Vf4\ntRI00\nVab\ntb.",  # too few numbers
        ARRAY + b"(tR(I1\n(I1\nt" + DTYPE + b"(VV4\ntRI00\nVab\ntb.",  # bytes without a meaning
        b"cnumpy._core.multiarray\nscalar\n(" + DTYPE + b"(Vf8\ntRc_codecs\nencode\n(Va\ntRtR.",
        b"(lp0\ng0\na.",  # a list that holds itself
        b"Pout\n.",  # something outside of the file
    ],
)
def test_broken_pickles_are_refused(tmp_path, data):
    write_pickle(tmp_path / "a.npz", data)
    with pytest.raises(ValueError, match="a npz file of plain data is expected. Received: "):
        read_object_arrays(tmp_path / "a.npz")


def test_broken_files_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", positions_2d=np.array(content(), object))
    data = (tmp_path / "a.npz").read_bytes()
    for broken in (b"", b"text", data[:100], data[:250] + b"????" + data[254:]):
        (tmp_path / "b.npz").write_bytes(broken)
        with pytest.raises(ValueError, match="a npz file of plain data is expected"):
            read_object_arrays(tmp_path / "b.npz")
    with pytest.raises(ValueError, match="a npz file of plain data is expected"):
        read_object_arrays(tmp_path / "none.npz")


def test_flipped_bytes_raise_nothing_else(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", positions_2d=np.array({"S1": [1, 2]}, object))
    data = (tmp_path / "a.npz").read_bytes()
    for place in range(len(data)):
        (tmp_path / "b.npz").write_bytes(data[:place] + bytes([data[place] ^ 0xA5]) + data[place + 1 :])
        with contextlib.suppress(ValueError):  # a date may be another one
            read_object_arrays(tmp_path / "b.npz")

"""Reading files that PyTorch wrote: values, layouts, both formats, damage. See data/torch/make_fixtures.py."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.torch_checkpoint import read_torch_checkpoint, strip_module_prefix

FOLDER = Path(__file__).parents[1] / "data" / "torch"
FIXTURES = sorted(FOLDER.glob("*.pth"))
FLOATS = {"float64": "float64", "float32": "float32", "float16": "float16", "bfloat16": "float32"}
INTEGERS = ["int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"]
BOTH_FORMATS = pytest.mark.parametrize("kind", ["zip", "old"])


def zip_members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def check_types(arrays: dict[str, np.ndarray]) -> None:
    assert list(arrays) == [*FLOATS, *INTEGERS, "bool"]
    for name, dtype in FLOATS.items():
        assert arrays[name].dtype == np.dtype(dtype)
        np.testing.assert_array_equal(arrays[name], [[-1.5, -0.5, 0.5], [1.5, 2.5, 3.5]])
    for name in INTEGERS:
        assert arrays[name].dtype == np.dtype(name)
        np.testing.assert_array_equal(arrays[name], [[0, 1, 2], [3, 4, 5]])
    assert arrays["bool"].dtype == np.bool_
    np.testing.assert_array_equal(arrays["bool"], [[False, True, True], [True, True, True]])


@BOTH_FORMATS
def test_element_types(kind):
    check_types(read_torch_checkpoint(FOLDER / f"types_{kind}.pth"))


@BOTH_FORMATS
def test_convention_axes_are_those_of_pytorch(kind):
    weight = read_torch_checkpoint(FOLDER / f"layouts_{kind}.pth")["module.0.weight"]
    np.testing.assert_array_equal(weight, [[[[0, 1, 2]], [[3, 4, 5]]]])  # [out=1, in=2, height=1, width=3]


@BOTH_FORMATS
def test_layouts(kind):
    state = strip_module_prefix(read_torch_checkpoint(FOLDER / f"layouts_{kind}.pth"))
    expected = {
        "0.bias": np.float32([0.25]),
        "1.num_batches_tracked": np.int64(0),
        "whole": np.float32([range(6), range(6, 12), range(12, 18), range(18, 24)]),
        "transposed": np.float32([range(first, 24, 6) for first in range(6)]),
        "window": np.float32([[8, 11], [14, 17]]),
        "scalar": np.float32(7),
        "empty": np.zeros((0, 3), np.float32),
        "expanded": np.float32([[5, 5, 5], [5, 5, 5]]),
        "parameter": np.float32([0, 1]),
        "parameter_with_state": np.float32([2, 3]),
    }
    for name, array in expected.items():
        assert (state[name].shape, state[name].dtype) == (array.shape, array.dtype), name
        np.testing.assert_array_equal(state[name], array, err_msg=name)
        assert not state[name].flags.writeable


@BOTH_FORMATS
def test_order_is_that_of_the_file(kind):
    names = list(read_torch_checkpoint(FOLDER / f"layouts_{kind}.pth"))
    assert names[:3] == ["module.0.weight", "module.0.bias", "module.1.weight"]
    assert names[-2:] == ["module.parameter", "module.parameter_with_state"]


@BOTH_FORMATS
def test_state_dict_within_a_training_dict(kind):
    state = read_torch_checkpoint(str(FOLDER / f"training_{kind}.pth"))
    assert list(state) == ["weight", "bias"]
    np.testing.assert_array_equal(state["weight"], [[0, 1, 2], [3, 4, 5]])


def test_prefix_goes_only_if_all_names_have_it():
    zero, one = np.zeros(2), np.ones(3)
    assert strip_module_prefix({"module.a": zero, "module.module.b": one}) == {"a": zero, "module.b": one}
    assert strip_module_prefix({"module.a": zero, "b": one}) == {"module.a": zero, "b": one}
    assert strip_module_prefix({}) == {}


def test_big_endian_storages(tmp_path):
    members = zip_members(FOLDER / "types_zip.pth")
    for key, size in enumerate([8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1]):
        name = f"types_zip/data/{key}"
        members[name] = np.frombuffer(members[name], f"u{size}").byteswap().tobytes()
    members["types_zip/byteorder"] = b"big"
    check_types(read_torch_checkpoint(write_zip(tmp_path / "big.pth", members)))


def test_packed_again_with_another_folder_and_deflate(tmp_path):
    members = zip_members(FOLDER / "types_zip.pth")
    renamed = {name.replace("types_zip", "my net"): data for name, data in members.items() if "byteorder" not in name}
    check_types(read_torch_checkpoint(write_zip(tmp_path / "a.pth", renamed, zipfile.ZIP_DEFLATED)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"types_zip/data/3": None}, "no member 'types_zip/data/3'"),
        ({"types_zip/data/3": b"123"}, "expected 12 bytes in the member 'types_zip/data/3'. Received: 3"),
        ({"types_zip/data.pkl": None}, "expected one member 'data.pkl' in the zip file. Received: 0"),
        ({"b/data.pkl": b"N."}, "expected one member 'data.pkl' in the zip file. Received: 2"),
        ({"types_zip/byteorder": b"middle"}, "expected the byte order 'little' or 'big'. Received: b'middle'"),
        ({"types_zip/data.pkl": b"\x80\x02N."}, "expected a dict of tensors. Received: a value of type 'NoneType'"),
        ({"types_zip/data.pkl": b" " * (2**22 + 1)}, "expected at most 4194304 bytes"),
    ],
)
def test_wrong_zip_members(tmp_path, change, message):
    members = zip_members(FOLDER / "types_zip.pth") | change
    path = write_zip(tmp_path / "a.pth", {name: data for name, data in members.items() if data is not None})
    with pytest.raises(ValueError, match=f"a.pth: .*{message}"):
        read_torch_checkpoint(path)


def test_other_compression_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.pth", zip_members(FOLDER / "types_zip.pth"), zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match="expected a stored or deflated member"):
        read_torch_checkpoint(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"import torch\n" * 99, "Received: one that starts with b'import torch"),
        (bytes(range(128, 256)) * 9, "pickle"),
        (b"PK\x03\x04" + bytes(99), "zip"),
        (b"\x80\x02K\x01.", "Received: another pickle"),
    ],
)
def test_other_files(tmp_path, data, message):
    path = tmp_path / "a.pth"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"a.pth: cannot read this PyTorch checkpoint: .*{message}"):
        read_torch_checkpoint(path)


def test_tar_file_of_the_first_versions_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.pth", "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    with pytest.raises(ValueError, match=r"PyTorch 0\.1\.10 or later\. Received: a tar file"):
        read_torch_checkpoint(tmp_path / "a.pth")


def test_missing_file_directory_and_empty_file(tmp_path):
    (tmp_path / "empty.pth").touch()
    for path, received in (("absent.pth", "no such file"), ("", "a folder"), ("empty.pth", "an empty file")):
        with pytest.raises(ValueError, match=rf"{path}: a PyTorch checkpoint is expected\. Received: {received}\.$"):
            read_torch_checkpoint(tmp_path / path)


def read_or_refuse(path: Path, data: bytes) -> bool:
    """Return whether the file was read; anything but a dict of arrays or a ValueError fails the test."""
    path.write_bytes(data)
    try:
        arrays = read_torch_checkpoint(path)
    except ValueError:
        return False
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    assert sum(float(np.count_nonzero(array)) for array in arrays.values()) >= 0  # touches every element
    return True


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_cut_files_are_refused(tmp_path, path):
    data = path.read_bytes()
    assert read_or_refuse(tmp_path / "a.pth", data)
    assert not any(read_or_refuse(tmp_path / "a.pth", data[:length]) for length in range(0, len(data), 37))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_damaged_files_are_read_or_refused(tmp_path, path):
    random, data = np.random.default_rng(0), path.read_bytes()
    for _ in range(100):
        damaged = bytearray(data)
        for position in random.integers(len(data), size=random.integers(1, 4)):
            damaged[position] = random.integers(256)
        read_or_refuse(tmp_path / "a.pth", bytes(damaged))


@pytest.mark.parametrize("name", ["types_zip", "layouts_zip", "training_zip"])
def test_damaged_pickles_with_a_right_checksum(tmp_path, name):
    random, members = np.random.default_rng(1), zip_members(FOLDER / f"{name}.pth")
    for _ in range(100):
        damaged = bytearray(members[f"{name}/data.pkl"])
        damaged[random.integers(len(damaged))] = random.integers(256)
        path = write_zip(tmp_path / "b.pth", members | {f"{name}/data.pkl": bytes(damaged)})
        read_or_refuse(tmp_path / "a.pth", path.read_bytes())


@BOTH_FORMATS
def test_round_trip_with_pytorch(tmp_path, kind):
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, (3, 5)), torch.nn.BatchNorm2d(4), torch.nn.PReLU()).half()
    network[0].weight.data = network[0].weight.data.to(memory_format=torch.channels_last)
    state = network.state_dict()
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=kind == "zip")
    arrays = read_torch_checkpoint(tmp_path / "a.pth")
    assert list(arrays) == list(state)
    for name, tensor in state.items():
        assert arrays[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(arrays[name], tensor.numpy())


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_other_pickle_protocols(tmp_path, protocol):
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    torch.save({"a": torch.arange(6).reshape(2, 3)}, tmp_path / "a.pth", pickle_protocol=protocol)
    np.testing.assert_array_equal(read_torch_checkpoint(tmp_path / "a.pth")["a"], [[0, 1, 2], [3, 4, 5]])


def test_whole_network_is_refused_by_name(tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    torch.save(torch.nn.Linear(2, 3), tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"torch.nn.modules.linear.Linear.*state_dict"):
        read_torch_checkpoint(tmp_path / "a.pth")

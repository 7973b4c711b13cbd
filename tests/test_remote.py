"""Paths of addresses, on TensorFlow's file system in memory; web servers where TensorFlow I/O is installed."""

from __future__ import annotations

import importlib.util
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from helpers.addresses import in_memory, web_server

from gfla_tf.image_io import read_image, write_image
from gfla_tf.pose import read_keypoint_file, write_openpose_json
from gfla_tf.remote import RemotePath, as_path

needs_io = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_io") is None, reason="TensorFlow I/O is not installed"
)


@pytest.fixture
def folder(tmp_path):
    for name in ("a/x.txt", "a/y.png", "b/z.txt", "c.txt", "a/frames/0.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"content of {name}\r\n", encoding="utf-8", newline="")
    return tmp_path


def test_what_is_on_this_machine_is_a_plain_path():
    for path in ("data/x", b"data/x", Path("data/x")):
        assert type(as_path(path)) is type(Path())
        assert as_path(path) == Path("data/x")
    assert isinstance(as_path("C:/data"), Path)
    assert isinstance(as_path("a/s3://b"), Path)


@pytest.mark.parametrize("address", ["s3://bucket/data", b"s3://bucket/data/", RemotePath("s3://bucket/data")])
def test_an_address_keeps_its_form(address):
    path = as_path(address)
    assert str(path) == os.fspath(path) == f"{path}" == "s3://bucket/data"
    assert str(path / "train" / "a.jpg") == "s3://bucket/data/train/a.jpg"
    assert str((path / "a.jpg").with_suffix(".json")) == "s3://bucket/data/a.json"
    assert str((path / "x/a.jpg").relative_to(path)) == "x/a.jpg"
    assert str(path.parent) == "s3://bucket"
    assert len({path, as_path(str(path)), path / "train"}) == 2
    assert pickle.loads(pickle.dumps(path)) == path
    assert sorted([path / "b", path / "a"]) == [path / "a", path / "b"]


def assert_reads_like(folder: Path, address: str) -> None:
    """An address answers as the folder does that it is of."""
    path = as_path(address)
    for name in ("", "a", "a/frames", "d", "c.txt", "a/x.txt", "a/z.txt"):
        assert (path / name).is_dir() == (folder / name).is_dir(), name
        assert (path / name).is_file() == (folder / name).is_file(), name
    assert {one.name for one in path.iterdir()} == {one.name for one in folder.iterdir()}
    for pattern in ("*.txt", "a/x*", "*/*.txt", "*/frames", "d/*"):
        found = {str(one.relative_to(path)) for one in path.glob(pattern)}
        assert found == {one.relative_to(folder).as_posix() for one in folder.glob(pattern)}
    assert (path / "a/x.txt").read_bytes() == b"content of a/x.txt\r\n"
    assert (path / "a/x.txt").read_text() == "content of a/x.txt\r\n"
    with (path / "c.txt").open("rb") as file:
        assert file.read() == b"content of c.txt\r\n"
    with pytest.raises(FileNotFoundError) as caught:
        (path / "nothing.txt").read_bytes()
    assert caught.value.filename == f"{address}/nothing.txt"
    assert caught.value.strerror == "No such file or directory"


def test_an_address_in_memory(folder):
    assert_reads_like(folder, in_memory(folder))


@needs_io
def test_an_address_of_a_web_server(folder):
    with web_server(folder) as address:
        assert_reads_like(folder, address)
    with pytest.raises(OSError, match="127.0.0.1"):
        as_path(f"{address}/c.txt").read_bytes()


def test_pictures_and_keypoints_are_read_from_addresses(tmp_path):
    image = np.random.default_rng(0).uniform(-1, 1, (5, 7, 3)).astype(np.float32)
    write_image(tmp_path / "image.png", image)
    write_openpose_json(tmp_path / "pose.json", [np.full([18, 3], 0.5, np.float32)], (5, 7))
    address = in_memory(tmp_path)
    np.testing.assert_array_equal(read_image(f"{address}/image.png"), read_image(tmp_path / "image.png"))
    ((person,),) = read_keypoint_file(f"{address}/pose.json").frames.values()
    np.testing.assert_array_equal(person, 0.5)
    with pytest.raises(ValueError, match=rf"Received: {address}/none.png \(No such file"):
        read_image(f"{address}/none.png")


def test_a_scheme_that_nothing_reads_is_refused():
    path = as_path("nowhere://bucket/data")
    for read in (path.read_bytes, path.is_dir, path.is_file):
        with pytest.raises(ValueError, match=r"TensorFlow I/O.*gfla-tf\[addons\].*Received: nowhere://bucket"):
            read()

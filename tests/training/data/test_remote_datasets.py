"""Datasets at addresses: the loaders, `data check` and `data show` find there what they find on this machine."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest
from helpers.addresses import in_memory, web_server
from helpers.tiny_clips import write_moving_clips
from helpers.tiny_datasets import write_human36m, write_market, write_rendered

from gfla_tf.image_io import read_image
from gfla_tf.remote import as_path
from training.__main__ import main
from training.data.check import check
from training.data.clips import ClipSettings, VideoClips
from training.data.fashion import FashionPairs, FashionSettings
from training.data.human36m import Human36mWindows
from training.data.market import MarketPairs
from training.data.pipeline import Pipeline, PipelineSettings
from training.evaluation.hashes import file_sha256
from training.runs.versions import describe_start

PAIRS = FashionSettings((32, 32), flow_levels=(2,))
CLIPS = ClipSettings(5, 1, (32, 32), flow_levels=(2,))
DATASETS = {
    "rendered": (write_rendered, lambda folder: FashionPairs(folder, "test", PAIRS)),
    "market": (write_market, lambda folder: MarketPairs(folder, "test")),
    "clips": (write_moving_clips, lambda folder: VideoClips(folder, "test", CLIPS)),
    "human36m": (write_human36m, lambda folder: Human36mWindows(folder, "test")),
}
needs_io = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_io") is None, reason="TensorFlow I/O is not installed"
)


def assert_same_dataset(folder, address, open_dataset):
    """Elements and reports are the same at an address as in the folder that it is of."""
    here, there = open_dataset(folder), open_dataset(address)
    settings = PipelineSettings(batch_size=len(here), shuffle=False)
    (expected,), (batch,) = (list(Pipeline(source, settings).dataset(0)) for source in (here, there))
    assert set(batch) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(batch[name], values, err_msg=name)
    assert there.unreadable(0) == {}
    expected, report = (json.dumps(check(as_path(place)).as_dict()) for place in (folder, address))
    assert report.replace(address, str(folder)) == expected


@pytest.mark.parametrize(("write", "open_dataset"), DATASETS.values(), ids=DATASETS)
def test_an_address_holds_what_its_folder_holds(tmp_path, write, open_dataset):
    write(tmp_path)
    assert_same_dataset(tmp_path, in_memory(tmp_path), open_dataset)


@needs_io
@pytest.mark.parametrize("name", ["rendered", "clips"])
def test_a_web_server_holds_what_its_folder_holds(tmp_path, name):
    write, open_dataset = DATASETS[name]
    write(tmp_path)
    with web_server(tmp_path) as address:
        assert_same_dataset(tmp_path, address, open_dataset)


def test_missing_and_damaged_files_are_named(tmp_path):
    write_rendered(tmp_path)
    pictures = sorted((tmp_path / "test").iterdir())
    pictures[0].unlink()
    pictures[1].write_bytes(b"no picture")
    next((tmp_path / "truth/test").iterdir()).write_bytes(b"no truth")
    address = in_memory(tmp_path)
    reasons = FashionPairs(address, "test", PAIRS).unreadable(0)
    assert reasons[as_path(f"{address}/test/{pictures[0].name}")] == "no such file"
    assert reasons[as_path(f"{address}/test/{pictures[1].name}")] == "no readable JPEG, PNG or WebP"
    assert not check(as_path(address)).usable
    with pytest.raises(ValueError, match=f"{address}/nowhere: a dataset's folder is expected"):
        FashionPairs(f"{address}/nowhere")


def test_what_has_to_be_prepared_is_not_looked_for_at_addresses(tmp_path):
    (tmp_path / "img.zip").write_bytes(b"PK")
    report = check(as_path(in_memory(tmp_path)))
    assert report.kind is None


def test_the_commands_take_addresses(tmp_path, capfd):
    address, sheet = in_memory(write_market(tmp_path / "market")), tmp_path / "sheet.png"
    assert main(["data", "check", address]) == 0
    assert "2 pairs" in capfd.readouterr().out
    assert main(["data", "show", address, "--output", str(sheet), "--split", "test"]) == 0
    assert read_image(sheet).ndim == 3


def test_a_run_remembers_the_address_of_its_data(tmp_path):
    assert describe_start(0, "s3://bucket/data")["data"] == "s3://bucket/data"
    (tmp_path / "file").write_bytes(b"content")
    assert file_sha256(f"{in_memory(tmp_path)}/file") == file_sha256(tmp_path / "file")

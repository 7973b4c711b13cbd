"""Requests as messages and in files."""

from __future__ import annotations

import numpy as np
import pytest

from serving.requests import make_record, read_records, tensors_of, write_records


def test_round_trip(tmp_path):
    inputs = {
        "file_bytes": np.array([b"\0\xff", b""], object),
        "numbers": np.arange(6, dtype=np.float32).reshape(2, 3),
        "frame": np.ones((2, 4), np.int32),
    }
    outputs = {"image_bytes": np.array([[b"a", b"bc"]], object)}
    write_records(tmp_path / "records", [make_record("model", "transfer", inputs, outputs), make_record("m", "s", {})])
    first, second = read_records(tmp_path / "records")
    request = first.predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("model", "transfer")
    for messages, arrays in ((request.inputs, inputs), (first.predict_log.response.outputs, outputs)):
        read = tensors_of(messages)
        assert set(read) == set(arrays)
        for name, array in arrays.items():
            assert read[name].dtype == array.dtype
            np.testing.assert_array_equal(read[name], array)
    assert not second.predict_log.request.inputs


@pytest.mark.parametrize("content", [None, b"no records", b"\xff" * 100])
def test_no_such_file(tmp_path, content):
    if content is not None:
        (tmp_path / "records").write_bytes(content)
    with pytest.raises(ValueError, match="must be a file of PredictionLog records. Received: "):
        list(read_records(tmp_path / "records"))


def test_records_of_something_else(tmp_path):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(tmp_path / "records")) as writer:
        writer.write(b"\x0f\xff\xff")
    with pytest.raises(ValueError, match="must be a file of PredictionLog records. Received: "):
        list(read_records(tmp_path / "records"))

"""Reading files: operations, who takes them, how long they take; and the commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.lite.function import LiteFunction
from serving.__main__ import main
from serving.signatures import TensorField
from serving.tflite.convert import convert
from serving.tflite.graphs import LiteGraph
from serving.tflite.operations import gpu_objections, load_schema, pack, read_operations, unpack, xnnpack_objections
from serving.tflite.timing import _measure_memory, peak_memory, profile
from serving.tflite.verification import EXACT, ROUNDED, compare, find_interpreters


def awkward(image):
    """What phones do not like."""
    mirrored = tf.nn.relu(tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT"))
    places = tf.cast(image[0, :, :1, :2], tf.int32)
    return {"image": mirrored, "picked": tf.gather_nd(mirrored[0], places)}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("awkward") / "awkward.tflite"
    field = TensorField("image", "float32", (8, 12, 2), "anything")
    path.write_bytes(convert(LiteGraph("awkward", "for tests", awkward, (field,), ())))
    return path


def test_operations_are_read_in_order_with_their_shapes(file):
    operations = read_operations(file.read_bytes())
    mirror = next(operation for operation in operations if operation.name == "MIRROR_PAD")
    assert (mirror.inputs[0].shape, mirror.inputs[0].dtype, mirror.inputs[0].constant) == (
        (1, 8, 12, 2),
        "FLOAT32",
        False,
    )
    assert mirror.inputs[1].constant
    assert mirror.outputs[0].shape == (1, 10, 14, 2)
    assert [operation.index for operation in operations] == list(range(len(operations)))


@pytest.mark.parametrize("name", list(find_interpreters()))
def test_what_xnnpack_leaves_is_found(file, name):
    refused = xnnpack_objections(file.read_bytes(), find_interpreters()[name])
    assert refused["MIRROR_PAD"] == refused["GATHER_ND"] == 1
    assert "RELU" not in refused


def test_what_a_gpu_leaves_is_found(file):
    objections = "\n".join(gpu_objections(file.read_bytes()))
    assert "MIRROR_PAD" in objections
    assert "GATHER_ND" in objections


def test_every_operation_is_timed(file):
    entries = profile(file.read_bytes(), next(iter(find_interpreters().values())), threads=1)
    counted = sum(entry.count for entry in entries)
    assert counted == len(read_operations(file.read_bytes()))
    assert {entry.delegated for entry in entries if entry.name == "RELU"} == {True}
    assert [entry.seconds for entry in entries] == sorted((entry.seconds for entry in entries), reverse=True)


def test_differences_are_summed_up_and_judged():
    differences = [np.zeros((2, 3)), np.array([[0.0, 0.002, 0.0], [0.004, 0.0, 0.0]])]
    found = compare("an interpreter", differences)
    assert (found.maximum, found.mean) == (0.004, pytest.approx(0.0005))
    # The mean square is 1e-5 / 6, half of that of the worst; the range is 2.
    assert found.worst_psnr == pytest.approx(10 * np.log10(4 / (2e-5 / 6)))
    assert found.psnr == pytest.approx(found.worst_psnr + 10 * np.log10(2))
    assert found.complaints(ROUNDED) == []
    assert found.complaints(EXACT) == [
        "an interpreter: largest difference 0.004, at most 0.002 is allowed",
        "an interpreter: mean difference 0.0005, at most 0.0001 is allowed",
    ]
    nothing = compare("an interpreter", differences[:1])
    assert nothing.facts()["psnr"] is None
    assert nothing.complaints(EXACT) == []


def test_a_file_is_timed_by_command(file, capsys):
    options = ["--threads", "1", "--repeats", "1", "--delegate", "xnnpack", "none", "--profile", "2", "--no-memory"]
    assert main(["tflite-bench", str(file), *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["1", "xnnpack"], ["1", "none"]]
    assert all(line.endswith("awkward.tflite") and " ms " in line for line in lines[2:4])
    assert "operations one by one" in lines[5]
    assert len(lines) == 8


def test_files_of_one_name_are_timed_each(file, tmp_path, capsys):
    other = tmp_path / file.name
    other.write_bytes(file.read_bytes())
    options = ["--threads", "1", "--repeats", "1", "--no-memory"]
    assert main(["tflite-bench", str(file), str(other), *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[2:]] == [str(file), str(other)]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux' /proc")
def test_memory_of_a_small_file_is_a_small_number(file):
    assert 0 <= _measure_memory(str(file), 1, "none") < 2**30


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux' /proc")
def test_a_process_that_fails_is_one_line(tmp_path):
    missing = tmp_path / "missing.tflite"
    expected = (
        r"A file that runs in a process of its own is expected. Received: .*missing.tflite \(status 1: ValueError: "
    )
    with pytest.raises(ValueError, match=expected):
        peak_memory(missing, 1)


@pytest.fixture
def custom(file, tmp_path):
    """A file with an operation that no interpreter knows."""
    model, schema = unpack(file.read_bytes()), load_schema()
    code = model.operatorCodes[0]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = "Unknown"
    path = tmp_path / "custom.tflite"
    path.write_bytes(pack(model))
    return path


@pytest.mark.parametrize("name", find_interpreters())
def test_a_file_with_unknown_operations_is_refused(custom, name):
    for given, said in ((custom, ".*custom.tflite"), (custom.read_bytes(), "bytes")):
        with pytest.raises(ValueError, match=rf"can run is expected. Received: {said} \(.*Unknown.*\)\.$"):
            LiteFunction(given, interpreter_class=find_interpreters()[name])


def test_a_file_with_unknown_operations_is_one_line_by_command(custom, capsys):
    assert main(["tflite-bench", str(custom), "--no-memory"]) == 2
    error = capsys.readouterr().err
    assert "tflite-bench: error: A file that the interpreter can run is expected. Received: " in error
    assert error.count("\n") == 1


def test_other_files_are_refused_in_one_line_by_command(tmp_path, capsys):
    (tmp_path / "me.jpg").write_bytes(b"no graph at all")
    for name, received in (("me.jpg", "a file of another kind"), ("nothere.tflite", "no such file")):
        assert main(["tflite-bench", str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert error.endswith(f"{name}: a TFLite file is expected. Received: {received}.\n")
        assert error.count("\n") == 1


@pytest.mark.parametrize("option", ["--threads", "--repeats"])
def test_numbers_below_1_are_named(option, capsys):
    assert main(["tflite-bench", "some.tflite", option, "0"]) == 2
    assert f"{option} from 1 is expected. Received: 0." in capsys.readouterr().err


def test_a_model_is_written_by_command(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr("gfla_tf.pipelines.load_trained", lambda model, weights: (model, weights))
    monkeypatch.setattr(
        "serving.tflite.export.export_lite", lambda *arguments: asked.append(arguments) or ("a.json", "report")
    )
    options = ["--size", "128", "--precision", "dynamic", "--pixels", "uint8", "--weights", "stand-in"]
    assert main(["tflite", "person-fashion", "--output", str(tmp_path), *options]) == 0
    assert asked == [(("person-fashion", "stand-in"), str(tmp_path), 128, "dynamic", "uint8", None)]
    assert capsys.readouterr().out.split() == ["report", "a.json"]


def test_a_wrong_size_is_told_by_command(capsys, tmp_path):
    assert main(["tflite", "person-demo", "--output", str(tmp_path), "--size", "100"]) == 2
    assert "size must be a multiple of 32 pixels. Received: 100." in capsys.readouterr().err

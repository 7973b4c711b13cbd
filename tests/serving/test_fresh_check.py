"""The check that an exported model has to pass, and TensorFlow's C library that it uses."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from serving.c_library import CLibrary, SavedModelSession, TensorFlowError
from serving.fresh_check import check, differences
from serving.requests import WARMUP_FILE, make_record, write_records

PNG = [tf.io.encode_png(np.full((2, 3, 3), value, np.uint8)).numpy() for value in (100, 101, 102)]


class Doubling(tf.Module):
    """Doubles numbers, passes files on; fails for numbers below 0."""

    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], name="numbers"), tf.TensorSpec([None], tf.string, "file")])
    def double(self, numbers, file):
        tf.debugging.assert_non_negative(numbers, "numbers must not be below 0")
        return {"doubled": numbers * self.factor, "same": tf.identity(file)}


def example(batch: int) -> tuple[dict, dict]:
    numbers, files = np.arange(2 * batch, dtype=np.float32).reshape(batch, 2), np.array(PNG[:batch], object)
    return {"numbers": numbers, "file": files}, {"doubled": 2 * numbers, "same": files}


@pytest.fixture
def folder(tmp_path):
    """An exported model with its file of warm-up requests."""
    module = Doubling()
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.double})
    (tmp_path / WARMUP_FILE).parent.mkdir()
    write_records(tmp_path / WARMUP_FILE, [make_record("doubling", "serving_default", example(1)[0])])
    return tmp_path


def run_check(folder, outputs: dict, tolerance: float = 1e-4) -> list[str]:
    records = folder / "records"
    write_records(records, [make_record("doubling", "serving_default", example(2)[0], outputs)])
    return list(check(folder, records, tolerance))


def names_in(session_folder) -> tuple[dict, list[str]]:
    """Tensor names of the inputs and of the outputs."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((session_folder / "saved_model.pb").read_bytes())
    signature = model.meta_graphs[0].signature_def["serving_default"]
    outputs = [signature.outputs[name].name for name in ("doubled", "same")]
    return {name: entry.name for name, entry in signature.inputs.items()}, outputs


def test_c_library_runs_a_saved_model(folder):
    session = SavedModelSession(folder, CLibrary())
    names, outputs = names_in(folder)
    for batch in (0, 1, 3):
        inputs, wanted = example(batch)
        doubled, same = session.run({names[name]: value for name, value in inputs.items()}, outputs)
        np.testing.assert_array_equal(doubled, wanted["doubled"])
        np.testing.assert_array_equal(same, wanted["same"])


def test_c_library_passes_errors_on(folder, tmp_path):
    library = CLibrary()
    session = SavedModelSession(folder, library)
    names, outputs = names_in(folder)
    inputs = {names[name]: value for name, value in example(1)[0].items()}
    inputs[names["numbers"]] = -np.ones((1, 2), np.float32)
    with pytest.raises(TensorFlowError, match="numbers must not be below 0") as caught:
        session.run(inputs, outputs)
    assert caught.value.code == 3
    with pytest.raises(TensorFlowError, match="There is no operation 'nothing'"):
        session.run({}, ["nothing:0"])
    with pytest.raises(TensorFlowError, match="nowhere"):
        SavedModelSession(tmp_path / "nowhere", library)


def test_c_library_knows_its_operations():
    library = CLibrary()
    assert library.has_kernel("Conv2D")
    assert not library.has_kernel("NoSuchOperation")


def test_a_good_model_passes(folder):
    assert run_check(folder, example(2)[1]) == []


def test_other_outputs_are_found(folder):
    outputs = example(2)[1]
    del outputs["same"]
    assert run_check(folder, outputs) == ["serving_default answers doubled, same, not doubled"]


def test_wrong_numbers_are_found(folder):
    outputs = example(2)[1]
    outputs["doubled"] = outputs["doubled"] + np.float32(0.5)
    (line,) = run_check(folder, outputs)
    assert line == "serving_default, batch of 2, doubled: differs by 0.5; 0.0001 is allowed"


def test_operations_without_stock_code_are_found(folder):
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    functions = model.meta_graphs[0].graph_def.library.function
    node = next(node for function in functions for node in function.node_def if node.op == "Mul")
    node.op = "OwnMultiplication"
    path.write_bytes(model.SerializeToString())
    assert run_check(folder, example(2)[1]) == ["no stock code for the operations OwnMultiplication"]


def test_python_functions_are_found(tmp_path):
    module = tf.Module()
    module.call = tf.function(
        lambda numbers: {"same": tf.ensure_shape(tf.numpy_function(np.copy, [numbers], tf.float32), [None])},
        input_signature=[tf.TensorSpec([None], name="numbers")],
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.call})
    (line,) = check(tmp_path, tmp_path / "records", 1e-4)
    assert line.startswith("no stock code for the operations ")
    assert "PyFunc" in line


def test_a_warmup_request_that_fails_is_found(folder):
    inputs = {**example(1)[0], "numbers": -np.ones((1, 2), np.float32)}
    write_records(folder / WARMUP_FILE, [make_record("doubling", "serving_default", inputs)])
    with pytest.raises(TensorFlowError, match="numbers must not be below 0"):
        run_check(folder, example(2)[1])


def test_a_damaged_warmup_file_is_found(folder):
    (folder / WARMUP_FILE).write_bytes(b"no records")
    with pytest.raises(ValueError, match="must be a file of PredictionLog records"):
        run_check(folder, example(2)[1])


@pytest.mark.parametrize(
    ("actual", "expected", "said"),
    [
        (np.zeros(2, np.float32), np.zeros(3, np.float32), r"shape \(2,\) where \(3,\) is expected"),
        (np.float32([1.0, 2.0]), np.float32([1.0, 2.00005]), ""),
        (np.float32([1.0, np.nan]), np.float32([1.0, 2.0]), "not finite"),
        (np.int32([1, 2]), np.int32([1, 3]), "differs by 1; 0 is allowed"),
        (np.array(PNG[:1], object), np.array(PNG[1:2], object), ""),
        (np.array(PNG[:1], object), np.array(PNG[2:], object), "differs by 2; 1 is allowed"),
    ],
)
def test_differences(actual, expected, said):
    found = differences(actual, expected, 1e-4)
    assert bool(found) == bool(said)
    if said:
        with pytest.raises(ValueError, match=said):
            raise ValueError(found)

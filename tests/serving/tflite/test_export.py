"""Files for phones: built-in operations only, what they say of themselves, and that they are right."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gfla_tf import load_model
from gfla_tf.published import find_model, published_models
from serving.export import ExportError
from serving.tflite import export
from serving.tflite.convert import METADATA
from serving.tflite.graphs import graphs_of
from serving.tflite.operations import load_schema, read_operations

BUILT_IN = {
    *("ADD", "AVERAGE_POOL_2D", "CAST", "CONCATENATION", "CONV_2D", "DEPTH_TO_SPACE", "DEPTHWISE_CONV_2D"),
    *("DEQUANTIZE", "DIV", "EXP"),
    *("FLOOR", "GATHER", "LEAKY_RELU", "LOG", "LOGISTIC", "MAXIMUM", "MEAN", "MINIMUM", "MUL", "NEG", "REDUCE_MAX"),
    *("REDUCE_MIN", "RELU", "RESHAPE", "RESIZE_BILINEAR", "ROUND", "RSQRT", "SOFTMAX", "SPLIT", "SQRT", "SQUARE"),
    *("SQUARED_DIFFERENCE", "STRIDED_SLICE", "SUB", "TANH"),
}


def files_of(exported) -> dict[str, bytes]:
    path, _ = exported
    names = json.loads(path.read_text(encoding="utf-8"))["files"]
    return {graph: path.with_name(name).read_bytes() for graph, name in names.items()}


def test_files_hold_only_known_operations_and_no_float_indices(exported, exported_sequence):
    contents = [*files_of(exported).values(), *files_of(exported_sequence).values()]
    assert len(contents) == 3
    for content in contents:
        operations = read_operations(content)
        assert {operation.name for operation in operations} <= BUILT_IN
        for operation in operations:
            assert all(len(tensor.shape) <= 4 for tensor in operation.outputs)
            if operation.name == "GATHER":
                assert (len(operation.inputs[1].shape), operation.inputs[1].dtype) == (1, "INT32")


@pytest.mark.parametrize("name", published_models())
def test_published_models_convert_exactly(name, tmp_path):
    """With all that their settings ask for; what is written was compared with the model by every interpreter."""
    model = load_model(find_model(name))
    size = None if model.preset.network == "motion" else 128
    for content in files_of(export.export_lite(model, tmp_path, size, examples=1)).values():
        assert {operation.name for operation in read_operations(content)} <= BUILT_IN


def test_slices_add_no_axis(exported):
    schema = load_schema()
    model = schema.ModelT.InitFromPackedBuf(files_of(exported)["transfer"], 0)
    slices = [
        operator.builtinOptions
        for operator in model.subgraphs[0].operators
        if isinstance(operator.builtinOptions, schema.StridedSliceOptionsT)
    ]
    assert slices
    assert not any(options.newAxisMask or options.ellipsisMask for options in slices)


def test_the_json_and_the_file_say_what_it_is(exported):
    path, report = exported
    facts = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "small-person-64-float32.json"
    assert (facts["network"], facts["skeleton"], facts["joints"][0]) == ("person", "openpose-18", "nose")
    assert (facts["height"], facts["width"], facts["frame_aspect"]) == (64, 48, 0.75)
    inputs = facts["graphs"]["transfer"]["inputs"]
    assert [(field["name"], field["shape"]) for field in inputs] == [
        ("source_image", [1, 64, 48, 3]),
        ("source_keypoints", [1, 18, 3]),
        ("target_keypoints", [1, 18, 3]),
    ]
    model = load_schema().ModelT.InitFromPackedBuf(files_of(exported)["transfer"], 0)
    (entry,) = [entry for entry in model.metadata if entry.name.decode() == METADATA]
    inside = json.loads(bytes(model.buffers[entry.buffer].data))
    assert inside == {name: facts[name] for name in inside}
    assert inside["graphs"] == facts["graphs"]
    for line in report.splitlines()[1:4]:
        assert line.startswith("  ")
    assert "PSNR" in report.splitlines()[-1]


def test_the_json_holds_what_was_verified(exported, exported_sequence):
    for (path, _), worst in ((exported, 80), (exported_sequence, 40)):
        found = json.loads(path.read_text(encoding="utf-8"))["verification"]
        assert "tf.lite" in {entry["interpreter"] for entry in found}
        assert all(entry["worst_psnr"] > worst for entry in found)


def test_nothing_leaves_a_gpu_but_bytes_on_older_delegates(exported, exported_sequence):
    for path, _ in (exported, exported_sequence):
        facts = json.loads(path.read_text(encoding="utf-8"))
        objections = [objection for entry in facts["contents"].values() for objection in entry["left_by_gpu"]]
        if facts["pixels"] == "uint8":  # which TensorFlow 2.15's does not convert
            objections = [one for one in objections if "UINT8" not in one and "Subgraph#0 has" not in one]
        assert objections == []


def test_xnnpack_leaves_only_gathers_and_what_feeds_them(exported):
    (entry,) = json.loads(exported[0].read_text(encoding="utf-8"))["contents"].values()
    assert set(entry["left_by_xnnpack"]) <= {"GATHER", "SPLIT", "CAST", "RESHAPE"}
    assert entry["left_by_xnnpack"]["GATHER"] == entry["operations"]["GATHER"]


def test_a_wrong_file_is_refused_and_nothing_written(tmp_path, motion_model, monkeypatch):
    (graph,) = graphs_of(motion_model)
    wrong = replace(graph, function=lambda noisy: {"clean": 1.01 * graph.function(noisy)["clean"] + 0.01})
    monkeypatch.setattr(export, "graphs_of", lambda *_: [wrong])
    with pytest.raises(ExportError, match="The converted model is wrong, nothing was written: .*: largest difference"):
        export.export_lite(motion_model, tmp_path / "phones", examples=1)
    assert not (tmp_path / "phones").exists()


def test_other_precisions_are_refused(tmp_path, motion_model):
    with pytest.raises(ValueError, match=r"precision must be one of float32, float16, dynamic\. Received: 'int4'\."):
        export.export_lite(motion_model, tmp_path, precision="int4")


@pytest.mark.parametrize("folder", ["file", "file/phones"])
def test_a_folder_that_cannot_be_is_found_before_the_conversion(tmp_path, motion_model, monkeypatch, folder):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(export, "convert", lambda *_: 1 / 0)
    with pytest.raises(ValueError, match="A folder that can be written to is expected. Received: "):
        export.export_lite(motion_model, tmp_path / folder)


@pytest.mark.parametrize("name", ["../b", "a/b", "a\\b"])
def test_a_name_with_a_folder_is_found_before_the_conversion(tmp_path, motion_model, monkeypatch, name):
    monkeypatch.setattr(export, "convert", lambda *_: 1 / 0)
    with pytest.raises(ValueError, match="--name must be a file name, without a folder. Received: "):
        export.export_lite(motion_model, tmp_path / "phones", name=name)


@pytest.mark.parametrize("file", ["a.json", "a.denoise.tflite"])
def test_a_folder_in_a_files_place_is_found_before_the_conversion(tmp_path, motion_model, monkeypatch, file):
    (tmp_path / file).mkdir()
    monkeypatch.setattr(export, "convert", lambda *_: 1 / 0)
    with pytest.raises(ValueError, match=f"A file to write is expected. Received: .*{file}, which is a folder."):
        export.export_lite(motion_model, tmp_path, name="a")

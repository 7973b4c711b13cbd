"""A model as `.tflite` files with a JSON beside them, verified before anything is written."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf

import gfla_tf
from gfla_tf.outputs import check_folder, check_output, whole_file
from gfla_tf.pose.skeletons import get_skeleton
from serving.export import ExportError
from serving.signatures import TensorField
from serving.tflite.convert import PRECISIONS, convert
from serving.tflite.examples import COUNT
from serving.tflite.graphs import LiteGraph, graphs_of, picture_size
from serving.tflite.report import file_facts, format_report
from serving.tflite.rounding import allow_rounding, own_rounding
from serving.tflite.verification import EXACT, ROUNDED, Agreement, Limit, find_interpreters, verify

__all__ = ["export_lite", "plan_export"]


def export_lite(
    model: keras.Model,
    folder: str | os.PathLike[str],
    size: int | None = None,
    precision: str = "float32",
    pixels: str = "float32",
    name: str | None = None,
    examples: int = COUNT,
) -> tuple[Path, str]:
    """Write a model for phones: `NAME.json` and `NAME.GRAPH.tflite` for each graph.

    Args:
        model: of `gfla_tf.load_model`: a person or sequence generator, or a motion extractor.
        folder: made if it is not there.
        size: height of the network's picture in pixels; the preset's by default.
        precision: of the weights, one of `serving.tflite.convert.PRECISIONS`.
        pixels: "float32" in [-1, 1] or "uint8" in 0..255, what images go in and come out as.
        name: the files'; made from preset, size, precision and pixels by default.
        examples: that it is verified by.

    Returns:
        The path of the JSON, and the report as text.

    Raises:
        ValueError: another kind of model, size, precision or pixels, or files that cannot be written.
        ExportError: a file does not do what the model does, or holds an operation that is not built in.
    """
    graphs, description = plan_export(model, folder, size, precision, pixels, name)
    files = {graph.name: convert(graph, precision, description) for graph in graphs}
    names = description["files"]
    shape = None if model.preset.network == "motion" else (description["height"], description["width"])
    agreements = verify(model, files, shape, pixels, examples)
    limit = EXACT if (precision, pixels) == ("float32", "float32") else ROUNDED
    if limit is EXACT and _complaints(agreements, limit):
        agreements.append(own_rounding(model, shape, examples))
        limit = allow_rounding(limit, agreements[-1])
    _check(agreements, limit)
    interpreter = next(iter(find_interpreters().values()))
    facts = {names[graph]: file_facts(content, interpreter) for graph, content in files.items()}
    whole = {**description, "contents": facts, "verification": [agreement.facts() for agreement in agreements]}
    path = _write(Path(folder), description["name"], {names[graph]: files[graph] for graph in files}, whole)
    return path, format_report(facts, agreements)


def plan_export(
    model: keras.Model, folder: str | os.PathLike[str], size: int | None, precision: str, pixels: str, name: str | None
) -> tuple[list[LiteGraph], dict]:
    """The graphs to write and what is said of them, for the arguments of `export_lite`; the model needs no weights.

    Raises:
        ValueError: another kind of model, size, precision or pixels, or files that cannot be written.
    """
    graphs = graphs_of(model, size, pixels)
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
    description = describe(model, graphs, size, precision, pixels, name)
    _check_files(Path(folder), description)
    return graphs, description


def describe(
    model: keras.Model, graphs: list[LiteGraph], size: int | None, precision: str, pixels: str, name: str | None
) -> dict:
    """What the files are, for programs that use them; the fields are those of `gfla_tf.lite.model` and more."""
    preset = model.preset
    is_motion = preset.network == "motion"
    height, width = (0, 0) if is_motion else picture_size(preset, model.size_multiple, size)
    parts = [preset.name, *([] if is_motion else [str(height)]), precision, *(["uint8"] if pixels == "uint8" else [])]
    name = name or "-".join(parts)
    return {
        "name": name,
        "network": preset.network,
        "skeleton": preset.skeleton,
        "joints": get_skeleton(preset.skeleton).joints,
        "height": height,
        "width": width,
        "frame_aspect": preset.frame_aspect,
        "precision": precision,
        "pixels": pixels,
        "files": {graph.name: f"{name}.{graph.name}.tflite" for graph in graphs},
        "graphs": {graph.name: _describe_graph(graph) for graph in graphs},
        "preset": asdict(preset),
        "made_by": {"gfla_tf": gfla_tf.__version__, "tensorflow": tf.__version__, "keras": keras.__version__},
    }


def _describe_graph(graph: LiteGraph) -> dict:
    def describe_field(field: TensorField) -> dict:
        return {**asdict(field), "shape": (1, *field.shape)}

    sides = {"inputs": graph.inputs, "outputs": graph.outputs}
    return {"meaning": graph.meaning, **{side: [describe_field(field) for field in sides[side]] for side in sides}}


def _complaints(agreements: list[Agreement], limit: Limit) -> list[str]:
    return [line for agreement in agreements for line in agreement.complaints(limit)]


def _check(agreements: list[Agreement], limit: Limit) -> None:
    complaints = _complaints(agreements, limit)
    if complaints or not agreements:
        said = "; ".join(complaints) or "there is no interpreter to verify with"
        raise ExportError(f"The converted model is wrong, nothing was written: {said}.")


def _check_files(folder: Path, description: dict) -> None:
    """ValueError unless the files can be written there; nothing is made yet."""
    name = description["name"]
    if set(name) & set("/\\"):
        raise ValueError(f"--name must be a file name, without a folder. Received: {name}.")
    check_folder(folder)
    if folder.is_dir():
        for file in (f"{name}.json", *description["files"].values()):
            check_output(folder / file)


def _write(folder: Path, name: str, files: Mapping[str, bytes], description: dict) -> Path:
    """All files under temporary names first; the JSON, which names the others, is the last to appear."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps(description, indent=2) + "\n"
    with contextlib.ExitStack() as stack:  # which leaves in reverse
        stack.enter_context(whole_file(path)).write_text(text, encoding="utf-8")
        for file, content in files.items():
            stack.enter_context(whole_file(folder / file)).write_bytes(content)
    return path

"""Export a model as a version folder for TensorFlow Serving, checked before it is there.

What is written: the SavedModel with an endpoint for each of `serving.signatures`; warm-up requests in `assets.extra`,
which a server runs before it uses the version; and `assets.extra/model.json`, which says what it is. Then a fresh
process without `gfla_tf` runs all of it (`serving.fresh_check`) and compares the answers with the library's own. Only
then does the folder get its number.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf

import gfla_tf
from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import Preset
from serving.examples import COUNT, make_examples
from serving.exchange import Arrays
from serving.graphs.motion import MotionModel
from serving.graphs.person import PersonModel
from serving.graphs.sequence import SequenceModel
from serving.graphs.served_model import ServedModel
from serving.requests import WARMUP_FILE, make_record, write_records
from serving.signatures import DEFAULT_SIGNATURE, NETWORKS
from serving.versions import new_version

__all__ = ["PRECISIONS", "ExportError", "check_kind", "export_model", "serve_model"]

# Computing type -> policy of the layers, and the largest difference that two ways of computing may have. Sixteen bits
# hold two to three decimal digits, and graphs round where eager layers do not.
PRECISIONS = {"float32": ("float32", 1e-4), "bfloat16": ("mixed_bfloat16", 0.5)}
MODEL_FILE = "assets.extra/model.json"
_SERVED = {"person": PersonModel, "sequence": SequenceModel, "motion": MotionModel}
_ROOT = Path(__file__).resolve().parent.parent


class ExportError(ValueError):
    """A model that was written does not do what it should; nothing of it is left."""


def export_model(
    model: keras.Model, root: str | os.PathLike[str], name: str | None = None, precision: str = "float32"
) -> Path:
    """Write the next version of a model.

    Args:
        model: of `gfla_tf.load_model`: a person or sequence generator, or a motion extractor.
        root: folder of all models of a server.
        name: of the model, as it stands in addresses; the preset's by default.
        precision: in which the network computes, "float32" or "bfloat16"; inputs and outputs stay float32.

    Returns:
        The folder of the version.

    Raises:
        ValueError: another model or precision, or a folder that cannot be written to.
        ExportError: the written model does not do what the given one does.
    """
    served = serve_model(model, precision)
    name = name or model.preset.name
    with new_version(root, name) as version:
        # An operation of our own in the graph would be an error here, not on the server.
        options = tf.saved_model.SaveOptions(namespace_whitelist=[])
        tf.saved_model.save(served, str(version.folder), signatures=served.functions(), options=options)
        (version.folder / WARMUP_FILE).parent.mkdir(exist_ok=True)
        _describe(version.folder / MODEL_FILE, model.preset, precision)
        examples = make_examples(served)
        single, several = (_records(name, examples, batch) for batch in (1, COUNT))
        write_records(version.folder / WARMUP_FILE, map(_without_answer, single))
        _check(version.folder, [*single, *several], PRECISIONS[precision][1])
    return version.folder


def serve_model(model: keras.Model, precision: str = "float32") -> ServedModel:
    """The module that is exported, with the model's weights, in stock operations.

    Raises:
        ValueError: the model is of another kind, has no frame or skeleton, or another precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
    check_kind(model)
    preset = model.preset
    options = {} if preset.network == "motion" else {"implementation": "fused"}
    copy = build_model(preset, dtype=PRECISIONS[precision][0], **options)
    copy.set_weights(model.get_weights())
    return _SERVED[preset.network](copy)


def check_kind(model: keras.Model) -> None:
    """ValueError unless models of its kind are served; it needs no weights."""
    preset = getattr(model, "preset", None)
    if not isinstance(preset, Preset) or preset.network not in NETWORKS or preset.skeleton is None:
        kind = preset.network if isinstance(preset, Preset) else type(model).__name__
        raise ValueError(f"A model of a {', '.join(NETWORKS)} preset is expected. Received: one of kind {kind}.")


def _describe(path: Path, preset: Preset, precision: str) -> None:
    """Write what the model is, for whoever finds the folder."""
    facts = {
        "preset": asdict(preset),
        "precision": precision,
        "gfla_tf": gfla_tf.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _records(name: str, examples: dict[str, tuple[Arrays, Arrays]], batch: int) -> list:
    """Requests with answers for every endpoint, in batches of that size."""
    default = {DEFAULT_SIGNATURE: next(iter(examples.values()))}
    return [
        make_record(name, signature, *({key: array[:batch] for key, array in arrays.items()} for arrays in example))
        for signature, example in {**default, **examples}.items()
    ]


def _without_answer(record):
    request = type(record)()
    request.predict_log.request.CopyFrom(record.predict_log.request)
    return request


def _check(folder: Path, records: list, tolerance: float) -> None:
    """Run `serving.fresh_check`; ExportError with what it says."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "records"
        write_records(path, records)
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        result = subprocess.run(
            [sys.executable, "-m", "serving.fresh_check", str(folder.resolve()), str(path), str(tolerance)],
            cwd=temporary,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        said = result.stdout.strip() or "\n".join(result.stderr.splitlines()[-3:])
        raise ExportError(f"The exported model is wrong, nothing was written: {'; '.join(said.splitlines())}.")

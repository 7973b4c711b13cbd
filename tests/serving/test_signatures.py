"""What the endpoints are called and look like."""

from __future__ import annotations

import subprocess
import sys

import pytest

from serving.signatures import DEFAULT_SIGNATURE, ModelFacts, signatures_of

PERSON = ModelFacts("person", 64, 48, 18, 2)
SEQUENCE = ModelFacts("sequence", 64, 48, 17)
MOTION = ModelFacts("motion", joints=17, receptive_field=81)


def shapes(fields):
    return {field.name: (field.dtype, field.shape) for field in fields}


def test_convention_person():
    transfer = signatures_of(PERSON)["transfer"]
    assert shapes(transfer.inputs) == {
        "source_image_bytes": ("string", ()),
        "source_keypoints": ("float32", (18, 3)),
        "target_keypoints": ("float32", (18, 3)),
    }
    assert shapes(transfer.outputs) == {"image_bytes": ("string", ()), "frame": ("int32", (4,))}
    tensors = signatures_of(PERSON)["transfer_tensors"]
    assert shapes(tensors.inputs)["source_image"] == ("float32", (64, 48, 3))
    assert shapes(tensors.outputs) == {
        "image": ("float32", (64, 48, 3)),
        "flow": ("float32", (16, 12, 2)),
        "mask": ("float32", (16, 12, 1)),
    }


def test_convention_sequence():
    signatures = signatures_of(SEQUENCE)
    assert list(signatures) == ["serving_default", "clip", "prepare", "step"]
    assert shapes(signatures["clip"].inputs)["target_keypoints"] == ("float32", (None, 17, 3))
    assert shapes(signatures["clip"].outputs)["image_bytes"] == ("string", (None,))
    assert shapes(signatures["step"].outputs) == {"image_bytes": ("string", ())}
    # What `prepare` gives is what `step` takes.
    assert shapes(signatures["prepare"].outputs)["reference_keypoints"] == ("float32", (17, 3))


def test_convention_motion():
    denoise = signatures_of(MOTION)["denoise"]
    assert shapes(denoise.inputs) == {"noisy": ("float32", (None, 34))}
    assert shapes(denoise.outputs) == {"clean": ("float32", (None, 34))}


@pytest.mark.parametrize("facts", [PERSON, SEQUENCE, MOTION], ids=lambda facts: facts.network)
def test_every_endpoint(facts):
    signatures = signatures_of(facts)
    assert signatures[DEFAULT_SIGNATURE] is list(signatures.values())[1]
    for signature in signatures.values():
        for fields in (signature.inputs, signature.outputs):
            names = [field.name for field in fields]
            assert len(names) == len(set(names))
        for field in (*signature.inputs, *signature.outputs):
            assert field.batched_shape[0] is None
            assert field.name.endswith("_bytes") == (field.dtype == "string")
            assert field.meaning


def test_a_person_model_without_flow_has_none():
    signatures = signatures_of(ModelFacts("person", 64, 48, 18))
    assert list(shapes(signatures["transfer_tensors"].outputs)) == ["image"]


def test_only_some_networks_are_served():
    with pytest.raises(ValueError, match="person, sequence, motion can be served. Received: one of kind view"):
        ModelFacts("view")


def test_tensorflow_is_not_imported():
    code = "import sys, serving.signatures; sys.exit('tensorflow' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

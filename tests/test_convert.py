"""Checkpoints to safetensors and back."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.convert import convert
from gfla_tf.stand_in import stand_in_weights
from gfla_tf.weights import read_state, write_state

GOLDEN = Path(__file__).parent / "golden"


def golden_state(case: str) -> dict[str, np.ndarray]:
    """The stand-in state dict of a golden case, second names included."""
    record = json.loads((GOLDEN / f"{case}.json").read_text())
    seed = record["seed"]
    return {
        name: stand_in_weights(alias[0] if alias else name, tuple(shape), seed)
        for name, shape, *alias in record["parameters"]
    }


def test_there_and_back_gives_the_same_state(tmp_path):
    state = golden_state("person_market")
    write_state(tmp_path / "given.safetensors", state)
    done = convert(tmp_path / "given.safetensors", "person-market", tmp_path / "ours.safetensors")
    assert done.numbers == 12_926_471
    assert done.tensors_written == len(state) - 8  # second names are left out
    convert(tmp_path / "ours.safetensors", "person-market", tmp_path / "back.safetensors", pytorch=True)
    back = read_state(tmp_path / "back.safetensors")
    assert set(back) == set(state)
    assert all(np.array_equal(back[name], state[name]) for name in state)


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_checkpoints_written_by_torch(tmp_path, old_format, prefix):
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    state = golden_state("motion")
    tensors = {prefix + name: torch.from_numpy(value) for name, value in state.items()}
    torch.save(tensors, tmp_path / "net.pth", _use_new_zipfile_serialization=not old_format)
    convert(tmp_path / "net.pth", "motion", tmp_path / "ours.safetensors")
    ours = read_state(tmp_path / "ours.safetensors")
    assert set(ours) == set(state)
    assert all(np.array_equal(ours[name], state[name]) for name in state)


def test_half_precision(tmp_path):
    state = golden_state("motion")
    write_state(tmp_path / "given.safetensors", state)
    convert(tmp_path / "given.safetensors", "motion", tmp_path / "half.safetensors", precision="float16")
    ours = read_state(tmp_path / "half.safetensors")
    assert all(np.array_equal(ours[name], state[name].astype(np.float16)) for name in state)
    assert (tmp_path / "half.safetensors").stat().st_size < 2 * 1_834_786 + 10_000


def test_every_name_that_does_not_fit_is_listed(tmp_path):
    state = golden_state("motion")
    del state["kp_input.shrink.bias"], state["kp_input.expand_ln.bias"]
    state["kp_input.shrink.weight"] = np.zeros((3, 4), np.float32)
    state["stranger"] = np.zeros(5, np.float32)
    write_state(tmp_path / "given.safetensors", state)
    with pytest.raises(ValueError, match="does not fit MotionExtractor") as caught:
        convert(tmp_path / "given.safetensors", "motion", tmp_path / "ours.safetensors")
    message = str(caught.value)
    assert "missing: kp_input.shrink.bias [34]" in message
    assert "missing: kp_input.expand_ln.bias [256, 1]" in message
    assert "unexpected: stranger [5]" in message
    assert "wrong shape: kp_input.shrink.weight is [3, 4], expected [34, 256, 1]" in message
    assert not (tmp_path / "ours.safetensors").exists()


class Malicious:
    """A pickle that makes a file when it is loaded naively."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_a_malicious_checkpoint_is_refused_unrun(tmp_path):
    marker = tmp_path / "marker"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"weight": Malicious(marker)}, protocol=2))
    with pytest.raises(ValueError, match=r"evil.pth"):
        convert(tmp_path / "evil.pth", "motion", tmp_path / "ours.safetensors")
    assert not marker.exists()
    assert not (tmp_path / "ours.safetensors").exists()


def test_an_output_that_cannot_be_is_found_before_the_checkpoint_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("gfla_tf.convert.read_any_state", lambda *_: pytest.fail("was read"))
    net = tmp_path / "net.safetensors"
    net.write_bytes(b"weights")
    with pytest.raises(ValueError, match=r"Different files are expected as inputs and outputs\. Received: .*net\.safe"):
        convert(net, "motion", net, precision="float16")
    with pytest.raises(ValueError, match="A file in an existing, writable folder is expected"):
        convert(net, "motion", tmp_path / "absent" / "ours.safetensors")
    with pytest.raises(ValueError, match=r"A file ending in \.safetensors is expected\. Received: .*k\.txt"):
        convert(net, "motion", tmp_path / "k.txt")


def test_unknown_preset(tmp_path):
    with pytest.raises(ValueError, match=r"preset must be one of person-fashion, .*Received: 'fashion'"):
        convert(tmp_path / "a.pth", "fashion", tmp_path / "b.safetensors")

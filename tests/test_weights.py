"""Weights files: safetensors under the authors' names."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_models import TINY, tiny
from safetensors import safe_open
from safetensors.numpy import save_file

from gfla_tf.weights import (
    Parameter,
    load_state,
    load_weights,
    parameters,
    read_state,
    save_weights,
    state_of,
    write_state,
)

FIRST, ALIAS = "target.outconv.conv1.weight", "target.outconv.model.2.weight"
ALIASES = {
    f"{block}.model.2.{part}": f"{block}.conv1.{part}"
    for block in ("target.outconv", "flow_net.jump0", "flow_net.jump1", "flow_net.jump2")
    for part in ("weight", "bias")
}


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return tiny("person")


@pytest.fixture
def other() -> keras.Model:
    """The same network with other weights."""
    return TINY["person"].make()


def assert_same_weights(model: keras.Model, expected: keras.Model) -> None:
    for value, wanted in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(value, wanted)


@pytest.mark.parametrize("name", TINY)
def test_every_weight_has_a_name_and_an_own_array(name):
    model = TINY[name].make()
    entries = [entry for entry in parameters(model).values() if entry.alias_of is None]
    # Keras 3 keeps the state of a dropout's random numbers as a variable, too.
    variables = [variable for variable in model.variables if tf.as_dtype(variable.dtype).is_floating]
    assert {id(entry.variable) for entry in entries} == {id(variable) for variable in variables}
    assert len(entries) == len(variables)


def test_convention_axes():
    # Keras' kernels are [height, width, in, out], PyTorch's [out, in, height, width]; a transposed one is
    # [height, width, out, in] in Keras and [in, out, height, width] in PyTorch; a dense one [in, out] and [out, in].
    person, motion = parameters(TINY["person"].make()), parameters(TINY["motion"].make())
    expected = {
        "source.block0.model.2.weight": ((4, 4, 3, 8), (8, 3, 4, 4), (3, 2, 0, 1)),
        "target.decoder0.1.model.5.weight": ((3, 3, 8, 16), (16, 8, 3, 3), (3, 2, 0, 1)),
    }
    for name, (keras_shape, shape, axes) in expected.items():
        entry = person[name]
        assert (tuple(entry.variable.shape), entry.shape, entry.axes) == (keras_shape, shape, axes)
    dilated = motion["kp_input.layers_conv.0.weight"]
    assert (tuple(dilated.variable.shape), dilated.shape, dilated.axes) == ((3, 8, 8), (8, 8, 3), (2, 1, 0))
    assert motion["kp_input.layers_ln.0.mlp_gamma.weight"].axes == (1, 0)
    assert motion["kp_input.expand_ln.weight"].shape == (8, 1)
    clip = parameters(TINY["temporal-discriminator"].make())["block0.model.3.weight_orig"]
    assert (tuple(clip.variable.shape), clip.shape) == ((3, 4, 4, 4, 4), (4, 4, 3, 4, 4))
    assert clip.axes == (4, 3, 0, 1, 2)


def test_values_are_transposed():
    variable = keras.layers.Conv2D(5, (2, 3))
    variable.build((None, None, None, 4))
    entry = Parameter(variable.kernel, (5, 4, 2, 3), (3, 2, 0, 1), None)
    value = np.arange(120, dtype=np.float32).reshape(5, 4, 2, 3)
    entry.assign(value)
    assert variable.kernel.numpy()[1, 2, 3, 4] == value[4, 3, 1, 2]
    np.testing.assert_array_equal(entry.to_checkpoint(), value)


def test_aliases_are_listed(model):
    assert {name: entry.alias_of for name, entry in parameters(model).items() if entry.alias_of} == ALIASES


@pytest.mark.parametrize("aliases", [False, True])
def test_save_and_load(model, other, aliases, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(model, path, aliases=aliases)
    load_weights(other, path)
    assert_same_weights(other, model)
    state = read_state(path)
    assert set(ALIASES) & set(state) == (set(ALIASES) if aliases else set())
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"format": "pt", **({} if aliases else ALIASES)}


def test_float16_is_half_the_size_and_rounds(model, other, tmp_path):
    save_weights(model, tmp_path / "half.safetensors", "float16")
    save_weights(model, tmp_path / "full.safetensors")
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.7 * sizes[1]
    load_weights(other, tmp_path / "half.safetensors")
    for value, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, wanted.astype(np.float16).astype(np.float32))


def test_state_of_a_model(model):
    state = state_of(model)
    assert set(state) == {name for name, entry in parameters(model).items() if entry.alias_of is None}
    assert all(value.dtype == np.float32 for value in state.values())
    both = state_of(model, aliases=True)
    assert set(both) == set(parameters(model))
    np.testing.assert_array_equal(both[ALIAS], both[FIRST])


def test_a_model_that_was_not_built_is_built(model):
    fresh = TINY["person"].network(**TINY["person"].config)
    load_state(fresh, state_of(model))
    assert_same_weights(fresh, model)


def assert_refused(model: keras.Model, state: dict, *lines: str) -> None:
    """Fail unless the state is refused for exactly these reasons, and the model is as it was before."""
    before = [value.copy() for value in model.get_weights()]
    with pytest.raises(ValueError, match="the state does not fit PersonGenerator:") as error:
        load_state(model, state)
    assert str(error.value) == f"the state does not fit PersonGenerator: {'; '.join(lines)}."
    with pytest.raises(ValueError, match="the state does not fit PersonGenerator:") as error:
        load_state(model, state, list_all=True)
    assert str(error.value).splitlines()[1:] == [f"  {line}" for line in lines]
    for value, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, old)


def test_missing_unexpected_and_misshapen_parameters(model, other):
    state = state_of(model)
    del state["source.block0.model.2.bias"]
    state["extra"] = np.zeros((2, 3), np.float32)
    state["target.block0.model.0.bias"] = np.zeros((18, 1), np.float32)
    assert_refused(
        other,
        state,
        "missing: source.block0.model.2.bias [8]",
        "unexpected: extra [2, 3]",
        "wrong shape: target.block0.model.0.bias is [18, 1], expected [18]",
    )


def test_many_parameters_that_do_not_fit_are_counted(model, other):
    state = {name: value[..., np.newaxis] for name, value in state_of(model).items()}
    state |= {"extra": np.zeros(3, np.float32), "more": np.zeros(3, np.float32)}
    with pytest.raises(ValueError, match="does not fit") as error:
        load_state(other, state)
    assert str(error.value) == (
        "the state does not fit PersonGenerator: unexpected: extra [3] and 1 more; "
        f"wrong shape: source.block0.model.0.weight is [3, 1], expected [3] and {len(state) - 3} more."
    )


def test_alias_that_contradicts_its_parameter(model, other):
    state = state_of(model, aliases=True)
    state[ALIAS] = state[ALIAS] + 1.0
    assert_refused(other, state, f"contradiction: {ALIAS} differs from {FIRST}, of which it is another name")


def test_aliases_alone_are_not_enough(model, other):
    state = state_of(model, aliases=True)
    del state[FIRST]
    assert_refused(other, state, f"missing: {FIRST} [3, 8, 3, 3]")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite(model, other, value):
    state = state_of(model)
    state["source.block0.model.2.bias"][3] = value
    assert_refused(other, state, "not finite: source.block0.model.2.bias holds NaN or infinity")


def test_messages_name_the_file(model, other, tmp_path):
    path = tmp_path / "part.safetensors"
    write_state(path, {"extra": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match=r"part\.safetensors does not fit PersonGenerator: missing: source"):
        load_weights(other, path)


def test_not_strict_fills_what_fits(model, other, tmp_path):
    name, misshapen = "source.block0.model.2.weight", "target.block0.model.0.bias"
    kept = parameters(other)[misshapen].to_checkpoint().copy()
    path = tmp_path / "part.safetensors"
    state = {name: state_of(model)[name], misshapen: np.ones(3, np.float32), "extra": np.ones(3, np.float32)}
    write_state(path, state)
    load_weights(other, path, strict=False)
    np.testing.assert_array_equal(parameters(other)[name].to_checkpoint(), state_of(model)[name])
    np.testing.assert_array_equal(parameters(other)[misshapen].to_checkpoint(), kept)


def test_float16_overflow(tmp_path):
    path = tmp_path / "weights.safetensors"
    state = {"small": np.ones(3), "large": np.array([1.0, 70_000.0]), "larger": np.array([-1e9])}
    with pytest.raises(ValueError, match="Weights must be finite in float16. Received: large, larger"):
        write_state(path, state, "float16")
    assert not list(tmp_path.iterdir())
    write_state(path, state)
    np.testing.assert_array_equal(read_state(path)["large"], [1.0, 70_000.0])


def test_nothing_that_is_not_finite_is_written(tmp_path):
    with pytest.raises(ValueError, match="Weights must be finite in float32. Received: bad"):
        write_state(tmp_path / "weights.safetensors", {"bad": np.array([1.0, np.nan])})
    assert not list(tmp_path.iterdir())


def test_wrong_precision(tmp_path):
    with pytest.raises(ValueError, match="precision must be one of float32, float16. Received: 'bfloat16'"):
        write_state(tmp_path / "weights.safetensors", {}, "bfloat16")


@pytest.mark.parametrize("dtype", ["int64", "float64", "uint8"])
def test_tensors_of_another_type(dtype, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file({"fine": np.zeros(2, np.float32), "steps": np.zeros(3, dtype)}, path)
    code = {"int64": "I64", "float64": "F64", "uint8": "U8"}[dtype]
    with pytest.raises(ValueError, match=rf"float32 or float16 tensors are expected. Received: steps \({code}\)"):
        read_state(path)


def raw_file(path, dtype: str, data: bytes, shape: list[int]) -> None:
    """Write a safetensors file of one tensor byte by byte."""
    header = json.dumps({"kernel": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def test_bfloat16_tensors(tmp_path):
    raw_file(tmp_path / "weights.safetensors", "BF16", bytes(4), [2])
    with pytest.raises(ValueError, match=r"float32 or float16 tensors are expected. Received: kernel \(BF16\)"):
        read_state(tmp_path / "weights.safetensors")


def test_convention_file_format(tmp_path):
    raw_file(tmp_path / "weights.safetensors", "F32", struct.pack("<6f", 0, 1, 2, 3, 4, 5), [2, 3])
    np.testing.assert_array_equal(read_state(tmp_path / "weights.safetensors")["kernel"], [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("length", [0, 4, 8, 20, -1])
def test_truncated_file(model, length, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(model, path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"weights\.safetensors is not a readable safetensors file: "):
        read_state(path)


def test_damaged_header(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", 10) + b"not json!!" + bytes(100))
    with pytest.raises(ValueError, match=r"weights\.safetensors is not a readable safetensors file: "):
        read_state(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(ValueError, match="A safetensors file is expected. Received: .*, which is not a file"):
            read_state(path)


def test_a_failure_while_writing_leaves_the_old_file(model, monkeypatch, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(model, path)
    whole = path.read_bytes()

    def write_half(path, content):
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
        raise RuntimeError("the machine went away")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(RuntimeError, match="the machine went away"):
        save_weights(model, path)
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["weights.safetensors"]


def test_others_may_read_the_file_like_any_other(tmp_path):
    write_state(tmp_path / "a.safetensors", {"weight": np.zeros(3, np.float32)})
    (tmp_path / "other").touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode

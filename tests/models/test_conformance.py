"""What every public network has to stand, in a small size; see `helpers.tiny_models` for the table."""

from __future__ import annotations

import functools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.fitting import fit_one_step
from helpers.tiny_models import GENERATORS, SHALLOW, TINY, tiny

from gfla_tf.ops.local_attention import CHOICES
from gfla_tf.weights import load_weights, parameters, save_weights

# Differences between two ways of computing the same in float32, at outputs around 1.
SAME = 1e-4
KERAS_2 = keras.__version__.startswith("2.")


def numbers(outputs) -> list[np.ndarray]:
    """All outputs of a model as arrays, in a fixed order."""
    return [np.asarray(tensor) for tensor in tf.nest.flatten(outputs)]


def assert_same(actual, expected, tolerance: float = SAME) -> None:
    for array, wanted in zip(numbers(actual), numbers(expected), strict=True):
        assert array.shape == wanted.shape
        assert np.all(np.isfinite(array))
        np.testing.assert_allclose(array, wanted, rtol=0.0, atol=tolerance)


@functools.cache
def known(name: str) -> tuple[keras.Model, object, object]:
    """A small network that no test changes, inputs for it, and what it makes of them."""
    model, inputs = tiny(name, name="a_name"), TINY[name].inputs()
    return model, inputs, model(inputs)


@pytest.mark.parametrize("name", TINY)
def test_config_round_trip(name):
    model, inputs, outputs = known(name)
    other = type(model).from_config(model.get_config())
    assert other.name == "a_name"
    assert other.get_config() == model.get_config()
    other.build(None)
    other.set_weights(model.get_weights())
    assert_same(other(inputs), outputs, 0.0)


@pytest.mark.parametrize("name", TINY)
def test_dtype_policy_is_part_of_the_config(name):
    model = TINY[name].make(dtype="mixed_bfloat16")
    assert type(model).from_config(model.get_config()).dtype_policy.name == "mixed_bfloat16"


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 0.0), ("float16", 0.05)])
@pytest.mark.parametrize("name", TINY)
def test_checkpoint_into_a_new_instance(name, precision, tolerance, tmp_path):
    model, inputs, outputs = known(name)
    save_weights(model, tmp_path / "weights.safetensors", precision)
    other = TINY[name].make()
    load_weights(other, tmp_path / "weights.safetensors")
    assert_same(other(inputs), outputs, tolerance)


@pytest.mark.parametrize("name", TINY)
def test_keras_weights_into_a_new_instance(name, tmp_path):
    model, inputs, outputs = known(name)
    model.save_weights(str(tmp_path / "all.weights.h5"))
    other = TINY[name].make()
    other.load_weights(str(tmp_path / "all.weights.h5"))
    assert_same(other(inputs), outputs, 0.0)


def as_function(model: keras.Model, signature: list[tf.TensorSpec]):
    """The model as a tf.function of its inputs one by one."""

    @tf.function(input_signature=signature)
    def function(*inputs):
        return model(list(inputs) if len(inputs) > 1 else inputs[0])

    return function


def module_of(model: keras.Model) -> tf.Module:
    """What a function of the model needs when it is exported: its variables, which only Keras 3 wraps.

    The model itself would bring one traced function a layer.
    """
    module = tf.Module()
    module.model_variables = [
        variable if isinstance(variable, tf.Variable) else variable.value for variable in model.variables
    ]
    return module


@pytest.mark.parametrize("name", TINY)
def test_saved_model_of_unknown_batch_and_size(name, tmp_path):
    case = TINY[name]
    model = tiny(name, **(SHALLOW if name in GENERATORS else {}))
    unknown = [(None, *shape) for shape in case.input_shapes]
    module = module_of(model)
    module.serve = as_function(model, [tf.TensorSpec(shape) for shape in unknown])
    tf.saved_model.save(module, str(tmp_path))
    reloaded = tf.saved_model.load(str(tmp_path))
    for batch, size in ((2, (64, 96)), (3, (96, 32))):
        inputs = case.inputs(batch, size)
        assert_same(reloaded.serve(*(inputs if isinstance(inputs, list) else [inputs])), model(inputs))


@pytest.mark.parametrize("name", TINY)
def test_fit_moves_every_weight_that_has_an_influence(name):
    model, inputs = tiny(name), TINY[name].inputs()
    before = fit_one_step(model, inputs, run_eagerly=name in GENERATORS)  # their graphs take long to trace
    olds = {id(variable): old for variable, old in zip(model.trainable_variables, before, strict=True)}
    trained = {
        parameter: entry.variable
        for parameter, entry in parameters(model).items()
        if entry.alias_of is None and id(entry.variable) in olds
    }
    assert len(trained) == len(olds)
    steps = {key: np.abs(variable.numpy() - olds[id(variable)]).max() for key, variable in trained.items()}
    assert np.all(np.isfinite(list(steps.values())))
    unmoved = {key for key, step in steps.items() if step < 2e-6}
    assert unmoved == {key for key in steps if re.search(TINY[name].unmoved, key)}


@pytest.mark.parametrize("name", TINY)
def test_mixed_precision(name):
    _, inputs, outputs = known(name)
    half = tiny(name, dtype="mixed_bfloat16")(inputs)
    for output, expected in zip(tf.nest.flatten(half), numbers(outputs), strict=True):
        assert output.dtype == tf.float32
        assert np.all(np.isfinite(output))
        # Keras 2 computes norms in bfloat16, and the view generator's first one is of an even map: all noise.
        allowed = 1.0 if KERAS_2 and name == "view" else 0.12
        assert 0.0 < np.abs(output - expected).mean() / np.std(expected) < allowed


@pytest.mark.parametrize("size", [(32, 64), (96, 32), (32, 32)])
@pytest.mark.parametrize("name", GENERATORS)
def test_multiples_of_32(name, size):
    outputs = known(name)[0](TINY[name].inputs(1, size))
    height, width = size
    assert outputs["image"].shape == (1, height, width, 3)
    assert np.all(np.isfinite(outputs["image"]))
    levels = sorted(TINY[name].config.get("attention_kernels", {3: 3, 2: 5}), reverse=True)
    fields = 2 if name in ("sequence", "face") else 1
    sizes = [(1, height // 2**level, width // 2**level) for level in levels for _ in range(fields)]
    assert [tuple(flow.shape) for flow in outputs["flows"]] == [(*size, 2) for size in sizes]
    assert [tuple(mask.shape) for mask in outputs["masks"]] == [(*size, 1) for size in sizes]


@pytest.mark.parametrize("name", GENERATORS)
def test_ranges(name):
    _, _, outputs = known(name)
    assert np.abs(outputs["image"]).max() <= 1.0
    for mask in outputs["masks"]:
        assert 0.0 < np.min(mask) < np.max(mask) < 1.0


@pytest.mark.parametrize("implementation", CHOICES)
def test_a_generators_config_asks_for_nothing_that_may_be_missing(implementation):
    kept = "auto" if implementation in ("native", "addons") else implementation
    model = tiny("person", implementation=implementation, **SHALLOW)
    assert model.get_config()["implementation"] == kept
    assert model.texture_renderer.get_config()["implementation"] == kept


@pytest.mark.parametrize("name", TINY)
def test_a_batch_is_computed_sample_by_sample(name):
    model, inputs, outputs = known(name)
    second = [value[1:] for value in inputs] if isinstance(inputs, list) else inputs[1:]
    assert_same(model(second), [array[1:] for array in numbers(outputs)])


@pytest.mark.filterwarnings("ignore:(?s).*tf.lite.Interpreter is deprecated:UserWarning")
def test_tflite_with_builtin_operations():
    names = ("source_image", "source_pose", "target_pose")
    model = tiny("person", implementation="fused", **SHALLOW)
    inputs = TINY["person"].inputs(1, (64, 32))

    @tf.function(input_signature=[tf.TensorSpec(a.shape, name=name) for name, a in zip(names, inputs, strict=True)])
    def image(source_image, source_pose, target_pose):
        return model([source_image, source_pose, target_pose])["image"]

    functions = [image.get_concrete_function()]
    converter = tf.lite.TFLiteConverter.from_concrete_functions(functions, module_of(model))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        position = next(index for index, name in enumerate(names) if name in detail["name"])
        interpreter.set_tensor(detail["index"], inputs[position])
    interpreter.invoke()
    (output,) = interpreter.get_output_details()
    assert_same(interpreter.get_tensor(output["index"]), model(inputs)["image"], 1e-4)

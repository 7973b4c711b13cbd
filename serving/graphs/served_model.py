"""What the served models share: a module that holds a Keras model's variables, and one graph for each endpoint.

Not the Keras model itself is saved, which would bring a traced function for every layer, but its variables and the
graphs that use them. Files are read, poses drawn and pictures encoded on the CPU; where the network runs is left to the
server.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import tensorflow as tf

from serving.signatures import DEFAULT_SIGNATURE, ModelFacts, Signature, signatures_of

__all__ = ["CPU", "ServedModel"]

CPU = "/device:CPU:0"


class ServedModel(tf.Module):
    """A model as it is served; a subclass has one method an endpoint, named like it.

    Args:
        model: of `gfla_tf.load_model`, its local attention in stock operations ("fused").
        facts: what the shapes of its endpoints depend on.

    Attributes:
        facts: likewise.
    """

    def __init__(self, model: keras.Model, facts: ModelFacts):
        super().__init__(name="served_model")
        # Keras 3 wraps variables, and TensorFlow does not look into the wrapping.
        self.model_variables = [
            variable if isinstance(variable, tf.Variable) else variable.value for variable in model.variables
        ]
        self.facts = facts
        self._model = _Hidden(model)

    @property
    def model(self) -> keras.Model:
        """The Keras model."""
        return self._model.content

    def functions(self) -> Mapping[str, tf.types.experimental.ConcreteFunction]:
        """The graph of every endpoint by name, as `tf.saved_model.save` takes them."""
        signatures = signatures_of(self.facts)
        traced = {name: self._trace(entry) for name, entry in signatures.items() if name != DEFAULT_SIGNATURE}
        return {name: traced[entry.name] for name, entry in signatures.items()}

    def _trace(self, signature: Signature) -> tf.types.experimental.ConcreteFunction:
        method = getattr(self, signature.name)
        specs = [tf.TensorSpec(field.batched_shape, field.dtype, field.name) for field in signature.inputs]

        @tf.function(input_signature=specs, autograph=False)
        def endpoint(*inputs):
            inputs = _check_batch(inputs)
            outputs = method(**{field.name: value for field, value in zip(signature.inputs, inputs, strict=True)})
            return {
                field.name: tf.ensure_shape(tf.cast(outputs[field.name], field.dtype), field.batched_shape)
                for field in signature.outputs
            }

        return endpoint.get_concrete_function()


def _check_batch(inputs: tuple[tf.Tensor, ...]) -> list[tf.Tensor]:
    """The inputs; fails unless all have the same batch of one or more."""
    with tf.device(CPU):
        batches = tf.stack([tf.shape(tensor)[0] for tensor in inputs])
        fits = tf.reduce_all(batches > 0) & tf.reduce_all(tf.equal(batches, batches[0]))
        message = "All inputs must have the same batch of one or more. Received:"
        with tf.control_dependencies([tf.debugging.Assert(fits, [message, batches], summarize=len(inputs))]):
            return [tf.identity(tensor) for tensor in inputs]


class _Hidden:
    """Keeps what is in it from being saved."""

    def __init__(self, content: object):
        self.content = content

"""One training step of anything: a model whose only output is all outputs in a row."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf


class Flattened(keras.Model):
    """Wraps a built layer or model; its output `[batch, numbers]` joins all outputs of the wrapped one."""

    def __init__(self, inner: keras.layers.Layer):
        super().__init__()
        self.inner = inner

    def build(self, input_shape=None) -> None:
        self.built = True

    def call(self, inputs, training=None):
        outputs = self.inner(list(inputs) if isinstance(inputs, tuple) else inputs)
        flat = [tf.cast(output, tf.float32) for output in tf.nest.flatten(outputs)]
        return tf.concat([tf.reshape(output, [tf.shape(output)[0], -1]) for output in flat], axis=-1)


def fit_one_step(layer: keras.layers.Layer, inputs, learning_rate: float = 1.0, run_eagerly: bool = False) -> list:
    """Take one step of gradient descent with `fit`, towards outputs of 0.5; the trainable weights before it."""
    model = Flattened(layer)
    model.compile(keras.optimizers.SGD(learning_rate), loss="mse", run_eagerly=run_eagerly)
    before = [variable.numpy() for variable in layer.trainable_variables]
    targets = np.full(model(inputs).shape, 0.5, np.float32)
    batch = (tuple(inputs) if isinstance(inputs, list) else inputs, targets)
    model.fit(tf.data.Dataset.from_tensors(batch), epochs=1, shuffle=False, verbose=0)
    return before

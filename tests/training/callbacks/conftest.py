"""A model whose loss is known beforehand, and a disk that is full."""

from __future__ import annotations

import contextlib

import keras
import pytest
import tensorflow as tf


class EchoModel(keras.Model):
    """Its loss is the number it is given; it learns nothing."""

    def __init__(self):
        super().__init__()
        self.mean = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.mean]

    def call(self, inputs):
        return inputs

    def train_step(self, numbers):
        self.mean.update_state(numbers)
        return {"loss": self.mean.result()}

    test_step = train_step

    def run(self, callbacks, numbers, round_steps, validation=None):
        """Train with these numbers, one a step; validate with the one number."""
        data = tf.data.Dataset.from_tensor_slices(tf.reshape(tf.constant(numbers, tf.float32), [-1, 1]))
        self.fit(
            data,
            epochs=len(numbers) // round_steps,
            steps_per_epoch=round_steps,
            callbacks=callbacks,
            validation_data=None if validation is None else tf.data.Dataset.from_tensors([float(validation)]),
            shuffle=False,
            verbose=0,
        )


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = EchoModel()
    model.build([None])
    model.compile(optimizer=keras.optimizers.SGD(0.25), run_eagerly=True)
    return model


@pytest.fixture
def full_disk():
    """A context in which no file may grow beyond so many bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextlib.contextmanager
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit

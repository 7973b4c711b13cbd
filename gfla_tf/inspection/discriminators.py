"""What a discriminator looks at, by tf-keras-vis: Grad-CAM, saliency, and the picture that it finds most real.

tf-keras-vis reads models that know their layers' inputs and outputs; `functional` makes one of a discriminator's own
layers, weights and all. What is explained is the mean of the scores of all patches, high for real.

The package is needed (`pip install "gfla-tf[vis]"`); 0.8.7 works with Keras 3 and with Keras 2.15. It knows pictures
and clips: an image discriminator's maps are `[height, width]`, a temporal one's `[6, height, width]`.

References: Selvaraju et al., "Grad-CAM", ICCV 2017; Simonyan et al., "Deep inside convolutional networks", 2014;
Smilkov et al., "SmoothGrad", 2017; Olah et al., "Feature visualization", Distill, 2017.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.layers.primitives import activation
from gfla_tf.models.discriminators import ImageDiscriminator, TemporalDiscriminator
from gfla_tf.models.model_files import load_model

__all__ = ["DiscriminatorView", "check_tf_keras_vis", "functional", "load_discriminator"]

SMOOTH_SAMPLES = 8
SMOOTH_NOISE = 0.05  # of the picture's range
STEPS = 30
LEARNING_RATE = 0.05
TOTAL_VARIATION = 10.0
CAM_HALVINGS = 2  # Grad-CAM is taken after so many: later maps are too coarse to show where


def check_tf_keras_vis() -> None:
    """Raise a ValueError unless tf-keras-vis can be used; worth asking before long work."""
    with _quiet():
        try:
            import tf_keras_vis.gradcam  # noqa: F401
        except ImportError as error:
            raise ValueError(
                f'A discriminator is looked at by tf-keras-vis: pip install "gfla-tf[vis]". Received: {error}.'
            ) from error


def load_discriminator(folder: str | os.PathLike[str]) -> keras.Model:
    """A discriminator that training kept, RUN/discriminator or RUN/temporal_discriminator.

    Raises:
        ValueError: there is none, or tf-keras-vis, with which to look into it, is missing.
    """
    check_tf_keras_vis()
    if not os.path.isdir(folder):
        raise ValueError(f"The folder of a discriminator is expected. Received: {folder}, no folder.")
    model = load_model(os.path.abspath(folder))  # which is never the name of a preset, without trained weights
    if not isinstance(model, (ImageDiscriminator, TemporalDiscriminator)):
        raise ValueError(f"The folder of a discriminator is expected. Received: {folder}, a {type(model).__name__}.")
    return model


def functional(discriminator: keras.Model, size: tuple[int, int]) -> keras.Model:
    """A functional model of the discriminator's own layers.

    Args:
        discriminator: image or temporal.
        size: (height, width) of its pictures.
    """
    temporal = isinstance(discriminator, TemporalDiscriminator)
    inputs = hidden = keras.Input((*((discriminator.frames,) if temporal else ()), *size, 3))
    if temporal:
        for block in discriminator.clip_blocks:
            hidden = block(hidden)
        hidden = keras.layers.Lambda(discriminator.fold_time, name="fold_time")(hidden)
    for block in discriminator.blocks:
        hidden = block(hidden)
    hidden = keras.layers.Activation(activation, name="last_activation")(hidden)
    return keras.Model(inputs, discriminator.score(hidden))


class DiscriminatorView:
    """Looks into one discriminator.

    Args:
        discriminator: image or temporal.
        size: (height, width) of the pictures.

    Raises:
        ValueError: tf-keras-vis is missing.
    """

    def __init__(self, discriminator: keras.Model, size: tuple[int, int]) -> None:
        check_tf_keras_vis()
        self._model = functional(discriminator, size)
        blocks = getattr(discriminator, "clip_blocks", discriminator.blocks)
        self._cam_layer = blocks[min(CAM_HALVINGS, len(blocks)) - 1].name

    def score(self, image: np.ndarray) -> float:
        """How real it finds a picture `[height, width, 3]`, or a clip `[6, height, width, 3]`, in [-1, 1]."""
        return float(tf.reduce_mean(self._model(tf.constant(image[np.newaxis]), training=False)))

    def grad_cam(self, image: np.ndarray) -> np.ndarray:
        """Where evidence for a real picture lies: `[height, width]` in [0, 1], for a clip `[6, height, width]`."""
        with _quiet():
            from tf_keras_vis.gradcam import Gradcam

            cam = Gradcam(self._model, clone=False)(
                _mean_score, image[np.newaxis], penultimate_layer=self._cam_layer, seek_penultimate_conv_layer=False
            )
        return np.asarray(cam[0], np.float32)

    def saliency(self, image: np.ndarray) -> np.ndarray:
        """Which pixels change the score most, smoothed over noisy copies; shape and range as of `grad_cam`."""
        with _quiet():
            from tf_keras_vis.saliency import Saliency

            saliency = Saliency(self._model, clone=False)(
                _mean_score, image[np.newaxis], smooth_samples=SMOOTH_SAMPLES, smooth_noise=SMOOTH_NOISE
            )
        return np.asarray(saliency[0], np.float32)

    def most_real(self, start: np.ndarray | None = None, steps: int = STEPS) -> np.ndarray:
        """A picture that was changed, step by step, until it scored as high as it would: activation maximisation.

        A picture's total variation is held down, and from noise the steps are smooth ones: both keep away patterns of
        single pixels, which discriminators also like.

        Args:
            start: picture or clip in [-1, 1] to begin with; weak noise by default.
            steps: of gradient ascent, at least 1.
        """
        shape = self._model.inputs[0].shape[1:]
        picture, noise = len(shape) == 3, np.random.default_rng(0).uniform(-0.1, 0.1, shape)
        with _quiet():
            from tf_keras_vis.activation_maximization import ActivationMaximization
            from tf_keras_vis.activation_maximization.regularizers import TotalVariation2D

            image = ActivationMaximization(self._model, clone=False)(
                _mean_score,
                seed_input=np.asarray(noise if start is None else start, np.float32)[np.newaxis],
                input_range=(-1.0, 1.0),
                input_modifiers=[],
                regularizers=[TotalVariation2D(weight=TOTAL_VARIATION)] if picture else [],
                steps=steps,
                optimizer=keras.optimizers.Adam(LEARNING_RATE),
                gradient_modifier=_smooth if picture and start is None else None,
            )
        return np.clip(np.asarray(image[0], np.float32), -1, 1)


def _smooth(gradient: tf.Tensor) -> tf.Tensor:
    """A gradient `[batch, height, width, 3]` without its fine detail."""
    for _ in range(3):
        gradient = tf.nn.avg_pool(gradient, 5, 1, "SAME")
    return gradient


def _mean_score(scores: tf.Tensor) -> tf.Tensor:
    """One number a picture: the mean over its patches."""
    return tf.reduce_mean(scores, axis=(1, 2, 3))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of tf-keras-vis: of names that SciPy moved, and of lists that Keras 3 takes one by one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

"""From a configuration to a stage."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.published import published_model
from training.building import build_generator, build_stage, load_first_weights
from training.configs import load_config


def first_kernels(*settings):
    """The first kernels of source encoder, renderer's shortcut, attention and flow estimator."""
    config = load_config("image", "tiny", ["seed=3", *settings])
    generator = build_generator(config)
    build_stage(config, generator)
    renderer = generator.texture_renderer
    layers = [
        generator.source_encoder.stack.blocks[1].conv2,
        renderer.ups[0].shortcut,
        renderer.attentions[0].patch_conv,
    ]
    return [layer.get_weights()[0] for layer in (*layers, generator.flow_estimator.flow_heads[0])]


def test_initial_gain_is_that_of_source_encoder_and_renderer():
    kernels = first_kernels("initial_gain=0.5")
    matrices = [kernel.reshape(-1, kernel.shape[-1]) for kernel in kernels]
    gains = [np.linalg.svd(matrix, compute_uv=False).max() for matrix in matrices]
    np.testing.assert_allclose(gains, [0.5, 0.5, 0.02, 0.02], rtol=1e-4)
    with pytest.raises(ValueError, match="initial_gain must be above 0. Received: 0"):
        first_kernels("initial_gain=0")


def test_first_weights_of_another_kind_of_model_are_refused(tmp_path):
    config = load_config("flow", "tiny")
    stage = build_stage(config, build_generator(config))
    with pytest.raises(ValueError, match=r"of a person model are expected. Received: .*, a model of kind motion\.$"):
        load_first_weights(stage, config, tmp_path, published_model("motion-demo"))

from __future__ import annotations

import numpy as np
import pytest

import gfla_tf
import gfla_tf.layers
import gfla_tf.models
import gfla_tf.ops
from gfla_tf.models import model_files, presets
from gfla_tf.models.model_files import load_model
from gfla_tf.models.presets import PRESETS, Preset

# The paper gives 14.04M for people and 23.51M for sequences; the others were counted in the authors' networks.
PARAMETERS = {
    "person-fashion": 14_047_395,
    "person-market": 12_926_471,
    "person-demo": 3_579_129,
    "person-mobile": 1_751_801,
    "sequence": 23_510_195,
    "sequence-demo": 6_008_479,
    "face": 16_906_667,
    "view": 14_341_323,
    "motion": 1_834_786,
    "motion-demo": 1_834_786,
    "image-discriminator": 664_577,
    "image-discriminator-market": 238_209,
    "temporal-discriminator": 1_032_961,
}


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (gfla_tf, ["PRESETS", "Animator", "PoseTransfer", "TransferResult", "load_model", "save_model", "__version__"]),
        (
            gfla_tf.models,
            [
                "FaceGenerator",
                "FlowEstimator",
                "ImageDiscriminator",
                "MotionExtractor",
                "PersonGenerator",
                "SequenceGenerator",
                "SourceEncoder",
                "TemporalDiscriminator",
                "TextureRenderer",
                "ViewGenerator",
            ],
        ),
        (
            gfla_tf.layers,
            [
                "AdaptiveLayerNorm",
                "ChannelAffine",
                "DownBlock",
                "DownStack",
                "LocalAttention",
                "OutputBlock",
                "ResidualBlock",
                "SkipBlock",
                "SpectralConv",
                "SpectralDownBlock",
                "UpBlock",
            ],
        ),
        (
            gfla_tf.ops,
            [
                "IMPLEMENTATIONS",
                "bilinear_sample",
                "displaced_patches",
                "gaussian_sample",
                "local_attention",
                "pad_edge",
            ],
        ),
        (presets, ["NETWORKS", "PRESETS", "Preset"]),
        (
            model_files,
            [
                "CONFIG_FILE",
                "STAND_IN",
                "WEIGHTS_FILE",
                "build_model",
                "config_from_json",
                "load_model",
                "outline_model",
                "read_preset",
                "save_model",
            ],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_public_names(module, names):
    assert module.__all__ == names
    for name in names:
        assert getattr(module, name) is not None


def test_presets_and_their_parameters():
    assert {name: preset.parameters for name, preset in PRESETS.items()} == PARAMETERS
    assert all(preset.name == name for name, preset in PRESETS.items())


@pytest.mark.parametrize(
    "name", ["person-market", "person-demo", "person-mobile", "motion", "image-discriminator-market"]
)
def test_parameters_are_counted_right(name):  # those of the others in tests/golden
    model = load_model(name)
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == PARAMETERS[name]
    assert model.preset is PRESETS[name]


def test_frames_of_presets():
    frames = {name: (preset.height, preset.width, preset.frame_aspect) for name, preset in PRESETS.items()}
    assert frames["person-fashion"] == (256, 256, 176 / 256)
    assert frames["person-market"] == (128, 64, 0.5)
    assert PRESETS["person-fashion"].config == {"pose_channels": 18, "attention_kernels": {3: 3, 2: 5}}
    assert PRESETS["person-market"].config == {"pose_channels": 18, "attention_kernels": {2: 3}}


def test_unknown_network():
    with pytest.raises(ValueError, match="network must be one of person, sequence, face, .* Received: 'gan'"):
        Preset("mine", "gan")

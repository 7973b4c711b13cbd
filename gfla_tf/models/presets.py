"""The presets: every published shape of the networks in one table, and how to get a model from it.

`load_model("person-fashion", weights="weights.safetensors")` gives a model of a preset; `load_model("some/folder")` one
from a folder written by `save_model`: `weights.safetensors` and `config.json`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType

import keras

from gfla_tf.json_files import read_json, write_json
from gfla_tf.models.discriminators import ImageDiscriminator, TemporalDiscriminator
from gfla_tf.models.motion_extractor import MotionExtractor
from gfla_tf.models.person_generator import PersonGenerator
from gfla_tf.models.sequence_generator import FaceGenerator, SequenceGenerator
from gfla_tf.models.view_generator import ViewGenerator
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import load_state, load_weights, parameters, save_weights

__all__ = [
    "PRESETS",
    "STAND_IN",
    "Preset",
    "build_model",
    "config_from_json",
    "load_model",
    "outline_model",
    "read_preset",
    "save_model",
]

STAND_IN = "stand-in"
CONFIG_FILE = "config.json"
KERAS_SETTINGS = ("dtype", "implementation", "name", "trainable")  # how a model is run, not what it is
WEIGHTS_FILE = "weights.safetensors"

NETWORKS: Mapping[str, type[keras.Model]] = MappingProxyType(
    {
        "person": PersonGenerator,
        "sequence": SequenceGenerator,
        "face": FaceGenerator,
        "view": ViewGenerator,
        "motion": MotionExtractor,
        "image-discriminator": ImageDiscriminator,
        "temporal-discriminator": TemporalDiscriminator,
    }
)


@dataclass(frozen=True)
class Preset:
    """A network with its settings, and the frame that its pictures are put into.

    Attributes:
        name: how users call it.
        network: key of the network's class: person, sequence, face, view, motion or a discriminator.
        description: one line: what it is for, the dataset of the paper.
        config: arguments of the network's constructor that differ from its defaults.
        parameters: number of trained numbers; 0 where it has not been counted.
        height: of the pictures that the network was made for, in pixels; others work, see `size_multiple`.
        width: likewise.
        frame_aspect: width / height of the picture part that is squeezed into height x width (DeepFashion's pictures of
            256 x 176 are squeezed to 256 x 256); None where there are no pictures.
        skeleton: joints of a pose map, see `gfla_tf.pose.SKELETONS`; None where poses are something else.
    """

    name: str
    network: str
    description: str = ""
    config: dict = field(default_factory=dict)
    parameters: int = 0
    height: int = 256
    width: int = 256
    frame_aspect: float | None = None
    skeleton: str | None = None

    def __post_init__(self):
        if self.network not in NETWORKS:
            raise ValueError(f"network must be one of {', '.join(NETWORKS)}. Received: {self.network!r}.")


# Of the demo models: half the paper's widths; local attention at half the side, too, without which prints blur; and no
# norms in the renderer, with which a pattern comes up above every head.
_DEMO = {
    "widths": (32, 64, 128),
    "flow_widths": (16, 32, 64, 128, 128),
    "attention_kernels": {3: 3, 2: 5, 1: 3},
    "attention_hidden": 64,
    "attention_reduction": "sum",
    "source_norm": False,
    "renderer_norm": False,
}
_DEMO_FRAME = {"height": 192, "width": 128, "frame_aspect": 128 / 192}

_TABLE = (
    Preset(
        "person-fashion",
        "person",
        "pose transfer at 256x256, the paper's network for DeepFashion",
        {"pose_channels": 18, "attention_kernels": {3: 3, 2: 5}},
        14_047_395,
        frame_aspect=176 / 256,
        skeleton="openpose-18",
    ),
    Preset(
        "person-market",
        "person",
        "pose transfer at 128x64, the paper's network for Market-1501",
        {"pose_channels": 18, "attention_kernels": {2: 3}},
        12_926_471,
        height=128,
        width=64,
        frame_aspect=64 / 128,
        skeleton="openpose-18",
    ),
    Preset(
        "person-demo",
        "person",
        "pose transfer at 192x128, half as wide as the paper's network; comes with trained weights",
        {"pose_channels": 18, **_DEMO},
        3_579_129,
        **_DEMO_FRAME,
        skeleton="openpose-18",
    ),
    Preset(
        "person-mobile",
        "person",
        "pose transfer at 192x128 for phones: half of person-demo's parameters, fewest where maps are small",
        {
            "pose_channels": 18,
            **_DEMO,
            "widths": (32, 48, 80),
            "flow_widths": (16, 32, 64, 80, 80),
            "attention_hidden": 32,
        },
        1_751_801,
        **_DEMO_FRAME,
        skeleton="openpose-18",
    ),
    Preset(
        "sequence",
        "sequence",
        "a person animated frame by frame, Seq-GFLA of the paper for FashionVideo and iPER",
        {"pose_channels": 20, "attention_kernels": {3: 3, 2: 5}},
        23_510_195,
        frame_aspect=1.0,
        skeleton="h36m-17",
    ),
    Preset(
        "sequence-demo",
        "sequence",
        "a person animated frame by frame at 192x128, with the widths of person-demo; comes with trained weights",
        {"pose_channels": 20, **_DEMO},
        6_008_479,
        **_DEMO_FRAME,
        skeleton="h36m-17",
    ),
    Preset(
        "face",
        "face",
        "a face animated frame by frame",
        {"pose_channels": 16, "attention_kernels": {3: 3, 2: 5}},
        16_906_667,
        frame_aspect=1.0,
    ),
    Preset(
        "view",
        "view",
        "an object from another side (18 azimuths, 3 elevations)",
        {"view_channels": 21, "attention_kernels": {3: 3, 2: 5}},
        14_341_323,
        frame_aspect=1.0,
    ),
    Preset(
        "motion", "motion", "clean joints from noisy ones, Human3.6M", {"joints": 17}, 1_834_786, skeleton="h36m-17"
    ),
    Preset(
        "motion-demo",
        "motion",
        "clean joints from noisy ones, as corrections of them; comes with trained weights",
        {"joints": 17, "residual": True, "smoothing": 9, "calm_smoothing": 13, "dropout": 0.0},
        1_834_786,
        skeleton="h36m-17",
    ),
    Preset("image-discriminator", "image-discriminator", "is a 256x256 picture real", {}, 664_577),
    Preset(
        "image-discriminator-market",
        "image-discriminator",
        "is a 128x64 picture real",
        {"filters": (32, 64, 128)},
        238_209,
        height=128,
        width=64,
    ),
    Preset("temporal-discriminator", "temporal-discriminator", "do six frames move like real ones", {}, 1_032_961),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _TABLE})


def build_model(preset: Preset, **config) -> keras.Model:
    """A network with fresh weights; its preset, with the arguments given here, is kept as `model.preset`.

    Args:
        preset: which network with which settings.
        **config: further arguments of the network's constructor, such as `implementation` or `dtype`.

    Raises:
        ValueError: if the network does not take such settings.
    """
    model = _outline(preset, config)
    model.build(None)
    return model


def _outline(preset: Preset, config: dict) -> keras.Model:
    settings = {**preset.config, **config}
    try:
        model = NETWORKS[preset.network](**settings)
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"The settings {settings} do not suit a {preset.network} network: {error}.") from error
    kept = {name: value for name, value in settings.items() if name not in KERAS_SETTINGS}
    model.preset = preset if kept == preset.config else replace(preset, config=kept, parameters=0)
    return model


def load_model(preset_or_folder: str | os.PathLike, weights: str | os.PathLike | None = None, **config) -> keras.Model:
    """A model by the name of a preset, or from a folder that `save_model` wrote.

    A preset without weights is an untrained network, also where a published model has its name: that one's folder is
    `gfla_tf.published.published_model(name)`.

    Args:
        preset_or_folder: a name of `PRESETS`, or a folder with config.json and weights.safetensors.
        weights: a safetensors file; "stand-in" for reproducible weights that have learned nothing; by default those of
            the folder, or fresh ones for a preset.
        **config: further arguments of the network's constructor, such as `implementation` or `dtype`.

    Returns:
        A built Keras model; its `preset` attribute tells the frame and the skeleton it works with.

    Raises:
        ValueError: if there is no such preset or folder, or the weights do not fit.
    """
    name = os.fspath(preset_or_folder)
    model = build_model(_find_preset(name), **config)
    if weights is None and name not in PRESETS:
        weights = os.path.join(name, WEIGHTS_FILE)
    if weights == STAND_IN:
        shapes = {key: entry.shape for key, entry in parameters(model).items() if entry.alias_of is None}
        load_state(model, stand_in_state(shapes))
    elif weights is not None:
        load_weights(model, weights)
    return model


def outline_model(preset_or_folder: str | os.PathLike) -> keras.Model:
    """A model without weights, at once: to ask what can be done with it before `load_model` takes its time.

    Raises:
        ValueError: if there is no such preset or folder.
    """
    return _outline(_find_preset(os.fspath(preset_or_folder)), {})


def _find_preset(name: str) -> Preset:
    if name in PRESETS:
        return PRESETS[name]
    if os.path.isdir(name):
        return read_preset(os.path.join(name, CONFIG_FILE))
    raise ValueError(f"A folder or one of the presets {', '.join(PRESETS)} is expected. Received: {name!r}.")


def save_model(model: keras.Model, folder: str | os.PathLike, precision: str = "float32") -> None:
    """Write a model of `load_model` as a folder with weights.safetensors and config.json.

    Args:
        model: a model with a `preset` attribute.
        folder: made if it is not there.
        precision: of the weights, "float32" or "float16".

    Raises:
        ValueError: if the model has no preset, or `precision` is another one.
    """
    preset = getattr(model, "preset", None)
    if not isinstance(preset, Preset):
        raise ValueError(f"A model of load_model or build_model is expected. Received: {type(model).__name__}.")
    os.makedirs(folder, exist_ok=True)
    save_weights(model, os.path.join(folder, WEIGHTS_FILE), precision)
    write_json(os.path.join(folder, CONFIG_FILE), asdict(preset))


def read_preset(path: str) -> Preset:
    """The preset in a model's config.json; ValueError if it is not one."""
    known = {entry.name for entry in fields(Preset)}
    values = read_json(path, "a model's config.json")
    try:
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown fields {', '.join(unknown)}")
        values["config"] = config_from_json(values.get("config", {}))
        return Preset(**values)
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{path} must be a model's config.json with fields of {sorted(known)}. Received: {error}."
        ) from error


def config_from_json(config: dict) -> dict:
    """Undo what JSON does to a constructor's arguments: lists back to tuples, kernels' levels back to numbers."""
    config = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    if "attention_kernels" in config:
        config["attention_kernels"] = {int(level): size for level, size in config["attention_kernels"].items()}
    return config

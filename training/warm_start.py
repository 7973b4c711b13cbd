"""A sequence generator that begins with what a person generator has learned.

Both branches begin as the person's one: source encoders, flow estimators and attentions are taken over twice, for the
previous frame and for the reference; the renderer once. Tensors are found by their names in the authors' checkpoints.
A sequence generator's renderer adds up what the two branches give, so that where they agree it sees twice what the
person's saw; the layers that read the sum are scaled so that the same picture comes out.

Poses differ: a person generator may see OpenPose's 18 joints, a sequence generator sees Human3.6M's 17 and the three
colours of the drawn skeleton. In the layers that read poses, the channels of joints that both skeletons have (nose,
neck, limbs) are taken over; what the eyes and ears said, the nose says, too; the others begin with weights of zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.models import SequenceGenerator
from gfla_tf.models.generator import Generator
from gfla_tf.models.presets import Preset
from gfla_tf.pose.skeletons import EQUIVALENT_JOINTS, get_skeleton
from gfla_tf.weights import load_state, state_of

__all__ = ["is_person_state", "start_from_person"]

IMAGE_CHANNELS = 3
# How the settings of both networks must agree, besides their shapes.
_SAME = ("attention_reduction", "source_input_norm", "source_norm", "renderer_norm", "attention_kernels")
_BRANCHES = ("previous", "reference")
_ATTENTION = re.compile(r"^target\.attn(\d+)\.")
# What convolutions read of joints that the sequence generator's skeleton lacks goes to one that is close by.
_STAND_INS = dict.fromkeys(("left_eye", "right_eye", "left_ear", "right_ear"), "nose")


def is_person_state(state: Mapping[str, np.ndarray]) -> bool:
    """Whether tensors are those of a person generator, by their names."""
    return any(name.startswith("source.") for name in state)


def start_from_person(
    generator: SequenceGenerator,
    state: Mapping[str, np.ndarray],
    preset: Preset | None = None,
    source: str = "the state",
) -> list[str]:
    """Fill a sequence generator from a person generator's weights.

    Args:
        generator: with a preset, which tells its skeleton.
        state: the person generator's tensors by name.
        preset: of the person generator, where it is known; by default its joints are taken for OpenPose's, and its
            settings for those of the sequence generator.
        source: what to call the state in messages.

    Returns:
        The names of the tensors that kept their first weights, and of those that were taken over in part, as joints
        differ.

    Raises:
        ValueError: the networks differ in settings, or no tensor fits.
    """
    skeleton = "openpose-18" if preset is None else preset.skeleton
    if preset is not None:
        _check_settings(generator, preset, source)
    own = state_of(generator)
    found, partly = {}, []
    joints, stand_ins = _joint_pairs(skeleton, generator.preset.skeleton)
    poses = _Poses(len(get_skeleton(skeleton).joints), generator.pose_channels, joints, stand_ins)
    for name, value in state.items():
        for target in _names_in_sequence(name):
            if target not in own:
                continue
            if own[target].shape == value.shape:
                found[target] = value
                continue
            partly.append(target)
            converted = poses.convert(own[target], value)
            if converted is not None:
                found[target] = converted
    if not found:
        raise ValueError(f"{source}: weights of a person generator are expected. Received: none that fits.")
    for name, factor in _factors(generator).items():
        if name in found:
            found[name] = factor * found[name]
    load_state(generator, found, strict=False)
    return sorted({*partly, *(name for name in own if name not in found)})


def _check_settings(generator: SequenceGenerator, preset: Preset, source: str) -> None:
    given = {name: value for name, value in preset.config.items() if name in Generator.config_names}
    theirs, wrong = Generator(**given), []  # without its parts: what is not given has its default
    for name in _SAME:
        here, there = getattr(generator, name), getattr(theirs, name)
        if here != there:
            wrong.append(f"{name}={here} here, {there} there")
    if wrong:
        raise ValueError(
            f"{source}: a person generator with this network's settings is expected; --set network.FIELD=VALUE changes "
            f"them. Received: {'; '.join(wrong)}."
        )


def _names_in_sequence(name: str) -> list[str]:
    """Under which names a person generator's tensor stands in a sequence generator."""
    part, _, rest = name.partition(".")
    if part in ("source", "flow_net"):
        return [f"{part}_{branch}.{rest}" for branch in _BRANCHES]
    if _ATTENTION.match(name):
        return [_ATTENTION.sub(rf"target.attn_{branch[0]}\1.", name) for branch in _BRANCHES]
    return [name]


def _factors(generator: SequenceGenerator) -> dict[str, float]:
    """By what the renderer's tensors are multiplied, so that it makes of two equal blends what it made of one.

    A level's residual block gives twice what it gave, and the up block after it the same. Norms take a factor out of
    what they read, so that with them the convolutions behind them stay as they are.
    """
    renderer, factors = generator.texture_renderer, {}
    for index, level in enumerate(renderer.decoder_levels):
        if level not in renderer.attention_kernels:
            continue
        residual, up = f"target.decoder{index}.0.model.0", f"target.decoder{index}.1"
        factors |= {f"{residual}.model.5.weight": 2.0, f"{residual}.model.5.bias": 2.0, f"{up}.shortcut.0.weight": 0.5}
        if not renderer.norm:
            factors |= {f"{residual}.model.2.weight": 0.5, f"{up}.model.2.weight": 0.5}
    return factors


def _joint_pairs(source: str, target: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(number in the source, in the target) of the joints that both skeletons have, and of those with stand-ins."""
    there, here = get_skeleton(source).joints, get_skeleton(target).joints
    pairs = [(there.index(name), here.index(name)) for name in here if name in there]
    others = [(EQUIVALENT_JOINTS[name], name) for name in here if name not in there and name in EQUIVALENT_JOINTS]
    pairs += [(there.index(other), here.index(name)) for other, name in others if other in there]
    lost = [name for name in there if name not in here and _STAND_INS.get(name) in here]
    return pairs, [(there.index(name), here.index(_STAND_INS[name])) for name in lost]


@dataclass(frozen=True)
class _Poses:
    """How the poses of both networks lie in the channels of layers that read them.

    Attributes:
        there: channels of the person generator's poses.
        here: of the sequence generator's.
        joints: pairs of channels that mean the same joint.
        stand_ins: pairs of channels, where the second is to do the work of the first, too.
    """

    there: int
    here: int
    joints: Sequence[tuple[int, int]]
    stand_ins: Sequence[tuple[int, int]]

    def convert(self, own: np.ndarray, value: np.ndarray) -> np.ndarray | None:
        """A tensor of a layer that reads poses, with the channels of common joints; None where it is something else.

        Channels are the axis 1 of kernels, which are zero elsewhere, and the only one of norms, which keep theirs.
        """
        kernel = own.ndim == 4
        axis = 1 if kernel else 0
        before, after = np.moveaxis(value, axis, 0), np.moveaxis(np.zeros_like(own) if kernel else own, axis, 0).copy()
        starts = [_pose_starts(before.shape[0], self.there), _pose_starts(after.shape[0], self.here)]
        if before.shape[1:] != after.shape[1:] or not starts[0] or len(starts[0]) != len(starts[1]):
            return None
        if len(starts[0]) == 2:
            after[:IMAGE_CHANNELS] = before[:IMAGE_CHANNELS]
        for start, own_start in zip(*starts, strict=True):
            for there, here in self.joints:
                after[own_start + here] = before[start + there]
            for there, here in self.stand_ins if kernel else ():
                after[own_start + here] += before[start + there]
        return np.moveaxis(after, 0, axis)


def _pose_starts(count: int, channels: int) -> list[int]:
    """Where poses begin in so many channels: one pose alone, or a picture and two poses; nowhere in others."""
    layouts = {channels: [0], IMAGE_CHANNELS + 2 * channels: [IMAGE_CHANNELS, IMAGE_CHANNELS + channels]}
    return layouts.get(count, [])

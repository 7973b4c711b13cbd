"""The picture generators' data flow (`gfla_tf.models`), with blocks that TFLite runs fast.

Maps are `[1, height, width, channels]` of known size; what goes in and out is what the models' modules say.
"""

from __future__ import annotations

import tensorflow as tf

from gfla_tf.models.flow_estimator import FlowEstimator
from gfla_tf.models.person_generator import PersonGenerator
from gfla_tf.models.sequence_generator import SequenceGenerator
from gfla_tf.models.source_encoder import SourceEncoder
from gfla_tf.models.texture_renderer import TextureRenderer
from serving.tflite.attention import attend
from serving.tflite.blocks import PRECISE, convolution, down_stack, output_block, residual_block, skip_block, up_block

__all__ = ["encode_source", "render_frame", "render_person"]

Source = tuple[dict[int, tf.Tensor], dict[int, tf.Tensor], dict[int, tf.Tensor]]


def render_person(model: PersonGenerator, image: tf.Tensor, source_pose: tf.Tensor, target_pose: tf.Tensor) -> dict:
    """The picture, and flow and mask of the finest level with attention, where there is one."""
    if model.flow_estimator is None:
        return {"image": _render(model.texture_renderer, target_pose, [])}
    features = encode_source(model.source_encoder, image, model.attention_levels)
    flows, masks = estimate_flow(model.flow_estimator, [image, source_pose, target_pose])
    finest = min(model.attention_levels)
    picture = _render(model.texture_renderer, target_pose, [(features, flows, masks)])
    return {"image": picture, "flow": flows[finest], "mask": masks[finest]}


def render_frame(
    model: SequenceGenerator,
    reference: tuple[tf.Tensor, tf.Tensor],
    reference_features: dict[int, tf.Tensor],
    previous: tuple[tf.Tensor, tf.Tensor],
    target_pose: tf.Tensor,
) -> tf.Tensor:
    """A clip's next frame; `reference` and `previous` are (image, pose map)."""
    previous_features = encode_source(model.previous_encoder, previous[0], model.attention_levels)
    sources = [
        (previous_features, *estimate_flow(model.previous_flow_estimator, [*previous, target_pose])),
        (reference_features, *estimate_flow(model.reference_flow_estimator, [*reference, target_pose])),
    ]
    return _render(model.texture_renderer, target_pose, sources)


def encode_source(encoder: SourceEncoder, image: tf.Tensor, levels: tuple[int, ...]) -> dict[int, tf.Tensor]:
    """The source's features at some levels."""
    maps = down_stack(encoder.stack, image)
    return {level: maps[level - 1] for level in levels}


def estimate_flow(
    estimator: FlowEstimator, inputs: list[tf.Tensor]
) -> tuple[dict[int, tf.Tensor], dict[int, tf.Tensor]]:
    """(flows, masks) by level."""
    with tf.name_scope(PRECISE):
        return _estimate_flow(estimator, tf.concat(inputs, axis=-1))


def _estimate_flow(estimator: FlowEstimator, joined: tf.Tensor) -> tuple[dict[int, tf.Tensor], dict[int, tf.Tensor]]:
    maps = down_stack(estimator.encoder, joined)
    flows, masks, hidden = {}, {}, maps[-1]
    for level, up, skip in zip(estimator.decoder_levels, estimator.ups, estimator.skips, strict=True):
        hidden = up_block(up, hidden) + skip_block(skip, maps[level - 1])
        if level in estimator.attention_levels:
            head = estimator.attention_levels.index(level)
            flows[level] = convolution(estimator.flow_heads[head], hidden)
            masks[level] = tf.sigmoid(convolution(estimator.mask_heads[head], hidden))
    return flows, masks


def _render(renderer: TextureRenderer, target_pose: tf.Tensor, sources: list[Source]) -> tf.Tensor:
    with tf.name_scope(PRECISE):  # maps of poses are zeros with few high peaks
        out = down_stack(renderer.pose_encoder, target_pose)[-1]
    for level, residual, up in zip(renderer.decoder_levels, renderer.residuals, renderer.ups, strict=True):
        out = _blend(renderer, level, out, sources)
        with tf.name_scope(PRECISE if level == 1 else "coarse"):  # what is rounded last can be seen
            out = up_block(up, residual_block(residual, out))
    return output_block(renderer.output_block, out)


def _blend(renderer: TextureRenderer, level: int, out: tf.Tensor, sources: list[Source]) -> tf.Tensor:
    """The sum over the sources of (1 - mask) * out + mask * attended."""
    attentions = renderer.attentions_of_level(level)
    if not attentions:
        return out
    blends = [
        out + masks[level] * (attend(attention, features[level], out, flows[level]) - out)
        for attention, (features, flows, masks) in zip(attentions, sources, strict=True)
    ]
    total = blends[0]
    for blend in blends[1:]:
        total = total + blend
    return total

"""Local attention that begins as one bilinear sample.

Fresh kernels are nearly equal weights for all taps: a blur of the source, out of which training has to find its way. A
bias on the logit of the patch's centre lets a block begin as the bilinear sample at l + flow(l) instead, from which it
learns where neighbours help. A network that was trained with patches of one tap, which *is* that bilinear sample, can
then be taken up by one with larger patches: every other tensor carries over, and the first picture is nearly the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from gfla_tf.models import PersonGenerator
from gfla_tf.weights import load_state, state_of

__all__ = ["centre_attention", "is_one_tap_state", "start_from_one_tap"]

_LOGITS = re.compile(r"^target\.attn\d+\.fully_connect_layer\.2\.bias$")


def centre_attention(generator: PersonGenerator, logit: float) -> None:
    """Let fresh local attention begin at the centres of patches.

    Args:
        generator: a person generator with fresh weights.
        logit: of the central tap; the others' are near 0. With 5 it has 0.95 of the weight in patches of 3x3.
    """
    for attention in generator.texture_renderer.attentions:
        bias = attention.weights_conv.bias
        bias.assign(logit * tf.one_hot(bias.shape[0] // 2, bias.shape[0], dtype=bias.dtype))


def is_one_tap_state(state: Mapping[str, np.ndarray]) -> bool:
    """Whether tensors are those of a person generator whose patches all have one tap, by their names and shapes."""
    taps = [value.shape[0] for name, value in state.items() if _LOGITS.match(name)]
    return bool(taps) and max(taps) == 1


def start_from_one_tap(generator: PersonGenerator, state: Mapping[str, np.ndarray], source: str = "the state") -> None:
    """Fill a generator with everything of a one-tap network but its local attention, which stays as it is.

    Args:
        generator: with the same levels of attention; larger patches, which add up to 1 (`attention_reduction="sum"`).
        state: the one-tap network's tensors by name.
        source: what to call the state in messages.

    Raises:
        ValueError: taps are averaged, so that nothing begins as it was; or other tensors do not fit.
    """
    reduction = generator.texture_renderer.attention_reduction
    if reduction != "sum":
        raise ValueError(
            f'{source} has patches of one tap; network.attention_reduction="sum" is expected to begin with it. '
            f"Received: {reduction}."
        )
    attention = {name: value for name, value in state_of(generator).items() if name.startswith("target.attn")}
    load_state(generator, {**state, **attention}, source=source)

"""What a configuration trains on: pairs of pictures, clips, or windows of joints, from a dataset of any kind."""

from __future__ import annotations

import os
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.models import PersonGenerator
from training.configs import MotionConfig, RunConfig, SequenceConfig, TrainingConfig
from training.data.fashion import FashionPairs, FashionSettings
from training.data.images import picture_size
from training.data.layouts import IMAGE_EXTENSIONS, PairLayout, dataset_kind, find_pairs
from training.data.market import MarketPairs, MarketSettings
from training.data.pipeline import PipelineSettings, Source
from training.data.rescue import Rescue
from training.motion_sources import open_windows
from training.sequence_sources import open_clips

__all__ = ["check_picture_size", "has_truth", "open_pairs", "open_source", "sample_batch"]

_ROOM = 0.02  # by which a picture's proportions may differ from the annotations', for rounding


def open_source(config: RunConfig, folder: str | os.PathLike[str], split: str, network: keras.Model) -> Source:
    """What the stage of a configuration learns from.

    Args:
        config: of the run.
        folder: the dataset's.
        split: "train" or "test".
        network: to be trained.

    Raises:
        ValueError: the dataset is of another kind, or does not suit.
    """
    if isinstance(config, MotionConfig):
        return open_windows(config, folder, split, network)
    if isinstance(config, SequenceConfig):
        return open_clips(config, folder, split, network)
    return open_pairs(config, folder, split, network)


def open_pairs(
    config: TrainingConfig, folder: str | os.PathLike[str], split: str, generator: PersonGenerator
) -> FashionPairs | MarketPairs:
    """The pairs of a split.

    The exact flow comes along where the dataset has it, whether a term asks for it or not: validations measure by it.

    Args:
        config: says the size of the pictures and how they are read.
        folder: the dataset's.
        split: "train" or "test".
        generator: whose levels of attention the exact flow is wanted for.

    Raises:
        ValueError: no dataset of pairs, a size that the network does not take, or no exact flow where a term needs it.
    """
    height, width = config.picture_size
    multiple = generator.size_multiple
    if height % multiple or width % multiple:
        raise ValueError(f"image_size must be multiples of {multiple} for this network. Received: {height}x{width}.")
    wants_masks = bool(config.weights.hidden or config.weights.background or any(config.exact_flow_share))
    wants_truth = bool(wants_masks or config.weights.endpoint or config.weights.mask)
    layout = find_pairs(folder, split)
    check_picture_size(layout)
    if wants_truth and layout.truth is None:
        raise ValueError(
            "The terms endpoint, mask, hidden and background, and exact_flow_share, need exact flow. Received: "
            f"{layout.folder}, which has none for {split}; --set weights.endpoint=0 weights.mask=0 weights.hidden=0 "
            "weights.background=0 exact_flow_share=[0,0] trains without."
        )
    if dataset_kind(folder) == "market":
        return MarketPairs(folder, split, MarketSettings((height, width), config.sigma, config.resize))
    levels = generator.attention_levels if layout.truth is not None else ()
    pairs = FashionPairs(folder, split, FashionSettings((height, width), config.sigma, config.resize, levels))
    if wants_masks and not pairs.has_background:
        raise ValueError(
            "The terms hidden and background, and exact_flow_share, need the masks of the pictures. Received: "
            f"{layout.folder}, which has them not for all pictures of {split}; --set weights.hidden=0 "
            "weights.background=0 exact_flow_share=[0,0] trains without."
        )
    return pairs


def has_truth(sources: Mapping[str, Source]) -> bool:
    """Whether all sources deliver the exact flow."""
    levels = [getattr(getattr(source, "settings", None), "flow_levels", ()) for source in sources.values()]
    return all(levels)


def check_picture_size(layout: PairLayout) -> None:
    """See that a split's first picture has the proportions that its annotations are made for.

    Raises:
        ValueError: it has others, so that keypoints and pictures would not match.
    """
    path = next((path for path in sorted(layout.pictures.iterdir()) if path.suffix.lower() in IMAGE_EXTENSIONS), None)
    size = None if path is None else picture_size(path)
    if size is None:
        return  # missing and unreadable pictures are the pipeline's affair
    height, width = layout.annotation_size
    if abs(size[1] / size[0] * height / width - 1) > _ROOM:
        raise ValueError(
            f"{path} has {size[0]}x{size[1]} pixels, but the annotations are for pictures of {height}x{width} "
            "(height x width). Expected: the same proportions; see `python -m training data prepare fashion`."
        )


def sample_batch(source: Source, count: int) -> dict[str, np.ndarray]:
    """Elements of a source, evenly spread, the same ones every time: a dict of arrays `[count, ...]`.

    One that can't be read is replaced by another one, as in the pipeline.

    Raises:
        ValueError: too many files can't be read.
    """
    numbers = np.unique(np.linspace(0, len(source) - 1, count).round().astype(np.int64))
    limit = PipelineSettings.unreadable_limit
    rescue = Rescue(lambda _, number: _load(source, number), source.unreadable, len(source), 0, limit)
    elements = [rescue.replacement(0, int(number)) for number in numbers]
    return {name: np.stack([element[name].numpy() for element in elements]) for name in elements[0]}


def _load(source: Source, number: int) -> Mapping[str, tf.Tensor]:
    return source.load(tf.constant(number, tf.int64), tf.zeros([2], tf.int32))

"""The clips that a configuration of stage "sequence" trains on."""

from __future__ import annotations

import os

import keras

from training.configs.sequence import SequenceConfig
from training.data.clips import VideoClips

__all__ = ["open_clips"]


def open_clips(
    config: SequenceConfig, folder: str | os.PathLike[str], split: str, generator: keras.Model
) -> VideoClips:
    """The clips of a split.

    The exact flow comes along where the dataset has it, if the reference is the first frame, whether a term asks for it
    or not: validations measure by it.

    Args:
        config: says how clips are cut and prepared.
        folder: the dataset's.
        split: "train" or "test".
        generator: whose levels of attention the exact flow is wanted for.

    Raises:
        ValueError: no dataset of clips, a size that the network does not take, or masks or exact flow that are wanted
            are not there.
    """
    height, width = config.picture_size
    multiple = generator.size_multiple
    if height % multiple or width % multiple:
        raise ValueError(f"image_size must be multiples of {multiple} for this network. Received: {height}x{width}.")
    clips = VideoClips(folder, split, config.clip_settings())
    if config.person_mask and not clips.masks:
        raise ValueError(
            f"person_mask needs masks of all clips. Received: {folder}, which lacks some for {split}; "
            "--set person_mask=false trains without."
        )
    if config.needs_truth and not clips.truth:
        raise ValueError(
            f"The terms endpoint, mask and background need exact flow. Received: {folder}, which has none for {split}; "
            "--set weights.endpoint=0 weights.mask=0 weights.background=0 trains without."
        )
    if clips.truth and config.reference_frames == 1:
        return VideoClips(folder, split, config.clip_settings(generator.attention_levels))
    return clips

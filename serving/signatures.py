"""What a served model understands and answers: every endpoint with its names, shapes, types and ranges, in one place.

Export, server, client and tests use this module and nothing else; it imports no TensorFlow.

Conventions: every input and output has the batch as its first axis, which is left out of the shapes below; None stands
for a length that is free. What ends in `_bytes` is a whole file (JPEG or PNG goes in, PNG comes out): in the JSON of
the REST interface it is `{"b64": "..."}`. Keypoints are (x, y, confidence) in pixels, pixel (0, 0) the top left one,
integers at pixel centres, confidence 0 = missing. Image tensors are RGB in [-1, 1]. A frame is (left, top, width,
height) in whole pixels of a photo: the part of it that the network sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "DEFAULT_SIGNATURE",
    "MOST_FRAMES",
    "NETWORKS",
    "ModelFacts",
    "Signature",
    "TensorField",
    "signatures_of",
]

DEFAULT_SIGNATURE = "serving_default"
NETWORKS = ("person", "sequence", "motion")
MOST_FRAMES = 1000  # of a clip in one request, which a server has to finish once it has begun


@dataclass(frozen=True)
class TensorField:
    """One input or output.

    Attributes:
        name: by which requests and answers call it.
        dtype: "string" (bytes), "float32" or "int32".
        shape: without the batch; None for a free length.
        meaning: one line, with the unit.
        low: smallest value that makes sense, None if any does.
        high: largest one, likewise.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    meaning: str
    low: float | None = None
    high: float | None = None

    @property
    def batched_shape(self) -> tuple[int | None, ...]:
        """The shape with the batch."""
        return (None, *self.shape)


@dataclass(frozen=True)
class Signature:
    """One endpoint: what goes in and what comes out, by name."""

    name: str
    meaning: str
    inputs: tuple[TensorField, ...]
    outputs: tuple[TensorField, ...]


@dataclass(frozen=True)
class ModelFacts:
    """What the shapes depend on.

    Attributes:
        network: one of `NETWORKS`.
        height: of the network's picture in pixels; 0 for a motion model.
        width: likewise.
        joints: of a pose.
        flow_level: finest level with local attention, at 1 / 2^level of the picture's side; None without flow.
        receptive_field: frames that one clean frame depends on; of a motion model.
    """

    network: str
    height: int = 0
    width: int = 0
    joints: int = 18
    flow_level: int | None = None
    receptive_field: int = 0

    def __post_init__(self):
        if self.network not in NETWORKS:
            raise ValueError(
                f"A model of the kind {', '.join(NETWORKS)} can be served. Received: one of kind {self.network}."
            )


def signatures_of(facts: ModelFacts) -> Mapping[str, Signature]:
    """All endpoints of a model by name; `DEFAULT_SIGNATURE` is one of them under a second name."""
    makers = {"person": _person, "sequence": _sequence, "motion": _motion}
    signatures = {signature.name: signature for signature in makers[facts.network](facts)}
    first = next(iter(signatures.values()))
    return {DEFAULT_SIGNATURE: first, **signatures}


def _file(name: str, meaning: str, shape: tuple[int | None, ...] = ()) -> TensorField:
    return TensorField(name, "string", shape, meaning)


def _keypoints(name: str, facts: ModelFacts, place: str, shape: tuple[int | None, ...] = ()) -> TensorField:
    return TensorField(name, "float32", (*shape, facts.joints, 3), f"(x, y, confidence) in pixels of {place}")


def _image(name: str, facts: ModelFacts, meaning: str) -> TensorField:
    return TensorField(name, "float32", (facts.height, facts.width, 3), f"{meaning}, RGB", -1.0, 1.0)


def _picture(facts: ModelFacts, meaning: str, shape: tuple[int | None, ...] = ()) -> TensorField:
    return _file("image_bytes", f"{meaning}, PNG {facts.width} wide, {facts.height} high", shape)


def _frame(photo: str) -> TensorField:
    return TensorField("frame", "int32", (4,), f"(left, top, width, height) of the picture in pixels of {photo}")


def _person(facts: ModelFacts) -> list[Signature]:
    transfer = Signature(
        "transfer",
        "a person from a photo in another pose",
        (
            _file("source_image_bytes", "photo of the person, JPEG or PNG of any size"),
            _keypoints("source_keypoints", facts, "the photo, turned upright"),
            _keypoints("target_keypoints", facts, "any picture; they are framed as the source is"),
        ),
        (_picture(facts, "the picture"), _frame("the photo")),
    )
    tensors = Signature(
        "transfer_tensors",
        "the same for a photo that is framed already",
        (
            _image("source_image", facts, "the framed photo"),
            _keypoints("source_keypoints", facts, "that picture"),
            _keypoints("target_keypoints", facts, "the picture to render"),
        ),
        (_image("image", facts, "the picture"), *_flow(facts)),
    )
    return [transfer, tensors]


def _flow(facts: ModelFacts) -> tuple[TensorField, ...]:
    if facts.flow_level is None:
        return ()
    size = facts.height >> facts.flow_level, facts.width >> facts.flow_level
    return (
        TensorField("flow", "float32", (*size, 2), "(dx, dy) to the texture's place in the source, in its pixels"),
        TensorField("mask", "float32", (*size, 1), "how far that texture is taken", 0.0, 1.0),
    )


def _sequence(facts: ModelFacts) -> list[Signature]:
    photo = _file("reference_image_bytes", "photo of the person, JPEG or PNG of any size")
    in_photo = _keypoints("reference_keypoints", facts, "the photo, turned upright")
    clip = Signature(
        "clip",
        f"a person from a photo through a clip of up to {MOST_FRAMES} frames; "
        "the frame holds the photo's person and the movement",
        (photo, in_photo, _keypoints("target_keypoints", facts, "the photo", (None,))),
        (
            _file("image_bytes", f"the frames, PNG {facts.width} wide, {facts.height} high", (None,)),
            _frame("the photo"),
        ),
    )
    prepare = Signature(
        "prepare",
        "photo and clip as `step` wants them",
        clip.inputs,
        (
            _file("reference_image_bytes", "the frame's part of the photo, PNG of the network's size"),
            _keypoints("reference_keypoints", facts, "that picture"),
            _keypoints("target_keypoints", facts, "that picture", (None,)),
            _frame("the photo"),
        ),
    )
    return [clip, prepare, _step(facts)]


def _step(facts: ModelFacts) -> Signature:
    return Signature(
        "step",
        "a clip's next frame; whoever calls keeps the last frame and its keypoints (at first the reference's)",
        (
            _file("reference_image_bytes", "picture of the person, JPEG or PNG, taken whole"),
            _keypoints("reference_keypoints", facts, "the reference picture"),
            _file("previous_image_bytes", "the frame rendered last, as it came"),
            _keypoints("previous_keypoints", facts, "the reference picture"),
            _keypoints("target_keypoints", facts, "the reference picture"),
        ),
        (_picture(facts, "the frame"),),
    )


def _motion(facts: ModelFacts) -> list[Signature]:
    channels, needed = 2 * facts.joints, facts.receptive_field
    meaning = "y of all joints, then their x, about -1 to 1 (gfla_tf.motion.normalization)"
    return [
        Signature(
            "denoise",
            f"clean joints from noisy ones; {needed} frames at least, those in the middle come out",
            (TensorField("noisy", "float32", (None, channels), f"frames of {meaning}"),),
            (TensorField("clean", "float32", (None, channels), f"{needed - 1} frames fewer of {meaning}"),),
        )
    ]

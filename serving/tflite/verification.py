"""Is a converted model right? Its answers beside those of the Keras model, by every interpreter that is installed."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import keras
import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.lite.function import LiteFunction
from serving.tflite.examples import COUNT, People, expected_clean, expected_frames, expected_transfer

__all__ = ["EXACT", "ROUNDED", "Agreement", "Limit", "compare", "find_interpreters", "verify"]

# By interpreter, then by graph; and for each image or motion what is right, and what every interpreter gives.
Runs = Mapping[str, Mapping[str, LiteFunction]]
Answers = Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]
RANGE = 2.0  # images reach from -1 to 1, motions about


@dataclass(frozen=True)
class Limit:
    """How far answers may be off: largest and mean difference, and PSNR in decibels, each None where it is free."""

    maximum: float | None = None
    mean: float | None = None
    psnr: float | None = None


EXACT = Limit(maximum=2e-3, mean=1e-4)
ROUNDED = Limit(psnr=40.0)  # weights of fewer bits, or images in whole numbers


@dataclass(frozen=True)
class Agreement:
    """How far the images, or motions, of all examples are off.

    Attributes:
        interpreter: that ran the model.
        maximum: largest difference.
        mean: of the absolute differences.
        psnr: peak signal to noise ratio in decibels of all examples together, of numbers from -1 to 1.
        worst_psnr: of the worst example.
    """

    interpreter: str
    maximum: float
    mean: float
    psnr: float
    worst_psnr: float

    def facts(self) -> dict:
        """As JSON holds it; no difference at all is null decibels."""
        return {name: None if value == math.inf else value for name, value in asdict(self).items()}

    def complaints(self, limit: Limit) -> list[str]:
        """What is beyond the limit, a line each; what is no number is beyond every one."""
        if not math.isfinite(self.maximum) or not math.isfinite(self.mean):
            found = f"largest difference {self.maximum:.2g}, mean {self.mean:.2g}"
            return [f"{self.interpreter}: {found}, finite ones are expected"]
        lines = [
            f"{self.interpreter}: {name} difference {value:.2g}, at most {allowed:.2g} is allowed"
            for name, value, allowed in (("largest", self.maximum, limit.maximum), ("mean", self.mean, limit.mean))
            if allowed is not None and not value <= allowed
        ]
        if limit.psnr is not None and not self.worst_psnr >= limit.psnr:
            lines.append(f"{self.interpreter}: {self.worst_psnr:.1f} dB, at least {limit.psnr:.1f} dB are expected")
        return lines


def find_interpreters() -> dict[str, type]:
    """Every interpreter that is installed, by its package's name."""
    found = {}
    for name, module, path in (
        ("ai-edge-litert", "ai_edge_litert.interpreter", ("Interpreter",)),
        ("tf.lite", "tensorflow", ("lite", "Interpreter")),
    ):
        try:
            place = importlib.import_module(module)
            for part in path:
                place = getattr(place, part)
            found[name] = place
        except (ImportError, AttributeError):
            continue
    return found


def verify(
    model: keras.Model,
    files: Mapping[str, bytes],
    size: tuple[int, int] | None,
    pixels: str = "float32",
    count: int = COUNT,
) -> list[Agreement]:
    """Compare the files of a model with the model.

    Args:
        model: of `gfla_tf.load_model`.
        files: graph -> its file.
        size: (height, width) of the network's picture; None for a motion model.
        pixels: what images go in and come out as.
        count: of examples.
    """
    runs = {
        name: {graph: LiteFunction(content, interpreter_class=interpreter) for graph, content in files.items()}
        for name, interpreter in find_interpreters().items()
    }
    differences: dict[str, list[np.ndarray]] = {name: [] for name in runs}
    answers = {"person": _transfers, "sequence": _frames, "motion": _motions}[model.preset.network]
    for expected, answer in answers(model, runs, size, pixels, count):
        for name, array in answer.items():
            differences[name].append(np.abs(array.astype(np.float64) - expected))
    return [compare(name, found) for name, found in differences.items()]


def compare(interpreter: str, differences: list[np.ndarray]) -> Agreement:
    """Sum up the absolute differences of some examples."""
    squares = [float(np.mean(np.square(difference))) for difference in differences]
    return Agreement(
        interpreter,
        float(np.max([difference.max() for difference in differences])),  # NaN, which Python's max may pass over
        float(np.mean([difference.mean() for difference in differences])),
        _psnr(float(np.mean(squares))),
        _psnr(float(np.max(squares))),
    )


def _psnr(mean_square: float) -> float:
    """In decibels; infinite for no difference at all, NaN for NaN."""
    return math.inf if mean_square == 0 else 10 * (math.log10(RANGE**2) - math.log10(mean_square))


def _motions(model, runs: Runs, size, pixels: str, count: int) -> Answers:
    for inputs, expected in expected_clean(model, count):
        yield expected, {name: run["denoise"](**inputs)["clean"] for name, run in runs.items()}


def _transfers(model, runs: Runs, size, pixels: str, count: int) -> Answers:
    enter, leave = _conversions(pixels)
    for inputs, expected in expected_transfer(model, People(model.preset.skeleton, *size), count):
        inputs["source_image"] = enter(inputs["source_image"])
        yield expected, {name: leave(run["transfer"](**inputs)["image"]) for name, run in runs.items()}


def _frames(model, runs: Runs, size, pixels: str, count: int) -> Answers:
    enter, leave = _conversions(pixels)
    for inputs, frames in expected_frames(model, People(model.preset.skeleton, *size), count):
        inputs["reference_image"] = enter(inputs["reference_image"])
        clips = {name: _clip(run, inputs, [keypoints for keypoints, _ in frames]) for name, run in runs.items()}
        for index, (_, expected) in enumerate(frames):
            yield expected, {name: leave(clip[index]) for name, clip in clips.items()}


def _conversions(pixels: str):
    """Functions from [-1, 1] to what the file takes, and back."""
    return (to_uint8, from_uint8) if pixels == "uint8" else (np.asarray, np.asarray)


def _clip(
    run: Mapping[str, LiteFunction], inputs: dict[str, np.ndarray], targets: list[np.ndarray]
) -> list[np.ndarray]:
    constant, frames = run["reference"](**inputs), []
    image, pose = inputs["reference_image"], constant["reference_pose"]
    for target in targets:
        outputs = run["step"](
            reference_image=inputs["reference_image"],
            previous_image=image,
            previous_pose=pose,
            target_keypoints=target,
            **constant,
        )
        image, pose = outputs["image"], outputs["pose"]
        frames.append(image)
    return frames

"""Inspections by files: what the command `gfla inspect` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras

from gfla_tf.inspection.clips import write_clip_inspection
from gfla_tf.inspection.files import SheetOptions, image_discriminator, write_index, write_inspections
from gfla_tf.inspection.pairs import PairInspection, inspect_pair
from gfla_tf.outputs import check_distinct, check_folder
from gfla_tf.pipelines import PoseTransfer, load_trained
from gfla_tf.progress import show_progress
from gfla_tf.transfer_files import Failure, describe_failures, plan_jobs

__all__ = ["InspectionJob", "inspect"]


@dataclass(frozen=True)
class InspectionJob:
    """What to inspect, and where to put it.

    Attributes:
        source: photo of the person, or a folder of photos.
        pose: photo or keypoint file, or a folder of them; for a sequence model what `gfla animate` is driven by.
        output: folder, made if it is not there.
        model: published model, preset or model folder of a person or sequence generator.
        weights: safetensors file, or "stand-in".
        source_keypoints: keypoint file of a single source; found otherwise.
        framing: "person" or "whole", see `gfla_tf.PoseTransfer`.
        pixels: (x, y) in pixels of a person generator's picture that are followed back; by default some joints.
        discriminator: folder of a discriminator to look into; None for none.
        frames: of a clip, at most.
    """

    source: str
    pose: str
    output: str
    model: str = "person-demo"
    weights: str | None = None
    source_keypoints: str | None = None
    framing: str = "person"
    pixels: tuple[tuple[float, float], ...] = ()
    discriminator: str | None = None
    frames: int = 60


def inspect(job: InspectionJob) -> tuple[list[Path], list[str]]:
    """Do it.

    Returns:
        The files that were written, and a line on each pair that could not be inspected.

    Raises:
        ValueError: the only pair can't be inspected, or the job is wrong.
    """
    if job.frames < 1:
        raise ValueError(f"--frames must be at least 1. Received: {job.frames}.")
    if job.source_keypoints and Path(job.source).is_dir():
        raise ValueError(f"--source-keypoints is for one photo. Received: {job.source}, a folder.")
    output = Path(job.output)
    check_folder(output)
    model = load_trained(job.model, job.weights)
    if getattr(model, "preset", None) is not None and model.preset.network == "sequence":
        if job.pixels:
            raise ValueError("--pixel is for a model of a person preset. Received: one of kind sequence.")
        return [write_clip_inspection(job, model, output / f"{_name(job.source, job.pose)}.mp4")], []
    return _inspect_pairs(job, model, output)


def _inspect_pairs(job: InspectionJob, model: keras.Model, output: Path) -> tuple[list[Path], list[str]]:
    folders = any(Path(path).is_dir() for path in (job.source, job.pose))
    jobs = [(job.source, job.pose)]
    if folders:
        jobs = [(source, pose) for source, pose, _ in plan_jobs(job.source, job.pose, job.output)]
    sheets = [output / f"{_name(source, pose)}.png" for source, pose in jobs]
    check_distinct([path for pair in jobs for path in pair], sheets)
    options = SheetOptions(job.pixels, image_discriminator(job.discriminator))
    failures: list[Failure] = []
    transfer = PoseTransfer(model, framing=job.framing)
    names = list(write_inspections(_inspections(job, transfer, jobs, failures), output, options))
    written = [output / f"{name}.{kind}" for name in names for kind in ("png", "html")]
    return written + ([write_index(names, output)] if folders and names else []), describe_failures(failures)


def _inspections(
    job: InspectionJob, transfer: PoseTransfer, jobs: list[tuple[str, str]], failures: list[Failure]
) -> Iterator[tuple[str, PairInspection]]:
    """The inspection of each pair; of several, those that fail are reported and left out."""
    alone = len(jobs) == 1
    for source, pose in jobs if alone else show_progress(jobs, len(jobs), "pairs"):
        try:
            people = transfer.people.read_source(source, job.source_keypoints), transfer.people.read_pose(pose)
            title = f"{Path(source).name} in the pose of {Path(pose).name}"
            inspection = inspect_pair(transfer, *people, title)
        except (ValueError, OSError) as error:
            if alone:
                raise
            failures.append(Failure(source, pose, str(error)))
            continue
        yield _name(source, pose), inspection


def _name(source: str, pose: str) -> str:
    """The name of a pair's files; `#` would end an address."""
    return f"{Path(source).stem}_in_{Path(pose).stem}".replace("#", "_")

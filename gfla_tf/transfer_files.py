"""Pose transfer over files and folders: every source in every pose, with a progress bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gfla_tf.image_io import PICTURE_EXTENSIONS, WRITABLE_EXTENSIONS, check_picture_output, write_image
from gfla_tf.outputs import check_distinct, check_folder
from gfla_tf.people import Person, check_there, is_keypoint_file
from gfla_tf.progress import show_progress
from gfla_tf.sheets import transfer_table

if TYPE_CHECKING:
    from gfla_tf.pipelines import PoseTransfer, TransferResult

__all__ = ["Failure", "Job", "check_jobs", "describe_failures", "plan_jobs", "transfer_files"]

Job = tuple[str, str, Path]  # source, pose, output


@dataclass(frozen=True)
class Failure:
    """A pair that could not be rendered."""

    source: str
    pose: str
    reason: str


def plan_jobs(source: str, pose: str, output: str) -> list[Job]:
    """Which source goes into which pose, and into which file the result goes.

    Args:
        source: a photo, or a folder of photos.
        pose: a photo or keypoint file, or a folder of them.
        output: a picture file; a folder (made if needed) if source or pose is one: its files are called
            SOURCE_in_POSE.png.

    Raises:
        ValueError: if something is not there, a folder holds nothing usable, or `output` is of the wrong kind.
    """
    check_there(source, "A photo or a folder of photos")
    check_there(pose, "A photo, a keypoint file or a folder of them")
    if not Path(source).is_dir() and not Path(pose).is_dir():
        check_picture_output(output)
        return [(source, pose, Path(output))]
    if Path(output).is_file() or Path(output).suffix.lower() in WRITABLE_EXTENSIONS:
        raise ValueError(f"With a folder of sources or poses, --output must be a folder. Received: {output}.")
    sources, poses = _members(source, keypoints=False), _members(pose, keypoints=True)
    names = [f"{Path(one).stem}_in_{Path(other).stem}.png" for one in sources for other in poses]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"Files of one folder must differ in more than their extension. Received: {', '.join(twice)}.")
    pairs = [(one, other) for one in sources for other in poses]
    return [(*pair, Path(output) / name) for pair, name in zip(pairs, names, strict=True)]


def _members(path: str, keypoints: bool) -> list[str]:
    """The photos (and keypoint files) of a folder by name, or the path itself if it is none."""
    folder = Path(path)
    if not folder.is_dir():
        return [path]
    found = [
        str(file)
        for file in sorted(folder.iterdir())
        if file.is_file()
        and (file.suffix.lower() in PICTURE_EXTENSIONS or (keypoints and is_keypoint_file(file)))
        and not file.name.startswith(".")
    ]
    if not found:
        kind = "photos or keypoint files" if keypoints else "photos"
        raise ValueError(f"A folder with {kind} is expected. Received: {path}, which has none.")
    return found


def check_jobs(
    jobs: list[Job],
    sheet: str | None = None,
    table: str | None = None,
    batch_size: int = 4,
    source_keypoints: str | None = None,
    intermediate_poses: int = 0,
) -> None:
    """Raise a ValueError if something is wrong that can be seen before TensorFlow starts.

    Args:
        jobs: of `plan_jobs`.
        sheet: see `transfer_files`, as the next three.
        table: likewise.
        batch_size: likewise.
        source_keypoints: likewise.
        intermediate_poses: see `gfla_tf.PoseTransfer`.
    """
    if len(jobs) > 1 and (sheet or source_keypoints):
        raise ValueError("--debug and --source-keypoints are for one source and one pose. Received: a folder.")
    for option, number, lowest in (("batch-size", batch_size, 1), ("intermediate-poses", intermediate_poses, 0)):
        if number < lowest:
            raise ValueError(f"--{option} of at least {lowest} is expected. Received: {number}.")
    if source_keypoints:
        check_there(source_keypoints, "A keypoint file")
    for picture in filter(None, (sheet, table)):
        check_picture_output(picture)
    inputs = (path for source, pose, _ in jobs for path in (source, pose))
    check_distinct([*inputs, source_keypoints], [*(output for *_, output in jobs), sheet, table])
    check_folder(jobs[0][2].parent)


def transfer_files(
    transfer: PoseTransfer,
    jobs: list[Job],
    paste: bool = False,
    sheet: str | None = None,
    table: str | None = None,
    batch_size: int = 4,
    source_keypoints: str | None = None,
    source_person: int | None = None,
    pose_person: int | None = None,
) -> list[Failure]:
    """Render all jobs, which `check_jobs` has seen; a pair that cannot be read is reported and left out.

    Args:
        transfer: the pipeline.
        jobs: of `plan_jobs`.
        paste: put each result back into the source's photo.
        sheet: file for the sheet of a single job.
        table: file for the table of all results, sources by poses.
        batch_size: pictures rendered at once.
        source_keypoints: keypoint file of a single source.
        source_person: which of several people in each source, see `PeopleReader`.
        pose_person: likewise in each pose.

    Returns:
        The pairs that failed.

    Raises:
        ValueError: if the only job fails, or a file cannot be written.
    """
    alone = len(jobs) == 1
    failures: list[Failure] = []
    rendered: list[Job] = []
    cells: dict[tuple[str, str], TransferResult] = {}

    def pairs() -> Iterator[tuple[Person, Person]]:
        for job in jobs if alone else show_progress(jobs, len(jobs), "pictures"):
            source, pose, _ = job
            try:
                pair = (
                    transfer.people.read_source(source, source_keypoints, source_person),
                    transfer.people.read_pose(pose, pose_person),
                )
                transfer.check_pair(*pair)
            except (ValueError, OSError) as error:
                if alone:
                    raise
                failures.append(Failure(source, pose, str(error)))
                continue
            rendered.append(job)
            yield pair

    for number, result in enumerate(transfer.run(pairs(), batch_size)):
        source, pose, output = rendered[number]
        output.parent.mkdir(parents=True, exist_ok=True)
        result.save(output, paste)
        if table:
            cells[source, pose] = replace(result, photo=result.source_image)  # photos of a folder would fill memory
        if sheet:
            write_image(sheet, result.sheet())
    if cells:
        write_image(table, transfer_table(cells))
    return failures


def describe_failures(failures: list[Failure]) -> list[str]:
    """A line for each reason, since a photo that cannot be used fails in every pose."""
    by_reason: dict[str, list[Failure]] = {}
    for failure in failures:
        by_reason.setdefault(failure.reason, []).append(failure)
    return [
        f"{reason} ({len(group)} pictures)"
        if group[1:]
        else f"{group[0].source} in the pose of {group[0].pose}: {reason}"
        for reason, group in by_reason.items()
    ]

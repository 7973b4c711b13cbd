"""Pictures of files and folders through one server or several: what `python -m serving predict` does.

Keypoints of photos are found here, one photo after the other, while servers render those before. At most twice as many
pictures as are asked for at one time are in memory.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gfla_tf.image_io import WRITABLE_EXTENSIONS
from gfla_tf.inputs import check_input
from gfla_tf.outputs import check_distinct, check_folder, whole_file
from gfla_tf.people import PeopleReader, is_keypoint_file
from gfla_tf.pose.keypoint_files import read_keypoints, split_image_name
from gfla_tf.pose.sequences import read_sequence
from gfla_tf.progress import Progress
from gfla_tf.remote import as_path
from gfla_tf.transfer_files import Job, plan_jobs
from serving.client import ServingClient
from serving.transports import check_address

__all__ = ["RenderingJob", "render"]

# By the number of joints that an endpoint takes. Of the two with 17, sequence models have the one of Human3.6M.
SKELETONS = {18: "openpose-18", 17: "h36m-17", 25: "openpose-25", 33: "blazepose-33"}


@dataclass(frozen=True)
class RenderingJob:
    """What to render.

    Attributes:
        source: photo of the person, or a folder of photos.
        pose: photo or keypoint file, or a folder of them; for a sequence model the keypoints of a clip.
        output: PNG file; a folder if source or pose is one, or for a clip.
        servers: addresses, see `ServingClient`; of the requests at one time, the first goes to the first, and so on.
        model: its name.
        version: number of a version, the newest by default.
        label: instead of it.
        seconds: that a request may take.
        source_keypoints: keypoint file of a single source.
        stepwise: a clip frame by frame instead of in one request.
        parallel: requests at one time.
    """

    source: str
    pose: str
    output: str
    servers: tuple[str, ...]
    model: str
    version: int | None = None
    label: str | None = None
    seconds: float = 60.0
    source_keypoints: str | None = None
    stepwise: bool = False
    parallel: int = 4

    def client(self, number: int = 0) -> ServingClient:
        """A client of one of the servers."""
        server = self.servers[number % len(self.servers)]
        return ServingClient(server, self.model, self.version, self.label, self.seconds)


def render(job: RenderingJob) -> tuple[list[str], int]:
    """Render everything.

    Returns:
        A message for each picture that failed, and how many did not.

    Raises:
        ValueError: files that don't go together, or, for a single picture, whatever failed.
    """
    for server in job.servers:
        check_address(server)
    _check(job)
    with job.client() as client:
        endpoints = client.endpoints()
        if "clip" in endpoints:
            joints = endpoints["clip"].inputs["reference_keypoints"][1][1]
            return [], _render_clip(job, client, SKELETONS[joints])
    if "transfer" not in endpoints:
        raise ValueError(f"A model that renders people is expected. Received: one with {', '.join(endpoints)}.")
    skeleton = SKELETONS[endpoints["transfer"].inputs["source_keypoints"][1][1]]
    return _render_pictures(job, skeleton)


def _check(job: RenderingJob) -> None:
    """ValueError for what is wrong with a job whatever kind of model it is for; asked before any server."""
    if job.parallel < 1:
        raise ValueError(f"One request at a time or more is expected. Received: {job.parallel}.")
    kinds = {job.source: "a photo", job.pose: "a photo or a keypoint file", job.source_keypoints: "a keypoint file"}
    for path, kind in kinds.items():
        if path is not None and isinstance(file := as_path(split_image_name(path)[0]), Path) and not file.is_dir():
            check_input(file, kind)
    if Path(job.source).is_dir() or not (Path(job.pose).is_dir() or is_keypoint_file(job.pose)):
        _plan(job)  # a clip is of one photo and of keypoints
    elif Path(job.output).suffix.lower() in WRITABLE_EXTENSIONS:
        _check_png(job.output)
        check_distinct([job.source, job.pose, job.source_keypoints], [job.output])


def _check_png(output: str | Path) -> None:
    if Path(output).suffix.lower() != ".png":
        raise ValueError(f"A file ending in .png is expected: servers answer with PNG. Received: {output}.")


def _render_clip(job: RenderingJob, client: ServingClient, skeleton: str) -> int:
    """Write the frames as 00000.png and so on, the folder not before there is a frame; returns how many."""
    photo, keypoints = _source(job.source, job.source_keypoints, PeopleReader(skeleton))
    targets, folder = read_sequence(job.pose, skeleton).keypoints, Path(job.output)
    _check_folder(folder, len(targets))
    paths = [folder / f"{number:05}.png" for number in range(len(targets))]
    check_distinct([job.source, job.pose, job.source_keypoints], paths)
    frames = (
        client.animate(photo, keypoints, targets)
        if job.stepwise
        else client.clip(photo, keypoints, targets).image_bytes
    )
    with Progress(len(targets), "frames") as progress:
        for path, frame in zip(paths, frames, strict=True):
            folder.mkdir(exist_ok=True)
            _write(path, frame)
            progress.add()
    return len(targets)


def _check_folder(folder: Path, count: int) -> None:
    """ValueError unless a clip's frames can be written there and will be the only ones."""
    if (folder.exists() and not folder.is_dir()) or not folder.parent.is_dir():
        raise ValueError(f"A folder, or a name for one in a folder, is expected. Received: {folder}.")
    check_folder(folder)
    longer = [path for path in folder.glob("[0-9]*.png") if path.stem.isdecimal() and int(path.stem) >= count]
    if longer:
        raise ValueError(
            f"A folder without frames of a clip longer than this one's {count} is expected. Received: {max(longer)}."
        )


def _plan(job: RenderingJob) -> list[Job]:
    """The pictures to render; ValueError if files don't go together."""
    jobs = plan_jobs(job.source, job.pose, job.output)
    _check_png(jobs[0][2])
    if len(jobs) > 1 and job.source_keypoints:
        raise ValueError("--source-keypoints is for one source. Received: a folder.")
    inputs = (path for source, pose, _ in jobs for path in (source, pose))
    check_distinct([*inputs, job.source_keypoints], [output for *_, output in jobs])
    check_folder(jobs[0][2].parent)
    return jobs


def _render_pictures(job: RenderingJob, skeleton: str) -> tuple[list[str], int]:
    jobs, failures = _plan(job), []
    with Progress(len(jobs), "pictures") as progress:
        for failure in _failures(job, jobs, PeopleReader(skeleton)):
            progress.add()
            failures += filter(None, [failure])
    if len(jobs) == 1 and failures:
        raise ValueError(failures[0])
    return failures, len(jobs) - len(failures)


def _failures(job: RenderingJob, jobs: list[Job], people: PeopleReader) -> Iterator[str]:
    """What is wrong with each picture, "" if nothing is, as they get ready."""
    numbers, local = itertools.count(), threading.local()

    def render_one(task: Job, inputs: tuple) -> str:
        if not hasattr(local, "client"):
            local.client = clients.enter_context(job.client(next(numbers)))
        try:
            picture = local.client.transfer(*inputs).image_bytes
            task[2].parent.mkdir(parents=True, exist_ok=True)
            _write(task[2], picture)
        except (ValueError, OSError) as error:
            return f"{task[0]} in the pose of {task[1]}: {error}"
        return ""

    waiting: set[Future] = set()
    with ExitStack() as clients, ThreadPoolExecutor(job.parallel) as threads:
        for task in jobs:
            try:
                inputs = (*_source(task[0], job.source_keypoints, people), people.read_pose(task[1]).keypoints)
            except (ValueError, OSError) as error:
                yield f"{task[0]} in the pose of {task[1]}: {error}"
                continue
            waiting.add(threads.submit(render_one, task, inputs))
            if len(waiting) >= 2 * job.parallel:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in waiting)


def _source(path: str, keypoints: str | None, people: PeopleReader) -> tuple[bytes, object]:
    """A photo's file as it is, and the keypoints of the person in it."""
    found = people.read_source(path).keypoints if keypoints is None else read_keypoints(keypoints, people.skeleton)
    return as_path(path).read_bytes(), found


def _write(path: Path, data: bytes) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(data)

"""Rendering a whole dataset, with several processes, so that it can be interrupted and taken up again.

While it is rendered the folder holds `.render/settings.json`, and `.render/NAME.json` for every person or clip that is
complete. At the end come the tables and then `dataset.json`: a folder without that is not complete. `.render` goes.
Taken up again, complete people and clips stay as they are. A run that was interrupted and taken up gives the same files
as one that was not.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gfla_tf.json_files import read_json, write_json
from gfla_tf.outputs import remove_temporaries
from gfla_tf.progress import Progress
from training.data.render.cast import Cast, load_cast
from training.data.render.clips_writer import clip_files, write_clip
from training.data.render.pairs_writer import pair_files, write_person, write_tables
from training.data.render.plan import SPLITS, Job, Settings, plan_jobs
from training.data.render.raytrace import require_embree
from training.data.render.workers import run_jobs

__all__ = ["render_dataset", "GENERATOR"]

GENERATOR = "gfla_tf training data render 1"
STATE = ".render"


@dataclass(frozen=True)
class _Task:
    """A job with all that a process needs to do it."""

    settings: Settings
    job: Job
    folder: Path
    make_cast: Callable[[Settings], Cast]


def render_dataset(
    settings: Settings,
    folder: Path,
    processes: int = 1,
    make_cast: Callable[[Settings], Cast] = load_cast,
) -> bool:
    """Render all that is missing in a folder.

    Args:
        settings: what to render.
        folder: new, empty, or begun with the same settings.
        processes: how many work at a time; the result doesn't depend on it.
        make_cast: a function of a module that gives the people; for other bodies than this package's.

    Returns:
        Whether anything was done: False if the dataset was complete.

    Raises:
        ValueError: the folder holds something else, or was begun with other settings, or `embreex` is missing.
    """
    require_embree()
    folder = Path(folder)
    if _is_complete(settings, folder):
        return False
    _cast(make_cast, settings)  # a wardrobe or recordings that can't be used are found before anything is written
    _begin(settings, folder)
    remove_temporaries(folder)
    jobs = plan_jobs(settings)
    missing = [job for job in jobs if not _is_done(settings, folder, job)]
    tasks = [_Task(settings, job, folder, make_cast) for job in missing]
    with Progress(sum(job.pictures for job in jobs), "pictures") as progress:
        progress.add(sum(job.pictures for job in jobs if job not in missing), worked=False)
        for _ in run_jobs(_work, tasks, min(processes, max(len(tasks), 1)), progress.add):
            pass
    _finish(settings, folder, jobs)
    return True


def _is_complete(settings: Settings, folder: Path) -> bool:
    """Whether the folder is a finished dataset of these settings.

    Raises:
        ValueError: it is of others.
    """
    finished = folder / "dataset.json"
    if not finished.is_file():
        return False
    _compare(settings, finished, folder)
    shutil.rmtree(folder / STATE, ignore_errors=True)  # in case that the very last step was interrupted
    return True


def _begin(settings: Settings, folder: Path) -> None:
    """Make the folder, or check that it was begun with the same settings."""
    state = folder / STATE / "settings.json"
    if state.is_file():
        _compare(settings, state, folder)
    elif folder.exists() and (not folder.is_dir() or any(path.name != STATE for path in folder.iterdir())):
        raise ValueError(f"A new or empty folder, or one that rendering began, is expected. Received: {folder}.")
    for split in SPLITS:
        for parent in (folder, folder / "truth") if settings.truth and settings.kind == "pairs" else (folder,):
            (parent / split).mkdir(parents=True, exist_ok=True)
    state.parent.mkdir(exist_ok=True)
    if not state.is_file():
        write_json(state, {"generator": GENERATOR, "settings": settings.as_dict()})


def _compare(settings: Settings, file: Path, folder: Path) -> None:
    """Raise a ValueError unless a file of the folder says that it is of the same settings."""
    stored = read_json(file)
    wanted, begun = settings.as_dict(), stored.get("settings")
    if stored.get("generator") != GENERATOR or not isinstance(begun, dict):
        raise ValueError(f"A folder made by {GENERATOR} is expected. Received: {folder}, by {stored.get('generator')}.")
    different = [name for name in wanted if wanted[name] != begun.get(name)]
    if different:
        changes = ", ".join(f"{name} {begun.get(name)} (now {wanted[name]})" for name in different)
        raise ValueError(
            f"{folder} was begun with other settings: {changes}. "
            "Render with those of then, or into another folder; one dataset holds pictures of one kind."
        )


def _record(folder: Path, job: Job) -> Path:
    return folder / STATE / f"{job.name}.json"


def _is_done(settings: Settings, folder: Path, job: Job) -> bool:
    files = (pair_files if settings.kind == "pairs" else clip_files)(settings, job)
    return _record(folder, job).is_file() and all((folder / file).is_file() for file in files)


@functools.lru_cache(maxsize=1)
def _cast(make_cast: Callable[[Settings], Cast], settings: Settings) -> Cast:
    """One cast a process."""
    return make_cast(settings)


def _work(task: _Task, each: Callable[[], None]) -> None:
    """Render a person or a clip; its record comes last, and says that it is complete."""
    cast = _cast(task.make_cast, task.settings)
    write = write_person if task.settings.kind == "pairs" else write_clip
    write_json(_record(task.folder, task.job), write(task.settings, task.job, cast, task.folder, each))


def _finish(settings: Settings, folder: Path, jobs: list[Job]) -> None:
    if settings.kind == "pairs":
        records = {job.name: read_json(_record(folder, job)) for job in jobs}
        write_tables(settings, jobs, records, folder)
    size = [settings.height, settings.width]
    counts = {split: sum(job.pictures for job in jobs if job.split == split) for split in SPLITS}
    content = {"kind": "fashion" if settings.kind == "pairs" else "clips", "annotation_size": size}
    content |= {"generator": GENERATOR, "truth": settings.truth, "pictures": counts, "settings": settings.as_dict()}
    write_json(folder / "dataset.json", content)
    shutil.rmtree(folder / STATE)

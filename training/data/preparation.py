"""What the preparations share: dataset.json, files left over from an interrupted run, work on many items at once.

A prepared folder says in dataset.json with which settings it was made and whether the preparation came to its end. A
run that was interrupted goes on when it is started again with the same settings; other settings need another folder.
One run at a time writes into a folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from gfla_tf.json_files import read_json, write_json
from gfla_tf.outputs import remove_temporaries, whole_file
from training.data.layouts import DATASET_FILE

__all__ = ["begin", "copy_file", "finish", "in_parallel"]

ITEMS_AHEAD = 4  # an item in work and so many waiting, per worker

Item = TypeVar("Item")
Result = TypeVar("Result")


def begin(folder: Path, settings: dict[str, object]) -> None:
    """Make the folder, or make it ready for an interrupted run to go on.

    Args:
        folder: where the dataset is written.
        settings: what the result depends on, of JSON's types.

    Raises:
        ValueError: the folder is a file, holds something else, or was begun with other settings.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--output must be a folder. Received: {folder}, which is a file.")
    description = folder / DATASET_FILE
    if description.exists():
        _check_settings(description, settings)
    elif folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"--output must be a new or empty folder, or one to go on with. Received: {folder}.")
    folder.mkdir(parents=True, exist_ok=True)
    remove_temporaries(folder)
    if not description.exists():
        write_json(description, {**settings, "complete": False})


def finish(folder: Path, settings: dict[str, object], **results: object) -> None:
    """Mark the dataset as complete and add what there is to say about it."""
    write_json(folder / DATASET_FILE, {**settings, "complete": True, **results})


def _check_settings(description: Path, settings: dict[str, object]) -> None:
    before = read_json(description)
    different = sorted(name for name in settings if before.get(name) != settings[name])
    if different:
        raise ValueError(
            f"{description.parent} was begun with other settings; choose another --output. Received: "
            + ", ".join(f"{name} {settings[name]} instead of {before.get(name)}" for name in different)
        )


def copy_file(source: Path, target: Path) -> None:
    """Copy a file as it is, whole or not at all."""
    with whole_file(target) as temporary:
        shutil.copyfile(source, temporary)


@contextmanager
def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Iterator[tuple[Item, Future[Result]]]]:
    """Work on items in threads: decoding, resizing and the networks let other threads run.

    At the end of the `with` block, by an error too, what waits is given up and what runs is waited for.

    Args:
        work: called once for each item.
        items: read a little ahead of the work.
        workers: number of threads.

    Yields:
        An iterator over each item with its finished future, in the order in which they finish.
    """
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield _finished_in_turn(pool, work, items, ITEMS_AHEAD * workers)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _finished_in_turn(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], most: int
) -> Iterator[tuple[Item, Future[Result]]]:
    running: dict[Future[Result], Item] = {}
    for item in items:
        running[pool.submit(work, item)] = item
        if len(running) > most:
            yield from _finished(running)
    while running:
        yield from _finished(running)


def _finished(running: dict[Future[Result], Item]) -> Iterator[tuple[Item, Future[Result]]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future

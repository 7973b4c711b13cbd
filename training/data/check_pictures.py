"""Pictures that cannot be read, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gfla_tf.progress import Progress
from training.data.check_report import Report
from training.data.preparation import in_parallel

__all__ = ["check_pictures"]


def check_pictures(report: Report, part: str, files: Sequence[Path], folder: Path, limit: int, workers: int) -> None:
    """Decode every picture as the loaders do.

    Args:
        report: the problem is added to it.
        part: of the dataset, for the message.
        files: the pictures.
        folder: of the dataset; names are relative to it.
        limit: of unreadable files up to which the loaders go on.
        workers: number of threads.
    """
    from training.data.images import picture_error

    found: list[str] = []
    with (
        Progress(len(files), f"pictures of {part}") as progress,
        in_parallel(picture_error, files, workers) as finished,
    ):
        for file, future in finished:
            reason = future.result()
            found += [f"{file.relative_to(folder)}: {reason}"] if reason else []
            progress.add()
    report.add_names(part, "files that cannot be read", sorted(found), serious=len(found) > limit)

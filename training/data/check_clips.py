"""The check of clips: frames, their keypoint files, and what is in them.

A frame without its keypoint file is serious, a frame in which nobody was found is not.
"""

from __future__ import annotations

from pathlib import Path

from training.data.check_pictures import check_pictures
from training.data.check_report import Report
from training.data.layouts import SPLITS, ClipFolder, find_clips

__all__ = ["check_clips"]

UNREADABLE_LIMIT = 10


def check_clips(report: Report, folder: Path, quick: bool, workers: int) -> None:
    """Check both splits.

    Args:
        report: is filled.
        folder: of the dataset.
        quick: neither decode pictures nor read keypoint files.
        workers: number of threads.
    """
    for split in SPLITS:
        try:
            clips = find_clips(folder, split)
        except (ValueError, OSError) as error:
            # A few clips of one's own need no test split.
            report.add(f"{split}: {error}", serious=split == SPLITS[0] or any((folder / split).glob("*/frames")))
            continue
        frames = [frame for clip in clips for frame in clip.frames]
        report.count(split, clips=len(clips), frames=len(frames))
        report.count(split, clips_with_noisy_keypoints=sum(clip.noisy for clip in clips))
        _check_files(report, split, clips, folder)
        _check_lengths(report, split, folder)
        if not quick:
            _check_keypoints(report, split, clips, folder)
            check_pictures(report, split, frames, folder, UNREADABLE_LIMIT, workers)


def _check_files(report: Report, split: str, clips: list[ClipFolder], folder: Path) -> None:
    report.add_names(split, "clips without frames", [clip.name for clip in clips if not clip.frames], serious=True)
    wanted = [clip.keypoint_file(frame, noisy) for clip, frame, noisy in _all_frames(clips)]
    missing = [str(file.relative_to(folder)) for file in wanted if not file.is_file()]
    report.add_names(split, "keypoint files are missing", missing, serious=True)
    masks = [clip.mask_file(frame) for clip, frame, noisy in _all_frames(clips) if clip.masks and not noisy]
    missing = [str(file.relative_to(folder)) for file in masks if not file.is_file()]
    report.add_names(split, "masks are missing", missing, serious=True)


def _all_frames(clips: list[ClipFolder]) -> list[tuple[ClipFolder, int, bool]]:
    """(clip, frame, noisy or not) for all keypoint files that there should be."""
    return [
        (clip, frame, noisy)
        for clip in clips
        for noisy in ([False, True] if clip.noisy else [False])
        for frame in range(len(clip.frames))
    ]


def _check_keypoints(report: Report, split: str, clips: list[ClipFolder], folder: Path) -> None:
    from training.data.clip_poses import read_frame_keypoints

    broken, nobody = [], []
    for file in (clip.keypoint_file(frame, noisy) for clip, frame, noisy in _all_frames(clips)):
        try:
            if file.is_file() and not read_frame_keypoints(file)[:, 2].any():
                nobody.append(str(file.relative_to(folder)))
        except (ValueError, OSError) as error:
            broken.append(str(error))
    report.add_names(split, "keypoint files cannot be read", broken, serious=True)
    report.add_names(split, "keypoint files with nobody in them", nobody)


def _check_lengths(report: Report, split: str, folder: Path) -> None:
    """What the loaders make of the clips with their default settings."""
    from training.data.clips import ClipSettings, VideoClips

    frames = ClipSettings().frames
    try:
        dropped = VideoClips(folder, split).dropped
    except ValueError as error:
        report.add(f"{split}: {error}", serious=True)
        return
    if dropped:
        report.add(f"{split}: {dropped} clips have no {frames} frames in a row and are left out by the loaders")

"""The check of datasets as they were downloaded: what is there, and how to go on.

They are looked for on this machine only, where they are prepared: `os.walk` finds nothing at addresses.
"""

from __future__ import annotations

import os
from pathlib import Path

from training.data.check_report import Report
from training.data.clip_sources import find_sources
from training.data.fashion_tree import csv_files, find_pictures, listed_names
from training.data.layouts import SPLITS
from training.data.origins import ORIGINS

__all__ = ["check_raw_fashion", "check_videos", "find_archives", "looks_like_raw_fashion", "looks_like_videos"]

ARCHIVES = ("img.zip", "img_highres.zip", "img_highres_seg.zip")
GENDERS = ("WOMEN", "MEN")
DEPTH = 3  # folders between the one that is checked and WOMEN, MEN


def looks_like_raw_fashion(folder: Path) -> bool:
    """Whether DeepFashion's tree is somewhere below."""
    for parent, folders, _ in os.walk(folder):
        if len(Path(parent).relative_to(folder).parts) >= DEPTH:
            folders.clear()
        elif set(GENDERS) & set(folders):
            return True
    return False


def find_archives(folder: Path) -> list[str]:
    """DeepFashion's archives that wait to be unpacked."""
    files = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    return sorted(str(path.relative_to(folder)) for path in files if path.name in ARCHIVES)


def check_raw_fashion(report: Report, folder: Path) -> None:
    """Count the pictures of DeepFashion's tree and compare them with the lists."""
    report.kind = "fashion raw"
    pictures = find_pictures(folder.resolve(), folder.resolve() / "prepared")
    identities = {path.parent for path in pictures.values()}
    report.count("tree", pictures=len(pictures), identities=len(identities))
    for split in SPLITS:
        try:
            names = listed_names(folder, split)
        except ValueError as error:
            report.add(f"{split}: {error}")
            continue
        missing = [name for name in names if Path(name).stem not in pictures]
        report.count(split, pictures_in_the_list=len(names))
        report.add_names(split, "names of the list are missing in the tree", missing)
    if not csv_files(folder):
        report.add(f"There are no pair and annotation CSVs. {ORIGINS['fashion']}")
    report.add("The tree is not prepared yet", serious=True)
    report.advice.append(f"Next: python -m training data prepare fashion {folder} --output PREPARED")


def looks_like_videos(folder: Path) -> bool:
    """Whether videos, or folders of frames, are below."""
    try:
        return bool(find_sources(folder))
    except ValueError:
        return False


def check_videos(report: Report, folder: Path) -> None:
    """Count videos and their frames."""
    report.kind = "videos"
    sources = find_sources(folder)
    frames = {source: source.frame_count() for source in sources}
    report.count("videos", clips=len(sources), frames=sum(frames.values()))
    unreadable = [str(source.path.relative_to(folder)) for source, count in frames.items() if not count]
    report.add_names("videos", "files that cannot be read", unreadable)
    report.add("The videos are not prepared yet", serious=True)
    report.advice.append(f"Next: python -m training data prepare video {folder} --output PREPARED")

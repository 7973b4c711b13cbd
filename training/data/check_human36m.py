"""The check of Human3.6M: whether the exact joints and those of each detector are there and fit together."""

from __future__ import annotations

from pathlib import Path

from training.data.check_report import Report
from training.data.layouts import SPLITS

__all__ = ["check_human36m"]

PREFIX = "data_2d_h36m_"
CLEAN = "gt"


def check_human36m(report: Report, folder: Path) -> None:
    """Check all detectors with the subjects of both splits.

    Args:
        report: is filled.
        folder: of the dataset.
    """
    names = sorted(path.stem.removeprefix(PREFIX) for path in folder.glob(f"{PREFIX}*.npz"))
    detectors = [name for name in names if name != CLEAN]
    if not detectors or CLEAN not in names:
        report.add(f"{PREFIX}{CLEAN}.npz and {PREFIX}DETECTOR.npz are expected", serious=True, names=names)
    elif len(detectors) > 1:
        report.add("There are several detectors, name one in the settings", names=detectors)
    for detector in detectors if CLEAN in names else []:
        for split in SPLITS:
            _check_detector(report, folder, detector, split)


def _check_detector(report: Report, folder: Path, detector: str, split: str) -> None:
    from training.data.human36m import Human36mSettings, Human36mWindows

    try:
        windows = Human36mWindows(folder, split, Human36mSettings(detector=detector))
    except ValueError as error:
        report.add(f"{split}: {error}", serious=split == SPLITS[0])
        return
    subjects = {subject for subject, _, _ in windows.recordings}
    report.count(
        f"{split}, {detector}", subjects=len(subjects), recordings=len(windows.recordings), windows=len(windows)
    )

"""The rows of a sheet for Human3.6M: moments of a recording, a detector's joints beside the exact ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gfla_tf.motion.normalization import image_frame
from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.pose.framing import fit_frame
from training.data.layouts import find_human36m

__all__ = ["human36m_panels"]

SIZE = 256
MOMENTS = 3  # of each window: its first, middle and last frame
SKELETON = "h36m-17"


def human36m_panels(folder: Path, split: str, rows: int, random: np.random.Generator) -> list[dict[str, np.ndarray]]:
    """Draw windows of recordings.

    Args:
        folder: of the dataset.
        split: "train" or "test": which subjects.
        rows: number of windows.
        random: draws them, and a detector.

    Returns:
        For each window its panels by title, `[256, 256, 3]` in [-1, 1]: the square around the person.

    Raises:
        ValueError: the dataset is not usable.
    """
    from training.data.human36m import Human36mSettings, Human36mWindows

    files = [path.stem.removeprefix("data_2d_h36m_") for path in sorted(folder.glob("data_2d_h36m_*.npz"))]
    detector = str(random.choice([name for name in files if name != "gt"] or [""]))
    find_human36m(folder, detector)
    settings = Human36mSettings(detector=detector, scale=(1.0, 1.0), shift=0.0)
    windows = Human36mWindows(folder, split, settings)
    drawn = random.permutation(len(windows))[:rows]
    return [_panels(windows, int(index), settings.image_size) for index in drawn]


def _panels(windows, index: int, image_size: tuple[int, int]) -> dict[str, np.ndarray]:
    element = windows.load(np.int64(index), np.zeros(2, np.int32))
    clean, noisy = (_keypoints(element[name].numpy(), image_size) for name in ("clean", "noisy"))
    margin = (len(noisy) - len(clean)) // 2
    subject, action, camera = windows.recordings[windows.windows[index, 0]]
    panels = {}
    for moment in np.linspace(0, len(clean) - 1, MOMENTS).round().astype(int):
        frame = fit_frame(clean[moment], aspect=1.0)
        title = f"{subject} {action} {camera}, {windows.windows[index, 1] + moment}"
        for name, keypoints in (("detector", noisy[margin + moment]), ("exact", clean[moment])):
            panels[f"{title} {name}"] = skeleton_image(
                frame.keypoints_into(keypoints, SIZE, SIZE), SIZE, SIZE, SKELETON
            )
    return panels


def _keypoints(channels: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Channels `[frames, 34]` to keypoints `[frames, 17, 3]` in pixels, all of confidence 1."""
    points = image_frame(*image_size).points(channels)
    return np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)

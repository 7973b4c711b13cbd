"""Finding the people in a video's frames: searched for in every frame, or followed from frame to frame.

    make bench

Frames of 16:9 of some heights in which a photo of two people moves past: what `PoseEstimator` and `PoseTracker` take
for a frame, and the mean distance of the joints that both find, in heights of the larger person.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
from common import Table, make_parser, time_in_turns

from gfla_tf.image_io import read_image
from gfla_tf.pose import PoseEstimator, PoseTracker

REPEATS, FRAMES = 3, 20
HEIGHTS = (360, 720, 1080)
PHOTO = Path(__file__).parents[2] / "samples" / "two_people.jpg"
SHIFT = 0.005  # of the width, a frame
LEAST_VISIBILITY = 0.5


def make_frames(height: int, count: int) -> list[np.ndarray]:
    """The photo, moving to the right."""
    width = height * 16 // 9
    photo = cv2.resize(read_image(PHOTO), (width, height), interpolation=cv2.INTER_CUBIC).clip(-1, 1)
    return [np.roll(photo, round(number * SHIFT * width), axis=1) for number in range(count)]


def find(estimator: type[PoseEstimator], frames: list[np.ndarray]) -> list[np.ndarray]:
    """The landmarks of the larger person in every frame, `[33, 3]`."""
    finder = estimator()
    return [finder.estimate_largest(frame).landmarks for frame in frames]


def distance(first: list[np.ndarray], second: list[np.ndarray]) -> float:
    """Mean distance of what both see, in heights of the person."""
    one, other = np.stack(first), np.stack(second)
    seen = (one[..., 2] >= LEAST_VISIBILITY) & (other[..., 2] >= LEAST_VISIBILITY)
    heights = np.ptp(one[..., 1], axis=1)[:, np.newaxis]
    return float((np.linalg.norm(one[..., :2] - other[..., :2], axis=-1) / heights)[seen].mean())


def main() -> None:
    """Print the table."""
    options = make_parser(__doc__).parse_args()
    table = Table("poses", options.json)
    for height in HEIGHTS[:1] if options.quick else HEIGHTS:
        frames = make_frames(height, 4 if options.quick else FRAMES)
        kinds = {"searched": PoseEstimator, "followed": PoseTracker}
        calls = {name: partial(find, kind, frames) for name, kind in kinds.items()}
        seconds = time_in_turns(calls, 1 if options.quick else REPEATS)
        apart = distance(*(call() for call in calls.values()))
        for name, value in seconds.items():
            row = {
                "people are": name,
                "frame": f"{frames[0].shape[1]}x{height}",
                "ms a frame": value / len(frames) * 1e3,
            }
            table.add(
                {**row, "/ searched": value / seconds["searched"], "apart": apart if name != "searched" else None}
            )
    table.write()


if __name__ == "__main__":
    main()

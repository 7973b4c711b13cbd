"""A rendered dataset of two small test clips whose picture moves, and a protocol for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.pose import write_openpose_json
from gfla_tf.stand_in import stand_in_input
from helpers.tiny_datasets import keypoints_at
from training.evaluation.protocols import Protocol

__all__ = ["CLIPS", "FRAMES", "HEIGHT", "STEP", "WIDTH", "frame_of", "write_moving_clips"]

HEIGHT, WIDTH, FRAMES, STEP = 48, 40, 5, 2
CLIPS = Protocol(
    "tiny-clips",
    "clips for tests",
    "clips",
    ("psnr", "l1", "l1_person"),
    ranking="l1",
    formats=(".png",),
    frechet=False,
    needs_truth=True,
    clip_frames=FRAMES,
)


def frame_of(clip: str, frame: int) -> np.ndarray:
    """A texture that moves right by 2 pixels a frame; another one for each clip."""
    texture = stand_in_input(f"texture {clip}", (HEIGHT, WIDTH + STEP * FRAMES, 3))
    left = STEP * (FRAMES - frame)
    return texture[:, left : left + WIDTH]


def write_moving_clips(folder: Path) -> Path:
    """Clips a and b, and one that is too short; noisy keypoints are a pixel lower, the mask is the left half."""
    for clip, frames in (("a", FRAMES + 1), ("b", FRAMES), ("short", FRAMES - 1)):
        video = folder / "test" / clip
        for name in ("frames", "keypoints", "keypoints_noisy", "masks", "truth"):
            (video / name).mkdir(parents=True)
        for frame in range(frames):
            _write_frame(video, clip, frame)
    return folder


def _write_frame(video: Path, clip: str, frame: int) -> None:
    write_image(video / "frames" / f"{frame:06}.png", frame_of(clip, min(frame, FRAMES - 1)))
    for name, lower in (("keypoints", 0), ("keypoints_noisy", 1)):
        people = [keypoints_at(2 + STEP * frame, 4 + lower, 30)]
        write_openpose_json(video / name / f"{frame:06}_keypoints.json", people, (HEIGHT, WIDTH))
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    write_image(video / "masks" / f"{frame:06}.png", np.repeat(mask[..., np.newaxis], 3, -1) / np.float32(127.5) - 1)
    truth = {"mask": mask}
    for source, steps in (("previous", 1), ("reference", frame)):
        flow = np.zeros((HEIGHT, WIDTH, 2), np.float16)
        flow[..., 0] = -STEP * steps
        visible = np.ones((HEIGHT, WIDTH), np.uint8)
        visible[:, : STEP * steps] = 0
        truth |= {f"flow_{source}": flow, f"visible_{source}": visible}
    np.savez(video / "truth" / f"{frame:06}.npz", **truth)

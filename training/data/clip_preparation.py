"""One clip: the people in every frame, then every frame at one size with the keypoints of its person.

A clip is made in a folder of its own and moved to its place at the end, so that a clip that is there is complete. In
that folder everybody's keypoints in the source's pixels are kept until then, a file a frame, so that an interrupted run
goes on where it was, frame by frame.

    NAME/frames/000000.jpg                     the frame, size x size pixels
    NAME/keypoints/000000_keypoints.json       OpenPose JSON, 18 joints in the frame's pixels; "people": [] if not found
    NAME/clip.json                             where it comes from, and which part of the source's picture it shows

The part of the picture that is shown is one for the whole clip, so that the camera's movement remains:
* "person": the square around all positions of the person, with the room that `gfla_tf.pose.framing` gives it.
* "pad": the whole picture in a square, its border pixels repeated beside or above and below it.
* "squeeze": the whole picture, stretched to the square.
Where a square reaches beyond the picture, the border pixel repeats.
"""

from __future__ import annotations

import queue
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gfla_tf.json_files import read_json, write_json
from gfla_tf.pose.framing import Frame, fit_frame, whole_frame
from gfla_tf.pose.openpose_json import parse_openpose_json, write_openpose_json
from gfla_tf.pose.person_choice import choose_people
from gfla_tf.progress import Progress
from training.data.clip_sources import ClipSource, UnusableClipError
from training.data.preparation import in_parallel

__all__ = ["FRAMINGS", "ClipPreparation", "PreparationSettings"]

FRAMINGS = ("person", "pad", "squeeze")
ESTIMATES = ".estimates"
JOINTS = 18


@dataclass(frozen=True)
class PreparationSettings:
    """How clips are prepared.

    Attributes:
        size: side of the frames in pixels.
        framing: which part of the picture is shown, see the module.
        person: which person, see `gfla_tf.pose.person_choice`.
        format: "jpg" (quality 95) or "png".
    """

    size: int = 256
    framing: str = "person"
    person: str = "nearest"
    format: str = "jpg"


class ClipPreparation:
    """Prepares clips, one after the other, the frames of each by several threads.

    Args:
        settings: of all clips.
        make_estimator: gives a pose estimator with the method `estimate`; called once for each thread.
        workers: number of threads.
        progress: is told of every frame whose people are known.
    """

    def __init__(
        self, settings: PreparationSettings, make_estimator: Callable[[], object], workers: int, progress: Progress
    ) -> None:
        self.settings, self.workers, self.progress = settings, workers, progress
        self._estimators: queue.SimpleQueue = queue.SimpleQueue()
        for _ in range(workers):
            self._estimators.put(make_estimator())

    def prepare(self, source: ClipSource, folder: Path, partial: Path) -> dict[str, object]:
        """Write a clip.

        Args:
            source: the clip.
            folder: where it goes; its parent is there, it is not.
            partial: where it is made, on the same file system; what an interrupted run left there is used.

        Returns:
            What clip.json says.

        Raises:
            UnusableClipError: the clip cannot be read, or nobody is found in it; nothing is left of it then.
        """
        try:
            if not (partial / "clip.json").exists():
                self._write_clip(source, partial)
        except UnusableClipError:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(partial / ESTIMATES, ignore_errors=True)
        partial.rename(folder)
        return read_json(folder / "clip.json")

    def _write_clip(self, source: ClipSource, partial: Path) -> None:
        for name in ("frames", "keypoints", ESTIMATES):
            (partial / name).mkdir(parents=True, exist_ok=True)
        size, frames = self._estimate_people(source, partial / ESTIMATES)
        people = choose_people(frames, self.settings.person)
        found = [person for person in people if person is not None]
        if not found:
            raise UnusableClipError(f"{source.path}: nobody was found in its {len(frames)} frames.")
        frame = self._frame(source, size, np.concatenate(found))
        self._write_frames(source, partial, frame, people)
        clip = {"source": source.path.name, "source_size": size, "frames_per_second": source.frames_per_second()}
        clip |= {"frames": len(frames), "frames_with_person": len(found), "shown": asdict(frame)}
        write_json(partial / "clip.json", clip)

    def _estimate_people(self, source: ClipSource, folder: Path) -> tuple[tuple[int, int], list[list[np.ndarray]]]:
        """(height, width) of the source and the people of every frame, from `folder` where they are there already."""
        files = []
        with in_parallel(self._estimate_frame, _numbered(source.frames(), folder), self.workers) as finished:
            for (file, _), future in finished:
                files.append(file)
                self.progress.add(worked=future.result())
        if not files:
            raise UnusableClipError(f"{source.path}: a video with frames is expected. Received: none.")
        records = [read_json(file) for file in sorted(files)]
        sizes = sorted({(record["canvas_height"], record["canvas_width"]) for record in records})
        if len(sizes) > 1:
            raise UnusableClipError(f"{source.path}: frames of one size are expected. Received: {sizes}.")
        return sizes[0], [_people(record) for record in records]

    def _estimate_frame(self, job: tuple[Path, Callable[[], np.ndarray]]) -> bool:
        """Write everybody's keypoints in a frame; false if they were there."""
        file, load = job
        if file.exists():
            return False
        image = load()
        estimator = self._estimators.get()
        try:
            people = [estimate.keypoints("openpose-18") for estimate in estimator.estimate(image)]
        finally:
            self._estimators.put(estimator)
        write_openpose_json(file, people, image.shape[:2])
        return True

    def _frame(self, source: ClipSource, size: tuple[int, int], keypoints: np.ndarray) -> Frame:
        height, width = size
        if self.settings.framing == "squeeze":
            return whole_frame(height, width)
        if self.settings.framing == "pad":
            side = max(height, width)
            return Frame((width - side) // 2, (height - side) // 2, side, side)
        try:
            return fit_frame(keypoints, aspect=1.0)
        except ValueError as error:
            raise UnusableClipError(f"{source.path}: {error}") from error

    def _write_frames(self, source: ClipSource, partial: Path, frame: Frame, people: list[np.ndarray | None]) -> None:
        def write(job: tuple[Path, Callable[[], np.ndarray]]) -> None:
            file, load = job
            number = int(file.name.partition("_")[0])
            picture = partial / "frames" / f"{number:06}.{self.settings.format}"
            self._write_frame(picture, file, load, frame, people[number])

        with in_parallel(write, _numbered(source.frames(), partial / "keypoints"), self.workers) as finished:
            for _, future in finished:
                future.result()

    def _write_frame(
        self, picture: Path, keypoints: Path, load: Callable[[], np.ndarray], frame: Frame, person: np.ndarray | None
    ) -> None:
        from gfla_tf.image_io import write_image

        size = self.settings.size
        if not picture.exists():
            write_image(picture, frame.crop(load(), size, size))
        if not keypoints.exists():
            shown = [] if person is None else [frame.keypoints_into(person, size, size)]
            write_openpose_json(keypoints, shown, (size, size))


def _numbered(
    frames: Iterator[Callable[[], np.ndarray]], folder: Path
) -> Iterator[tuple[Path, Callable[[], np.ndarray]]]:
    """Each frame with the keypoint file that belongs to it."""
    return ((folder / f"{number:06}_keypoints.json", load) for number, load in enumerate(frames))


def _people(record: dict) -> list[np.ndarray]:
    if not record["people"]:
        return []
    (people,) = parse_openpose_json(record, "frame").frames.values()
    return people

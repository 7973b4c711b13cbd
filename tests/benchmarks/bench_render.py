"""Rendering people: CPU seconds a picture by stage, pictures a second with several processes, and how exact flows are.

    make bench

A stage's time is the CPU time of one process, the mean over all pictures after a warm-up person. Differences compare a
target with its source warped by the exact flow, where visible and two pixels or more inside the outlines of both: mean
absolute difference of pictures in [0, 1]. Times mean something on this machine only.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from training.data.render.backgrounds import random_background
from training.data.render.camera import random_framing
from training.data.render.cast import load_cast
from training.data.render.dataset import render_dataset
from training.data.render.files import flow_arrays, view_truth, write_arrays, write_picture
from training.data.render.lighting import LIGHTS
from training.data.render.picture import Picture
from training.data.render.plan import Settings, chance
from training.data.render.textures import TextureAtlas
from training.data.render.views import aim_camera, flow_between, take_view

PEOPLE, VIEWS = 12, 4
INSET = 5  # pixels across: a pixel and two around it


class Stopwatch:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def __call__(self, stage: str, function, *arguments):
        """Call a function and count its time."""
        start = time.process_time()
        result = function(*arguments)
        self.seconds[stage] += time.process_time() - start
        return result


def render_person(settings: Settings, cast, number: int, folder: Path, watch: Stopwatch) -> list[float]:
    """Render one person as the dataset writer does; returns the differences of its pairs of neighbouring views."""
    random = chance(settings.seed, number)
    actor = watch("person", cast.person, number, "train")
    views = []
    for view in range(VIEWS):
        pose = watch("pose", cast.pose, random, "train")
        posed = watch("skinning", actor.posed, pose)
        if view == 0:
            atlas = watch("textures", TextureAtlas, posed.mesh.materials)
        camera = watch("camera", aim_camera, [posed], random_framing(random), settings.height, settings.width)
        background = watch(
            "background", random_background, random, settings.background, settings.height, settings.width
        )
        views.append(watch("picture", take_view, settings, number, posed, atlas, camera, background))
        watch("files", write_picture, folder / "picture.jpg", views[-1].picture.image)
        watch("files", write_arrays, folder / "truth.npz", view_truth(views[-1]))
    differences = []
    for target, source in zip(views, views[1:] + views[:1], strict=True):
        flow, visible = watch("flow", flow_between, target, source)
        watch("files", write_arrays, folder / "pair.npz", flow_arrays(flow, visible))
        differences.extend(warp_difference(source.picture, target.picture, flow, visible))
    return differences


def warp_difference(source: Picture, target: Picture, flow: np.ndarray, visible: np.ndarray) -> list[float]:
    """The mean absolute difference, or nothing where too little is visible to speak of."""
    import cv2

    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    warped = cv2.remap(source.image, x, y, cv2.INTER_LINEAR)
    square = np.ones((INSET, INSET), np.uint8)
    inside_source = cv2.remap(cv2.erode((source.mask == 1).astype(np.uint8), square), x, y, cv2.INTER_NEAREST)
    inner = (cv2.erode(visible.astype(np.uint8), square, borderValue=0) & inside_source) > 0
    return [float(np.abs(warped - target.image)[inner].mean())] if inner.sum() > 200 else []


def pictures_a_second(processes: int) -> float:
    """Of a whole run, without the time in which the first process starts."""
    seconds = []
    for people in (processes, processes + 20):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            render_dataset(Settings(people=people, views=VIEWS), Path(folder) / "people", processes)
            seconds.append(time.perf_counter() - start)
    return 20 * VIEWS / (seconds[1] - seconds[0])


def main() -> None:
    """Print the tables, and the same as JSON."""
    results: dict[str, object] = {}
    for light in LIGHTS:
        settings = Settings(light=light)
        cast, watch = load_cast(settings), Stopwatch()
        with tempfile.TemporaryDirectory() as folder:
            render_person(settings, cast, 0, Path(folder), Stopwatch())
            differences = [render_person(settings, cast, n, Path(folder), watch) for n in range(1, PEOPLE + 1)]
        values = np.concatenate(differences)
        results[light] = {"mean": float(values.mean()), "worst": float(values.max()), "pairs": len(values)}
        print(f"{light:<8} difference {values.mean():.4f}, worst of {len(values)} pairs {values.max():.4f}")
    print(f"\n{'stage':<12} {'CPU ms a picture':>18}")
    stages = {stage: seconds / (PEOPLE * VIEWS) * 1e3 for stage, seconds in watch.seconds.items()}
    for stage, milliseconds in (stages | {"all": sum(stages.values())}).items():
        print(f"{stage:<12} {milliseconds:>18.1f}")
    processes = min(os.cpu_count() or 1, 2)
    results |= {"milliseconds": stages, "processes": processes, "pictures a second": pictures_a_second(processes)}
    print(f"\n{results['pictures a second']:.1f} pictures a second with {processes} processes")
    print(json.dumps(results))


if __name__ == "__main__":
    main()

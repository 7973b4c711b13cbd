"""Pictures of people and pairs of them, in the layout of DeepFashion's in-shop benchmark.

    DIR/train/person000000_view00.jpg               and DIR/test/...
    DIR/truth/train/person000000_view00.npz         mask, parts, keypoints
    DIR/truth/train/person000000_view00__person000000_view01.npz    flow, visible: from view 0 to view 1
    DIR/fasion-pairs-train.csv                      from,to
    DIR/fasion-annotation-train.csv                 name:keypoints_y:keypoints_x, in pixels of the picture

A pair is (from, to) = (source, target): its flow lives on the pixels of `to` and points into `from`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gfla_tf.outputs import whole_file
from gfla_tf.pose.annotation_csv import write_annotation_csv
from training.data.render.backgrounds import random_background
from training.data.render.camera import random_framing
from training.data.render.cast import Actor, Cast
from training.data.render.files import flow_arrays, view_truth, write_arrays, write_picture
from training.data.render.plan import SHOOT, SPLITS, VIEW, Job, Settings, chance, pairs_of, person_seed
from training.data.render.textures import TextureAtlas
from training.data.render.truth import annotated_keypoints
from training.data.render.views import View, aim_camera, flow_between, take_view

__all__ = ["pair_files", "write_person", "write_tables", "view_name"]


def view_name(job: Job, view: int) -> str:
    """A picture's name without its extension."""
    return f"{job.name}_view{view:02}"


def pair_files(settings: Settings, job: Job) -> list[str]:
    """All files of a person, relative to the dataset's folder."""
    names = [view_name(job, view) for view in range(settings.views)]
    files = [f"{job.split}/{name}.{settings.format}" for name in names]
    if settings.truth:
        files += [f"truth/{job.split}/{name}.npz" for name in names]
        pairs = pairs_of(settings, job.person)
        files += [f"truth/{job.split}/{names[source]}__{names[target]}.npz" for source, target in pairs]
    return files


def write_person(settings: Settings, job: Job, cast: Cast, folder: Path, each: Callable[[], None]) -> dict:
    """Render a person's pictures and write them with their truth.

    Args:
        settings: of the dataset.
        job: which person.
        cast: who to render.
        folder: of the dataset; the folders of the splits exist.
        each: called after each picture.

    Returns:
        What the tables need: picture name -> keypoints `[18][3]`.
    """
    actor = cast.person(person_seed(settings.seed, job.person), job.split)
    views, atlas = [], None
    for number in range(settings.views):
        view, atlas = _take(settings, job, cast, actor, number, atlas)
        write_picture(folder / job.split / f"{view_name(job, number)}.{settings.format}", view.picture.image)
        views.append(view)
        each()
    if settings.truth:
        _write_truth(settings, job, views, folder / "truth" / job.split)
    names = [f"{view_name(job, number)}.{settings.format}" for number in range(settings.views)]
    return {name: view.keypoints.tolist() for name, view in zip(names, views, strict=True)}


def _take(
    settings: Settings, job: Job, cast: Cast, actor: Actor, number: int, atlas: TextureAtlas | None
) -> tuple[View, TextureAtlas]:
    random = chance(settings.seed, VIEW, job.person, number)
    posed = actor.posed(cast.pose(random, job.split))
    camera = aim_camera([posed], random_framing(random), settings.height, settings.width)
    shoot = chance(settings.seed, SHOOT, job.person, 0)
    background = random_background(shoot, settings.background, settings.height, settings.width)
    atlas = atlas or TextureAtlas(posed.mesh.materials)
    return take_view(settings, job.person, posed, atlas, camera, background), atlas


def _write_truth(settings: Settings, job: Job, views: list[View], folder: Path) -> None:
    for number, view in enumerate(views):
        write_arrays(folder / f"{view_name(job, number)}.npz", view_truth(view))
    for source, target in pairs_of(settings, job.person):
        flow, visible = flow_between(views[target], views[source])
        path = folder / f"{view_name(job, source)}__{view_name(job, target)}.npz"
        write_arrays(path, flow_arrays(flow, visible))


def write_tables(settings: Settings, jobs: list[Job], records: dict[str, dict], folder: Path) -> None:
    """Write the lists of pairs and the annotations of both splits.

    Args:
        settings: of the dataset.
        jobs: all people.
        records: job name -> what `write_person` returned.
        folder: of the dataset.
    """
    for split in SPLITS:
        people = [job for job in jobs if job.split == split]
        with whole_file(folder / f"fasion-pairs-{split}.csv") as temporary:
            temporary.write_text("\n".join(["from,to", *_pair_rows(settings, people)]) + "\n", encoding="utf-8")
        keypoints = {
            name: annotated_keypoints(np.array(values, np.float32))
            for job in people
            for name, values in records[job.name].items()
        }
        write_annotation_csv(folder / f"fasion-annotation-{split}.csv", keypoints)


def _pair_rows(settings: Settings, people: list[Job]) -> list[str]:
    return [
        f"{view_name(job, source)}.{settings.format},{view_name(job, target)}.{settings.format}"
        for job in people
        for source, target in pairs_of(settings, job.person)
    ]

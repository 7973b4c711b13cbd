"""MakeHuman's clothes files: a mesh (.obj) and its binding to the base body (.mhclo).

Every vertex of a garment is bound to three vertices of the base mesh by weights and an offset, which grows with the
body: `x_scale V1 V2 D` says that offsets in x are meant for a body on which the vertices V1 and V2 are D decimetres
apart in x; likewise y and z. `delete_verts` lists the vertices of the body that the garment hides. Decimetres in the
files, metres here.

Reference: http://www.makehumancommunity.org/wiki/Documentation:MHCLO_file_format
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse

__all__ = ["BoundMesh", "read_mhclo"]

_BODY_VERTICES = 19158


@dataclass(frozen=True)
class BoundMesh:
    """A mesh that is bound to the base body.

    Attributes:
        name: of the file, without suffix.
        binding: sparse float32 `[n, 19158]`, rows sum to 1; times the body's vertices it gives the garment's, without
            offsets.
        offsets: float32 `[n, 3]` in metres, for a body of the size it was made on.
        scales: for x, y, z the two body vertices and their distance in metres on that body.
        hidden: bool `[19158]`, body vertices that the garment hides.
        nearest: int32 `[n]`, the body vertex with the largest weight.
        quads: int32 `[Q, 4]`, vertices.
        uv: float32 `[Q, 4, 2]`, u to the right, v up.
    """

    name: str
    binding: scipy.sparse.csr_array
    offsets: np.ndarray
    scales: tuple[tuple[int, int, float], ...]
    hidden: np.ndarray
    nearest: np.ndarray
    quads: np.ndarray
    uv: np.ndarray

    def fitted(self, vertices: np.ndarray) -> np.ndarray:
        """The garment's vertices `[n, 3]` in metres on a body with the vertices `[19158, 3]`."""
        size = [abs(vertices[a, axis] - vertices[b, axis]) / d for axis, (a, b, d) in enumerate(self.scales)]
        return (self.binding @ vertices + self.offsets * np.array(size)).astype(np.float32)


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} can't be read: {error}.") from error
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _read_obj(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Quads `[Q, 4]` (a triangle repeats its last corner) and their texture coordinates `[Q, 4, 2]`."""
    rows = _lines(path)
    vertices = sum(words[0] == "v" for words in rows)
    if vertices != count:
        raise ValueError(f"{path} must have the {count} vertices of its .mhclo. Received: {vertices}.")
    try:
        places = np.array([words[1:3] for words in rows if words[0] == "vt"], np.float32)
        corners = [[corner.split("/")[:2] for corner in words[1:]] for words in rows if words[0] == "f"]
        indices = np.array([face + face[-1:] * (4 - len(face)) for face in corners], np.int64) - 1
        if indices.shape[1:] != (4, 2) or indices.min() < 0 or indices[..., 0].max() >= count:
            raise ValueError("triangles and quads with vertices and texture coordinates are expected")
        return indices[..., 0].astype(np.int32), places[indices[..., 1]]
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error


def _hidden(words: Iterable[str]) -> np.ndarray:
    """Numbers and ranges `A - B` as a mask."""
    mask = np.zeros(_BODY_VERTICES, bool)
    numbers: list[int] = []
    in_range = False
    for word in words:
        if word == "-":
            in_range = True
            continue
        numbers.append(int(word))
        if not 0 <= numbers[-1] < _BODY_VERTICES:
            raise ValueError(f"vertices below {_BODY_VERTICES} are expected after delete_verts")
        mask[(numbers[-2] if in_range else numbers[-1]) : numbers[-1] + 1] = True
        in_range = False
    return mask


def _sections(rows: list[list[str]]) -> tuple[dict[str, list[str]], list[list[str]], list[str]]:
    """Keywords with their words, the rows of `verts`, and all words after `delete_verts`."""
    keywords: dict[str, list[str]] = {}
    bound: list[list[str]] = []
    hidden: list[str] = []
    section = ""
    for words in rows:
        if words[0].lstrip("-").isdigit():
            (bound.append if section == "verts" else hidden.extend)(words)
        else:
            section = words[0] if words[0] in ("verts", "delete_verts") else section  # others may come in between
            keywords[words[0]] = words[1:]
    return keywords, bound, hidden


def _binding(bound: list[list[str]]) -> tuple[scipy.sparse.csr_array, np.ndarray, np.ndarray]:
    # A row with a single number means that body vertex itself.
    full = [[row[0], "0", "0", "1", "0", "0", "0", "0", "0"] if len(row) == 1 else row for row in bound]
    table = np.array(full, np.float64)
    if table.shape[1:] != (9,) or table[:, :3].min() < 0 or table[:, :3].max() >= _BODY_VERTICES:
        raise ValueError(f"after verts rows with three vertices below {_BODY_VERTICES} and six numbers are expected")
    columns = table[:, :3].astype(int)
    shares = (table[:, 3:6] / table[:, 3:6].sum(axis=1, keepdims=True)).astype(np.float32)
    rows = np.repeat(np.arange(len(table)), 3)
    matrix = scipy.sparse.coo_array((shares.ravel(), (rows, columns.ravel())), (len(table), _BODY_VERTICES))
    nearest = columns[np.arange(len(columns)), shares.argmax(axis=1)].astype(np.int32)
    return matrix.tocsr(), nearest, (table[:, 6:] / 10).astype(np.float32)


def read_mhclo(path: str | os.PathLike[str]) -> BoundMesh:
    """Read a garment, hair or shoes.

    Args:
        path: the .mhclo file; its .obj lies in the same folder.

    Returns:
        The bound mesh.

    Raises:
        ValueError: names the file that is missing or damaged.
    """
    path = Path(path)
    keywords, bound, hidden = _sections(_lines(path))
    try:
        binding, nearest, offsets = _binding(bound)
        scales = tuple((int(a), int(b), float(d) / 10) for a, b, d in (keywords[f"{axis}_scale"] for axis in "xyz"))
        mask = _hidden(hidden)
        mesh = path.with_name(keywords["obj_file"][0])
    except (ValueError, KeyError, IndexError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    quads, uv = _read_obj(mesh, binding.shape[0])
    return BoundMesh(path.stem, binding, offsets, scales, mask, nearest, quads, uv)

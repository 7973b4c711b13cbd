"""The files of a rendered dataset: pictures and truth, each either whole or not there."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.outputs import whole_file
from training.data.render.views import View

__all__ = ["write_arrays", "write_picture", "view_truth", "flow_arrays"]

COMPRESSION = 1  # of zlib: fast; 6 takes several times as long and saves little


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an .npz file; equal arrays give equal bytes."""
    with (
        whole_file(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, True, COMPRESSION) as file,
    ):
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def write_picture(path: Path, image: np.ndarray) -> None:
    """Write a rendered image, float32 in [0, 1]."""
    write_image(path, image * 2 - 1)


def view_truth(view: View) -> dict[str, np.ndarray]:
    """The truth of one picture: `mask` and `parts` uint8 `[height, width]`, `keypoints` float32 `[18, 3]`."""
    mask = np.rint(view.picture.mask * 255).astype(np.uint8)
    return {"mask": mask, "parts": view.picture.parts, "keypoints": view.keypoints}


def flow_arrays(flow: np.ndarray, visible: np.ndarray, suffix: str = "") -> dict[str, np.ndarray]:
    """A flow and its visibility as they are stored: `flow` float16 in pixels, `visible` uint8, 0 or 1."""
    limit = float(np.finfo(np.float16).max)
    return {
        f"flow{suffix}": np.clip(flow, -limit, limit).astype(np.float16),
        f"visible{suffix}": visible.astype(np.uint8),
    }

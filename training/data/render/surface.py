"""The lit surface of a posed person: the colour at every point that a camera sees."""

from __future__ import annotations

import numpy as np

from training.data.render.camera import Camera
from training.data.render.lighting import Light, light_fields, shade_factor
from training.data.render.mesh import Mesh
from training.data.render.raytrace import Hits, Scene, interpolate

__all__ = ["LitSurface"]

SHARPNESS = 2.0  # points across a pixel, of those that are averaged


class LitSurface:
    """The colours that a camera sees on a lit scene."""

    def __init__(self, scene: Scene, camera: Camera, light: Light) -> None:
        self.scene, self.camera, self.light = scene, camera, light
        mesh = scene.mesh
        corners = mesh.vertices[mesh.faces]
        # Of every face: along its normal, twice its area long.
        self._across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self._normals = _sum_at_vertices(mesh, self._across)
        self._texels_per_metre = _texel_density(scene, np.linalg.norm(self._across, axis=1))

    def find_shadows(self, seen: np.ndarray, hits: Hits) -> None:
        """Prepare the light at the pixels, from the hits at their centres."""
        directions = self.camera.rays(*np.nonzero(seen)[::-1])[1]
        normals = self._normals_at(hits, directions)
        self._fields = light_fields(self.scene, self.light, self.scene.points(hits), normals, seen)

    def add_points(self, total: np.ndarray, rows: np.ndarray, columns: np.ndarray, points: list) -> None:
        """Add the colours, and 1 where the person is, of several points a pixel to float32 `[height, width, 4]`."""
        if len(rows) == 0:
            return
        offsets = np.array(points)
        x, y = (np.concatenate([axis + offset for offset in offsets[:, i]]) for i, axis in enumerate((columns, rows)))
        origins, directions = self.camera.rays(x, y)
        hits = self.scene.hit(origins, directions)
        pixel = np.tile(rows * self.camera.width + columns, len(points))[hits.found]
        colors = self._colors(hits[hits.found], directions[hits.found], pixel)
        flat = total.reshape(-1, 4)
        for channel in range(3):
            flat[:, channel] += np.bincount(pixel, colors[:, channel], len(flat)).astype(np.float32)
        flat[:, 3] += np.bincount(pixel, minlength=len(flat)).astype(np.float32)

    def _colors(self, hits: Hits, directions: np.ndarray, pixel: np.ndarray) -> np.ndarray:
        mesh, atlas = self.scene.mesh, self.scene.atlas
        material = mesh.material_index[hits.face]
        uv = interpolate(mesh.uv[hits.face], hits.u, hits.v)
        texels = self._texels_per_metre[hits.face] * hits.depth / (self.camera.focal * SHARPNESS)
        level = np.clip(np.rint(np.log2(np.maximum(texels, 1e-6))), 0, atlas.levels - 1).astype(np.int64)
        color = atlas.sample(material, uv, level)[:, :3]
        if self.light.flat:
            return color
        key_visible, openness = (field.ravel()[pixel] for field in self._fields)
        return color * shade_factor(self.light, self._normals_at(hits, directions), key_visible, openness)

    def _normals_at(self, hits: Hits, directions: np.ndarray) -> np.ndarray:
        """Smooth unit normals on the side of the surface that is seen."""
        normals = interpolate(self._normals[self.scene.mesh.faces[hits.face]], hits.u, hits.v)
        length = np.sqrt(np.einsum("ij,ij->i", normals, normals))
        behind = np.einsum("ij,ij->i", self._across[hits.face], directions) > 0
        return normals * (np.where(behind, -1, 1) / np.maximum(length, 1e-12))[:, np.newaxis].astype(np.float32)


def _texel_density(scene: Scene, twice_area: np.ndarray) -> np.ndarray:
    """Texels of level 0 a metre on every face, float32 `[F]`."""
    mesh = scene.mesh
    first, second = mesh.uv[:, 1] - mesh.uv[:, 0], mesh.uv[:, 2] - mesh.uv[:, 0]
    height, width = scene.atlas.sizes[mesh.material_index, 0].T
    texels = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) * height * width
    return np.sqrt(texels / np.maximum(twice_area, 1e-12)).astype(np.float32)


def _sum_at_vertices(mesh: Mesh, vectors: np.ndarray) -> np.ndarray:
    """Sums of the vectors `[F, 3]` of the faces around every vertex, float32 `[V, 3]`."""
    corners = mesh.faces.ravel()
    sums = [np.bincount(corners, np.repeat(vectors[:, axis], 3), len(mesh.vertices)) for axis in range(3)]
    return np.stack(sums, axis=-1).astype(np.float32)

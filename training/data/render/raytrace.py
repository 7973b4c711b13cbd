"""Rays against the triangles of a posed person, through Embree (package `embreex`, imported when first used).

A hit is (face, u, v, depth): the point is (1 - u - v) of the face's first corner, u of its second and v of its third,
and lies at origin + depth * direction. Hair and other textures with alpha are cut out: where alpha is below one half
the ray goes on. Alpha is read at one fixed resolution, so that a surface point is there or not there in every view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.render.mesh import Mesh
from training.data.render.textures import TextureAtlas

__all__ = ["Hits", "Scene", "interpolate", "require_embree"]

NOTHING = -1
MAX_LAYERS = 10  # transparent layers that a ray passes before it counts as lost
STEP = 1e-4  # in directions: how far behind a transparent texel the ray starts anew
SOLID_ALPHA = 0.5


def require_embree() -> None:
    """Raise a ValueError that says what to install unless rays can be traced."""
    try:
        import embreex.rtcore_scene  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"Rendering needs Embree: `pip install embreex`, or the extra `render` of this package. ({error})"
        ) from error


@dataclass(frozen=True)
class Hits:
    """What rays hit first.

    Attributes:
        face: int32 `[n]`, -1 where nothing was hit.
        u: float32 `[n]`, weight of the face's second corner.
        v: float32 `[n]`, weight of the third.
        depth: float32 `[n]`, in lengths of the ray's direction; infinite where nothing was hit.
    """

    face: np.ndarray
    u: np.ndarray
    v: np.ndarray
    depth: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Hits:
        return Hits(self.face[chosen], self.u[chosen], self.v[chosen], self.depth[chosen])

    @property
    def found(self) -> np.ndarray:
        """Whether something was hit, bool `[n]`."""
        return self.face != NOTHING


def interpolate(corners: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Values at points of faces from the values `[n, 3, channels]` at their corners: float32 `[n, channels]`."""
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    return first + u[:, np.newaxis] * (second - first) + v[:, np.newaxis] * (third - first)


class Scene:
    """A posed mesh that rays can be sent against."""

    def __init__(self, mesh: Mesh, atlas: TextureAtlas) -> None:
        """Build Embree's tree.

        Args:
            mesh: the posed person.
            atlas: the textures of `mesh.materials`; one for all poses of a person.

        Raises:
            ValueError: `embreex` is not installed, or a mesh without faces.
        """
        require_embree()
        from embreex import mesh_construction, rtcore_scene

        if len(mesh.faces) == 0:
            raise ValueError("A mesh with faces is expected. Received: none.")
        self.mesh, self.atlas = mesh, atlas
        self._embree = rtcore_scene.EmbreeScene(robust=True)
        mesh_construction.TriangleMesh(self._embree, np.ascontiguousarray(mesh.vertices), mesh.faces)
        self._has_alpha = atlas.has_alpha[mesh.material_index]

    def hit(self, origins: np.ndarray, directions: np.ndarray) -> Hits:
        """The first solid point on each ray.

        Args:
            origins: float32 `[n, 3]` in metres.
            directions: float32 `[n, 3]`, of any length.
        """
        hits = self._first(origins, directions)
        if not self._has_alpha.any():
            return hits
        pending = self._transparent(hits, np.flatnonzero(hits.found))
        for _ in range(MAX_LAYERS):
            if len(pending) == 0:
                return hits
            start = hits.depth[pending] + np.float32(STEP)
            further = self._first(origins[pending] + start[:, np.newaxis] * directions[pending], directions[pending])
            hits.face[pending], hits.u[pending], hits.v[pending] = further.face, further.u, further.v
            hits.depth[pending] = start + further.depth
            pending = self._transparent(hits, pending)
        hits.face[pending], hits.depth[pending] = NOTHING, np.inf
        return hits

    def blocked(self, origins: np.ndarray, directions: np.ndarray, farthest: float) -> np.ndarray:
        """How much of the light along each ray is stopped: float32 `[n]`, 1 by a solid face, 0.5 by one with alpha.

        Args:
            origins: float32 `[n, 3]`, in metres.
            directions: float32 `[n, 3]`.
            farthest: what is farther away, in lengths of the directions, doesn't count.
        """
        limits = np.full(len(origins), farthest, np.float32)
        face = self._embree.run(origins, directions, limits, query="INTERSECT")
        opacity = np.where(self._has_alpha[face], np.float32(0.5), np.float32(1))
        return np.where(face != NOTHING, opacity, np.float32(0))

    def points(self, hits: Hits) -> np.ndarray:
        """The points of this pose, float32 `[n, 3]` in metres, that hits (of any pose of the person) name."""
        return interpolate(self.mesh.vertices[self.mesh.faces[hits.face]], hits.u, hits.v)

    def outside_seen(self, hits: Hits, directions: np.ndarray) -> np.ndarray:
        """Whether rays of these directions see the outer side of the surface (cloth has an inner one), bool `[n]`."""
        corners = self.mesh.vertices[self.mesh.faces[hits.face]]
        outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return np.einsum("ij,ij->i", outward, directions) < 0

    def _first(self, origins: np.ndarray, directions: np.ndarray) -> Hits:
        found = self._embree.run(origins, directions, output=True)
        depth = np.where(found["primID"] == NOTHING, np.float32(np.inf), found["tfar"])
        return Hits(found["primID"], found["u"], found["v"], depth)

    def _transparent(self, hits: Hits, candidates: np.ndarray) -> np.ndarray:
        """Those of the candidates (indices) that hit a transparent texel."""
        candidates = candidates[hits.found[candidates]]
        candidates = candidates[self._has_alpha[hits.face[candidates]]]
        chosen = hits[candidates]
        uv = interpolate(self.mesh.uv[chosen.face], chosen.u, chosen.v)
        alpha = self.atlas.alpha(self.mesh.material_index[chosen.face], uv)
        return candidates[alpha < SOLID_ALPHA]

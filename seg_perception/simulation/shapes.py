"""Triangles: plain solids, and how to bend, scatter and merge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.surfaces import SURFACES

Rng = np.random.Generator
Array = NDArray[np.float64]


_UPRIGHT_COSINE = 0.9
FLAT, UPRIGHT, BALL = 0, 1, 2
"""What a triangle is part of: itself, an upright bar, something round."""


@dataclass(frozen=True)
class Mesh:
    """Triangles with a surface and a colour each.

    Attributes:
        vertices: float32 (V, 3), metre.
        triangles: int32 (T, 3), indices of vertices.
        surface: uint8 (T,), numbers of surfaces.
        rgb: float32 (T, 3), linear albedo.
        curve: float32 (T, 4), a place on the axis or in the middle of what a triangle curves
            around (metre), and whether it does: FLAT, UPRIGHT or BALL.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    surface: NDArray[np.uint8]
    rgb: NDArray[np.float32]
    curve: NDArray[np.float32]

    def tinted(self, factor: Array) -> Mesh:
        """The same with its colours multiplied; factor float64 (T, 1), (T, 3) or (3,)."""
        return replace(self, rgb=(self.rgb * factor).astype(np.float32))

    def curved(self, centre: Array, kind: int) -> Mesh:
        """The same, curving around places, float64 (T, 3) or (3,), metre."""
        curve = np.full((len(self.triangles), 4), kind, np.float32)
        curve[:, :3] = centre
        return replace(self, curve=curve)

    def moved(self, offset: Sequence[float], yaw: float = 0.0, scale: float = 1.0) -> Mesh:
        """The same scaled, turned about z and then shifted."""
        return scatter(self, np.array([offset], float), np.array([yaw]), np.array([scale]))


def mesh(vertices: Array, triangles: NDArray[np.integer], surface: str) -> Mesh:
    """Make a mesh of one surface in its own colour.

    Args:
        vertices: float64 (V, 3), metre.
        triangles: int (T, 3), indices of vertices.
        surface: name of its surface.
    """
    number = SURFACES.id(surface)
    count = len(triangles)
    return Mesh(
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        np.full(count, number, np.uint8),
        np.tile(SURFACES.rgb[number], (count, 1)),
        np.zeros((count, 4), np.float32),
    )


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """Put several into one."""
    offsets = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate(
            [m.triangles + np.int32(offset) for m, offset in zip(meshes, offsets, strict=True)]
        ),
        np.concatenate([m.surface for m in meshes]),
        np.concatenate([m.rgb for m in meshes]),
        np.concatenate([m.curve for m in meshes]),
    )


def scatter(one: Mesh, positions: Array, yaw: Array, scale: Array) -> Mesh:
    """Copies of a mesh: each scaled, turned about z, then put at its position.

    Args:
        one: what is copied.
        positions: float64 (n, 3), metre.
        yaw: float64 (n,), radian.
        scale: float64 (n,).
    """
    cos, sin = np.cos(yaw)[:, None] * scale[:, None], np.sin(yaw)[:, None] * scale[:, None]

    def placed(places: NDArray[np.float32]) -> NDArray[np.float32]:
        x, y, z = places.T.astype(float)
        moved = np.stack([cos * x - sin * y, sin * x + cos * y, scale[:, None] * z], axis=2)
        return (moved + positions[:, None, :]).reshape(-1, 3).astype(np.float32)

    shift = np.arange(len(positions))[:, None, None] * len(one.vertices)
    kind = np.tile(one.curve[:, 3:], (len(positions), 1))
    return Mesh(
        placed(one.vertices),
        (one.triangles + shift).reshape(-1, 3).astype(np.int32),
        np.tile(one.surface, len(positions)),
        np.tile(one.rgb, (len(positions), 1)),
        np.hstack([placed(one.curve[:, :3]), kind]),
    )


def box(size: Sequence[float], centre: Sequence[float], surface: str) -> Mesh:
    """An upright box."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return mesh(corners * size + centre, np.array(triangles), surface)


def tube(path: Array, radius_m: Array, sides: int, surface: str) -> Mesh:
    """A round bar along a path, open at both ends.

    Args:
        path: float64 (k, 3), metre, centres of the rings.
        radius_m: float64 (k,).
        sides: corners of a ring.
        surface: name of its surface.
    """
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    across = np.cross(tangent, helper)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = (
        np.cos(angle)[:, None] * across[:, None]
        + np.sin(angle)[:, None] * np.cross(across, tangent)[:, None]
    )
    vertices = path[:, None] + ring * radius_m[:, None, None]
    bar = mesh(vertices.reshape(-1, 3), _grid_triangles(len(path), sides, closed=True), surface)
    if np.abs(tangent[:, 2]).min() < _UPRIGHT_COSINE:
        return bar
    return bar.curved(np.repeat((path[:-1] + path[1:]) / 2, 2 * sides, axis=0), UPRIGHT)


def grid(vertices: Array, surface: str) -> Mesh:
    """A sheet through vertices, float64 (rows, columns, 3), metre."""
    rows, columns = vertices.shape[:2]
    triangles = _grid_triangles(rows, columns, closed=False)
    return mesh(vertices.reshape(-1, 3), triangles, surface)


def blob(rng: Rng, radii: Sequence[float], detail: int, roughness: float, surface: str) -> Mesh:
    """A dented ellipsoid around the origin.

    Args:
        rng: where the dents come from.
        radii: half axes (metre).
        detail: how often the icosahedron is divided; triangles are 20 * 4 ** detail.
        roughness: dents as a share of the radius.
        surface: name of its surface.
    """
    vertices, triangles = _icosphere(detail)
    waves = rng.normal(size=(7, 3)) * rng.uniform(1.0, 4.0, (7, 1))
    phase = rng.uniform(0, 2 * np.pi, 7)
    dents = np.sin(vertices @ waves.T + phase).sum(axis=1) / np.sqrt(3.5)
    dents += 0.4 * rng.normal(size=len(vertices))
    lump = mesh(vertices * (1 + roughness * dents[:, None]) * radii, triangles, surface)
    return lump.curved(np.zeros(3), BALL)


def flakes(rng: Rng, centres: Array, size_m: Array, surface: str, flatness: float = 0.0) -> Mesh:
    """Small tilted four-cornered leaves.

    Args:
        rng: how they lie.
        centres: float64 (n, 3), metre.
        size_m: float64 (n,), length from tip to tip.
        surface: name of their surface.
        flatness: 0 lies anyhow, 1 lies level.
    """
    count = len(centres)
    along = rng.normal(size=(count, 3)) * [1, 1, 1 - flatness]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, rng.normal(size=(count, 3)) * [1 - flatness, 1 - flatness, 1])
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    half = size_m[:, None] / 2
    corners = [along * half, across * half * 0.62, -along * half, -across * half * 0.62]
    vertices = centres[:, None] + np.stack(corners, axis=1)
    first = np.arange(count)[:, None, None] * 4
    triangles = first + np.array([[0, 1, 2], [0, 2, 3]])
    return mesh(vertices.reshape(-1, 3), triangles.reshape(-1, 3), surface)


def spikes(root: Array, tip: Array, width_m: Array, surface: str) -> Mesh:
    """Narrow triangles from a root to a tip: blades and needles.

    Args:
        root, tip: float64 (n, 3), metre.
        width_m: float64 (n,), at the root.
        surface: name of their surface.
    """
    direction = tip - root
    side = np.stack([-direction[:, 1], direction[:, 0], 0.1 * direction[:, 2] + 1e-6], axis=1)
    side *= width_m[:, None] / 2 / np.linalg.norm(side, axis=1, keepdims=True)
    vertices = np.stack([root - side, root + side, tip], axis=1)
    return mesh(vertices.reshape(-1, 3), np.arange(3 * len(root)).reshape(-1, 3), surface)


def _grid_triangles(rows: int, columns: int, *, closed: bool) -> NDArray[np.int64]:
    row = np.arange(rows - 1)[:, None] * columns
    column = np.arange(columns if closed else columns - 1)
    following = (column + 1) % columns
    a, b = row + column, row + following
    c, d = a + columns, b + columns
    pairs = np.stack([np.stack([a, b, d], axis=2), np.stack([a, d, c], axis=2)], axis=2)
    return pairs.reshape(-1, 3)


@lru_cache(maxsize=8)
def _icosphere(detail: int) -> tuple[Array, NDArray[np.int64]]:
    """Vertices on the unit sphere and triangles of a divided icosahedron."""
    if detail == 0:
        return _icosahedron()
    vertices, triangles = _icosphere(detail - 1)
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, index = np.unique(edges, axis=0, return_inverse=True)
    middle = vertices[unique].mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    ab, bc, ca = (index.reshape(-1, 3) + len(vertices)).T
    a, b, c = triangles.T
    parts = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    divided = np.concatenate([np.stack(part, axis=1) for part in parts])
    return np.concatenate([vertices, middle]), divided


def _icosahedron() -> tuple[Array, NDArray[np.int64]]:
    golden = (1 + np.sqrt(5)) / 2
    plane = np.array([[-1, golden], [1, golden], [-1, -golden], [1, -golden]])
    zero = np.zeros((4, 1))
    vertices = np.concatenate(
        [
            np.hstack([plane, zero]),
            np.hstack([zero, plane]),
            np.hstack([plane[:, 1:], zero, plane[:, :1]]),
        ]
    )
    triangles = [
        (0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11),
        (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6), (7, 1, 8),
        (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9),
        (4, 9, 5), (2, 4, 11), (6, 2, 10), (8, 6, 7), (9, 8, 1),
    ]  # fmt: skip
    return vertices / np.linalg.norm(vertices, axis=1, keepdims=True), np.array(triangles)

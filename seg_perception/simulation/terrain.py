"""Rolling ground with a track worn into it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats, NoiseTexture, noise_texture
from seg_perception.simulation.planes import to_planes
from seg_perception.simulation.pond import Pond
from seg_perception.simulation.shapes import Array, Mesh, grid
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.track import Track

HALF_EXTENT_M = 72.0
_SPACING_M = 0.4
_RUT_M = 0.72


@dataclass(frozen=True)
class GroundStyle:
    """How the track looks.

    Attributes:
        track: surface of its firm parts, `gravel` or `asphalt`.
        half_width_m: from its centre to its edge.
        roughness: share of the track that is worn earth, 0 to 1.
        wetness: share of the worn parts that is mud or water, 0 to 1.
        relief_m: height of the hills.
        pond_m: radius of a pond beside the track; 0 is none.
    """

    track: str = "gravel"
    half_width_m: float = 1.7
    roughness: float = 0.45
    wetness: float = 0.25
    relief_m: float = 2.2
    pond_m: float = 0.0


class Terrain:
    """The height field, and what grows or lies at any place of it."""

    def __init__(self, seed: int, track: Track, style: GroundStyle) -> None:
        """Compute the rasters.

        Args:
            seed: moves the hills and patches about.
            track: the line that the ground is levelled for.
            style: how the track looks.
        """
        self.style = style
        self._shift = np.random.default_rng([seed, 77]).uniform(0, 1, (7, 2)).astype(np.float32)
        self._fine = noise_texture(11, 1.05)
        self._soft = noise_texture(12, 1.9)
        self._smooth = noise_texture(16, 3.0)
        axis = np.arange(-HALF_EXTENT_M, HALF_EXTENT_M + _SPACING_M / 2, _SPACING_M)
        x, y = np.meshgrid(axis.astype(np.float32), axis.astype(np.float32))
        lateral = _signed_distance(track, x, y)
        self._height = self._make_height(x, y, lateral)
        self.pond = self._pond(track)
        if self.pond is not None:
            ragged = self._patches(self._soft, x, y, 4, 11.0)
            self._height = self.pond.dug(x, y, self._height, ragged)
        slope_y, slope_x = np.gradient(self._height, _SPACING_M)
        broad = self._patches(self._soft, x, y, 1, 34.0)
        self._raster = np.dstack([lateral, slope_x, slope_y, broad]).astype(np.float32)
        self._ground = np.dstack([self._height, lateral]).astype(np.float32)
        self._axis = axis

    def mesh(self) -> Mesh:
        """The ground as triangles; `classify` says what each place of it is."""
        x, y = np.meshgrid(self._axis, self._axis)
        return grid(np.dstack([x, y, self._height]), "turf")

    def height(self, x: Array, y: Array) -> Array:
        """Height at places, float64 of any shape, metre; bilinear between the grid's corners."""
        return _bilinear(self._height, x, y)

    def lateral(self, x: Array, y: Array) -> Array:
        """Signed distance of places, float64 of any shape, to the track's centre, metre.

        Positive on its left.
        """
        return _bilinear(self._raster[..., 0], x, y)

    def around(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Height of the ground and distance to the track's centre at places, metre.

        Args:
            x, y: float32 (h, w), metre.

        Returns:
            float32 (h, w) each.
        """
        if x.size == 0:
            return np.zeros_like(x), np.zeros_like(x)
        column = (x + np.float32(HALF_EXTENT_M)) / np.float32(_SPACING_M)
        row = (y + np.float32(HALF_EXTENT_M)) / np.float32(_SPACING_M)
        edge = cv2.BORDER_REPLICATE
        found = cv2.remap(self._ground, column, row, cv2.INTER_LINEAR, borderMode=edge)
        height, lateral = cv2.split(found)
        return np.asarray(height, np.float32), np.asarray(lateral, np.float32)

    def classify(self, x: Floats, y: Floats) -> tuple[NDArray[np.uint8], Floats]:
        """Say what the ground is at each place, and how it slopes.

        Args:
            x, y: float32 (h, w), metre.

        Returns:
            Surface numbers (h, w) and upward unit normals (3, h, w).
        """
        column = (x + np.float32(HALF_EXTENT_M)) / np.float32(_SPACING_M)
        row = (y + np.float32(HALF_EXTENT_M)) / np.float32(_SPACING_M)
        if x.size == 0:
            return np.zeros(x.shape, np.uint8), np.zeros((3, *x.shape), np.float32)
        edge = cv2.BORDER_REPLICATE
        looked_up = cv2.remap(self._raster, column, row, cv2.INTER_LINEAR, borderMode=edge)
        lateral, slope_x, slope_y, broad = to_planes(np.asarray(looked_up, np.float32))
        upward = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
        normal = np.stack([-slope_x * upward, -slope_y * upward, upward])
        return self._surface(x, y, lateral, broad), normal

    def _surface(self, x: Floats, y: Floats, lateral: Floats, broad: Floats) -> NDArray[np.uint8]:
        style = self.style
        ragged = self._patches(self._fine, x, y, 0, 9.0)
        away = np.abs(lateral) + np.float32(0.16) * ragged
        edge = np.float32(style.half_width_m)
        verge = edge + np.float32(1.6) + np.float32(0.9) * broad
        surface = np.full(x.shape, SURFACES.id("undergrowth"), np.uint8)
        surface[(away < verge) | (broad - 0.35 * ragged > 1.15)] = SURFACES.id("turf")
        on_track = away < edge
        surface[on_track] = SURFACES.id(style.track)
        worn = on_track & (broad * 0.8 + 0.35 * ragged > _normal_quantile(1 - style.roughness))
        surface[worn] = SURFACES.id("earth")
        in_rut = np.abs(np.abs(lateral) - np.float32(_RUT_M)) + np.float32(0.1) * ragged
        strip = on_track & (np.abs(lateral) + 0.13 * ragged < 0.26) & (style.track != "asphalt")
        surface[strip & (broad < 0.8)] = SURFACES.id("turf")
        dry = np.float32(_normal_quantile(1 - style.wetness))
        wet = self._patches(self._smooth, x, y, 2, 12.0) - dry
        surface[worn & (in_rut < 0.42) & (wet > -0.2)] = SURFACES.id("mud")
        surface[worn & (in_rut < 0.30) & (wet > 0.12)] = SURFACES.id("puddle")
        return surface

    def _pond(self, track: Track) -> Pond | None:
        if self.style.pond_m <= 0:
            return None
        ground = self.height(*Pond.shore(track))
        return Pond.beside(track, self.style.half_width_m, self.style.pond_m, float(ground))

    def _make_height(self, x: Floats, y: Floats, lateral: Floats) -> Floats:
        away = np.abs(lateral)
        wild = np.clip((away - 2.0) / 5.0, 0, 1)
        hills = self.style.relief_m * self._patches(self._smooth, x, y, 3, 110.0)
        bumps = 0.22 * wild * self._patches(self._soft, x, y, 4, 16.0)
        # The track is cut into slopes: beside it the ground rises here and falls there.
        side = np.clip(self._patches(self._smooth, x, y, 6, 75.0), -1, 1.8)
        bank = (0.45 + 1.1 * side) * wild * wild * (3 - 2 * wild)
        ripple = 0.025 * (1 - wild) * self._patches(self._soft, x, y, 5, 9.0)
        rut = -0.06 * np.exp(-(((away - _RUT_M) / 0.3) ** 2))
        height: Floats = (hills + bumps + bank + ripple + rut).astype(np.float32)
        return height

    def _patches(
        self, texture: NoiseTexture, x: Floats, y: Floats, channel: int, period_m: float
    ) -> Floats:
        scale = np.float32(1 / period_m)
        shift_u, shift_v = self._shift[channel]
        return texture.sample(x * scale + shift_u, y * scale + shift_v)


def _signed_distance(track: Track, x: Floats, y: Floats) -> Floats:
    """Distance to the nearest sample of the track, measured across it.

    The nearest sample comes from a distance transform with labels on the same grid.
    """
    spacing = float(x[0, 1] - x[0, 0])
    column = np.rint((track.points[:, 0] - x[0, 0]) / spacing).astype(int)
    row = np.rint((track.points[:, 1] - y[0, 0]) / spacing).astype(int)
    away = np.ones(x.shape, np.uint8)
    away[row, column] = 0
    _, labels = cv2.distanceTransformWithLabels(
        away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    sample_of_label = np.zeros(labels.max() + 1, int)
    sample_of_label[labels[row, column]] = np.arange(len(track.points))
    nearest = sample_of_label[labels]
    offset = np.dstack([x, y]) - track.points[nearest]
    tangent = track.tangent[nearest]
    across = tangent[..., 0] * offset[..., 1] - tangent[..., 1] * offset[..., 0]
    far = np.linalg.norm(offset, axis=2)
    distance: Floats = np.where(far < 3, across, np.sign(across) * far).astype(np.float32)
    return distance


def _bilinear(raster: Floats, x: Array, y: Array) -> Array:
    rows, columns = raster.shape
    column = np.clip((np.asarray(x) + HALF_EXTENT_M) / _SPACING_M, 0, columns - 1.001)
    row = np.clip((np.asarray(y) + HALF_EXTENT_M) / _SPACING_M, 0, rows - 1.001)
    c, r = np.floor(column).astype(int), np.floor(row).astype(int)
    u, v = column - c, row - r
    top = (1 - u) * raster[r, c] + u * raster[r, c + 1]
    bottom = (1 - u) * raster[r + 1, c] + u * raster[r + 1, c + 1]
    found: Array = (1 - v) * top + v * bottom
    return found


def _normal_quantile(share: float) -> float:
    """Threshold below which about `share` of a standard normal lies (logistic approximation)."""
    share = min(max(share, 1e-3), 1 - 1e-3)
    return float(np.log(share / (1 - share)) / 1.702)

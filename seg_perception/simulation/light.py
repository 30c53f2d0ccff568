"""Sun, sky and haze, and how surfaces look in them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from seg_perception.simulation.noise import Floats, noise_texture
from seg_perception.simulation.planes import dot, unit
from seg_perception.simulation.scene import Hits, Scene
from seg_perception.simulation.surfaces import SKY, SURFACES
from seg_perception.simulation.texture_mapping import texture

_SUN_SPREAD = 0.012
_SHADOW_STEP = 3
_HARDLY = 0.02
_MIRRORED_AT_ONCE = 30_000
_WARM = np.array([1.0, 0.93, 0.80], np.float32)
_COOL = np.array([0.86, 0.97, 1.14], np.float32)
_SHELTER, _CROWDED = np.float32(0.5), np.float32(0.35)
_DRY = np.array([1.0, 0.2, 0.3], np.float32)
_STILL_WATER, _POND = "puddle", "pond"
_WATER = (_STILL_WATER, _POND)
_RIPPLE_M, _RIPPLE_MPS = 1.7, 0.25
_OPEN, _WOODED = np.float32(0.6), np.float32(0.15)
_MIRRORS = (
    (_STILL_WATER, 0.75),
    (_POND, 0.75),
    ("window", 0.6),
    ("car_glass", 0.6),
    ("car_paint", 0.25),
)


@dataclass(frozen=True)
class Rays:
    """The rays of a picture.

    Attributes:
        origin: float32 (3, h or 1, 1), world frame.
        towards: float32 (3, h, w), unit directions, world frame.
    """

    origin: Floats
    towards: Floats


@dataclass(frozen=True)
class Light:
    """The weather.

    Attributes:
        sun_azimuth_rad: direction the light comes from, from +x towards +y.
        sun_elevation_rad: above the horizon.
        sunshine: 1 is a clear day, 0 is overcast.
        cloudiness: share of the sky, 0 to 1.
        haze_m: distance at which haze has taken two thirds of the contrast.
        exposure: brightness that the camera aims at, 0 to 1.
        warmth: tint of the whole picture; 0 is neutral, positive is yellow.
        wind: how steep the ripples of a pond are; 0 is a mirror.
    """

    sun_azimuth_rad: float = 2.2
    sun_elevation_rad: float = 0.82
    sunshine: float = 1.0
    cloudiness: float = 0.45
    haze_m: float = 420.0
    exposure: float = 0.33
    warmth: float = 0.02
    wind: float = 0.0

    @property
    def sun(self) -> Floats:
        """float32 (3,), unit vector towards the sun."""
        level = np.cos(self.sun_elevation_rad)
        direction = [level * np.cos(self.sun_azimuth_rad), level * np.sin(self.sun_azimuth_rad)]
        return np.array([*direction, np.sin(self.sun_elevation_rad)], np.float32)

    @property
    def haze_rgb(self) -> Floats:
        """float32 (3,), radiance of the horizon."""
        return np.asarray((0.6 + 0.35 * self.sunshine) * np.array([0.66, 0.73, 0.80]), np.float32)

    def radiance(
        self, scene: Scene, hits: Hits, rays: Rays, time_s: float, pixel_rad: float
    ) -> Floats:
        """Colour of what each ray sees.

        Args:
            scene: casts the shadows.
            hits: what the rays met; its colours are used up.
            rays: where they start and go.
            time_s: when.
            pixel_rad: angle between neighbouring rays.

        Returns:
            float32 (3, h, w), linear.
        """
        sky = hits.surface == SKY
        reach: Floats = np.where(sky, 0, hits.distance).astype(np.float32)
        points: Floats = rays.origin + reach * rays.towards
        colour = hits.rgb
        self._paint(colour, scene, hits, points, rays.towards, time_s, pixel_rad)
        self._reflect(colour, scene, hits, points, rays.towards, time_s)
        clear = np.exp(reach * np.float32(-1 / self.haze_m))
        for plane, haze in zip(colour, self.haze_rgb, strict=True):
            np.subtract(plane, haze, out=plane)
            np.multiply(plane, clear, out=plane)
            np.add(plane, haze, out=plane)
        row, column = np.nonzero(sky)
        colour[:, row, column] = self.sky(rays.towards[:, row, column])
        return colour

    def sky(self, towards: Floats) -> Floats:
        """Radiance, float32 (3, n), of the open sky: a gradient, clouds, a glow around the sun.

        Args:
            towards: float32 (3, n), unit directions, world frame.
        """
        up = np.maximum(towards[2], np.float32(0.02))
        zenith = np.array([0.20, 0.40, 0.80], np.float32) * np.float32(0.6 + 0.5 * self.sunshine)
        blue = zenith[:, None] + (self.haze_rgb - zenith)[:, None] * np.exp(-3.2 * up)
        u, v = (towards[:2] / (up + np.float32(0.16))) * np.float32(0.085)
        clouds = noise_texture(13, 1.65).sample(u[None], v[None])[0]
        threshold = np.float32(1.6 * (0.5 - self.cloudiness) + 0.2)
        cover = np.clip((clouds - threshold) * 0.8, 0, 1) * np.float32(0.92)
        glow = np.maximum(self.sun @ towards, 0) ** 24 * np.float32(0.6 * self.sunshine)
        white = np.float32(0.92 + 0.35 * self.sunshine)
        radiance: Floats = blue + (white - blue) * cover + glow
        return radiance

    def _paint(
        self,
        colour: Floats,
        scene: Scene,
        hits: Hits,
        points: Floats,
        towards: Floats,
        time_s: float,
        pixel_rad: float,
    ) -> None:
        """Multiply colours by texture and light: the sun where it shines, the sky everywhere."""
        through = SURFACES.translucency[hits.surface]
        facing = dot(self.sun, hits.normal)
        direct = self._direct(scene, hits, points, facing, through, time_s)
        diffuse = np.float32(0.62) + np.float32(0.38) * hits.normal[2]
        diffuse *= np.float32(0.50 + 0.75 * (1 - self.sunshine))
        diffuse *= _openness(scene, points)
        textured, broad = texture(hits, points, towards, pixel_rad)
        dryness = broad * np.minimum(through * 2, 1) * np.float32(0.16)
        for plane, warm, cool, dry, grain in zip(colour, _WARM, _COOL, _DRY, textured, strict=True):
            shade = grain * (1 + dry * dryness) * (direct * warm + diffuse * cool)
            np.multiply(plane, shade, out=plane)

    def _direct(
        self,
        scene: Scene,
        hits: Hits,
        points: Floats,
        facing: Floats,
        through: Floats,
        time_s: float,
    ) -> Floats:
        """Sunlight (h, w) on the surfaces; leaves also glow from behind.

        One shadow ray for every third pixel in both directions, softened in between.
        """
        leafy = np.float32(0.30) + np.float32(0.55) * np.abs(facing)
        falling = (1 - through) * np.maximum(facing, 0) + through * leafy
        if self.sunshine <= 0:
            return np.zeros_like(falling)
        coarse = np.zeros_like(falling[::_SHADOW_STEP, ::_SHADOW_STEP])
        bright = (falling > _HARDLY) & (hits.surface != SKY)
        row, column = np.nonzero(bright[::_SHADOW_STEP, ::_SHADOW_STEP])
        v, u = _SHADOW_STEP * row, _SHADOW_STEP * column
        start = points[:, v, u] + np.float32(0.03) * hits.normal[:, v, u]
        start += (np.float32(0.02) + np.float32(0.16) * through[v, u]) * self.sun[:, None]
        towards_sun = self._sun_disk(len(row))
        coarse[row, column] = scene.lit(np.ascontiguousarray(start.T), towards_sun, time_s)
        coarse = cv2.GaussianBlur(coarse, (5, 5), 1.1)
        size = (falling.shape[1], falling.shape[0])
        lit = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(falling * lit * np.float32(2.6 * self.sunshine), np.float32)

    def _sun_disk(self, count: int) -> Floats:
        """Directions (count, 3) to places on a sun somewhat wider than the real one."""
        spread = np.random.default_rng(5).normal(0, _SUN_SPREAD, (4096, 3)).astype(np.float32)
        return np.resize(self.sun + spread, (count, 3))

    def _reflect(
        self,
        colour: Floats,
        scene: Scene,
        hits: Hits,
        points: Floats,
        towards: Floats,
        time_s: float,
    ) -> None:
        """Let water mirror what is around, glass and paint the sky (Schlick's approximation)."""
        for name, mirror in _MIRRORS:
            row, column = np.nonzero(hits.surface == SURFACES.id(name))
            if len(row) == 0:
                continue
            incoming, normal = towards[:, row, column], hits.normal[:, row, column]
            if name in _WATER:
                normal = np.broadcast_to(np.array([[0], [0], [1]], np.float32), normal.shape)
            if name == _POND and self.wind > 0:
                normal = self._rippled(points[:2, row, column], time_s)
            cosine = -dot(incoming, normal)
            bounced = incoming + 2 * cosine * normal
            share = (0.06 + 0.94 * np.clip(1 - cosine, 0, 1) ** 4) * np.float32(mirror)
            start = points[:, row, column] + np.float32(0.02) * normal
            if name in _WATER:
                mirrored = self._mirrored(scene, start, bounced, time_s)
            else:
                mirrored = self.sky(bounced) * np.where(bounced[2] > 0, _OPEN, _WOODED)
            colour[:, row, column] = colour[:, row, column] * (1 - share) + share * mirrored

    def _rippled(self, places: Floats, time_s: float) -> Floats:
        """Unit normals (3, n) of moving water at places (2, n), metre: two trains of ripples."""
        u, v = places / np.float32(_RIPPLE_M)
        drift = np.float32(_RIPPLE_MPS * time_s / _RIPPLE_M)
        slopes = [
            noise_texture(seed, 1.2).sample((u + drift)[None], (v + sign * drift)[None])[0]
            for seed, sign in ((17, 1), (18, -1))
        ]
        steep = np.float32(0.05 * self.wind)
        normal: Floats = unit(
            np.column_stack([*(steep * one for one in slopes), np.ones_like(u)])
        ).T
        return normal

    def _mirrored(self, scene: Scene, start: Floats, bounced: Floats, time_s: float) -> Floats:
        """What mirrors show (3, n): the sky, or things in the light that falls on average."""
        rows = -(-start.shape[1] // _MIRRORED_AT_ONCE)
        found = [
            self._met_in_mirror(scene, *piece, time_s)
            for piece in zip(
                np.array_split(start, rows, axis=1),
                np.array_split(bounced, rows, axis=1),
                strict=True,
            )
        ]
        return np.concatenate(found, axis=1)

    def _met_in_mirror(self, scene: Scene, start: Floats, bounced: Floats, time_s: float) -> Floats:
        origins, directions = (np.ascontiguousarray(m.T[None]) for m in (start, bounced))
        met = scene.cast(origins, directions, np.array([time_s]))
        things = met.rgb[:, 0] * (_COOL * np.float32(1.2 - 0.4 * self.sunshine))[:, None]
        return np.where(met.surface[0] == SKY, self.sky(bounced), things)


def _openness(scene: Scene, points: Floats) -> Floats:
    """Share (h, w) of the sky's light that reaches a place.

    Less the deeper in the wood and the lower under its crowns, and less close to the ground,
    where plants stand in each other's way.
    """
    height, lateral = scene.terrain.around(points[0], points[1])
    above = points[2] - height
    deep = np.clip((np.abs(lateral) - np.float32(2.2)) * np.float32(1 / 6), 0, 1)
    under = np.clip((np.float32(9) - above) * np.float32(1 / 7), 0, 1)
    rooted = np.clip(above * np.float32(1 / 0.3), 0, 1)
    crowded = np.clip((np.abs(lateral) - np.float32(1.6)) * np.float32(2), 0, 1)
    open_: Floats = (1 - _SHELTER * deep * under) * (1 - _CROWDED * crowded * (1 - rooted))
    return open_

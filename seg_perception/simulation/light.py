"""Sun, sky and haze, and how surfaces look in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.simulation.noise import Floats, noise_texture
from seg_perception.simulation.scene import Hits, Scene
from seg_perception.simulation.surfaces import SKY, SURFACES


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
    """

    sun_azimuth_rad: float = 2.2
    sun_elevation_rad: float = 0.82
    sunshine: float = 1.0
    cloudiness: float = 0.45
    haze_m: float = 420.0
    exposure: float = 0.40
    warmth: float = 0.02

    @property
    def sun(self) -> Floats:
        """float32 (3,), unit vector towards the sun."""
        level = np.cos(self.sun_elevation_rad)
        direction = [level * np.cos(self.sun_azimuth_rad), level * np.sin(self.sun_azimuth_rad)]
        return np.array([*direction, np.sin(self.sun_elevation_rad)], np.float32)

    @property
    def haze_rgb(self) -> Floats:
        """float32 (3,), radiance of the horizon."""
        return np.array([0.66, 0.73, 0.80], np.float32) * np.float32(0.6 + 0.35 * self.sunshine)

    def radiance(
        self, scene: Scene, hits: Hits, origins: Floats, directions: Floats, time_s: float
    ) -> Floats:
        """Colour of what each ray sees.

        Args:
            scene: casts the shadows.
            hits: what the rays met.
            origins, directions: float32 (h, w, 3), world frame.
            time_s: when.

        Returns:
            float32 (h, w, 3), linear.
        """
        sky = hits.surface == SKY
        reach = np.where(sky, np.float32(0), hits.distance)
        points = origins + reach[..., None] * directions
        colour = hits.rgb * _texture(hits, points)[..., None]
        colour *= self._irradiance(scene, hits, points, time_s)
        self._reflect_sky(colour, hits, directions)
        clear = np.exp(reach * np.float32(-1 / self.haze_m))[..., None]
        colour = colour * clear + (1 - clear) * self.haze_rgb
        colour[sky] = self.sky(directions)[sky]
        return colour

    def sky(self, directions: Floats) -> Floats:
        """Radiance (h, w, 3) of the open sky: a gradient, clouds, a glow around the sun."""
        up = np.maximum(directions[..., 2], np.float32(0.02))
        zenith = np.array([0.20, 0.40, 0.80], np.float32) * np.float32(0.6 + 0.5 * self.sunshine)
        fade = np.exp(-3.2 * up)[..., None]
        blue = zenith + (self.haze_rgb - zenith) * fade
        clouds = noise_texture(13, 1.65).sample(
            directions[..., 0] / (up + 0.16) * 0.085 + 0.31, directions[..., 1] / (up + 0.16) * 0.085
        )
        threshold = np.float32(1.6 * (0.5 - self.cloudiness) + 0.2)
        cover = np.clip((clouds - threshold) * 0.8, 0, 1)[..., None] * np.float32(0.92)
        white = np.float32(0.92 + 0.35 * self.sunshine) * np.array([1.0, 1.0, 1.01], np.float32)
        glow = np.maximum(directions @ self.sun, 0) ** 24 * np.float32(0.6 * self.sunshine)
        radiance: Floats = blue + (white - blue) * cover + glow[..., None]
        return radiance

    def _irradiance(self, scene: Scene, hits: Hits, points: Floats, time_s: float) -> Floats:
        """Light (h, w, 3) that falls on the surfaces: sun where it shines, sky elsewhere."""
        sun = self.sun
        facing = hits.normal @ sun
        through = SURFACES.translucency[hits.surface]
        leafy = np.float32(0.30) + np.float32(0.55) * np.abs(facing)
        direct = (1 - through) * np.maximum(facing, 0) + through * leafy
        direct *= self._sunlit(scene, hits, points, time_s) * np.float32(2.3 * self.sunshine)
        open_sky = np.float32(0.62) + np.float32(0.38) * hits.normal[..., 2]
        diffuse = open_sky * np.float32(0.62 + 0.65 * (1 - self.sunshine))
        warm = np.array([1.0, 0.93, 0.80], np.float32)
        cool = np.array([0.88, 0.97, 1.12], np.float32)
        irradiance: Floats = direct[..., None] * warm + diffuse[..., None] * cool
        return irradiance

    def _sunlit(self, scene: Scene, hits: Hits, points: Floats, time_s: float) -> Floats:
        """Share of the sun (h, w), from a shadow ray for every other pixel, softened."""
        import cv2

        height, width = hits.surface.shape
        if self.sunshine < 0.15:
            return np.ones((height, width), np.float32)
        coarse = points[::2, ::2] + np.float32(0.03) * hits.normal[::2, ::2]
        lift = np.float32(0.02) + np.float32(0.16) * SURFACES.translucency[hits.surface[::2, ::2]]
        coarse += lift[..., None] * self.sun
        lit = scene.lit(coarse.reshape(-1, 3), self.sun, time_s).astype(np.float32)
        lit = lit.reshape(coarse.shape[:2])
        soft: Floats = cv2.resize(lit, (width, height), interpolation=cv2.INTER_LINEAR)
        return soft

    def _reflect_sky(self, colour: Floats, hits: Hits, directions: Floats) -> None:
        """Let water, glass and paint mirror the sky (Schlick's approximation)."""
        for name, mirror in (("puddle", 0.75), ("window", 0.6), ("car_glass", 0.6), ("car_paint", 0.25)):
            row, column = np.nonzero(hits.surface == SURFACES.id(name))
            if len(row) == 0:
                continue
            incoming, normal = directions[row, column], hits.normal[row, column]
            if name == "puddle":
                normal = np.broadcast_to(np.array([0, 0, 1], np.float32), normal.shape)
            cosine = np.einsum("nc,nc->n", -incoming, normal)
            bounced = incoming + 2 * cosine[:, None] * normal
            share = (0.06 + 0.94 * np.clip(1 - cosine, 0, 1) ** 4)[:, None] * np.float32(mirror)
            mirrored = self.sky(bounced[None])[0] * np.where(bounced[:, 2:] > 0, 0.6, 0.15)
            colour[row, column] = colour[row, column] * (1 - share) + share * mirrored


def _texture(hits: Hits, points: Floats) -> Floats:
    """Brightness (h, w) of bark, stone, soil and leaves at points in the world.

    The texture lies along the ground on level surfaces, and along the wall on steep ones.
    """
    along, upward = np.moveaxis(SURFACES.grain_m[hits.surface], -1, 0)
    steep = np.abs(hits.normal[..., 2]) < np.float32(0.7)
    x, y, z = np.moveaxis(points, -1, 0)
    across = x * -hits.normal[..., 1] + y * hits.normal[..., 0]
    u = np.where(steep, across + np.float32(0.13) * x, x) / along
    v = np.where(steep, z, y) / upward
    fine = noise_texture(14, 0.95).sample(u, v)
    broad = noise_texture(15, 1.7).sample(x / np.float32(23) + z / np.float32(9), y / np.float32(23))
    contrast = SURFACES.contrast[hits.surface]
    return np.maximum(1 + contrast * (fine + np.float32(0.45) * broad), np.float32(0.12))

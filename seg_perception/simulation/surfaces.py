"""What things are made of: how each surface looks to a camera, a lidar and a radar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Surface:
    """One kind of surface.

    Attributes:
        name: how shapes refer to it.
        class_name: the class of its pixels and points, a name of the ontology.
        rgb: albedo, linear, 0 to 1, where the shape does not give its own.
        grain_m: period of its texture along the ground and upwards; around a trunk it goes twice.
        contrast: how much the texture changes the brightness.
        translucency: 0 is opaque, 1 is a thin leaf that the light passes.
        reflectivity: at the lidar's wavelength, 0 to 1.
        radar_db: strength of its radar echo relative to foliage.
        texture: name of the small picture that it repeats.
    """

    name: str
    class_name: str
    rgb: tuple[float, float, float]
    grain_m: tuple[float, float] = (2.0, 2.0)
    contrast: float = 0.15
    translucency: float = 0.0
    reflectivity: float = 0.3
    radar_db: float = 0.0
    texture: str = "plain"


_SURFACES = (
    Surface("sky", "sky", (0.5, 0.6, 0.8)),
    Surface(
        "gravel", "smooth_trail", (0.235, 0.205, 0.17), (2.0, 2.0), 0.14, 0, 0.30, -9, "gravel"
    ),
    Surface("asphalt", "road", (0.17, 0.17, 0.18), (1.6, 1.6), 0.1, 0, 0.12, -13, "asphalt"),
    Surface("earth", "rough_trail", (0.215, 0.16, 0.11), (2.2, 2.2), 0.16, 0, 0.25, -9, "earth"),
    Surface("mud", "slippery_trail", (0.125, 0.088, 0.058), (2.4, 2.4), 0.16, 0, 0.12, -11, "mud"),
    Surface("puddle", "water", (0.06, 0.055, 0.045), (4.0, 4.0), 0.03, 0, 0.001, -25),
    Surface("turf", "grass", (0.08, 0.095, 0.046), (1.7, 1.7), 0.2, 0.2, 0.50, -9, "turf"),
    Surface(
        "undergrowth",
        "low_vegetation",
        (0.10, 0.105, 0.045),
        (2.0, 2.0),
        0.22,
        0.1,
        0.40,
        -7,
        "litter",
    ),
    Surface("grass_blade", "grass", (0.115, 0.14, 0.06), (0.4, 0.4), 0.10, 0.6, 0.50, -5),
    Surface("fern", "low_vegetation", (0.095, 0.165, 0.05), (0.5, 0.5), 0.12, 0.6, 0.50, -3),
    Surface("bush_leaf", "high_vegetation", (0.10, 0.18, 0.045), (0.5, 0.5), 0.14, 0.5, 0.50, 0),
    Surface(
        "leaf", "high_vegetation", (0.10, 0.19, 0.04), (2.6, 2.6), 0.14, 0.6, 0.50, 0, "foliage"
    ),
    Surface(
        "needle",
        "high_vegetation",
        (0.05, 0.095, 0.035),
        (2.2, 2.2),
        0.20,
        0.35,
        0.40,
        0,
        "foliage",
    ),
    Surface(
        "hillside", "high_vegetation", (0.07, 0.10, 0.05), (40.0, 24.0), 0.2, 0.1, 0.40, 0, "crowns"
    ),
    Surface("bark", "trunk", (0.17, 0.125, 0.09), (1.0, 1.5), 0.12, 0, 0.35, 3, "bark"),
    Surface("birch_bark", "trunk", (0.52, 0.50, 0.46), (1.0, 1.1), 0.1, 0, 0.55, 3, "birch"),
    Surface("dead_wood", "obstacle", (0.20, 0.155, 0.115), (0.9, 0.9), 0.15, 0, 0.40, 3, "bark"),
    Surface("rock", "obstacle", (0.27, 0.265, 0.25), (1.6, 1.6), 0.12, 0, 0.35, 4, "stone"),
    Surface("plaster", "building", (0.52, 0.48, 0.41), (3.0, 3.0), 0.06, 0, 0.60, 6),
    Surface("planks", "building", (0.25, 0.155, 0.09), (2.4, 0.8), 0.06, 0, 0.45, 5, "planks"),
    Surface("roof", "building", (0.26, 0.10, 0.075), (1.9, 1.5), 0.1, 0, 0.35, 6, "roof"),
    Surface("window", "building", (0.05, 0.065, 0.08), (3.0, 3.0), 0.03, 0, 0.05, 4),
    Surface("fence_wood", "fence", (0.33, 0.27, 0.20), (0.9, 0.9), 0.1, 0, 0.45, 3, "wood"),
    Surface("pole_wood", "pole", (0.24, 0.19, 0.14), (0.7, 1.6), 0.1, 0, 0.40, 5, "wood"),
    Surface("pole_metal", "pole", (0.36, 0.37, 0.38), (2.0, 2.0), 0.05, 0, 0.50, 12),
    Surface("sign_board", "sign", (0.75, 0.58, 0.04), (2.0, 2.0), 0.04, 0, 0.95, 12),
    Surface("sign_back", "sign", (0.32, 0.32, 0.33), (2.0, 2.0), 0.04, 0, 0.60, 12),
    Surface("car_paint", "vehicle", (0.30, 0.04, 0.035), (3.0, 3.0), 0.03, 0, 0.35, 15),
    Surface("car_glass", "vehicle", (0.03, 0.04, 0.045), (3.0, 3.0), 0.02, 0, 0.04, 8),
    Surface("tyre", "vehicle", (0.022, 0.022, 0.024), (1.0, 1.0), 0.05, 0, 0.06, 5),
    Surface("car_lamp", "vehicle", (0.75, 0.72, 0.62), (1.0, 1.0), 0.02, 0, 0.90, 12),
    Surface("skin", "person", (0.52, 0.33, 0.24), (1.0, 1.0), 0.03, 0, 0.50, 6),
    Surface("hair", "person", (0.05, 0.035, 0.025), (0.3, 0.3), 0.20, 0, 0.20, 4),
    Surface("jacket", "person", (0.62, 0.16, 0.03), (0.8, 0.8), 0.08, 0, 0.50, 6),
    Surface("trousers", "person", (0.045, 0.055, 0.09), (0.8, 0.8), 0.08, 0, 0.30, 6),
    Surface("pond", "water", (0.035, 0.045, 0.03), (4.0, 4.0), 0.03, 0, 0.001, -25),
    Surface("fur", "obstacle", (0.3, 0.3, 0.3), (0.5, 0.5), 0.12, 0, 0.40, 3),
)


class SurfaceTable:
    """All surfaces, and one array for each of their properties."""

    def __init__(self, surfaces: tuple[Surface, ...]) -> None:
        """Number the surfaces in their order; the first is the sky."""
        self.surfaces = surfaces
        self._ids = {surface.name: index for index, surface in enumerate(surfaces)}

    def id(self, name: str) -> int:
        """Number of a surface.

        Raises:
            KeyError: no surface of that name.
        """
        return self._ids[name]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class of each surface."""
        return tuple(surface.class_name for surface in self.surfaces)

    @cached_property
    def rgb(self) -> NDArray[np.float32]:
        """float32 (n, 3), linear albedo."""
        return np.array([surface.rgb for surface in self.surfaces], np.float32)

    @cached_property
    def grain_m(self) -> NDArray[np.float32]:
        """float32 (n, 2), texture period along the ground and upwards."""
        return np.array([surface.grain_m for surface in self.surfaces], np.float32)

    @cached_property
    def contrast(self) -> NDArray[np.float32]:
        """float32 (n,)."""
        return np.array([surface.contrast for surface in self.surfaces], np.float32)

    @cached_property
    def translucency(self) -> NDArray[np.float32]:
        """float32 (n,)."""
        return np.array([surface.translucency for surface in self.surfaces], np.float32)

    @cached_property
    def reflectivity(self) -> NDArray[np.float32]:
        """float32 (n,), at the lidar's wavelength."""
        return np.array([surface.reflectivity for surface in self.surfaces], np.float32)

    @cached_property
    def radar_db(self) -> NDArray[np.float32]:
        """float32 (n,), echo relative to foliage."""
        return np.array([surface.radar_db for surface in self.surfaces], np.float32)

    def class_ids(self, ids: dict[str, int], unknown_id: int) -> NDArray[np.uint8]:
        """Look-up table surface -> class id, by the class names.

        Args:
            ids: class ids by name, of the ontology that the truth is written in.
            unknown_id: the id of what the ontology has no class for.

        Returns:
            uint8 (256,); 255 (no surface) and unnamed classes are `unknown_id`.
        """
        table = np.full(256, unknown_id, np.uint8)
        for index, surface in enumerate(self.surfaces):
            table[index] = ids.get(surface.class_name, unknown_id)
        return table


SURFACES = SurfaceTable(_SURFACES)
SKY = SURFACES.id("sky")

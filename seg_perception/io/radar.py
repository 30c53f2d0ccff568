"""Finds velocity, strength and polar coordinates in radar clouds, by the drivers' names.

Every driver names its fields in its own way and gives them its own types; the table below
maps the names. Polar coordinates are computed from x, y, z, which every cloud has: drivers
disagree on their unit and sign (Oculii's Alpha is minus the azimuth, in degrees).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.types import PointCloud


@dataclass(frozen=True)
class _Alias:
    """A driver's name for a quantity.

    Attributes:
        name: the field.
        compensated: a velocity from which the sensor's own motion was taken out.
    """

    name: str
    compensated: bool = False


# The first name that a cloud has is taken. Sources: drivers of Sensrad, smartmicro, ARS 548
# (robotics-upo, nebula), Oculii Eagle, TI mmWave, View of Delft, TJ4DRadSet, radar_msgs.
_DOPPLER = (
    _Alias("doppler"),
    _Alias("Doppler"),
    _Alias("doppler_velocity"),
    _Alias("radial_speed"),
    _Alias("range_rate"),
    _Alias("v_doppler_mps"),
    _Alias("v_r"),
    _Alias("V_r"),
    _Alias("radial_velocity"),
    _Alias("velocity"),
    _Alias("v"),
    _Alias("absolute_radial_speed", compensated=True),
    _Alias("v_r_compensated", compensated=True),
)
_STRENGTH = tuple(
    _Alias(name)
    for name in ("rcs", "RCS", "power", "Power", "snr", "SNR", "snr_db", "amplitude", "intensity")
)


@dataclass(frozen=True)
class RadarFields:
    """What a radar knows of each return, beyond its place.

    Attributes:
        doppler_mps: float32 (N,), radial velocity, positive away; None where the driver gives none.
        doppler_field: the field it came from; empty where none.
        doppler_compensated: the sensor's own motion was taken out already.
        strength: float32 (N,), in the driver's unit; None where the driver gives none.
        strength_field: the field it came from; empty where none.
        range_m, azimuth_rad, elevation_rad: float32 (N,), in the sensor's frame (x forward,
            y left, z up).
    """

    doppler_mps: NDArray[np.float32] | None
    doppler_field: str
    doppler_compensated: bool
    strength: NDArray[np.float32] | None
    strength_field: str
    range_m: NDArray[np.float32]
    azimuth_rad: NDArray[np.float32]
    elevation_rad: NDArray[np.float32]


def radar_fields(cloud: PointCloud) -> RadarFields:
    """Read the fields of a radar cloud, whatever its driver calls them."""
    doppler, strength = _find(cloud, _DOPPLER), _find(cloud, _STRENGTH)
    range_m, azimuth_rad, elevation_rad = _polar(cloud.xyz)
    return RadarFields(
        doppler_mps=_read(cloud, doppler) if doppler else None,
        doppler_field=doppler.name if doppler else "",
        doppler_compensated=doppler.compensated if doppler else False,
        strength=_read(cloud, strength) if strength else None,
        strength_field=strength.name if strength else "",
        range_m=range_m,
        azimuth_rad=azimuth_rad,
        elevation_rad=elevation_rad,
    )


def _find(cloud: PointCloud, aliases: tuple[_Alias, ...]) -> _Alias | None:
    """The first alias that the cloud has as a field of one number."""
    fields: Any = cloud.points.dtype.fields
    return next((a for a in aliases if a.name in fields and not fields[a.name][0].shape), None)


def _read(cloud: PointCloud, alias: _Alias) -> NDArray[np.float32]:
    return cloud.points.reshape(-1)[alias.name].astype(np.float32)


def _polar(
    xyz: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Range, azimuth and elevation of points (x forward, y left, z up; REP-103)."""
    x, y, z = xyz.T
    ground = np.hypot(x, y)
    return np.hypot(ground, z), np.arctan2(y, x), np.arctan2(z, ground)

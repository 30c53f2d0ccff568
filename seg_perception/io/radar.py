"""Finds velocity, strength and polar coordinates in radar clouds, by the drivers' names.

Every driver names its fields in its own way and gives them its own types; the table below
maps the names. Polar coordinates are computed from x, y, z, which every cloud has: drivers
disagree on their unit and sign (Oculii's Alpha is minus the azimuth, in degrees).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud, clean_frame_id
from seg_perception.io.coordinates import cartesian
from seg_perception.io.messages import stamp_to_ns

DopplerSign = Literal["driver", "away", "towards"]


@dataclass(frozen=True)
class _Alias:
    """A driver's name for a quantity.

    Attributes:
        name: the field.
        compensated: a velocity from which the sensor's own motion was taken out.
        towards: positive for what comes nearer; no driver read so far says so of its field.
    """

    name: str
    compensated: bool = False
    towards: bool = False


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
# Standard errors of single returns; nebula's ARS 548 gives them in rad and metre.
_AZIMUTH_SIGMA, _ELEVATION_SIGMA, _RANGE_SIGMA = (
    (_Alias(name),) for name in ("azimuth_std", "elevation_std", "range_std")
)
_STRENGTH = tuple(
    _Alias(name)
    for name in ("rcs", "RCS", "power", "Power", "snr", "SNR", "snr_db", "amplitude", "intensity")
)


@dataclass(frozen=True)
class RadarFields:
    """What a radar knows of each return, beyond its place.

    Attributes:
        doppler_mps: float32 (N,), radial velocity, positive away; None where the driver gives
            none.
        doppler_field: the field it came from; empty where none.
        doppler_compensated: the sensor's own motion was taken out already.
        strength: float32 (N,), in the driver's unit; None where the driver gives none.
        strength_field: the field it came from; empty where none.
        range_m, azimuth_rad, elevation_rad: float32 (N,), in the sensor's frame (x forward,
            y left, z up).
        azimuth_sigma_rad, elevation_sigma_rad, range_sigma_m: float32 (N,), standard errors;
            None where the driver gives none.
    """

    doppler_mps: NDArray[np.float32] | None
    doppler_field: str
    doppler_compensated: bool
    strength: NDArray[np.float32] | None
    strength_field: str
    range_m: NDArray[np.float32]
    azimuth_rad: NDArray[np.float32]
    elevation_rad: NDArray[np.float32]
    azimuth_sigma_rad: NDArray[np.float32] | None = None
    elevation_sigma_rad: NDArray[np.float32] | None = None
    range_sigma_m: NDArray[np.float32] | None = None


def radar_fields(cloud: PointCloud, positive: DopplerSign = "driver") -> RadarFields:
    """Read the fields of a radar cloud, whatever its driver calls them.

    Args:
        cloud: as its driver sent it.
        positive: what a positive Doppler means; `driver`: as is known of the field.
    """
    doppler, strength = _find(cloud, _DOPPLER), _find(cloud, _STRENGTH)
    range_m, azimuth_rad, elevation_rad = _polar(cloud.xyz)
    return RadarFields(
        doppler_mps=_away(_read(cloud, doppler), doppler, positive) if doppler else None,
        doppler_field=doppler.name if doppler else "",
        doppler_compensated=doppler.compensated if doppler else False,
        strength=_read(cloud, strength) if strength else None,
        strength_field=strength.name if strength else "",
        range_m=range_m,
        azimuth_rad=azimuth_rad,
        elevation_rad=elevation_rad,
        azimuth_sigma_rad=_read_if_any(cloud, _AZIMUTH_SIGMA),
        elevation_sigma_rad=_read_if_any(cloud, _ELEVATION_SIGMA),
        range_sigma_m=_read_if_any(cloud, _RANGE_SIGMA),
    )


def decode_radar_scan(msg: Any) -> PointCloud:
    """The cloud of a radar_msgs/RadarScan: x, y, z, and every field of its returns.

    Angles are those of REP-103: azimuth to the left, elevation up.

    Args:
        msg: any object with the attributes of the message.
    """
    names = ("range", "azimuth", "elevation", "doppler_velocity", "amplitude")
    points = np.zeros((1, len(msg.returns)), [(name, "<f4") for name in ("x", "y", "z", *names)])
    for name in names:
        points[name] = [[getattr(one, name) for one in msg.returns]]
    distance, azimuth, elevation = (points[n].astype(np.float64) for n in names[:3])
    for axis, name in enumerate("xyz"):
        points[name] = cartesian(distance, azimuth, elevation)[..., axis]
    header = msg.header
    return PointCloud(points, stamp_to_ns(header.stamp), clean_frame_id(header.frame_id))


def _find(cloud: PointCloud, aliases: tuple[_Alias, ...]) -> _Alias | None:
    """The first alias that the cloud has as a field of one number."""
    fields: Any = cloud.points.dtype.fields
    return next((a for a in aliases if a.name in fields and not fields[a.name][0].shape), None)


def _away(
    doppler: NDArray[np.float32], alias: _Alias, positive: DopplerSign
) -> NDArray[np.float32]:
    towards = alias.towards if positive == "driver" else positive == "towards"
    return -doppler if towards else doppler


def _read_if_any(cloud: PointCloud, aliases: tuple[_Alias, ...]) -> NDArray[np.float32] | None:
    alias = _find(cloud, aliases)
    return _read(cloud, alias) if alias else None


def _read(cloud: PointCloud, alias: _Alias) -> NDArray[np.float32]:
    return cloud.points.reshape(-1)[alias.name].astype(np.float32)


def _polar(
    xyz: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Range, azimuth and elevation of points (x forward, y left, z up; REP-103)."""
    x, y, z = xyz.T
    ground = np.hypot(x, y)
    return np.hypot(ground, z), np.arctan2(y, x), np.arctan2(z, ground)

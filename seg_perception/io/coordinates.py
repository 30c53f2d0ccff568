"""Where the points of a cloud are, however its driver calls, measures or scales that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.issue_kinds.clouds import MILLIMETRES, POLAR_COORDINATES
from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.types import PointCloud
from seg_perception.io.semantic_fields import whole_points

# Drivers' names, in lower case.
_POLAR = (
    ("range", "distance"),
    ("azimuth", "azimuth_angle"),
    ("elevation", "elevation_angle"),
)
_DEGREES, _RADIANS = "degrees", "radians"
# Beyond what an angle in radians can be, with room for rounding.
_MOST_AZIMUTH_RAD, _MOST_ELEVATION_RAD = 2 * math.pi + 0.01, math.pi / 2 + 0.01
# No sensor of a robot has half of its points beyond; in millimetres it is an arm's length.
_FARTHEST_MEDIAN_M = 400.0
_ENOUGH = 1024


def with_coordinates(points: NDArray[Any]) -> tuple[NDArray[Any], tuple[Remark, ...]]:
    """The same points with fields x, y and z, where theirs are called or measured otherwise.

    Every field stays at its offset. Fields X, Y and Z get a second name; what follows from
    range, azimuth and elevation stands behind the sender's fields.

    Args:
        points: structured (height, width); angles in radian or degree, to the left and up.
    """
    names = points.dtype.names or ()
    if set("xyz") <= set(names):
        return points, ()
    if set("XYZ") <= set(names):
        return points.view(_with_second_names(points.dtype)), ()
    polar = _polar_fields(points.dtype)
    if polar is None:
        return points, ()
    _, azimuth, elevation = polar
    is_wide = _beyond(points[azimuth], _MOST_AZIMUTH_RAD)
    is_wide |= _beyond(points[elevation], _MOST_ELEVATION_RAD)
    unit = _DEGREES if is_wide else _RADIANS
    return _with_xyz(points, _places(points, polar, unit)), (_polar_remark(polar, unit),)


def is_in_degrees(cloud: PointCloud) -> bool:
    """Whether its places come from angles that can't be radians."""
    return _unit(cloud) == _DEGREES


def in_degrees(cloud: PointCloud) -> PointCloud:
    """The cloud of a sensor that gives degrees, where its angles alone could be radians, too."""
    polar = _polar_fields(cloud.points.dtype)
    if polar is None or _unit(cloud) != _RADIANS:
        return cloud
    points = whole_points(cloud.points).copy().view(cloud.points.dtype)
    xyz = _places(points, polar, _DEGREES)
    for axis, name in enumerate("xyz"):
        points[name] = xyz[..., axis]
    kept = tuple(remark for remark in cloud.remarks if remark.kind is not POLAR_COORDINATES)
    return replace(cloud, points=points, remarks=(*kept, _polar_remark(polar, _DEGREES)))


def _unit(cloud: PointCloud) -> str:
    """That of the angles from which its places were worked out; empty where they were not."""
    polar = (remark for remark in cloud.remarks if remark.kind is POLAR_COORDINATES)
    return next((str(remark.numbers["unit"]) for remark in polar), "")


def _places(points: NDArray[Any], polar: tuple[str, ...], unit: str) -> NDArray[np.float64]:
    distance, *angles = (points[name].astype(np.float64) for name in polar)
    azimuth, elevation = np.radians(angles) if unit == _DEGREES else angles
    return cartesian(distance, azimuth, elevation)


def _polar_remark(polar: tuple[str, ...], unit: str) -> Remark:
    return Remark(POLAR_COORDINATES, {"fields": ", ".join(polar), "unit": unit})


def cartesian(
    distance: NDArray[np.float64], azimuth: NDArray[np.float64], elevation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Places (..., 3) in the unit of `distance`, of angles (radian) as REP-103 has them.

    x is forward, y left, z up; the azimuth is to the left, the elevation up.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        ground = distance * np.cos(elevation)
        parts = ground * np.cos(azimuth), ground * np.sin(azimuth), distance * np.sin(elevation)
    return np.stack(parts, axis=-1)


def scaled(cloud: PointCloud, scale: float) -> PointCloud:
    """The cloud with x, y and z times `scale`; whole numbers become float32.

    Other fields are as they were.
    """
    if scale == 1.0:
        return cloud
    points = cloud.points
    if any(not np.issubdtype(points.dtype[name], np.floating) for name in "xyz"):
        xyz = np.stack([points[name].astype(np.float64) for name in "xyz"], axis=-1)
        return replace(cloud, points=_with_xyz(points, xyz * scale))
    copied = whole_points(points).copy().view(points.dtype)
    for name in "xyz":
        copied[name] = points[name] * scale
    return replace(cloud, points=copied)


def size_remarks(xyz: NDArray[np.float32]) -> tuple[Remark, ...]:
    """Whether points (N, 3), taken as metres, are too far off to be so."""
    some = xyz[:: max(1, len(xyz) // _ENOUGH)].astype(np.float64)
    measured = some[np.isfinite(some).all(axis=1) & some.any(axis=1)]
    if not len(measured):
        return ()
    median = float(np.median(np.linalg.norm(measured, axis=1)))
    return (Remark(MILLIMETRES, {"median": median}),) if median > _FARTHEST_MEDIAN_M else ()


def _polar_fields(dtype: np.dtype[Any]) -> tuple[str, ...] | None:
    """The fields of range, azimuth and elevation; None where one is missing.

    Angles that are whole numbers have a unit of their own, which nobody can guess.
    """
    found = []
    for aliases in _POLAR:
        name = next((n for n in dtype.names or () if n.lower() in aliases), None)
        if name is None or dtype[name].shape:
            return None
        found.append(name)
    is_angle = [np.issubdtype(dtype[name], np.floating) for name in found[1:]]
    return tuple(found) if all(is_angle) else None


def _beyond(angles: NDArray[Any], most: float) -> bool:
    return bool((np.abs(angles[np.isfinite(angles)]) > most).any())


def _with_second_names(dtype: np.dtype[Any]) -> np.dtype[Any]:
    fields: Mapping[str, tuple[Any, ...]] = dtype.fields or {}
    kept = {name: fields[name][:2] for name in dtype.names or ()}
    return _struct(kept | {name: fields[name.upper()][:2] for name in "xyz"}, dtype.itemsize)


def _with_xyz(points: NDArray[Any], xyz: NDArray[np.float64]) -> NDArray[Any]:
    """The points with x, y and z as float32 behind their other fields."""
    dtype = points.dtype
    fields: Mapping[str, tuple[Any, ...]] = dtype.fields or {}
    kept = {name: fields[name][:2] for name in dtype.names or () if name not in set("xyz")}
    start = -(-dtype.itemsize // 4) * 4
    order = ">" if any(entry[0].base.str[0] == ">" for entry in fields.values()) else "<"
    added = {name: (np.dtype(f"{order}f4"), start + 4 * i) for i, name in enumerate("xyz")}
    result = np.zeros(points.shape, _struct(kept | added, start + 12))
    block = np.dtype({"names": ["point"], "formats": [f"V{dtype.itemsize}"], "offsets": [0],
                      "itemsize": start + 12})  # fmt: skip
    result.view(block)["point"] = whole_points(points)
    with np.errstate(over="ignore"):
        for axis, name in enumerate("xyz"):
            result[name] = xyz[..., axis]
    return result


def _struct(fields: Mapping[str, tuple[Any, ...]], itemsize: int) -> np.dtype[Any]:
    return np.dtype(
        {
            "names": list(fields),
            "formats": [entry[0] for entry in fields.values()],
            "offsets": [entry[1] for entry in fields.values()],
            "itemsize": itemsize,
        }
    )

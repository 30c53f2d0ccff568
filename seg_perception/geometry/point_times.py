"""When each point of a scan was measured: every driver says so in its own field and unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS, PointCloud

# Drivers' names of the per-point time: Ouster, Velodyne, Hesai and Robosense, Nebula.
TIME_FIELDS = ("t", "time", "timestamp", "time_stamp")
_LONGEST_SCAN_NS = NANOSECONDS
# So many values are enough to tell how a field has to be read.
_ENOUGH = 1024

Times = NDArray[np.int64]
_Read = Callable[[NDArray[Any], int], Times]


@dataclass(frozen=True, eq=False)
class PointTimes:
    """The times of a cloud's points.

    Attributes:
        offsets_ns: int64 (N,), relative to the cloud's stamp; 0 where a point has no time or
            a stray one. None where the cloud has no time field of one number, or one of
            another clock or unit.
        stray: how many points have a time a second or more off the stamp.
        field: the field; empty where there is none.
    """

    offsets_ns: Times | None
    stray: int = 0
    field: str = ""


def point_times(cloud: PointCloud) -> PointTimes:
    """Read the time of each point relative to the cloud's stamp.

    A field may hold nanoseconds (integers; floating ones too, if seconds make no sense of
    them) or seconds, relative to the stamp or absolute; it is read as most of its values
    make sense. A time that is not finite, or 0 among absolute ones, is that of a return which
    was not measured: it counts at the stamp. So do stray ones, but they are counted.
    """
    name = time_field(cloud)
    if name is None or len(cloud) == 0:
        return PointTimes(None, field=name or "")
    values = cloud.points[name].reshape(-1)
    offsets_ns = _best_reading(values, cloud.stamp_ns)(values, cloud.stamp_ns)
    is_stray = np.abs(offsets_ns) >= _LONGEST_SCAN_NS
    stray = int(np.count_nonzero(is_stray))
    if 2 * stray > len(offsets_ns):
        return PointTimes(None, stray, name)
    return PointTimes(np.where(is_stray, 0, offsets_ns) if stray else offsets_ns, stray, name)


def time_field(cloud: PointCloud) -> str | None:
    """The field that holds the time of each point; None where there is none of one number."""
    layout = cloud.points.dtype
    return next((n for n in TIME_FIELDS if n in cloud.fields and not layout[n].shape), None)


def _best_reading(values: NDArray[Any], stamp_ns: int) -> _Read:
    """The way to read a field that leaves the fewest of its values stray; the first of several."""
    some = values[:: max(1, len(values) // _ENOUGH)]
    measured = some[np.isfinite(some) & (some != 0)]

    def stray(read: _Read) -> int:
        return int(np.count_nonzero(np.abs(read(measured, stamp_ns)) >= _LONGEST_SCAN_NS))

    return min(_readings(values.dtype), key=stray)


def _readings(kind: np.dtype[Any]) -> Iterator[_Read]:
    """Four bytes hold no time since 1970: in a float32 it would go in steps of two minutes."""
    if np.issubdtype(kind, np.integer):
        yield _relative_ns
        if kind.itemsize == 8:
            yield _absolute_ns
        return
    yield _relative_s
    if kind.itemsize == 8:
        yield _absolute_s
        yield _absolute_ns
    yield _relative_ns


def _relative_ns(values: NDArray[Any], _stamp_ns: int) -> Times:
    return _whole(values)


def _relative_s(values: NDArray[Any], _stamp_ns: int) -> Times:
    return _whole(values.astype(np.float64) * NANOSECONDS)


def _absolute_ns(values: NDArray[Any], stamp_ns: int) -> Times:
    times = _whole(values)
    return np.where(times == 0, 0, times - stamp_ns)


def _absolute_s(values: NDArray[Any], stamp_ns: int) -> Times:
    """Whole seconds are taken off first: a double has no nanoseconds since 1970."""
    seconds, rest_ns = divmod(stamp_ns, NANOSECONDS)
    since = (values.astype(np.float64) - seconds) * NANOSECONDS - rest_ns
    return _whole(np.where(values == 0, 0.0, since))


def _whole(values: NDArray[Any]) -> Times:
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64, copy=False)
    # Not finite: not measured. Beyond an int64's range: as stray as a number can be.
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    rounded: Times = np.rint(np.clip(finite, -9e18, 9e18)).astype(np.int64)
    return rounded

"""When each point of a scan was measured: every driver says so in its own field and unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.issue_kinds.clocks import STRAY_TIMES
from seg_perception.core.issue_kinds.clouds import NO_SCAN_TIME, POINT_TIME_UNIT, SAME_POINT_TIME
from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.types import NANOSECONDS, PointCloud

# Drivers' names of the per-point time: Ouster, Velodyne, Hesai and Robosense, Nebula, Livox.
TIME_FIELDS = ("t", "time", "timestamp", "time_stamp", "offset_time")
_LONGEST_SCAN_NS = NANOSECONDS
# So many values are enough to tell how a field has to be read, and so few tell nothing sure.
_ENOUGH, _FEW = 1024, 64
# A scan lasts about as long as the next one takes to come; parts of it less, overlapping ones more.
_SHORTEST, _LONGEST = 0.02, 3.0
_LONGEST_PERIOD_NS = NANOSECONDS // 2
_ANY_SCAN_NS = (2e6, 5e8)

Unit = Literal["s", "ms", "us", "ns"]
TimeUnit = Literal["auto", "s", "ms", "us", "ns"]
_UNIT_NS = {"s": NANOSECONDS, "ms": 1_000_000, "us": 1000, "ns": 1}
_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_USUAL: tuple[Unit, ...] = ("ns", "s")
# Within an int64's range.
_FAR_NS = 9_000_000_000_000_000_000
Times = NDArray[np.int64]


@dataclass(frozen=True)
class TimeReading:
    """One way to read a field of times.

    Attributes:
        unit: of its numbers.
        absolute: since 1970, or since the cloud's stamp.
    """

    unit: Unit
    absolute: bool

    def offsets_ns(self, values: NDArray[Any], stamp_ns: int) -> Times:
        """Times (N,) relative to the stamp; 0 among absolute ones was not measured."""
        factor = _UNIT_NS[self.unit]
        if not self.absolute:
            return _whole(values, factor)
        if np.issubdtype(values.dtype, np.integer) or factor == 1:
            times = _whole(values, factor)
            return np.where(times == 0, 0, times - stamp_ns)
        # Whole units are taken off first: a double has no nanoseconds since 1970.
        whole, rest_ns = divmod(stamp_ns, factor)
        since = (values.astype(np.float64) - whole) * factor - rest_ns
        return _whole(np.where(values == 0, 0.0, since), 1)


@dataclass(frozen=True, eq=False)
class PointTimes:
    """The times of a cloud's points.

    Attributes:
        offsets_ns: int64 (N,), relative to the cloud's stamp; 0 where a point has no time or
            a stray one. None where the cloud has no time field of one number, or one of
            another clock or unit.
        stray: how many points have a time a second or more off the stamp.
        field: the field; empty where there is none.
        reading: how it was read, where that is sure for clouds to come.
        remarks: what is odd about the times of a scan.
    """

    offsets_ns: Times | None
    stray: int = 0
    field: str = ""
    reading: TimeReading | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class TimeHints:
    """What is known of a sensor's times before its cloud is read.

    Attributes:
        period_ns: from one of its clouds to the next; 0 while not known.
        unit: that of the field, or `auto`.
        usual: how earlier clouds were read, where that was sure.
    """

    period_ns: int = 0
    unit: TimeUnit = "auto"
    usual: TimeReading | None = None


def point_times(cloud: PointCloud, hints: TimeHints = TimeHints()) -> PointTimes:
    """Read the time of each point relative to the cloud's stamp.

    A field may hold seconds, milli-, micro- or nanoseconds, relative to the stamp or absolute.
    It is read as most of its values make sense; of several units, as that in which they span a
    scan, which is about the period of the clouds. Where that tells nothing, whole numbers are
    nanoseconds and others seconds. A time that is not finite, or 0 among absolute ones, is that
    of a return which was not measured: it counts at the stamp. So do stray ones, but they are
    counted.
    """
    name = time_field(cloud)
    if name is None or len(cloud) == 0:
        return PointTimes(None, field=name or "")
    values = cloud.points[name].reshape(-1)
    judged = _Judged(values, cloud.stamp_ns, hints)
    reading = judged.best()
    offsets_ns = reading.offsets_ns(values, cloud.stamp_ns)
    is_stray = np.abs(offsets_ns) >= _LONGEST_SCAN_NS
    stray = int(np.count_nonzero(is_stray))
    if 2 * stray > len(offsets_ns):
        return PointTimes(None, stray, name)
    return PointTimes(
        np.where(is_stray, 0, offsets_ns) if stray else offsets_ns,
        stray,
        name,
        reading if judged.is_sure(reading) else None,
        judged.remarks(reading, name),
    )


def stray_remarks(times: PointTimes, points: int) -> tuple[Remark, ...]:
    """That some, or most, of a cloud's points have the time of another scan or clock."""
    if not times.stray:
        return ()
    rigid = "its scans are taken as measured at once; set its driver to one clock"
    effect = rigid if times.offsets_ns is None else "they count at the stamp"
    numbers = {"field": times.field, "stray": times.stray, "points": points, "effect": effect}
    return (Remark(STRAY_TIMES, numbers),)


def time_field(cloud: PointCloud) -> str | None:
    """The field that holds the time of each point; None where there is none of one number."""
    layout = cloud.points.dtype
    return next((n for n in TIME_FIELDS if n in cloud.fields and not layout[n].shape), None)


class _Judged:
    """The ways to read a field, judged by some of its values."""

    def __init__(self, values: NDArray[Any], stamp_ns: int, hints: TimeHints) -> None:
        some = values[:: max(1, len(values) // _ENOUGH)]
        self._measured = np.sort(some[np.isfinite(some) & (some != 0)])
        self._hints = hints
        self._few = len(some) < _FEW
        self._least_ns, self._most_ns = _scan_ns(hints.period_ns)
        self._stray: dict[TimeReading, int] = {}
        self._span_ns: dict[TimeReading, float] = {}
        for reading in _readings(values.dtype, hints.unit):
            offsets_ns = reading.offsets_ns(self._measured, stamp_ns)
            sound = np.abs(offsets_ns) < _LONGEST_SCAN_NS
            self._stray[reading] = int(np.count_nonzero(~sound))
            self._span_ns[reading] = _span_ns(offsets_ns[sound])

    def best(self) -> TimeReading:
        """Of those that leave most values sound, the first that spans a scan.

        Where none does, and where values are few, that of earlier clouds; else the first of
        those that leave the fewest stray.
        """
        sound = [r for r, stray in self._stray.items() if 2 * stray <= len(self._measured)]
        scans = [reading for reading in sound if self._spans_a_scan(reading)]
        if self._hints.usual in sound and (self._few or not scans):
            return self._hints.usual
        return scans[0] if scans else min(sound or self._stray, key=self._stray.__getitem__)

    def is_sure(self, reading: TimeReading) -> bool:
        """Whether other clouds can be read in the same way."""
        return not self._few and self._spans_a_scan(reading)

    def remarks(self, reading: TimeReading, name: str) -> tuple[Remark, ...]:
        """What is odd about the scan's times, so read."""
        found = []
        if reading.unit not in _USUAL and self._hints.unit == "auto":
            unit = _UNIT_NAMES[reading.unit]
            found.append(Remark(POINT_TIME_UNIT, {"field": name, "unit": unit}))
        if self._few or not self._hints.period_ns:
            return tuple(found)
        if self._span_ns[reading] == 0:
            found.append(Remark(SAME_POINT_TIME, {"field": name}))
        elif not self._spans_a_scan(reading):
            lasts = {"span_ms": self._span_ns[reading] / 1e6}
            comes = {"period_ms": self._hints.period_ns / 1e6}
            found.append(Remark(NO_SCAN_TIME, {"field": name, **lasts, **comes}))
        return tuple(found)

    def _spans_a_scan(self, reading: TimeReading) -> bool:
        return self._least_ns <= self._span_ns[reading] < self._most_ns


def _scan_ns(period_ns: int) -> tuple[float, float]:
    """The shortest and the longest that a scan may last; only one of several units fits."""
    if not period_ns:
        return _ANY_SCAN_NS
    shortest = _SHORTEST * min(period_ns, _LONGEST_PERIOD_NS)
    return shortest, min(_LONGEST * period_ns, float(_LONGEST_SCAN_NS))


def _span_ns(offsets_ns: Times) -> float:
    """From the first to the last of sorted ones, without a few that may be wrong."""
    if not len(offsets_ns):
        return 0.0
    left_out = (len(offsets_ns) - 1) // 50
    return float(offsets_ns[-1 - left_out] - offsets_ns[left_out])


def _readings(kind: np.dtype[Any], unit: TimeUnit) -> Iterator[TimeReading]:
    """Four bytes hold no time since 1970: in a float32 it would go in steps of two minutes."""
    is_whole = np.issubdtype(kind, np.integer)
    units: tuple[Unit, ...] = ("ns", "us", "ms") if is_whole else ("s", "ns", "ms", "us")
    for one in units if unit == "auto" else (unit,):
        yield TimeReading(one, absolute=False)
        if kind.itemsize == 8:
            yield TimeReading(one, absolute=True)


def _whole(values: NDArray[Any], factor: int) -> Times:
    """Values times a whole number, as nanoseconds."""
    if np.issubdtype(values.dtype, np.integer):
        whole = values.astype(np.int64, copy=False)
        most = _FAR_NS // factor
        return whole if factor == 1 else np.clip(whole, -most, most) * factor
    # Not finite: not measured. Beyond an int64's range: as stray as a number can be.
    finite = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    with np.errstate(over="ignore"):
        scaled = finite * factor
    rounded: Times = np.rint(np.clip(scaled, -_FAR_NS, _FAR_NS)).astype(np.int64)
    return rounded

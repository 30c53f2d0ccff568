"""From a cloud to a scan: metres, the times of its points, and what is odd about either."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median

from seg_perception.config import LidarConfig, RadarConfig
from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.point_times import (
    PointTimes,
    TimeHints,
    TimeReading,
    point_times,
    stray_remarks,
)
from seg_perception.io.coordinates import in_degrees, is_in_degrees, scaled, size_remarks
from seg_perception.pipeline.scan import Scan

_LONGEST_PERIOD_NS = 10 * NANOSECONDS
_PERIODS = 9


class ScanReader:
    """Reads the clouds of all sensors, in the order in which each sensor sends them."""

    def __init__(
        self,
        lidars: Mapping[str, LidarConfig],
        radars: Mapping[str, RadarConfig],
        *,
        times: bool,
    ) -> None:
        """Take the sensors, and whether the times of points are read."""
        self._sensors: Mapping[str, LidarConfig | RadarConfig] = {**lidars, **radars}
        self._radars = frozenset(radars)
        self._times = times
        self._periods: dict[str, _Period] = {name: _Period() for name in self._sensors}
        self._usual: dict[str, TimeReading] = {}
        self._in_degrees: set[str] = set()

    def read(self, sensor: str, cloud: PointCloud) -> Scan:
        """The scan of a cloud."""
        parameters = self._sensors[sensor]
        cloud = scaled(self._in_its_unit(sensor, cloud), parameters.xyz_scale)
        time_ns = cloud.stamp_ns + round(parameters.time_offset_s * NANOSECONDS)
        times = self._point_times(sensor, cloud) if self._times else PointTimes(None)
        offsets_ns = times.offsets_ns
        last_ns = time_ns if offsets_ns is None else time_ns + max(0, int(offsets_ns.max()))
        return Scan(
            sensor=sensor,
            cloud=cloud,
            time_ns=time_ns,
            offsets_ns=offsets_ns,
            last_ns=last_ns,
            time_field=times.field,
            stray=times.stray,
            remarks=scan_remarks(cloud, times, is_radar=sensor in self._radars),
        )

    def _in_its_unit(self, sensor: str, cloud: PointCloud) -> PointCloud:
        """Angles near straight ahead could be radians, too: what came before tells."""
        if is_in_degrees(cloud):
            self._in_degrees.add(sensor)
        return in_degrees(cloud) if sensor in self._in_degrees else cloud

    def _point_times(self, sensor: str, cloud: PointCloud) -> PointTimes:
        period, unit = self._periods[sensor], self._sensors[sensor].point_time_unit
        period.add(cloud.stamp_ns)
        hints = TimeHints(period.period_ns, unit, self._usual.get(sensor))
        times = point_times(cloud, hints)
        if times.reading is not None:
            self._usual[sensor] = times.reading
        return times


def scan_remarks(
    cloud: PointCloud, times: PointTimes, *, is_radar: bool = False
) -> tuple[Remark, ...]:
    """What is odd about a cloud in metres; a radar measures at once, whatever its times say."""
    stray = stray_remarks(times, len(cloud))
    return (*cloud.remarks, *size_remarks(cloud.xyz), *stray, *(() if is_radar else times.remarks))


class _Period:
    """From one cloud of a sensor to the next."""

    def __init__(self) -> None:
        self._last_ns = 0
        self._found: deque[int] = deque(maxlen=_PERIODS)

    @property
    def period_ns(self) -> int:
        """The median of the last ones; 0 while there is none."""
        return round(median(self._found)) if self._found else 0

    def add(self, stamp_ns: int) -> None:
        """Take a cloud's stamp; one that jumps tells nothing."""
        passed_ns = stamp_ns - self._last_ns
        if self._last_ns and 0 < passed_ns <= _LONGEST_PERIOD_NS:
            self._found.append(passed_ns)
        self._last_ns = stamp_ns

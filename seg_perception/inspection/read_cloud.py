"""Looks into the first cloud of a topic."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_kinds.clocks import NO_POINT_TIME
from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.point_times import PointTimes, TimeHints, point_times, stray_remarks
from seg_perception.inspection.facts import CloudFacts
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.clouds import decode_points
from seg_perception.io.coordinates import size_remarks
from seg_perception.io.radar import radar_fields

FIRST_CLOUDS = 3
"""So many tell how often they come."""


def period_ns(found: Sequence[BagMessage], rate_hz: float) -> int:
    """From one message to the next: of the first ones, else of all; 0 where that is not known."""
    passed_ns = [after.log_time_ns - before.log_time_ns for before, after in pairwise(found)]
    middle_ns = round(float(median(passed_ns))) if passed_ns else 0
    if middle_ns > 0:
        return middle_ns
    return round(NANOSECONDS / rate_hz) if rate_hz else 0


def read_cloud(message: Any, period: int) -> CloudFacts:
    """What the first cloud holds.

    Args:
        message: of any type that carries points.
        period: from one cloud to the next (ns); 0 where not known.
    """
    try:
        cloud = decode_points(message)
    except SegPerceptionError as error:
        names = tuple(str(field.name) for field in getattr(message, "fields", ()))
        return CloudFacts(names, _declared(message), problem=str(error))
    times = point_times(cloud, TimeHints(period))
    xyz = cloud.xyz
    return CloudFacts(
        fields=cloud.fields,
        point_count=len(cloud),
        time_field=times.field if times.offsets_ns is not None else "",
        doppler_field=radar_fields(cloud).doppler_field,
        finite_count=int((np.isfinite(xyz).all(axis=1) & xyz.any(axis=1)).sum()),
        organised=cloud.points.shape[0] > 1,
        remarks=(*cloud.remarks, *size_remarks(xyz)),
        time_remarks=_time_remarks(cloud, times),
    )


def _time_remarks(cloud: PointCloud, times: PointTimes) -> tuple[Remark, ...]:
    if not times.field:
        return (Remark(NO_POINT_TIME),)
    return (*stray_remarks(times, len(cloud)), *times.remarks)


def _declared(message: Any) -> int:
    return int(getattr(message, "width", 0)) * int(getattr(message, "height", 0))

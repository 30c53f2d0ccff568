"""Whether clouds come from a lidar or a radar, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seg_perception.config.input_topics import LIVOX_TYPES
from seg_perception.inspection.facts import CloudFacts, TopicFacts
from seg_perception.io.messages import RadarScan

_FAR_MORE_THAN_A_RADAR = 30_000
# Names of a velocity that other things have, too: of a colour, of a place in a picture.
_VAGUE = ("v", "velocity")
# Lower case.
_OF_A_LIDAR = {
    "ring", "line", "line_index", "channel", "laser_id", "beam", "beam_id", "row", "column",
    "reflectivity", "ambient", "near_ir", "u",
}  # fmt: skip
_OF_A_RADAR = {
    "rcs", "power", "snr", "snr_db", "noise", "noise_db", "amplitude", "range_rate_std",
    "azimuth_std", "ambiguity_flag",
}  # fmt: skip
_ANGLES, _RANGES = {"azimuth", "bearing"}, {"range", "r", "distance"}


@dataclass(frozen=True)
class SensorKind:
    """What a cloud's sensor is taken for.

    Attributes:
        kind: as in the parameters.
        why: what it was taken for that by, where another reading was at hand; else empty.
    """

    kind: Literal["lidar", "radar"]
    why: str = ""


def sensor_kind(topic: TopicFacts) -> SensorKind:
    """What the sensor of a topic with clouds is: by type and name, else by its fields and points.

    A Doppler makes a radar, which a few lidars measure too: those have far more points, rows and
    columns, or fields that no radar has. A field `v` or `velocity` alone makes none.
    """
    if topic.type == RadarScan.type_name or "radar" in topic.name.lower():
        return SensorKind("radar")
    cloud = topic.cloud
    if cloud is None or not cloud.doppler_field or topic.type in LIVOX_TYPES:
        return SensorKind("lidar")
    if "radar" in topic.frame_id.lower():
        return SensorKind("radar", f"its frame is {topic.frame_id}")
    return _by_fields(cloud, cloud.doppler_field)


def _by_fields(cloud: CloudFacts, doppler: str) -> SensorKind:
    if against := _against_a_radar(cloud):
        return SensorKind("lidar", f"in spite of {doppler}, for its {against}")
    fields = {name.lower() for name in cloud.fields}
    beside = sorted(fields & _OF_A_RADAR)
    if _ANGLES & fields and _RANGES & fields:
        beside += ["range", "angle"]
    if doppler in _VAGUE and not beside:
        return SensorKind("lidar", f"since {doppler} alone makes no radar")
    return SensorKind("radar", f"for its {' and '.join([doppler, *beside])}")


def _against_a_radar(cloud: CloudFacts) -> str:
    """What no radar has; empty where there is nothing of it."""
    if cloud.point_count >= _FAR_MORE_THAN_A_RADAR:
        return f"{cloud.point_count} points"
    if cloud.organised:
        return "rows and columns"
    return " and ".join(sorted({name.lower() for name in cloud.fields} & _OF_A_LIDAR))

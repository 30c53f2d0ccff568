"""Names for sensors, found in their topics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_IMAGE_LEAF = re.compile(r"image(_raw|_color|_mono|_rect|_rect_color|_rect_raw|_decompressed)*")
_GENERIC = {
    "camera", "cam", "cameras", "sensor", "sensors", "sensing", "driver", "vis", "color", "rgb",
    "image", "compressed", "lidar", "lidars", "radar", "radars", "points", "point_cloud",
    "pointcloud", "cloud", "robot", "data", "raw",
}  # fmt: skip
_CLOUD_SUFFIX = re.compile(r"_(points|point_cloud|pointcloud|cloud|data|scan)(_raw)?$")


def name_sensors(topics: Iterable[str], kind: str, taken: Iterable[str] = ()) -> Mapping[str, str]:
    """A short name for each topic: `/camera/front/image_raw` becomes `front`.

    Args:
        topics: of one kind of sensor.
        kind: the name where a topic tells none, for instance `camera`.
        taken: names that are in use.

    Returns:
        Names by topic; different, and without dots.
    """
    used = set(taken)
    names = {}
    for topic in topics:
        name = _free(_candidates(topic, kind), used)
        used.add(name)
        names[topic] = name
    return names


def _candidates(topic: str, kind: str) -> list[str]:
    parts = [re.sub(r"\W", "_", part) for part in topic.split("/") if part]
    telling = [p for p in parts[:-1] if p not in _GENERIC and not _IMAGE_LEAF.fullmatch(p)]
    leaf = _CLOUD_SUFFIX.sub("", parts[-1]) if parts else ""
    if leaf and leaf not in _GENERIC and not _IMAGE_LEAF.fullmatch(leaf):
        telling = [leaf, *telling] if not telling else [*telling[:-1], leaf, telling[-1]]
    joined = ["_".join(telling[-n:]) for n in range(2, len(telling) + 1)]
    found = [*telling[::-1], *joined]
    return [*(f"{kind}_{name}" if name[0].isdigit() else name for name in found), kind]


def _free(candidates: list[str], used: set[str]) -> str:
    for name in candidates:
        if name not in used:
            return name
    number = 2
    while f"{candidates[-1]}_{number}" in used:
        number += 1
    return f"{candidates[-1]}_{number}"

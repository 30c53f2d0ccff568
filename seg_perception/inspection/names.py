"""Names for sensors, found in their topics."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

_IMAGE_LEAF = re.compile(r"image(_raw|_color|_mono|_rect|_rect_color|_rect_raw|_decompressed)*")
_GENERIC = {
    "camera", "cam", "cameras", "sensor", "sensors", "sensing", "driver", "vis", "color", "rgb",
    "image", "compressed", "lidar", "lidars", "radar", "radars", "points", "point_cloud",
    "pointcloud", "cloud", "robot", "data", "raw", "video", "ffmpeg", "foxglove", "h264", "h265",
    "hevc", "rect", "gray",
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
    topics = list(topics)
    namespaces = Counter(topic.rpartition("/")[0] for topic in topics)
    used = set(taken)
    names = {}
    for topic in topics:
        alone = namespaces[topic.rpartition("/")[0]] == 1
        name = _free(_candidates(topic, kind, alone=alone), used)
        used.add(name)
        names[topic] = name
    return names


def _candidates(topic: str, kind: str, *, alone: bool) -> list[str]:
    """Names, the best first: from the namespace, or the last part where others share that."""
    *spaces, last = [re.sub(r"\W", "_", part) for part in topic.strip("/").split("/")]
    leaf = [name for name in [_CLOUD_SUFFIX.sub("", last)] if _is_telling(name)]
    telling = [part for part in reversed(spaces) if _is_telling(part)]
    single = [*telling, *leaf] if alone else [*leaf, *telling]
    joined = ["_".join([*reversed(telling[:n]), *leaf]) for n in range(1, len(telling) + 1)]
    found = [f"{kind}_{name}" if name[0].isdigit() else name for name in [*single, *joined]]
    return [*found, kind]


def _is_telling(part: str) -> bool:
    return part != "" and part not in _GENERIC and not _IMAGE_LEAF.fullmatch(part)


def _free(candidates: list[str], used: set[str]) -> str:
    for name in candidates:
        if name not in used:
            return name
    number = 2
    while f"{candidates[-1]}_{number}" in used:
        number += 1
    return f"{candidates[-1]}_{number}"

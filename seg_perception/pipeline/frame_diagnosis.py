"""What is wrong with the names of frames and topics of transforms: for node, replay, inspection."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import takewhile

from seg_perception.config import Config
from seg_perception.config.depth import parameter_of
from seg_perception.config.input_topics import TF, TF_STATIC, TF_TYPES
from seg_perception.core.issue_kinds.frames import EMPTY_FRAME, NAMESPACED_TF, ONCE_ON_TF
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.parent_watch import ParentWatch


def sensor_frames(config: Config, sent: Mapping[str, str]) -> dict[str, str]:
    """The frame of each stream: as configured, else as sent; streams without either are left out.

    Args:
        config: may name frames.
        sent: the last frame_id of each stream that came.
    """
    sensors = {
        stream(kind, name): sensor
        for kind, group in config.sensors_by_kind
        for name, sensor in group.items()
    }
    return {
        name: sensor.frame_id or sent[name]
        for name, sensor in sensors.items()
        if sensor.frame_id or name in sent
    }


def wrongly_named(known: Collection[str], named: Mapping[str, str]) -> str:
    """The parameter that mends a transform which is missing, where one frame alone is unknown.

    Args:
        known: frames that have a transform.
        named: the frames that have to be connected, by the parameters that name them.

    Returns:
        As the beginning of a sentence; empty where nothing, or more than one, is known.
    """
    unknown = [parameter for parameter, frame in named.items() if frame not in known]
    return f"set {unknown[0]}, or " if len(unknown) == 1 else ""


def find_empty_frames(config: Config, sent: Mapping[str, str]) -> Iterator[Issue]:
    """Sensors whose messages name no frame; images alone need none."""
    if not config.cloud_sensors:
        return
    for name, frame in sensor_frames(config, sent).items():
        if not frame:
            messages = "images" if name.startswith(("camera.", "depth.")) else "clouds"
            mend = parameter_of(name, "frame_id")
            yield Issue.of(EMPTY_FRAME, name, messages=messages, parameter=mend)


def find_lone_transforms(
    config: Config,
    sent: Mapping[str, str],
    tree: TransformTree,
    parents: ParentWatch,
    until_ns: int,
) -> Iterator[Issue]:
    """Transforms between the sensors and the fixed frame that came once, long before `until_ns`.

    Args:
        config: names the fixed frame.
        sent: the last frame_id of each stream that came.
        tree: the transforms.
        parents: what was seen of them.
        until_ns: the time for which they are needed.
    """
    fixed = config.transforms.fixed_frame
    needed: set[str] = set()
    for frame in sensor_frames(config, sent).values():
        needed.update(takewhile(lambda name: name != fixed, tree.ancestors(frame)))
    held_ns = round(config.transforms.max_extrapolation_s * NANOSECONDS)
    for parent, child in parents.came_once(until_ns - held_ns):
        if child in needed:
            yield Issue.of(ONCE_ON_TF, TF, parent=parent, child=child)


def find_namespaced_tf(topics: Mapping[str, str]) -> Iterator[Issue]:
    """Topics of transforms that are there under a namespace alone, as on Clearpath's robots.

    Args:
        topics: types of the topics that somebody publishes.
    """
    pairs = []
    for name in (TF, TF_STATIC):
        found = [t for t, kind in topics.items() if kind in TF_TYPES and t.endswith(name)]
        if found and name not in found:
            pairs.append((name, sorted(found)))
    if not pairs or TF in topics:
        return
    yield Issue.of(
        NAMESPACED_TF,
        "",
        missing=" and ".join(name for name, _ in pairs),
        found=", ".join(topic for _, found in pairs for topic in found),
        node=" ".join(f"-r {name}:={found[0]}" for name, found in pairs),
        command=" ".join(f"--remap {name}:={found[0]}" for name, found in pairs),
    )

"""Clouds to semantic clouds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from seg_perception.config.input_topics import CLOUD_TYPES, RADAR_TYPES
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_kinds.clouds import WRONG_TYPE
from seg_perception.core.issue_kinds.inputs import TYPE_NOT_INSTALLED
from seg_perception.io.messages import PointCloud2
from seg_perception.outputs.topics import cloud_topics
from seg_perception.pipeline.unread_clouds import wrong_type
from seg_perception.ros.cloud_thread import CloudThread
from seg_perception.ros.inputs import StreamInput, published_types
from seg_perception.ros.map_thread import MapThread
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.transform_listener import TransformListener


class CloudLabelling:
    """Clouds to semantic clouds; they wait for label maps and transforms.

    Lidars, radars and the map have threads of their own: none waits for the others' work.
    """

    def __init__(self, context: NodeContext) -> None:
        """Start."""
        self._context = context
        config = context.config
        self._sensors: dict[str, Any] = {**config.lidars, **config.radars}
        context.outputs.advertise(cloud_topics(config))
        self._map = MapThread(context) if context.perception.filled_maps else None
        kinds: dict[str, Collection[str]] = {"lidar": config.lidars, "radar": config.radars}
        self._threads = {
            kind: CloudThread(context, f"{kind} clouds", sensors)
            for kind, sensors in kinds.items()
            if sensors
        }
        self._transforms = TransformListener(
            context.node,
            context.sensors.transforms,
            context.tell_clouds,
            config.transforms.odometry_topic,
            context.on_thread_error("tf"),
        )
        self._streams = [self._listen(kind, name) for kind in self._threads for name in kinds[kind]]

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The clouds' streams."""
        return self._streams

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        for source in self._streams:
            self._follow_type(source)
            source.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the clouds in work, drop those that wait."""
        for source in self._streams:
            source.close()
        for thread in self._threads.values():
            thread.stop()
        if self._map is not None:
            self._map.stop()
        self._transforms.close()
        self._context.perception.close()

    def _listen(self, kind: str, name: str) -> StreamInput:
        source = StreamInput(self._context, kind, name, self._threads[kind].inbox.put)
        source.listen(PointCloud2.type_name, self._sensors[name].topic)
        return source

    def _follow_type(self, source: StreamInput) -> None:
        """Listen to the type that is published; where it is not read or installed, say so."""
        kind, _, name = source.stream.partition(".")
        topic, known = self._sensors[name].topic, RADAR_TYPES if kind == "radar" else CLOUD_TYPES
        issues = self._context.perception.issues
        types = published_types(self._context.node, topic)
        readable = types & set(known)
        if types and not readable:
            numbers = wrong_type(topic, types, known, f"{source.stream}.topic")
            issues.hold(WRONG_TYPE, source.stream, **numbers)
        else:
            issues.release(WRONG_TYPE, source.stream)
        published = readable.pop() if len(readable) == 1 else source.type_name
        if published != source.type_name:
            try:
                source.listen(published, topic)
            except ConfigError as error:
                issues.hold(TYPE_NOT_INSTALLED, source.stream, error=error)
                return
        issues.release(TYPE_NOT_INSTALLED, source.stream)

"""Clouds to semantic clouds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext

from seg_perception.config import DepthConfig
from seg_perception.config.depth import parameter_of
from seg_perception.config.input_topics import likely_depth_type, point_types
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_kinds.clouds import WRONG_TYPE
from seg_perception.core.issue_kinds.inputs import TYPE_NOT_INSTALLED
from seg_perception.io.messages import PointCloud2
from seg_perception.outputs.topics import cloud_topics
from seg_perception.pipeline.unread_clouds import wrong_type
from seg_perception.ros.cloud_thread import CloudThread
from seg_perception.ros.depth_thread import DepthThread
from seg_perception.ros.inputs import CameraInfoSubscriber, StreamInput, published_types
from seg_perception.ros.map_thread import MapThread
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.transform_listener import TransformListener


class CloudLabelling:
    """Clouds to semantic clouds; they wait for label maps and transforms.

    Lidars, radars, depths and the map have threads of their own: none waits for the others' work.
    """

    def __init__(self, context: NodeContext) -> None:
        """Start."""
        self._context = context
        config = context.config
        self._sensors = config.cloud_sensors
        context.outputs.advertise(cloud_topics(config))
        self._map = MapThread(context) if context.perception.filled_maps else None
        self._depth_infos = {
            name: self._listen_to_lens(name, depth) for name, depth in config.depths.items()
        }
        kinds = {kind: sensors for kind, sensors in config.clouds_by_kind if sensors}
        self._threads = {kind: self._thread(kind, sensors) for kind, sensors in kinds.items()}
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
        for info in self._depth_infos.values():
            info.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the clouds in work, drop those that wait."""
        for source in self._streams:
            source.close()
        for info in self._depth_infos.values():
            info.close()
        for thread in self._threads.values():
            thread.stop()
        if self._map is not None:
            self._map.stop()
        self._transforms.close()
        self._context.perception.close()

    def _thread(self, kind: str, sensors: Collection[str]) -> CloudThread:
        name = f"{kind} clouds"
        if kind == "depth":
            return DepthThread(self._context, name, sensors, self._depth_infos)
        # A radar's few points are soon done: no image needs to give way to them.
        in_work = self._context.urgent if kind == "lidar" else nullcontext
        return CloudThread(self._context, name, sensors, in_work)

    def _listen(self, kind: str, name: str) -> StreamInput:
        source = StreamInput(self._context, kind, name, self._threads[kind].inbox.put)
        topic = self._sensors[name].topic
        is_depth = kind == "depth"
        source.listen(likely_depth_type(topic) if is_depth else PointCloud2.type_name, topic)
        return source

    def _listen_to_lens(self, name: str, depth: DepthConfig) -> CameraInfoSubscriber:
        sensors = self._context.sensors
        return CameraInfoSubscriber(
            self._context, name, depth.camera_info_topic, sensors.take_depth_camera_info
        )

    def _follow_type(self, source: StreamInput) -> None:
        """Listen to the type that is published; where it is not read or installed, say so."""
        kind, _, name = source.stream.partition(".")
        topic, known = self._sensors[name].topic, point_types(kind)
        issues = self._context.perception.issues
        types = published_types(self._context.node, topic)
        readable = types & set(known)
        if types and not readable:
            numbers = wrong_type(topic, types, known, parameter_of(source.stream, "topic"))
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

"""The parts that nodes are put together from; each lives from activation to deactivation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from seg_perception.inference.scheduler import FrameSlots
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import (
    CompressedImage,
    Image,
    PointCloud2,
    clean_frame_id,
    stamp_to_ns,
)
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.nodes.inputs import CameraInput, Lens, StreamInput
from seg_perception.nodes.outputs import CameraOutput, CloudOutput
from seg_perception.nodes.runtime import Runtime
from seg_perception.nodes.transform_listener import TransformFeed, TransformListener
from seg_perception.nodes.workers import Arrival, Worker
from seg_perception.perception import LabelledCloud
from seg_perception.topics import CameraTopics, cloud_topic
from seg_perception.types import LabelMap

TakeIn = Callable[[Arrival], None]

TAKE_TIMEOUT_S = 0.2
# Clouds whose wait is over are looked for this often while nothing arrives.
COLLECT_S = 0.02


class Part(Protocol):
    """One half of the work."""

    @property
    def streams(self) -> Sequence[StreamInput]:
        """What it listens to."""
        ...

    def problems(self) -> list[str]:
        """What is wrong with its inputs now, one sentence each."""
        ...

    def adapt(self) -> None:
        """Follow changes of the graph; called from time to time."""
        ...

    def stop(self) -> None:
        """End it; every message that it still holds is accounted for."""
        ...


class CameraPart:
    """Images to label maps: the newest frame of each camera, on a thread of its own."""

    def __init__(self, runtime: Runtime, segmenter: Segmenter) -> None:
        """Start."""
        self._runtime = runtime
        self._segmenter = segmenter
        cameras = runtime.config.cameras
        self._slots: FrameSlots[Arrival] = FrameSlots({n: c.weight for n, c in cameras.items()})
        self._outputs = {
            name: CameraOutput(runtime, CameraTopics.of(camera)) for name, camera in cameras.items()
        }
        self._inputs = {
            name: CameraInput(runtime, name, camera, self._put) for name, camera in cameras.items()
        }
        self._worker = Worker("inference", self._step, runtime.node.get_logger().error)

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The image streams."""
        return [source.images for source in self._inputs.values()]

    def problems(self) -> list[str]:
        """Cameras that can't be heard, or have no lens."""
        found = []
        for source in self._inputs.values():
            texts = (source.images.problem, source.lens.problem)
            found += [f"{source.images.stream}: {text}" for text in texts if text]
        return found

    def adapt(self) -> None:
        """Follow type and quality of service of the images."""
        for source in self._inputs.values():
            source.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the frame that is being segmented, drop those that wait."""
        for source in self._inputs.values():
            source.close()
        for arrival in self._slots.close():
            arrival.ticket.drop("shutdown")
        self._worker.stop()
        for output in self._outputs.values():
            output.close()

    def _put(self, arrival: Arrival) -> None:
        replaced = self._slots.put(arrival.name, arrival)
        if replaced is not None:
            replaced.ticket.drop("shutdown" if replaced is arrival else "superseded")

    def _step(self) -> None:
        arrival = self._slots.take(TAKE_TIMEOUT_S)
        if arrival is not None:
            with self._runtime.accounted(arrival.ticket):
                self._segment(arrival)

    def _segment(self, arrival: Arrival) -> None:
        runtime, stream = self._runtime, arrival.ticket.stream
        with runtime.latencies.measure("decode", stream):
            frame = self._inputs[arrival.name].decode(arrival)
        runtime.observe(stream, frame.frame_id, frame.stamp_ns)
        with runtime.latencies.measure("segment", stream):
            label_map = runtime.perception.segment(frame, self._segmenter)
        runtime.inbox.ring()
        with runtime.latencies.measure("publish", stream):
            self._outputs[arrival.name].publish(label_map, frame.image)
        runtime.published(arrival.ticket, frame.stamp_ns)


class LabelPart:
    """Label images that another machine made; the thread of the clouds takes them in."""

    def __init__(self, runtime: Runtime) -> None:
        """Subscribe label images and their camera_info."""
        self._runtime = runtime
        self._lenses: dict[str, Lens] = {}
        self._streams: dict[str, StreamInput] = {}
        for name, camera in runtime.config.cameras.items():
            topics = CameraTopics.of(camera)
            self._lenses[name] = Lens(runtime, name, topics.camera_info)
            self._streams[name] = StreamInput(runtime, "camera", name, runtime.inbox.put)
            if runtime.config.output.png:
                self._streams[name].listen(CompressedImage.type_name, topics.label_image_png)
            else:
                self._streams[name].listen(Image.type_name, topics.label_image)

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The label streams."""
        return list(self._streams.values())

    def problems(self) -> list[str]:
        """Label images that can't be heard, or have no lens."""
        return [
            f"{self._streams[name].stream}: {text}"
            for name in self._streams
            for text in (self._streams[name].problem, self._lenses[name].problem)
            if text
        ]

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        for name, source in self._streams.items():
            source.adapt()
            self._lenses[name].adapt()

    def stop(self) -> None:
        """Unsubscribe."""
        for name, source in self._streams.items():
            source.close()
            self._lenses[name].close()

    @property
    def handlers(self) -> dict[str, TakeIn]:
        """Who takes in the label images of each stream."""
        return {source.stream: self._take_in for source in self._streams.values()}

    def _take_in(self, arrival: Arrival) -> None:
        runtime, header = self._runtime, arrival.message.header
        stamp_ns, frame_id = stamp_to_ns(header.stamp), clean_frame_id(header.frame_id)
        runtime.observe(arrival.ticket.stream, frame_id, stamp_ns)
        labels = decode_label_image(arrival.message)
        known = labels != runtime.ontology.unknown_id
        runtime.perception.add_label_map(
            LabelMap(
                camera=arrival.name,
                labels=labels,
                confidence=np.where(known, np.uint8(255), np.uint8(0)),
                stamp_ns=stamp_ns,
                frame_id=frame_id,
                calibration=self._lenses[arrival.name].calibration,
            )
        )
        runtime.published(arrival.ticket, stamp_ns)


class CloudPart:
    """Clouds to semantic clouds; they wait for label maps and transforms."""

    def __init__(self, runtime: Runtime, handlers: Mapping[str, TakeIn] | None = None) -> None:
        """Start.

        Args:
            runtime: of this activation.
            handlers: of further streams that put their messages into the runtime's inbox.
        """
        self._runtime = runtime
        self._handlers = dict(handlers or {})
        self._sensors: dict[str, Any] = {**runtime.config.lidars, **runtime.config.radars}
        self._outputs = {
            name: CloudOutput(runtime, cloud_topic(sensor))
            for name, sensor in self._sensors.items()
        }
        self._feed = TransformFeed(runtime.perception.transforms, runtime.clock.observe)
        self._transforms = TransformListener(runtime.node, self._feed, runtime.inbox.ring)
        self._streams = [self._listen("lidar", name) for name in runtime.config.lidars]
        self._streams += [self._listen("radar", name) for name in runtime.config.radars]
        self._worker = Worker("clouds", self._step, runtime.node.get_logger().error)

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The clouds' streams."""
        return self._streams

    def problems(self) -> list[str]:
        """Clouds that can't be heard, transforms that were refused."""
        found = [f"{source.stream}: {source.problem}" for source in self._streams if source.problem]
        if self._feed.refused:
            found.append(f"{self._feed.refused} transforms refused: {self._feed.last_refusal}")
        return found

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        for source in self._streams:
            source.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the clouds in work, drop those that wait."""
        for source in self._streams:
            source.close()
        self._worker.stop()
        self._transforms.close()
        self._runtime.inbox.close()
        self._runtime.perception.close()
        for output in self._outputs.values():
            output.close()

    def _listen(self, kind: str, name: str) -> StreamInput:
        source = StreamInput(self._runtime, kind, name, self._runtime.inbox.put)
        self._handlers[source.stream] = self._take_in
        source.listen(PointCloud2.type_name, self._sensors[name].topic)
        return source

    def _step(self) -> None:
        for arrival in self._runtime.inbox.take_all(COLLECT_S):
            with self._runtime.accounted(arrival.ticket):
                self._handlers[arrival.ticket.stream](arrival)
        for cloud in self._collect():
            with self._runtime.accounted(cloud.ticket):
                self._publish(cloud)

    def _collect(self) -> list[LabelledCloud]:
        start = time.perf_counter()
        labelled = self._runtime.perception.collect(self._runtime.clock.now_ns())
        for cloud in labelled:
            share_s = (time.perf_counter() - start) / len(labelled)
            self._runtime.latencies.add("transfer", cloud.ticket.stream, share_s)
        return labelled

    def _take_in(self, arrival: Arrival) -> None:
        runtime, ticket = self._runtime, arrival.ticket
        with runtime.latencies.measure("decode", ticket.stream):
            cloud = decode_cloud(arrival.message)
        cloud = replace(cloud, frame_id=clean_frame_id(cloud.frame_id))
        runtime.observe(ticket.stream, cloud.frame_id, cloud.stamp_ns)
        runtime.perception.add_cloud(arrival.name, cloud, ticket, runtime.clock.now_ns())

    def _publish(self, labelled: LabelledCloud) -> None:
        semantic, ticket = labelled.semantic, labelled.ticket
        with self._runtime.latencies.measure("publish", ticket.stream):
            self._outputs[semantic.sensor].publish(semantic)
        self._runtime.published(ticket, semantic.cloud.stamp_ns)

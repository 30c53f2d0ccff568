"""Images to label maps."""

from __future__ import annotations

import time
from collections.abc import Sequence

from seg_perception.inference.scheduler import FrameSlots
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.messages import stamp_to_ns
from seg_perception.outputs.topics import CameraTopics
from seg_perception.ros.inputs import CameraInput, StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.outputs import CameraOutput
from seg_perception.ros.workers import ReceivedMessage, Worker

TAKE_TIMEOUT_S = 0.2


class ImageSegmentation:
    """Images to label maps: the newest frame of each camera, on a thread of its own."""

    def __init__(self, runtime: NodeContext, segmenter: Segmenter) -> None:
        """Start."""
        self._runtime = runtime
        self._segmenter = segmenter
        cameras = runtime.config.cameras
        self._slots: FrameSlots[ReceivedMessage] = FrameSlots(
            {n: c.weight for n, c in cameras.items()}
        )
        self._outputs = {
            name: CameraOutput(runtime, CameraTopics.of(camera)) for name, camera in cameras.items()
        }
        self._inputs = {
            name: CameraInput(runtime, name, camera, self._put) for name, camera in cameras.items()
        }
        runtime.on_change.append(self._reconfigure)
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
            arrival.handle.drop("shutdown")
        self._worker.stop()
        for output in self._outputs.values():
            output.close()

    def _put(self, arrival: ReceivedMessage) -> None:
        stamp_ns = stamp_to_ns(arrival.message.header.stamp)
        refusal = self._runtime.perception.admission.refuses_image(arrival.name, stamp_ns)
        if refusal:
            arrival.handle.drop(refusal)
            return
        replaced = self._slots.put(arrival.name, arrival)
        if replaced is not None:
            replaced.handle.drop("shutdown" if replaced is arrival else "superseded")

    def _reconfigure(self) -> None:
        self._segmenter.set_min_confidence(self._runtime.config.segmentation.min_confidence)

    def _step(self) -> None:
        arrival = self._slots.take(TAKE_TIMEOUT_S)
        if arrival is not None:
            with self._runtime.accounted(arrival.handle):
                self._segment(arrival)

    def _segment(self, arrival: ReceivedMessage) -> None:
        runtime, stream = self._runtime, arrival.handle.stream
        runtime.latencies.add_wait(arrival.handle, time.perf_counter())
        with runtime.latencies.measure("decode", stream):
            frame = self._inputs[arrival.name].decode(arrival)
        runtime.observe(stream, frame.frame_id, frame.stamp_ns)
        with runtime.latencies.measure("segment", stream):
            label_map = runtime.perception.segment(frame, self._segmenter)
        runtime.inbox.notify()
        with runtime.latencies.measure("publish", stream):
            self._outputs[arrival.name].publish(label_map, frame.image)
        runtime.published(arrival.handle, frame.stamp_ns)

"""The depth images of all cameras on a thread of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from seg_perception.io.messages import stamp_to_ns
from seg_perception.ros.cloud_thread import CloudThread
from seg_perception.ros.inputs import CameraInfoSubscriber
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import ReceivedMessage


class DepthThread(CloudThread):
    """Decodes depth images, and labels and publishes their points as those of clouds."""

    def __init__(
        self,
        context: NodeContext,
        name: str,
        cameras: Collection[str],
        lenses: Mapping[str, CameraInfoSubscriber],
    ) -> None:
        """Start; `lenses` are the cameras' own of depth, by their names."""
        self._lenses = lenses
        super().__init__(context, name, cameras, context.urgent)

    def _add(self, received: ReceivedMessage) -> None:
        context, handle = self._context, received.handle
        stamp_ns = stamp_to_ns(received.message.header.stamp)
        if refusal := context.perception.rate_limiter.refuses_cloud(received.name, stamp_ns):
            handle.drop(refusal)
            return
        self._lenses[received.name].update()
        with context.latencies.measure("decode", handle.stream):
            depth = context.sensors.depth_image(received.name, received.message)
        context.observe(handle.stream, depth.frame_id, depth.stamp_ns)
        context.perception.add_depth(received.name, depth, handle, context.clock.now_ns())

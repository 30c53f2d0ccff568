"""Feeds the messages of a bag into the one core, in message time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial

from seg_perception.config import Config
from seg_perception.core.background_work import WorkAtOnce
from seg_perception.core.durations import StageDurations
from seg_perception.core.issue_kinds.inputs import NO_MESSAGE
from seg_perception.core.issue_log import Issue, IssueLog, log_faults
from seg_perception.core.message_accounting import MessageHandle, stream
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.still_images import make_decoder
from seg_perception.io.video import Decoded
from seg_perception.pipeline.accounted import accounted
from seg_perception.pipeline.camera_images import CameraImages
from seg_perception.pipeline.diagnosis import (
    Evidence,
    diagnose,
    of_enabled,
    streams_in_millimetres,
)
from seg_perception.pipeline.frame_diagnosis import find_namespaced_tf
from seg_perception.pipeline.perception import LabelledCloud, Perception
from seg_perception.pipeline.stamp_watch import StampWatch
from seg_perception.replay.bag_state import BagState
from seg_perception.replay.decoding import ImageDecoder, make_frame, read_cloud
from seg_perception.replay.engine_queue import EngineQueue, Job, NoLatency, SimulatedLatency
from seg_perception.replay.inputs import Inputs
from seg_perception.replay.sink import Sink

Take = Callable[[BagMessage, MessageHandle], None]
END_OF_TIME_NS = (1 << 63) - 1
# Every cloud leaves the queue after `max_wait_s` of message time; no sensor sends more by then.
_QUEUE_SIZE = 1000


class Session:
    """One pass over a bag.

    Attributes:
        perception: the core, with its ledger and its log of issues.
        durations: how long decoding, inference, transfer and writing took.
        frames: the last frame_id of every stream.
    """

    def __init__(
        self,
        config: Config,
        segmenter: Segmenter,
        inputs: Inputs,
        sink: Sink,
        latency_ns: int = 0,
    ) -> None:
        """Wire the core between the bag's topics and the sink.

        Args:
            config: as for the node.
            segmenter: what labels the images.
            inputs: what is read from the bag.
            sink: takes the results.
            latency_ns: 0 labels every frame, else see `SimulatedLatency`.
        """
        config = _patient(config)
        issues = IssueLog(log_faults)
        self._state = BagState(config, inputs, issues, self._observe_transform)
        tree = self._state.sensors.transforms.tree
        self.perception = Perception(config, segmenter.engine.bundle.ontology, tree, issues)
        self.perception.watch_calibration(WorkAtOnce())
        self.durations = StageDurations()
        self.frames: dict[str, str] = {}
        self._ahead: list[Issue] = []
        self._segmenter = segmenter
        self._inputs = inputs
        self._sink = sink
        self._watch = StampWatch(issues, self._start_anew, lambda: self._now_ns)
        self._stills = make_decoder(segmenter.least_size)
        self._images = ImageDecoder(self._stills)
        self._undecoded: dict[BagMessage, MessageHandle] = {}
        self._now_ns = 0
        self._queue = self._make_queue(latency_ns)
        self._handlers = self._make_handlers()
        self._open_streams()

    @property
    def topics(self) -> set[str]:
        """What it takes in; other messages are passed on only."""
        return set(self._handlers)

    @property
    def inputs(self) -> Inputs:
        """What is read from the bag."""
        return self._inputs

    @property
    def labels_all(self) -> bool:
        """Whether every image that is not refused is labelled, as soon as it comes."""
        return isinstance(self._queue, NoLatency)

    @property
    def cameras(self) -> Mapping[str, str]:
        """Which camera's images each topic has."""
        return self._inputs.images

    @property
    def camera_images(self) -> CameraImages:
        """What the pixels of each camera's images mean, as far as they were seen."""
        return self._state.sensors.images

    def prepare(self, bag: BagReader) -> None:
        """Read ahead what holds for the whole bag."""
        self._state.read_ahead(bag)
        names = {t.name: t.type for t in bag.topics if t.count}
        self._ahead = [*self._inputs.missing, *find_namespaced_tf(names)]
        self._sink.write_legend(bag.start_ns)

    def decode_ahead(self, message: BagMessage) -> None:
        """Decode a message that will be fed soon; may be called from another thread."""
        if message.topic in self._handlers:
            is_image = message.topic in self._inputs.images
            self._images.decode_ahead(message, is_image=is_image)

    def feed(self, message: BagMessage) -> None:
        """Take in the next message.

        Raises:
            OutputError: the results can't be written on.
        """
        self._now_ns = max(self._now_ns, message.log_time_ns)
        self._queue.advance(self._now_ns)
        handler = self._handlers.get(message.topic)
        if handler is not None:
            handler(message)
            self._write_clouds(self._now_ns)
            self._write_map()
        self._sink.pass_on(message)

    def finish(self) -> None:
        """Complete what still waits."""
        self._take_decoded(self._images.finish())
        self._queue.finish()
        self._write_clouds(END_OF_TIME_NS)
        self.perception.close()

    def issues(self) -> list[Issue]:
        """What is amiss: what was met on the way, then why inputs came to nothing."""
        core = self.perception
        return of_enabled(core.config, [*self._ahead, *core.issues.all(), *self.causes()])

    @property
    def ahead(self) -> list[Issue]:
        """What was amiss before the first message."""
        return self._ahead

    def causes(self) -> list[Issue]:
        """Why inputs came to nothing, or to little."""
        core = self.perception
        evidence = Evidence(
            counts=core.accounting.snapshot(),
            points=core.accounting.points(),
            frames=self.frames,
            stamps=self._watch.newest,
            transforms=self._state.sensors.transforms,
            in_millimetres=streams_in_millimetres(core.issues.all()),
        )
        missing = {issue.stream for issue in self._inputs.missing}
        return [
            issue
            for issue in diagnose(core.config, evidence)
            if issue.code != NO_MESSAGE.code or issue.stream not in missing
        ]

    def _make_queue(self, latency_ns: int) -> EngineQueue:
        if latency_ns == 0:
            return NoLatency(self._segment)
        weights = {name: c.weight for name, c in self.perception.config.cameras.items()}
        return SimulatedLatency(self._segment, latency_ns, weights)

    def _make_handlers(self) -> dict[str, Callable[[BagMessage], None]]:
        handlers: dict[str, Callable[[BagMessage], None]] = {}
        for topic, name in self._inputs.images.items():
            handlers[topic] = partial(self._on_message, stream("camera", name), self._take_image)
        for topic, (kind, name) in self._inputs.clouds.items():
            take = self._take_depth if kind == "depth" else self._take_cloud
            handlers[topic] = partial(self._on_message, stream(kind, name), take)
        return handlers | dict.fromkeys(self._state.topics, self._state.take)

    def _open_streams(self) -> None:
        for kind, sensors in self.perception.config.sensors_by_kind:
            for name in sensors:
                self.perception.accounting.open_stream(stream(kind, name))

    def _on_message(self, name: str, take: Take, message: BagMessage) -> None:
        handle = self.perception.accounting.receive(name)
        with self._accounted(handle):
            take(message, handle)

    def _take_image(self, message: BagMessage, handle: MessageHandle) -> None:
        """Take what is known by a message: its image, or of a video stream also earlier ones."""
        with self.durations["decode image"].measure():
            found = self._images.take(message)
        self._undecoded[message] = handle
        self._take_decoded(found)

    def _take_decoded(self, found: Iterable[Decoded[BagMessage]]) -> None:
        for decoded in found:
            handle = self._undecoded.pop(decoded.tag)
            with self._accounted(handle):
                self._take_pixels(decoded, handle)

    def _take_pixels(self, decoded: Decoded[BagMessage], handle: MessageHandle) -> None:
        camera = self._inputs.images[decoded.tag.topic]
        sensors, message = self._state.sensors, decoded.tag
        image = sensors.images.rgb(camera, decoded.pixels(), message.message)
        lens = self._stills.lens(sensors.calibration(camera), message.message, image, camera)
        frame = make_frame(camera, message, image, lens)
        self._observe(handle.stream, frame.frame_id, frame.stamp_ns)
        if refusal := self.perception.rate_limiter.refuses_image(camera, frame.stamp_ns):
            handle.drop(refusal)
            return
        self._queue.offer(Job(frame, handle), self._now_ns)

    def _take_cloud(self, message: BagMessage, handle: MessageHandle) -> None:
        _, sensor = self._inputs.clouds[message.topic]
        stamp_ns = stamp_to_ns(header_of(message.message).stamp)
        if refusal := self.perception.rate_limiter.refuses_cloud(sensor, stamp_ns):
            handle.drop(refusal)
            return
        with self.durations["decode cloud"].measure():
            cloud = read_cloud(message)
        self._observe(handle.stream, cloud.frame_id, cloud.stamp_ns)
        self.perception.add_cloud(sensor, cloud, handle, self._now_ns)

    def _take_depth(self, message: BagMessage, handle: MessageHandle) -> None:
        _, camera = self._inputs.clouds[message.topic]
        stamp_ns = stamp_to_ns(message.message.header.stamp)
        if refusal := self.perception.rate_limiter.refuses_cloud(camera, stamp_ns):
            handle.drop(refusal)
            return
        with self.durations["decode depth"].measure():
            depth = self._state.sensors.depth_image(camera, message.message)
        self._observe(handle.stream, depth.frame_id, depth.stamp_ns)
        self.perception.add_depth(camera, depth, handle, self._now_ns)

    def _segment(self, job: Job, now_ns: int) -> None:
        """Segment a frame that is done at `now_ns`."""
        self._now_ns = max(self._now_ns, now_ns)
        with self._accounted(job.handle):
            with self.durations["segment"].measure():
                label_map = self.perception.segment(job.frame, self._segmenter)
            with self.durations["write labels"].measure():
                self._sink.write_label_map(label_map, job.frame, now_ns)
            job.handle.publish()
        self._write_clouds(now_ns)

    def _accounted(self, handle: MessageHandle) -> AbstractContextManager[None]:
        return accounted(handle, self.perception.issues)

    def _write_clouds(self, now_ns: int) -> None:
        """Write the clouds that are ready at `now_ns`, or have waited long enough by then."""
        start = time.perf_counter()
        labelled = self.perception.collect(now_ns)
        if not labelled:
            return
        transfer_s = (time.perf_counter() - start) / len(labelled)
        for cloud in labelled:
            self.durations["transfer"].add(transfer_s)
            self._write_cloud(cloud, min(now_ns, self._now_ns))

    def _write_cloud(self, labelled: LabelledCloud, now_ns: int) -> None:
        with self._accounted(labelled.handle):
            with self.durations["write cloud"].measure():
                self._sink.write_cloud(labelled.semantic, now_ns)
            labelled.handle.publish()

    def _write_map(self) -> None:
        """Offer the configuration's own map, the first one, to the sink."""
        if not self.perception.config.map.enabled:
            return
        start = time.perf_counter()
        if self._sink.write_map(self.perception.mappers[0], self._now_ns):
            self.durations["write map"].add(time.perf_counter() - start)

    def _observe(self, name: str, frame_id: str, stamp_ns: int) -> None:
        self.frames[name] = frame_id
        self._watch.observe(name, stamp_ns)

    def _observe_transform(self, name: str, stamp_ns: int, insert: Callable[[], None]) -> None:
        self._watch.observe(name, stamp_ns, insert)

    def _start_anew(self) -> None:
        """Complete what waits from before the jump, as in a bag of a looped recording."""
        self._queue.finish()
        self._write_clouds(END_OF_TIME_NS)
        self.perception.reset()


def _patient(config: Config) -> Config:
    """The same configuration with a queue that never overflows: a replay drops nothing."""
    synchronizer = config.synchronizer.model_copy(update={"queue_size": _QUEUE_SIZE})
    return config.model_copy(update={"synchronizer": synchronizer})

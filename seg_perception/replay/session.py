"""Feeds the messages of a bag into the one core, in message time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from seg_perception.config import Config
from seg_perception.core.durations import StageDurations
from seg_perception.core.errors import CloudError, SegPerceptionError
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.pipeline.diagnosis import Evidence, diagnose
from seg_perception.pipeline.issue_log import Notes
from seg_perception.pipeline.perception import LabelledCloud, Perception
from seg_perception.pipeline.stamp_watch import StampWatch
from seg_perception.replay.decoding import decode_ahead, read_cloud, read_frame
from seg_perception.replay.engine_queue import EngineQueue, Job, NoLatency, SimulatedLatency
from seg_perception.replay.inputs import Inputs
from seg_perception.replay.sensor_state import SensorState
from seg_perception.replay.sink import Sink

END_OF_TIME_NS = (1 << 63) - 1
# Every cloud leaves the queue after `max_wait_s` of message time; no sensor sends more by then.
_QUEUE_SIZE = 1000


class Session:
    """One pass over a bag.

    Attributes:
        perception: the core, with its ledger.
        notes: what went wrong with single messages.
        durations: how long decoding, inference, transfer and writing took.
        frames: the last frame_id of every stream.
        stamps: the last stamp of every stream (ns).
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
        self._around = SensorState(config, inputs)
        ontology = segmenter.engine.bundle.ontology
        self.perception = Perception(config, ontology, self._around.transforms)
        self.notes = Notes()
        self.durations = StageDurations()
        self.frames: dict[str, str] = {}
        self.stamps: dict[str, int] = {}
        self._segmenter = segmenter
        self._inputs = inputs
        self._sink = sink
        self._watch = StampWatch()
        self._now_ns = 0
        self._queue = self._make_queue(latency_ns)
        self._handlers = self._make_handlers()
        self._open_streams()

    def prepare(self, bag: BagReader) -> None:
        """Read ahead what holds for the whole bag."""
        self._around.read_ahead(bag)
        self._sink.write_legend(bag.start_ns)

    def decode_ahead(self, message: BagMessage) -> None:
        """Decode a message that will be fed soon; may be called from another thread."""
        if message.topic in self._handlers:
            decode_ahead(message)

    def feed(self, message: BagMessage) -> None:
        """Take in the next message."""
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
        self._queue.finish()
        self._write_clouds(END_OF_TIME_NS)
        self.perception.close()

    def problems(self) -> list[str]:
        """Why inputs came to nothing, if any did."""
        with_lens = {camera for camera, lens in self._around.lenses.items() if lens is not None}
        accounting, config = self.perception.accounting, self.perception.config
        evidence = Evidence(
            counts=accounting.snapshot(),
            points=accounting.points(),
            frames=self.frames,
            stamps=self.stamps,
            without_lens=frozenset(set(config.cameras) - with_lens),
            refused_lenses=self.perception.refused_lenses,
            open_conventions=self.perception.conventions.open,
            time_problems=self.perception.time_problems,
            doppler_problems=self.perception.doppler_problems,
            transforms=self.perception.transforms,
        )
        return diagnose(config, evidence)

    def _make_queue(self, latency_ns: int) -> EngineQueue:
        if latency_ns == 0:
            return NoLatency(self._segment)
        weights = {name: c.weight for name, c in self.perception.config.cameras.items()}
        return SimulatedLatency(self._segment, latency_ns, weights)

    def _make_handlers(self) -> dict[str, Callable[[BagMessage], None]]:
        inputs = self._inputs
        handlers: dict[str, Callable[[BagMessage], None]] = {}
        handlers.update({t: partial(self._on_image, name) for t, name in inputs.images.items()})
        handlers.update(dict.fromkeys(inputs.lenses, self._on_lens))
        handlers.update({t: partial(self._on_cloud, *kn) for t, kn in inputs.clouds.items()})
        handlers.update(dict.fromkeys(inputs.transforms, self._on_transforms))
        handlers.update({t: self._on_odometry for t in (inputs.odometry,) if t})
        return handlers

    def _open_streams(self) -> None:
        for name in self._inputs.images.values():
            self.perception.accounting.open_stream(stream("camera", name))
        for kind, name in self._inputs.clouds.values():
            self.perception.accounting.open_stream(stream(kind, name))

    def _on_image(self, camera: str, message: BagMessage) -> None:
        name = stream("camera", camera)
        handle = self.perception.accounting.receive(name)
        try:
            with self.durations["decode image"].measure():
                frame = read_frame(camera, message, self._around.lenses.get(camera))
        except SegPerceptionError as error:
            self.notes.add(name, error)
            handle.drop(error.reason)
            return
        self._observe(name, frame.frame_id, frame.stamp_ns)
        if refusal := self.perception.admission.refuses_image(camera, frame.stamp_ns):
            handle.drop(refusal)
            return
        self._queue.offer(Job(frame, handle), self._now_ns)

    def _on_cloud(self, kind: str, sensor: str, message: BagMessage) -> None:
        name = stream(kind, sensor)
        handle = self.perception.accounting.receive(name)
        if refusal := self.perception.admission.refuses_cloud(sensor):
            handle.drop(refusal)
            return
        try:
            with self.durations["decode cloud"].measure():
                cloud = read_cloud(message)
        except SegPerceptionError as error:
            self.notes.add(name, error)
            handle.drop(error.reason)
            return
        self._observe(name, cloud.frame_id, cloud.stamp_ns)
        self.perception.add_cloud(sensor, cloud, handle, self._now_ns)

    def _on_lens(self, message: BagMessage) -> None:
        self._around.take_lens(message, self.notes)

    def _on_transforms(self, message: BagMessage) -> None:
        self._around.take_transforms(message, self.notes, self._watch_stamp)

    def _on_odometry(self, message: BagMessage) -> None:
        self._around.take_odometry(message, self.notes, self._watch_stamp)

    def _segment(self, job: Job, now_ns: int) -> None:
        """Segment a frame that is done at `now_ns`."""
        self._now_ns = max(self._now_ns, now_ns)
        try:
            with self.durations["segment"].measure():
                label_map = self.perception.segment(job.frame, self._segmenter)
        except SegPerceptionError as error:
            self.notes.add(job.handle.stream, error)
            job.handle.drop(error.reason)
            return
        with self.durations["write labels"].measure():
            self._sink.write_label_map(label_map, job.frame, now_ns)
        job.handle.publish()
        self._write_clouds(now_ns)

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
        try:
            with self.durations["write cloud"].measure():
                self._sink.write_cloud(labelled.semantic, now_ns)
        except CloudError as error:
            self.notes.add(labelled.handle.stream, error)
            labelled.handle.drop(error.reason)
            return
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
        self.stamps[name] = stamp_ns
        self._watch_stamp(name, stamp_ns)

    def _watch_stamp(self, name: str, stamp_ns: int) -> None:
        """Start anew where the stamps jump back, as in a bag of a looped recording."""
        back_ns = self._watch.jump_back_ns(name, stamp_ns)
        if back_ns == 0:
            return
        self._queue.finish()
        self._write_clouds(END_OF_TIME_NS)
        self.perception.reset()
        sentence = f"stamps jump back by {back_ns / NANOSECONDS:.1f} s; labels start anew there"
        self.notes.say(name, "clock_jump", sentence)


def _patient(config: Config) -> Config:
    """The same configuration with a queue that never overflows: a replay drops nothing."""
    synchronizer = config.synchronizer.model_copy(update={"queue_size": _QUEUE_SIZE})
    return config.model_copy(update={"synchronizer": synchronizer})

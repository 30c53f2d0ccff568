"""Shows a bag: labelled, or as it was recorded. It is read once, and never held as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import numpy as np

from seg_perception.config.input_topics import TF_TYPES
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.core.types import NANOSECONDS, clean_frame_id
from seg_perception.inspection.read import read_facts
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bit_depth import Pixels, to_picture
from seg_perception.io.cloud_labels import LABEL_FIELDS, ids_in
from seg_perception.io.clouds import decode_points
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.transforms import decode_tf
from seg_perception.outputs.pictures import fit
from seg_perception.replay.decoding import ImageDecoder
from seg_perception.replay.prefetch import prefetch
from seg_perception.viewing.legends import Legend, Legends, read_legends
from seg_perception.viewing.options import ViewOptions
from seg_perception.viewing.picture_size import resized_ids
from seg_perception.viewing.point_colors import point_colors
from seg_perception.viewing.recording import Recording
from seg_perception.viewing.sampler import Sampler
from seg_perception.viewing.streams import ImageView, Streams, Views, find_streams
from seg_perception.viewing.summary import ViewSummary

Open = Callable[[Views], AbstractContextManager[Recording]]
Progress = Callable[[int, int], None]
# Over the picture; and over one that has the colours already, where it but names them.
OPACITY, OPACITY_PAINTED = 0.5, 0.01
_STATIC = "tf_static"


def view_bag(
    path: BagSource, open_recording: Open, options: ViewOptions, progress: Progress
) -> ViewSummary:
    """Show what a bag holds.

    Args:
        path: of the bag.
        open_recording: opens the recording for the views that it is given.
        options: which part of it.
        progress: called with how many messages were read, and of how many.

    Raises:
        BagError: it can't be opened, or nothing in it can be shown.
    """
    streams = find_streams(read_facts(path))
    if not streams.images and not streams.clouds:
        msg = f"{path}: expected images or point clouds, found none that can be shown"
        raise BagError(msg)
    with BagReader(path) as bag:
        given = options.ontology
        legends = Legends((Legend.of(given),)) if given else read_legends(bag)
        summary = ViewSummary(classes=legends.names, notes=[*streams.notes])
        summary.notes += _about(legends, streams, options)
        views = Views(streams.images, streams.clouds, legend=bool(legends.entries))
        with open_recording(views) as recording:
            shown = _BagView(bag, recording, streams, options, summary)
            shown.name_classes(legends)
            shown.name_true_classes()
            shown.run(progress)
        summary.end(bag.warnings)
    return summary


def _about(legends: Legends, streams: Streams, options: ViewOptions) -> Iterator[str]:
    """What a reader should know of the names of the classes."""
    labels = streams.labelled | {view.labels for view in streams.images if view.labels}
    if legends.note:
        yield legends.note
    if labels - streams.foreign and not legends.entries:
        yield (
            "the bag does not name its classes, they are shown as numbers; "
            "--ontology NAME or FILE names them"
        )
    if streams.foreign and not options.ontology and not options.truth_ontology:
        topics = ", ".join(sorted(streams.foreign))
        yield (
            f"the bag does not name the classes of {topics}, they are shown as numbers; "
            "--truth-ontology NAME or FILE names them"
        )


class _BagView:
    """One pass over a bag."""

    def __init__(
        self,
        bag: BagReader,
        recording: Recording,
        streams: Streams,
        options: ViewOptions,
        summary: ViewSummary,
    ) -> None:
        self._bag = bag
        self._recording = recording
        self._streams = streams
        self._options = options
        self._summary = summary
        self._sampler = Sampler(options.max_hz)
        self._decoder = ImageDecoder()
        self._pictures = {view.picture: view for view in streams.images if view.picture}
        self._labels = {view.labels: view for view in streams.images if view.labels}
        self._clouds = {t for view in streams.clouds for t in (*view.shown, *view.hidden)}
        self._labelled_ns: dict[str, int] = {}
        self._transforms = {t.name for t in bag.topics if t.type in TF_TYPES and t.count}

    def name_classes(self, legends: Legends) -> None:
        """Show the legend: for all times where it does not change."""
        for legend in legends.entries:
            self._recording.at(max(legend.stamp_ns, self._bag.start_ns))
            self._recording.classes(legend, always=len(legends.entries) == 1)

    def name_true_classes(self) -> None:
        """Name what the bag's legend does not speak of, as the options say, or leave it numbers."""
        truth = self._options.truth_ontology
        if truth is None and self._options.ontology is not None:
            return
        for topic in sorted(self._streams.foreign):
            self._recording.classes_of(topic, Legend.of(truth) if truth else None)

    def run(self, progress: Progress) -> None:
        """Show every message that is asked for."""
        topics = {*self._pictures, *self._labels, *self._clouds, *self._transforms}
        total = sum(topic.count for topic in self._bag.topics if topic.name in topics)
        try:
            with prefetch(self._bag.messages(topics), self._decode_ahead) as messages:
                for done, message in enumerate(messages, 1):
                    if self._is_over(message):
                        break
                    self._feed(message)
                    progress(done, total)
            for decoded in self._decoder.finish():
                self._picture(decoded.tag, decoded.image, decoded.error)
        except BagError as error:
            self._summary.problems.append(str(error))

    def _decode_ahead(self, message: BagMessage) -> None:
        if message.topic in self._pictures:
            self._decoder.decode_ahead(message)

    def _feed(self, message: BagMessage) -> None:
        static = message.topic.rpartition("/")[2] == _STATIC
        if self._is_early(message) and not static and message.topic not in self._pictures:
            return
        try:
            if message.topic in self._transforms:
                self._take_transforms(message, static=static)
            elif message.topic in self._labels:
                self._take_labels(message, self._labels[message.topic])
            elif message.topic in self._clouds:
                self._take_cloud(message)
            else:
                self._take_picture(message)
        except SegPerceptionError as error:
            self._summary.refuse(message.topic, error)

    def _take_transforms(self, message: BagMessage, *, static: bool) -> None:
        for transform in decode_tf(message.message):
            self._recording.at(transform.stamp_ns or message.log_time_ns)
            self._recording.transform(transform, always=static)
            self._summary.transforms += 1

    def _take_picture(self, message: BagMessage) -> None:
        """A packet of a stream may give no picture, or one of a message before it."""
        for decoded in self._decoder.take(message):
            self._picture(decoded.tag, decoded.image, decoded.error)

    def _picture(
        self, message: BagMessage, image: Pixels | None, error: SegPerceptionError | None
    ) -> None:
        view, stamp_ns = self._pictures[message.topic], _stamp_ns(message)
        if self._is_early(message):
            return
        if image is None:
            self._summary.refuse(message.topic, error or BagError("no picture"))
        elif self._sampler.takes(view.picture, stamp_ns):
            self._recording.at(stamp_ns)
            self._recording.picture(message.topic, fit(to_picture(image), view.width, view.height))
            self._summary.images[message.topic] += 1
            self._clear_labels(message.topic, stamp_ns)

    def _clear_labels(self, picture: str, stamp_ns: int) -> None:
        """Take labels of an earlier picture away, which would be wrong over this one."""
        for topic, view in self._labels.items():
            if view.picture == picture and self._labelled_ns.get(topic) != stamp_ns:
                self._recording.clear(topic)

    def _take_labels(self, message: BagMessage, view: ImageView) -> None:
        stamp_ns = _stamp_ns(message)
        if self._sampler.takes(view.picture or view.labels, stamp_ns):
            scaled = resized_ids(decode_label_image(message.message), view.width, view.height)
            opacity = OPACITY_PAINTED if view.painted else OPACITY if view.picture else 1.0
            self._recording.at(stamp_ns)
            self._recording.labels(message.topic, scaled, opacity)
            self._labelled_ns[message.topic] = stamp_ns
            self._summary.images[message.topic] += 1

    def _take_cloud(self, message: BagMessage) -> None:
        stamp_ns = _stamp_ns(message)
        if not self._sampler.takes(message.topic, stamp_ns):
            return
        cloud = decode_points(message.message)
        xyz, ids, colors = cloud.xyz, None, None
        measured = np.isfinite(xyz).all(axis=1) & xyz.any(axis=1)
        if message.topic in self._streams.labelled:
            ids = ids_in(cloud.points.reshape(-1), LABEL_FIELDS, message.topic)[measured]
        else:
            colors = point_colors(cloud)[measured]
        self._recording.at(stamp_ns)
        frame = clean_frame_id(cloud.frame_id)
        self._recording.points(message.topic, frame, xyz[measured], ids, colors)
        self._summary.clouds[message.topic] += 1

    def _is_early(self, message: BagMessage) -> bool:
        return self._since_start_s(message) < self._options.start_s

    def _is_over(self, message: BagMessage) -> bool:
        end_s = self._options.end_s
        return end_s is not None and self._since_start_s(message) >= end_s

    def _since_start_s(self, message: BagMessage) -> float:
        return (message.log_time_ns - self._bag.start_ns) / NANOSECONDS


def _stamp_ns(message: BagMessage) -> int:
    """Its sensor's stamp; where that is zero, when it was recorded."""
    return stamp_to_ns(header_of(message.message).stamp) or message.log_time_ns

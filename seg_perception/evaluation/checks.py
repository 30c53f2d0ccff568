"""What can be known before hours of work: sizes, ids, pairs."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from seg_perception.core.errors import EvaluationError, SegPerceptionError
from seg_perception.datasets.masks import read_ids
from seg_perception.datasets.pairs import LabelReader
from seg_perception.datasets.semantic_kitti import read_labels
from seg_perception.evaluation.confusion import ConfusionCounter
from seg_perception.evaluation.ground_truth import TRUTH_FIELDS, load_cuboids
from seg_perception.evaluation.job import FilePair, Job, Shard, StreamGroundTruth
from seg_perception.evaluation.truth_files import read_truth, truth_reader
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.cloud_labels import LABEL_FIELDS, ids_in
from seg_perception.io.images import decode_compressed_image, decode_label_image
from seg_perception.io.messages import CompressedImage, PointCloud2, header_of, stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.video import first_picture
from seg_perception.io.video_packets import is_video

OnProgress = Callable[[int, int], None]
_MESSAGES = 12
_NS = 1e-9
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB})
_POINT_BYTES, _LABEL_BYTES = 16, 4


def check_job(job: Job, on_progress: OnProgress) -> None:
    """Look at the first messages of every bag, or at every label file, before the work begins.

    Raises:
        SegPerceptionError: truth that can't be compared with the labels, and why.
    """
    _ = job.mapped_classes
    if job.cuboids is not None:
        load_cuboids(job.cuboids.file, job.cuboids.rules, job.cuboids.sample, 0.0)
    if job.kind in ("data set", "predictions"):
        _check_files(job, on_progress)
        return
    for done, shard in enumerate(job.shards, start=1):
        for entry in job.streams:
            if entry.truth:
                _check_bag(job, shard, entry)
        on_progress(done, len(job.shards))


def _check_bag(job: Job, shard: Shard, entry: StreamGroundTruth) -> None:
    """The first messages of one stream and its truth."""
    counter = ConfusionCounter(job.layout)
    bag = job.remapped(shard)
    truths = _first(shard.truth_path or bag, entry.truth)
    labels = _first(bag, entry.labels)
    where = f"{shard.path}, {entry.stream}"
    for what, messages, topic in (("labels", labels, entry.labels), ("truth", truths, entry.truth)):
        if not messages:
            msg = f"{where}: no message of its {what} on {topic}; check the topic and the bag"
            raise EvaluationError(msg)
    if job.kind == "labelled bag":
        for message in labels:
            counter.check_predicted(_ids(message, LABEL_FIELDS))
    for message in truths:
        counter.check_truth(_ids(message, TRUTH_FIELDS))
    if entry.kind == "image" and job.kind == "bag":
        _check_size(where, labels, truths[0])
    partner = _check_stamps(where, labels, truths, job.tolerance_ns)
    if entry.kind != "image" and entry.truth != entry.labels:
        _check_points(where, *partner)


def _first(path: BagSource, topic: str) -> list[BagMessage]:
    with BagReader(path) as bag:
        if not any(info.name == topic and info.count for info in bag.topics):
            return []
        found = []
        for message in bag.messages({topic}):
            _ = message.message
            found.append(message)
            if len(found) == _MESSAGES:
                break
        return found


def _ids(message: BagMessage, fields: Sequence[str]) -> Any:
    if message.type == PointCloud2.type_name:
        return ids_in(decode_cloud(message.message).points.reshape(-1), fields, message.topic)
    return decode_label_image(message.message)


def _check_size(where: str, images: list[BagMessage], truth: BagMessage) -> None:
    labels = decode_label_image(truth.message)
    height, width = _image_size(images)
    if labels.shape != (height, width):
        msg = (
            f"{where}: expected a truth of the image's size {width}x{height}, got "
            f"{labels.shape[1]}x{labels.shape[0]} on {truth.topic}; name the truth of this camera"
        )
        raise EvaluationError(msg)


def _image_size(images: list[BagMessage]) -> tuple[int, int]:
    """Height and width of the first image."""
    first = images[0]
    if is_video(first.message):
        return first_picture(image.message for image in images).shape[:2]
    if first.type == CompressedImage.type_name:
        return decode_compressed_image(first.message).shape[:2]
    return int(first.message.height), int(first.message.width)


def _check_stamps(
    where: str, labels: Sequence[BagMessage], truths: Sequence[BagMessage], tolerance_ns: int
) -> tuple[BagMessage, BagMessage]:
    """The first pair."""
    distances = [
        (abs(_stamp(label) - _stamp(truth)), n, label, truth)
        for n, label in enumerate(labels)
        for truth in truths
    ]
    nearest = min(distances, key=lambda entry: entry[:2])
    if nearest[0] > tolerance_ns:
        msg = (
            f"{where}: none of the first {len(labels)} has a truth within {tolerance_ns * _NS:g} s "
            f"of its stamp, the nearest is {nearest[0] * _NS:.3f} s away; raise --tolerance, or "
            "name the truth of this recording"
        )
        raise EvaluationError(msg)
    return nearest[2], nearest[3]


def _stamp(message: BagMessage) -> int:
    return stamp_to_ns(header_of(message.message).stamp)


def _check_points(where: str, label: BagMessage, truth: BagMessage) -> None:
    counts = [decode_cloud(message.message).points.size for message in (label, truth)]
    if counts[0] != counts[1]:
        msg = (
            f"{where}: expected the {counts[0]} points of {label.topic}, got {counts[1]} on "
            f"{truth.topic}; name the truth of this sensor, and label with "
            "output.drop_unlabelled: false"
        )
        raise EvaluationError(msg)


def _check_files(job: Job, on_progress: OnProgress) -> None:
    counter = ConfusionCounter(job.layout)
    reader = truth_reader(job)
    pairs = [pair for shard in job.shards for pair in shard.pairs]
    for done, pair in enumerate(pairs, start=1):
        try:
            _check_pair(counter, reader, pair)
        except SegPerceptionError as error:
            text = str(error)
            named = any(path and path in text for path in (pair.truth, pair.predicted))
            msg = text if named else f"{pair.truth}: {text}"
            raise EvaluationError(msg) from error
        on_progress(done, len(pairs))


def _check_pair(counter: ConfusionCounter, reader: LabelReader, pair: FilePair) -> None:
    """Sizes from the headers, ids from the pixels."""
    if pair.source.endswith(".bin"):
        classes, _ = read_labels(Path(pair.truth))
        points = Path(pair.source).stat().st_size // _POINT_BYTES
        if len(classes) != points:
            msg = f"{pair.truth}: expected labels of {points} points, got {len(classes)}"
            raise EvaluationError(msg)
        counter.check_truth(classes)
        if pair.predicted:
            counter.check_predicted(read_labels(Path(pair.predicted))[0])
        return
    truth = read_truth(reader, pair)
    size = image_size(Path(pair.source))
    if size is not None and truth.shape != size[::-1]:
        msg = (
            f"{pair.truth}: expected the image's size {size[0]}x{size[1]}, got "
            f"{truth.shape[1]}x{truth.shape[0]}; export both at one size"
        )
        raise EvaluationError(msg)
    counter.check_truth(truth)
    if pair.predicted:
        counter.check_predicted(read_ids(Path(pair.predicted)))


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height as a PNG or JPEG file declares them; None of any other file."""
    with path.open("rb") as file:
        head = file.read(24)
        if head.startswith(_PNG):
            width, height = struct.unpack(">II", head[16:24])
            return int(width), int(height)
        if not head.startswith(b"\xff\xd8"):
            return None
        file.seek(2)
        return next(_jpeg_sizes(file), None)


def _jpeg_sizes(file: Any) -> Iterator[tuple[int, int]]:
    """From the first segment that starts a frame (ITU T.81, B.2.2)."""
    while (marker := file.read(2)) and len(marker) == 2:
        if marker[1] == 0xFF:
            file.seek(-1, 1)
            continue
        length = struct.unpack(">H", file.read(2))[0]
        if marker[1] in _JPEG_SIZES:
            height, width = struct.unpack(">xHH", file.read(5))
            yield width, height
            return
        file.seek(length - 2, 1)

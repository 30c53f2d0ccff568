"""Looks into a bag: the first message of each sensor topic, and the transforms."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seg_perception.config.input_topics import POINT_TYPES, TF_TYPES, VIDEO_TYPES
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.core.issue_kinds.inputs import BAG_FILES, BEFORE_THE_CLOCK, FOREIGN_ENCODING
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import clean_frame_id
from seg_perception.inspection.facts import (
    BagFacts,
    CameraInfoFacts,
    CloudFacts,
    ImageFacts,
    TopicFacts,
)
from seg_perception.inspection.read_cloud import FIRST_CLOUDS, period_ns, read_cloud
from seg_perception.inspection.read_depth import read_depth
from seg_perception.inspection.read_transforms import read_transforms
from seg_perception.io.bag_message import BagMessage, TopicInfo
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import ROS_ENCODINGS
from seg_perception.io.bit_depth import Pixels
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.messages import (
    CameraInfo,
    CompressedImage,
    Image,
    header_of,
    stamp_to_ns,
)
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.video import first_picture
from seg_perception.io.video_packets import is_video, read_packet
from seg_perception.outputs.own_topics import is_own_cloud, own_topics

# A stream that was joined between two key frames: ten seconds of 60 Hz.
_VIDEO_MESSAGES = 600


def read_facts(path: BagSource) -> BagFacts:
    """Look into a bag.

    Raises:
        BagError: it can't be opened.
    """
    with BagReader(path) as bag:
        issues = IssueLog()
        for text in bag.remarks:
            issues.add(BAG_FILES, "", remark=text)
        if bag.start.early:
            issues.add(BEFORE_THE_CLOCK, "", **bag.start.numbers)
        own = own_topics({info.name: info.type for info in bag.topics})
        read = (_read_topic(bag, info, issues) for info in bag.topics)
        topics = {topic.name: replace(topic, is_ours=_is_ours(topic, own)) for topic in read}
        sensors = {name for name, topic in topics.items() if topic.stamp_ns}
        transforms = read_transforms(bag, sensors, issues)
        return BagFacts(
            path=Path(path),
            duration_s=bag.duration_s,
            message_count=bag.message_count,
            topics=topics,
            edges=transforms.edges,
            tree=transforms.tree,
            parents=transforms.parents,
            transforms_until_ns=transforms.until_ns,
            warnings=bag.warnings,
            issues=(*issues.all(), *transforms.issues),
        )


def _is_ours(topic: TopicFacts, own: Collection[str]) -> bool:
    return topic.name in own or (topic.cloud is not None and is_own_cloud(topic.cloud.fields))


def _read_topic(bag: BagReader, info: TopicInfo, issues: IssueLog) -> TopicFacts:
    rate_hz = (info.count - 1) / bag.duration_s if info.count > 1 and bag.duration_s else 0.0
    known = info.type in _READERS or info.type in POINT_TYPES
    if info.encoding not in ROS_ENCODINGS:
        encoding = info.encoding or "nothing known"
        if known or info.type in TF_TYPES:
            issues.add(FOREIGN_ENCODING, info.name, encoding=encoding)
        return TopicFacts(info.name, f"{info.type} ({encoding})".lstrip(), info.count, rate_hz)
    facts = TopicFacts(info.name, info.type, info.count, rate_hz)
    if not known or not info.count:
        return facts
    try:
        found = _first_messages(bag, info)
        if not found:
            return facts
        first, message = found[0], found[0].message
    except SegPerceptionError as error:
        return replace(facts, **_unreadable(info.type, str(error)))
    header = header_of(message)
    facts = replace(
        facts,
        frame_id=clean_frame_id(header.frame_id),
        stamp_ns=stamp_to_ns(header.stamp),
        log_time_ns=first.log_time_ns,
    )
    if info.type in POINT_TYPES:
        details: dict[str, Any] = {"cloud": read_cloud(message, period_ns(found, rate_hz))}
    elif info.type in VIDEO_TYPES and is_video(message):
        details = _read_video(bag, info, message)
    else:
        details = {**_READERS[info.type](message), "depth": read_depth(message)}
    return replace(facts, **details)


def _first_messages(bag: BagReader, info: TopicInfo) -> list[BagMessage]:
    """The first message; of clouds a few more, unless the bag is damaged behind the first.

    Raises:
        BagError: it is damaged before.
    """
    found: list[BagMessage] = []
    wanted = FIRST_CLOUDS if info.type in POINT_TYPES else 1
    try:
        found.extend(islice(bag.messages({info.name}), wanted))
    except BagError:
        if not found:
            raise
    return found


def _read_video(bag: BagReader, info: TopicInfo, first: Any) -> dict[str, Any]:
    """The codec of a stream, and its size by its first picture."""
    codec = ""
    packets = islice(bag.messages({info.name}), _VIDEO_MESSAGES)
    try:
        codec = read_packet(first).codec
        height, width = first_picture(packet.message for packet in packets).shape[:2]
    except SegPerceptionError as error:
        return {"image": ImageFacts(codec, 0, 0, str(error))}
    return {"image": ImageFacts(codec, width, height)}


def _read_image(message: Any) -> dict[str, Any]:
    encoding, size = str(message.encoding), (int(message.width), int(message.height))
    try:
        pixels = decode_image(message)
    except SegPerceptionError as error:
        return {"image": ImageFacts(encoding, *size, str(error))}
    return {"image": ImageFacts(encoding, *size, largest=_largest(pixels))}


def _read_compressed_image(message: Any) -> dict[str, Any]:
    try:
        pixels = decode_compressed_image(message)
    except SegPerceptionError as error:
        return {"image": ImageFacts(str(message.format), 0, 0, str(error))}
    height, width = pixels.shape[:2]
    return {"image": ImageFacts(str(message.format), width, height, largest=_largest(pixels))}


def _largest(pixels: Pixels) -> int:
    return int(pixels.max()) if pixels.dtype == np.uint16 else 0


def _read_camera_info(message: Any) -> dict[str, Any]:
    calibration, problem = None, ""
    try:
        calibration = decode_camera_info(message)
    except SegPerceptionError as error:
        problem = str(error)
    size = int(message.width), int(message.height)
    return {
        "camera_info": CameraInfoFacts(calibration, *size, str(message.distortion_model), problem)
    }


_READERS = {
    Image.type_name: _read_image,
    CompressedImage.type_name: _read_compressed_image,
    CameraInfo.type_name: _read_camera_info,
    **dict.fromkeys(VIDEO_TYPES, _read_compressed_image),
}


def _unreadable(type_name: str, problem: str) -> dict[str, Any]:
    if type_name in POINT_TYPES:
        return {"cloud": CloudFacts((), 0, problem=problem)}
    if type_name == CameraInfo.type_name:
        return {"camera_info": CameraInfoFacts(None, 0, 0, "", problem)}
    return {"image": ImageFacts("", 0, 0, problem)}

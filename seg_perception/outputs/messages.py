"""Results as messages: what a node publishes and a replay writes, made in one place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import OutputConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, SemanticCloud
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import (
    encode_confidence,
    encode_labels,
    encode_labels_png,
    encode_rgb,
)
from seg_perception.io.messages import (
    Header,
    Image,
    LabelInfo,
    Message,
    PointCloud2,
    SemanticClass,
    SemanticGrouping,
    SemanticLegend,
    VisionClass,
)
from seg_perception.io.pointcloud2 import append_semantics, encode_cloud
from seg_perception.io.semantic_fields import label_bits, with_moving
from seg_perception.outputs.pictures import colorize, legend_strip, overlay
from seg_perception.outputs.topics import CameraTopics

Wanted = Callable[[str], bool]

_LEGEND_WIDTH = 360


def everything(_topic: str) -> bool:
    """Whether a topic is wanted, where all are."""
    return True


def camera_outputs(
    label_map: LabelMap,
    image: NDArray[np.uint8] | None,
    ontology: Ontology,
    config: OutputConfig,
    topics: CameraTopics,
    wanted: Wanted = everything,
) -> list[tuple[str, Message]]:
    """The messages of one segmented image.

    Args:
        label_map: what the network said.
        image: uint8 (H, W, 3), RGB; the frame it was computed from, for the overlay.
        ontology: of the labels.
        config: which of the outputs exist.
        topics: their names.
        wanted: asked for each topic; an unwanted message is not even made.
    """
    makers = _camera_makers(label_map, image, ontology, config, topics)
    return [(topic, make()) for topic, make in makers if wanted(topic)]


def cloud_output(semantic: SemanticCloud, ontology: Ontology, config: OutputConfig) -> PointCloud2:
    """The message of one labelled cloud: the sender's fields, then label, confidence and colour."""
    cloud = append_semantics(
        with_moving(_as_published(semantic, ontology)),
        ontology.palette,
        config.cloud_profile,
        drop_unlabelled=config.drop_unlabelled,
    )
    return encode_cloud(cloud)


def check_profile(ontology: Ontology, config: OutputConfig) -> None:
    """Refuse a cloud profile that can't carry the model's ids.

    Raises:
        ConfigError: more classes than the profile has ids.
    """
    bits = label_bits(config.cloud_profile)
    if ontology.unknown_id >> bits:
        msg = (
            f"output.cloud_profile {config.cloud_profile}: carries {bits} bits, ontology "
            f"{ontology.name} has ids to {ontology.id_count - 1}; set it to pcl"
        )
        raise ConfigError(msg)


def _as_published(semantic: SemanticCloud, ontology: Ontology) -> SemanticCloud:
    if ontology.cloud_unknown_id == ontology.unknown_id:
        return semantic
    known = semantic.labels != ontology.unknown_id
    unknown = semantic.labels.dtype.type(ontology.cloud_unknown_id)
    return replace(semantic, labels=np.where(known, semantic.labels, unknown))


def legend(ontology: Ontology, stamp_ns: int) -> SemanticLegend:
    """What the numbers in labels mean, with colours and groupings."""
    return SemanticLegend(
        header=Header.at(stamp_ns, ""),
        ontology=ontology.name,
        ontology_sha256=ontology_sha256(ontology),
        unknown_id=ontology.unknown_id,
        unknown_color_rgb=ontology.palette[ontology.unknown_id],
        classes=[SemanticClass(c.id, c.name, np.array(c.rgb, np.uint8)) for c in ontology.classes],
        groupings=[_grouping(ontology, name) for name in ontology.groupings],
    )


def legend_picture(ontology: Ontology, stamp_ns: int) -> Image:
    """The legend for those who look at it: a patch of colour beside every class's name."""
    strip = legend_strip(ontology, ontology.names, _LEGEND_WIDTH)
    return encode_rgb(strip, stamp_ns, "")


def label_info(ontology: Ontology, stamp_ns: int, frame_id: str) -> LabelInfo:
    """The class names of a label image, as vision_msgs spells them."""
    classes = [VisionClass(c.id, c.name) for c in ontology.classes]
    return LabelInfo(Header.at(stamp_ns, frame_id), classes)


def ontology_sha256(ontology: Ontology) -> str:
    """Fingerprint of an ontology: equal where ids, names, colours and groupings are."""
    text = json.dumps(ontology.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _camera_makers(
    label_map: LabelMap,
    image: NDArray[np.uint8] | None,
    ontology: Ontology,
    config: OutputConfig,
    topics: CameraTopics,
) -> Iterator[tuple[str, Callable[[], Message]]]:
    stamp_ns, frame_id = label_map.stamp_ns, label_map.frame_id
    calibration = label_map.calibration
    yield topics.label_image, lambda: encode_labels(label_map)
    if calibration is not None:
        yield topics.camera_info, lambda: encode_camera_info(calibration, stamp_ns, frame_id)
    if config.png:
        yield topics.label_image_png, lambda: encode_labels_png(label_map)
    if config.confidence:
        yield topics.confidence, lambda: encode_confidence(label_map)
    if config.color:
        yield (
            topics.color,
            lambda: encode_rgb(colorize(label_map.labels, ontology.palette), stamp_ns, frame_id),
        )
    if config.overlay and image is not None:
        yield (
            topics.overlay,
            lambda: encode_rgb(
                overlay(image, label_map.labels, ontology, config.overlay_alpha), stamp_ns, frame_id
            ),
        )


def _grouping(ontology: Ontology, name: str) -> SemanticGrouping:
    groups = enumerate(ontology.groupings[name])
    table = ontology.group_ids(name)
    return SemanticGrouping(
        name=name,
        groups=[SemanticClass(i, g.name, _rgb(g.color)) for i, g in groups],
        group_ids=[int(table[c.id]) for c in ontology.classes],
        unknown_group_id=ontology.unknown_id,
    )


def _rgb(color: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(color[1:]), np.uint8)

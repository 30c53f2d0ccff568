"""A segmented image as messages: its labels, their lens, and pictures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import (
    encode_confidence,
    encode_labels,
    encode_labels_png,
    encode_rgb,
)
from seg_perception.io.messages import Image, Message
from seg_perception.outputs.pictures import colorize, overlay
from seg_perception.outputs.topics import CameraTopics


def image_messages(
    label_map: LabelMap,
    image: NDArray[np.uint8] | None,
    ontology: Ontology,
    overlay_alpha: float,
    topics: CameraTopics,
) -> Iterator[tuple[str, Callable[[], Message]]]:
    """Topics of one segmented image, each with what makes its message.

    Args:
        label_map: what the network said.
        image: uint8 (H, W, 3), RGB, the frame that it was computed from; None: no overlay.
        ontology: of the labels.
        overlay_alpha: weight of the colours in the overlay, 0 to 1.
        topics: of its camera.
    """
    stamp_ns, frame_id = label_map.stamp_ns, label_map.frame_id
    calibration = label_map.calibration
    yield topics.label_image, lambda: encode_labels(label_map)
    if calibration is not None:
        yield topics.camera_info, lambda: encode_camera_info(calibration, stamp_ns, frame_id)
    yield topics.label_image_png, lambda: encode_labels_png(label_map)
    yield topics.confidence, lambda: encode_confidence(label_map)
    yield topics.color, lambda: _color(label_map, ontology)
    if image is not None:
        yield topics.overlay, lambda: _overlay(label_map, image, ontology, overlay_alpha)


def _color(label_map: LabelMap, ontology: Ontology) -> Image:
    colors = colorize(label_map.labels, ontology.palette)
    return encode_rgb(colors, label_map.stamp_ns, label_map.frame_id)


def _overlay(
    label_map: LabelMap, image: NDArray[np.uint8], ontology: Ontology, alpha: float
) -> Image:
    mixed = overlay(image, label_map.labels, ontology, alpha)
    return encode_rgb(mixed, label_map.stamp_ns, label_map.frame_id)

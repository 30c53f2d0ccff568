"""A lidar's labels as Nav2's semantic_segmentation_layer reads them.

The layer takes a mask, a confidence image and a cloud of the same number of pixels, in the order of
rows, and leaves out pixels whose point is NaN and nothing else: it looks neither at heights nor
for the id of *unknown*. So the scan itself is the mask, and what must not count is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.occupancy import FREE, UNSEEN, cost_table
from seg_perception.io.images import encode_confidence, encode_labels
from seg_perception.io.messages import Image, PointCloud2
from seg_perception.io.pointcloud2 import encode_cloud

NAV2_POINT = np.dtype([(name, "<f4") for name in "xyz"])
"""A pixel's place in the sensor's frame (metre); NaN where it must not count."""
_MOST_CLASSES = 255
# Bits of what a point is, and of what its label counts as; looked up, since every scan is asked.
_SEEN, _REMEMBERED = 1, 2
_TAKEN_AWAY = np.zeros(256, np.float32)
_TAKEN_AWAY[0] = np.nan


def _flags(*named: tuple[int, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """One byte for each of 256 ids, with the bits of those tables that hold it."""
    flags = np.zeros(256, np.uint8)
    for bit, holds in named:
        flags[np.flatnonzero(holds[:256])] |= bit
    return flags


_STATUSES = np.arange(256)
_BY_STATUS = _flags(
    (_SEEN, _STATUSES == PointStatus.LABELLED), (_REMEMBERED, _STATUSES == PointStatus.REMEMBERED)
)


@dataclass(frozen=True)
class Nav2Set:
    """What belongs together: one stamp, one frame, one shape."""

    label_image: Image
    confidence: Image
    points: PointCloud2


def check_nav2(config: Config, ontology: Ontology) -> None:
    """Refuse a form for Nav2's layer that is wanted and can't be made.

    Raises:
        ConfigError: more classes than the layer's masks hold, or no costs for them.
    """
    if config.output.nav2_semantic_cloud:
        check_layer_ontology(config, ontology)


def check_layer_ontology(config: Config, ontology: Ontology) -> None:
    """Refuse an ontology whose labels the layer would read wrongly.

    Raises:
        ConfigError: more classes than the layer's masks hold, or no costs for them.
    """
    if ontology.id_count > _MOST_CLASSES:
        msg = (
            f"output.nav2_semantic_cloud: Nav2's semantic layer reads a byte a pixel, expected an "
            f"ontology of at most {_MOST_CLASSES} classes, got {ontology.id_count} in "
            f"{ontology.name}; switch it off, or take a model of fewer classes"
        )
        raise ConfigError(msg)
    cost_table(config.costmap, ontology)


class Nav2Clouds:
    """Makes sets of a configuration's lidars."""

    def __init__(self, config: Config, ontology: Ontology) -> None:
        """Read which classes have a cost, and which cost something.

        Raises:
            ConfigError: as `check_layer_ontology`.
        """
        check_layer_ontology(config, ontology)
        costs = cost_table(config.costmap, ontology)
        # What is free must have been seen to be free now.
        self._by_label = _flags((_SEEN, costs != UNSEEN), (_REMEMBERED, costs > FREE))
        self._clearance_m = config.output.nav2_clearance_m

    def make(self, semantic: SemanticCloud, frame: str) -> Nav2Set | None:
        """The set of one scan; None, which is silence, where nothing is known.

        That is where no point has a label that is seen, or it is not known where the sensor is on
        the robot: what hangs over the robot would block its way.

        Args:
            semantic: the scan.
            frame: the sensor's frame.

        Raises:
            CloudError: points that PointCloud2 can't carry.
        """
        if semantic.T_base_cloud is None or not (semantic.status == PointStatus.LABELLED).any():
            return None
        # Copied once: the records of a driver scatter them, and each step would read all.
        xyz, stamp_ns = _side_by_side(semantic.cloud.xyz), semantic.cloud.stamp_ns
        labels = semantic.labels.astype(np.uint8, copy=False)
        known = np.asarray(cv2.LUT(labels, self._by_label), np.uint8)
        known &= np.asarray(cv2.LUT(semantic.status, _BY_STATUS), np.uint8)
        # A comparison with NaN is false: what has no place does not count.
        counts = _is_below(xyz, semantic.T_base_cloud, self._clearance_m)
        counts &= known.reshape(-1) != 0
        shape = semantic.cloud.points.shape
        image = LabelMap(
            camera=semantic.sensor,
            labels=_or_unknown(labels, counts).reshape(shape),
            confidence=_as_byte(semantic.confidence, counts).reshape(shape),
            stamp_ns=stamp_ns,
            frame_id=frame,
        )
        _take_away(xyz, counts)
        points = xyz.view(NAV2_POINT).reshape(shape)
        cloud = PointCloud(points, stamp_ns, frame, is_dense=bool(counts.all()))
        return Nav2Set(encode_labels(image), encode_confidence(image), encode_cloud(cloud))


def _side_by_side(xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy of points (N, 3)."""
    copied = np.empty((len(xyz), 3), "<f4")
    for axis in range(3):
        copied[:, axis] = xyz[:, axis]
    return copied


def _or_unknown(labels: NDArray[np.uint8], counts: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Labels, 255 where they do not count: the id of *unknown* of whatever fits into a byte."""
    masked: NDArray[np.uint8] = labels | (counts.view(np.uint8) - np.uint8(1))
    return masked


def _is_below(
    xyz: NDArray[np.float32], T_base_cloud: NDArray[np.float64], clearance_m: float
) -> NDArray[np.bool_]:
    """Which points (N, 3) lie no higher in the base frame, bool (N,)."""
    up = T_base_cloud[2].astype(np.float32)
    # OpenCV's product of small vectors takes a fifth of numpy's time.
    heights = np.asarray(cv2.transform(xyz.reshape(-1, 1, 3), up[None, :3]), np.float32)
    with np.errstate(invalid="ignore"):
        below: NDArray[np.bool_] = heights.reshape(-1) <= np.float32(clearance_m) - up[3]
    return below


def _as_byte(confidence: NDArray[np.float32], counts: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Confidence 0 to 1 as the layer reads it, uint8, 255 is certain; 0 where it does not count."""
    scaled = np.asarray(cv2.convertScaleAbs(confidence, alpha=255), np.uint8).reshape(-1)
    scaled *= counts.view(np.uint8)
    return scaled


def _take_away(xyz: NDArray[np.float32], counts: NDArray[np.bool_]) -> None:
    """Make points (N, 3) that do not count NaN."""
    nowhere = cv2.LUT(counts.view(np.uint8), _TAKEN_AWAY)
    with np.errstate(invalid="ignore"):
        xyz += np.asarray(cv2.merge([nowhere] * 3), np.float32).reshape(-1, 3)

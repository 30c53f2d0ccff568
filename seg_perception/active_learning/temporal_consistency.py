"""Labels that a neighbouring picture denies, where no lidar says what moved."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.view_agreement import Evidence
from seg_perception.core.types import LabelMap

_WIDTH = 128


class SmallLabels:
    """A label map shrunk to what is compared.

    Attributes:
        labels: uint8 or uint16 (h, 128).
        confidence: float32 (h, 128), 0 to 1; 0 where there is no label.
    """

    def __init__(self, label_map: LabelMap, unknown_id: int) -> None:
        """Take every n-th pixel: labels can't be averaged."""
        height, width = label_map.labels.shape
        size = (min(_WIDTH, width), max(1, round(height * min(_WIDTH, width) / width)))
        how = cv2.INTER_NEAREST_EXACT
        self.labels = np.asarray(cv2.resize(label_map.labels, size, interpolation=how))
        confidence = cv2.resize(label_map.confidence, size, interpolation=how)
        self.confidence = np.asarray(confidence, np.float32) / np.float32(255)
        self.confidence[self.labels == unknown_id] = 0


def temporal_disagreement(one: SmallLabels, other: SmallLabels, shift: float) -> Evidence:
    """How much of two pictures of one camera denies the other.

    Between neighbours the robot's motion shifts the edges of things, but hardly further than a
    few percent of the picture. A label whose class the other picture has nowhere within that
    reach came from nothing: the network changed its mind, or the picture is spoilt. This
    neither needs motion to be estimated nor takes motion for a contradiction.

    Args:
        one, other: of one size.
        shift: the reach, as a share of the width.
    """
    if one.labels.shape != other.labels.shape:
        return Evidence()
    reach_px = round(shift * one.labels.shape[1])
    kernel = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
    return _denied(one, other, kernel) + _denied(other, one, kernel)


def _denied(claim: SmallLabels, other: SmallLabels, kernel: NDArray[np.uint8]) -> Evidence:
    """How much of the claim the other denies: each pixel weighs as much as it is sure."""
    supported = np.zeros(claim.labels.shape, np.bool_)
    for label in np.unique(claim.labels[claim.confidence > 0]):
        near = cv2.dilate((other.labels == label).astype(np.uint8), kernel)
        supported |= (claim.labels == label) & (near > 0)
    asked = other.confidence > 0
    return Evidence(
        against=float(claim.confidence[asked & ~supported].sum()),
        total=float(claim.confidence[asked].sum()),
    )

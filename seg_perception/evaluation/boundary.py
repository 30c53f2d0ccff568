"""How well class boundaries are met, in pixels near them.

Boundary IoU (Cheng et al., CVPR 2021): of each class, only the pixels within d of its own
contour count, d being a share of the image's diagonal; d pixels are d steps in the
8-neighbourhood, and the image's border is part of the contour. Boundary F (Csurka et al.,
BMVC 2013; Perazzi et al., CVPR 2016): a contour pixel is right if the other contour of its
class passes within d of it, on the same measure; F is the harmonic mean of precision and
recall. Both are summed over all images before they are divided.

Pixels whose truth does not count are left out of prediction and truth alike; the contour
towards them remains.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.scores import Floats, percent

Codes = NDArray[np.uint8]
# Rows of what is counted.
_BOTH, _TRUE_ZONE, _PREDICTED_ZONE, _TRUE_CONTOUR, _TRUE_MET, _CONTOUR, _MET = range(7)
ROWS = 7
_BITS = 64


def zone_width(shape: tuple[int, ...], ratio: float) -> int:
    """Width of the boundary zone of an image (H, W), pixel; 1 at least."""
    return max(1, round(ratio * float(np.hypot(shape[0], shape[1]))))


def count_boundaries(truth: Codes, predicted: Codes, classes: int, width: int) -> Counts:
    """Count the boundary pixels of one pair.

    Args:
        truth: uint8 (H, W), below `classes` where it counts.
        predicted: uint8 (H, W), below `classes` where it is a class.
        classes: their number.
        width: of the zone (pixel).

    Returns:
        int64 (7, classes).
    """
    counted = truth < classes
    true_zone, zone = (
        _varies(labels, width, border=True) & counted for labels in (truth, predicted)
    )
    counts = np.zeros((ROWS, classes), np.int64)
    counts[_BOTH] = _histogram(truth, true_zone & zone & (truth == predicted))[:classes]
    counts[_TRUE_ZONE] = _histogram(truth, true_zone)[:classes]
    counts[_PREDICTED_ZONE] = _histogram(predicted, zone)[:classes]
    contours = [_varies(labels, 1, border=False) & counted for labels in (truth, predicted)]
    present = np.flatnonzero(counts[_TRUE_ZONE] + counts[_PREDICTED_ZONE])
    for start in range(0, len(present), _BITS):
        chosen = present[start : start + _BITS]
        counts[_TRUE_CONTOUR:] += _count_contours(truth, predicted, contours, chosen, width)[
            :, :classes
        ]
    return counts


def boundary_iou(counts: Counts) -> Floats:
    """Percent by class, float64 (K,); NaN where neither has a boundary. Counts: int64 (7, K)."""
    union = counts[_TRUE_ZONE] + counts[_PREDICTED_ZONE] - counts[_BOTH]
    return percent(counts[_BOTH], union)


def boundary_f(counts: Counts) -> Floats:
    """Percent by class, float64 (K,); NaN where neither has a contour. Counts: int64 (7, K)."""
    # 2 P R / (P + R), and 0 where one side has a contour that the other lacks.
    precision = percent(counts[_MET], counts[_CONTOUR])
    recall = percent(counts[_TRUE_MET], counts[_TRUE_CONTOUR])
    both = np.nan_to_num(precision) + np.nan_to_num(recall)
    product = np.nan_to_num(precision) * np.nan_to_num(recall)
    f = np.divide(2 * product, both, out=np.zeros(both.shape), where=both > 0)
    return np.where(counts[_CONTOUR] + counts[_TRUE_CONTOUR] > 0, f, np.nan)


def _varies(labels: Codes, width: int, *, border: bool) -> NDArray[np.bool_]:
    """Where another label lies within `width`; the image's border counts as one, if asked."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    # Outside of the image OpenCV takes neither the largest nor the smallest value.
    varies: NDArray[np.bool_] = cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)
    if border:
        varies[:width], varies[-width:] = True, True
        varies[:, :width], varies[:, -width:] = True, True
    return varies


def _count_contours(
    truth: Codes,
    predicted: Codes,
    contours: list[NDArray[np.bool_]],
    chosen: NDArray[np.int64],
    width: int,
) -> Counts:
    """Length of the contours, and how much of each lies near the other one of its class.

    A class is one bit, so that one pass over the image serves all that are chosen.

    Returns:
        int64 (4, classes).
    """
    dtype = next(
        t for t in (np.uint8, np.uint16, np.uint32, np.uint64) if t(0).nbytes * 8 >= len(chosen)
    )
    table = np.zeros(256, dtype)
    table[chosen] = np.left_shift(dtype(1), np.arange(len(chosen), dtype=dtype))
    bits = [
        np.where(contour, table[labels], dtype(0))
        for labels, contour in zip((truth, predicted), contours, strict=True)
    ]
    rows = []
    for mine, other, labels in ((0, 1, truth), (1, 0, predicted)):
        met = (bits[mine] & _spread(bits[other], width)) != 0
        rows += [_histogram(labels, bits[mine] != 0), _histogram(labels, met)]
    return np.stack(rows)


def _spread(bits: NDArray[Any], width: int) -> NDArray[Any]:
    """The union of the bits within `width` of each pixel."""
    for _ in range(2):
        bits = np.pad(bits, ((0, 0), (width, width)))
        reach, window = 1, 2 * width + 1
        while reach < window:
            step = min(reach, window - reach)
            bits = bits[:, :-step] | bits[:, step:]
            reach += step
        bits = np.ascontiguousarray(bits.T)
    return bits


def _histogram(labels: Codes, chosen: NDArray[np.bool_]) -> NDArray[Any]:
    # float32 counts are exact below 2**24, which no image of a camera reaches.
    counts = cv2.calcHist([labels], [0], chosen.view(np.uint8), [256], [0, 256])
    return counts[:, 0].astype(np.int64)

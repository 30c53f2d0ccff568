"""Label, confidence and colour beside the fields that a cloud has, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud


def append_fields(
    cloud: PointCloud,
    labels: NDArray[np.uint8],
    confidence: NDArray[np.float32],
    colors: NDArray[np.uint8],
) -> PointCloud:
    """A new cloud; the layout is that of our profile `pcl`.

    Args:
        cloud: N points.
        labels: (N,).
        confidence: (N,).
        colors: (N, 3), RGB.
    """
    points = cloud.points
    names = points.dtype.names or ()
    fields: Any = points.dtype.fields
    start = -(-points.dtype.itemsize // 4) * 4
    layout = np.dtype(
        {
            "names": [*names, "label", "rgb", "confidence"],
            "formats": [*(fields[name][0] for name in names), "<u4", "<u4", "<f4"],
            "offsets": [*(fields[name][1] for name in names), start, start + 4, start + 8],
            "itemsize": start + 12,
        }
    )
    result = np.zeros(points.shape, layout)
    for name in names:
        result[name] = points[name]
    red, green, blue = colors.astype(np.uint32).T
    result["label"] = labels.reshape(points.shape)
    result["rgb"] = (red << 16 | green << 8 | blue).reshape(points.shape)
    result["confidence"] = confidence.reshape(points.shape)
    return replace(cloud, points=result)

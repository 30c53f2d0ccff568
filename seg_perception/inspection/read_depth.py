"""Looks into the first image of a topic that may hold depths."""

from __future__ import annotations

from typing import Any

import numpy as np

from seg_perception.core.errors import SegPerceptionError
from seg_perception.inspection.facts import DepthFacts
from seg_perception.io.depth import decode_depth
from seg_perception.io.image_encodings import DEPTH_ENCODINGS
from seg_perception.pipeline.depth_unit import measured_values


def read_depth(message: Any) -> DepthFacts | None:
    """What a message holds, read as depths; None where its encoding is of no depths."""
    encoding = str(getattr(message, "encoding", "") or getattr(message, "format", ""))
    if encoding not in DEPTH_ENCODINGS and "compressedDepth" not in encoding:
        return None
    try:
        values = decode_depth(message)
    except SegPerceptionError as error:
        return DepthFacts(0, 0, problem=str(error))
    measured = measured_values(values)
    middle = float(np.median(measured)) if len(measured) else float("nan")
    height, width = values.shape
    share, is_metric = len(measured) / values.size, values.dtype == np.float32
    return DepthFacts(width, height, share, middle, is_metric)

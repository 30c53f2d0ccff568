"""Candidates and label maps that are made by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from seg_perception.active_learning.candidate import Candidate
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap

UNKNOWN = 255


class Make:
    """Short ways to write what tests need."""

    unknown = UNKNOWN

    @staticmethod
    def ontology(*names: str, **more: Any) -> Ontology:
        colors = ("#ff0000", "#00ff00", "#0000ff", "#ffff00")
        classes = [{"id": n, "name": c, "color": colors[n % 4]} for n, c in enumerate(names)]
        return Ontology.parse({"name": "own", "classes": classes, **more}, "test")

    @staticmethod
    def candidate(index: int, **more: Any) -> Candidate:
        """Half a second after the one before; only the first of three classes."""
        values: dict[str, Any] = {
            "index": index,
            "camera": "front",
            "stamp_ns": index * 500_000_000,
            "uncertainty": 0.0,
            "disagreement": math.nan,
            "shares": (1.0, 0.0, 0.0),
            "thumbnail": np.zeros(6, np.uint8),
            **more,
        }
        values["shares"] = np.array(values["shares"], np.float32)
        return Candidate(**values)

    @staticmethod
    def label_map(labels: Any, confidence: Any = 255, stamp_ns: int = 0) -> LabelMap:
        labels = np.array(labels, np.uint8)
        sure = np.broadcast_to(np.asarray(confidence, np.uint8), labels.shape).copy()
        return LabelMap("front", labels, sure, stamp_ns, "camera")


@pytest.fixture
def make() -> Make:
    """Hand-made parts."""
    return Make()

"""What it costs to look whether a picture can be trusted, against making it the network's size."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from bench.rows import BenchRow, compare
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.picture_watch import PictureWatch

_SIZE, _NETWORK = (1536, 2048), (1024, 512)


def run() -> list[BenchRow]:
    """One row."""
    random = np.random.default_rng(0)
    images = [random.integers(0, 255, (*_SIZE, 3), np.uint8) for _ in range(4)]
    watch = PictureWatch(IssueLog(), lambda *_: True)
    numbers = itertools.count()
    labels = np.zeros((512, 1024), np.uint8)

    def ours() -> None:
        number = next(numbers)
        facts = PictureFacts.of(images[number % len(images)])
        stamp_ns = number * NANOSECONDS // 10
        watch.is_degraded(LabelMap("front", labels, labels, stamp_ns, "camera", facts=facts))

    for _ in range(200):
        ours()
    return [
        compare(
            "whether a picture can be trusted",
            ours,
            lambda: cv2.resize(images[0], _NETWORK, interpolation=cv2.INTER_LINEAR),
            budget=1.3,
            name="cv2.resize of it",
        )
    ]

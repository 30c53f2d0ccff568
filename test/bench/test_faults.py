"""Each planted fault raises its own word in time, on a scene that passes by."""

from __future__ import annotations

import numpy as np
import pytest

from bench.faults.plants import PLANTS, Plant
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.picture_watch import PictureWatch

Image = np.ndarray
RATE_HZ = 10
SOUND_S = 12
# Bright and blue above, dark and brown below.
LIGHT = np.linspace(190, 70, 180)[:, None, None]
TINT = np.linspace(-25, 25, 180)[:, None, None] * np.array([1, 0, -1])
GROUND = np.random.default_rng(1).integers(-25, 25, (90, 700, 1)).repeat(2, 0).repeat(2, 1)
WAVES = 20 * np.sin(np.arange(1400) / 40)[None, :, None]


def scene(number: int) -> Image:
    place = 5 * number % 1000
    passing = (GROUND + WAVES)[:, place : place + 320]
    return np.asarray(np.clip(LIGHT + TINT + passing, 0, 255), np.uint8)


def drive(plant: Plant | None, seconds: float) -> dict[str, float]:
    """By code, how long after the fault began it was said first; before it: below zero."""
    issues = IssueLog()
    watch = PictureWatch(issues, lambda *_: True)
    said: dict[str, float] = {}
    for number in range(round(RATE_HZ * (SOUND_S + seconds))):
        at_s = number / RATE_HZ - SOUND_S
        image = plant.spoil(scene(number)) if plant and at_s >= 0 else scene(number)
        labels = np.zeros((2, 2), np.uint8)
        stamp_ns = number * NANOSECONDS // RATE_HZ
        facts = PictureFacts.of(image)
        watch.is_degraded(LabelMap("front", labels, labels, stamp_ns, "optical", facts=facts))
        for issue in issues.all():
            said.setdefault(issue.code, at_s)
    return said


@pytest.mark.parametrize("name", [name for name in PLANTS if not name.startswith("another lens")])
def test_a_planted_fault_is_named_in_time_and_nothing_was_said_before(name: str) -> None:
    plant = PLANTS[name]()
    said = drive(plant, 5)
    assert min(said[word] for word in plant.words if word in said) <= 3
    assert min(said.values()) >= 2


def test_of_a_sound_drive_nothing_is_said() -> None:
    assert drive(None, 60) == {}

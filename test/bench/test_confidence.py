"""Scores of a network whose answers are written down by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.confidence import scores, table, with_margin
from seg_perception.datasets.folder import LabelledImage
from seg_perception.evaluation.calibration import risk_coverage_area
from seg_perception.fitting.confidence import without_calibration
from seg_perception.fitting.engines import reference_engine
from seg_perception.inference.bundle import Bundle


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    """It may be calibrated: what is asked is its network's own confidence."""
    return without_calibration(Bundle.load("field_tiny"))


class Golden:
    """The shipped frames, whose truth is what the model finds but for one class."""

    def __init__(self, bundle: Bundle, wrong: int) -> None:
        self._frames, self._wrong = bundle.golden, wrong

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> LabelledImage:
        frame = self._frames[index]
        truth = np.where(frame.labels == self._wrong, (self._wrong + 1) % 18, frame.labels)
        return LabelledImage(frame.name, frame.image, truth.astype(np.uint8))


def test_the_margin_is_below_the_winner_s_share(shipped: Bundle, tmp_path: Path) -> None:
    """Never more than s1, nor less than s1 sqrt(2 s1 - 1): s2 is at most the rest of one."""
    variant = with_margin(shipped, tmp_path / "margin")
    assert variant is not None
    image = shipped.golden[0].image
    own, margin = (reference_engine(bundle).infer(image) for bundle in (shipped, variant))
    np.testing.assert_array_equal(own.labels, margin.labels)
    assert (margin.confidence <= own.confidence.astype(int) + 1).all()
    sure = own.confidence[own.confidence > 230] / 255
    assert len(sure) > 1000
    # The second of two that make up all; enlarged afterwards, by which some is lost.
    least = sure * np.sqrt(2 * sure - 1)
    assert (margin.confidence[own.confidence > 230] / 255 > least - 0.05).all()
    assert margin.confidence.min() < own.confidence.min()


def test_a_row_for_each_score_and_a_column_for_each_set(shipped: Bundle, tmp_path: Path) -> None:
    common = int(np.bincount(shipped.golden[0].labels.ravel()).argmax())
    sets = {"one": Golden(shipped, common), "two": Golden(shipped, wrong=255)}
    found = scores(shipped, sets, tmp_path / "margin")
    own, margin, calibrated = found.values()
    labels = np.concatenate([frame.labels.ravel() for frame in shipped.golden])
    assert own["one"].sum() == margin["one"].sum() == calibrated["one"].sum() == labels.size
    # A class that is always wrong is found out by its own confidence alone.
    assert own["one"][:, 0].sum() >= (labels == common).sum() * 0.99
    assert risk_coverage_area(calibrated["one"]) < risk_coverage_area(own["one"])
    head, rule, *rows = table(found).splitlines()
    assert head == "| confidence | AURC one | AURC two | ECE, all |"
    assert rule == "|---|---|---|---|"
    assert [row.split(" | ")[0] for row in rows] == [f"| {score}" for score in found]

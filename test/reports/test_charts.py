"""Drawings: what stands where."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from seg_perception.reports.curve import Curve
from seg_perception.reports.heatmap import ConfusionHeatmap
from seg_perception.reports.histogram import DurationHistogram
from seg_perception.reports.interval import IntervalBar
from seg_perception.reports.reliability import ConfidenceBin, ReliabilityDiagram
from seg_perception.reports.svg import tag

HOSTILE = "</svg><script>alert(1)</script>\" onload='x'"


def parsed(svg):
    return ET.fromstring(str(svg))  # noqa: S314 (our own text)


def boxes(svg, kind):
    return [e for e in parsed(svg).iter("rect") if e.get("class") == kind]


def test_text_and_attributes_are_escaped():
    element = parsed(tag("text", HOSTILE, x=1.5, class_="tick", aria_label=HOSTILE))
    assert element.text == HOSTILE
    assert element.attrib == {"x": "1.5", "class": "tick", "aria-label": HOSTILE}


def test_a_bin_is_as_high_as_its_accuracy_and_the_gap_reaches_its_confidence():
    bins = [ConfidenceBin(0.5, 0.75, 30, 0.7, 0.5), ConfidenceBin(0.75, 1, 90, 0.8, 0.9)]
    svg = ReliabilityDiagram(bins).svg("calibration")
    low, high = boxes(svg, "fill")
    assert float(high.get("height")) / float(low.get("height")) == pytest.approx(0.9 / 0.5)
    side = float(low.get("height")) / 0.5
    (over,), (under,) = boxes(svg, "over"), boxes(svg, "under")
    assert float(over.get("height")) == pytest.approx(0.2 * side)
    assert float(under.get("height")) == pytest.approx(0.1 * side)
    few, many = boxes(svg, "quiet")
    assert float(many.get("height")) == pytest.approx(3 * float(few.get("height")), abs=0.02)


def test_empty_bins_are_not_drawn():
    svg = ReliabilityDiagram([ConfidenceBin(0, 1, 0, float("nan"), float("nan"))]).svg("none")
    assert boxes(svg, "fill") == []
    assert "nan" not in svg


def test_equal_ratios_of_time_are_equally_wide():
    svg = DurationHistogram([0.01, 0.02, 0.04, 0.08], [1, 4, 2]).svg("times", {"p50": 0.02})
    first, second, third = boxes(svg, "fill")
    assert float(first.get("width")) == pytest.approx(float(third.get("width")), abs=0.02)
    assert float(second.get("height")) == pytest.approx(4 * float(first.get("height")), abs=0.02)
    (mark,) = [e for e in parsed(svg).iter("line") if e.get("class") == "mark"]
    assert float(mark.get("x1")) == pytest.approx(float(second.get("x")), abs=0.02)


def test_one_duration_can_be_drawn():
    svg = DurationHistogram([0.01, 0.0101], [7]).svg("times", {"p50": 0.01, "p99": float("nan")})
    assert len(boxes(svg, "fill")) == 1


def test_a_cell_is_as_strong_as_its_share_of_the_row():
    counts = np.array([[75, 25, 0], [0, 0, 9]])
    svg = ConfusionHeatmap(["sky", HOSTILE], ["sky", HOSTILE, "no label"], counts).svg("confusion")
    (right,), wrong = boxes(svg, "right"), boxes(svg, "wrong")
    assert float(right.get("fill-opacity")) == pytest.approx(0.75**0.5, abs=0.01)
    assert [float(cell.get("fill-opacity")) for cell in wrong] == [0.5, 1.0]
    titles = [e.find("title").text for e in wrong]
    assert titles[0].startswith(f"sky taken for {HOSTILE}: 25.0")
    assert not re.search("<script", svg)
    figures = [e for e in parsed(svg).iter("text") if e.get("class") == "figure"]
    assert [figure.text for figure in figures] == ["75", "25", "100"]
    # Each stands within its cell.
    for figure, cell in zip(figures, [right, *wrong], strict=True):
        middle = float(cell.get("x")) + float(cell.get("width")) / 2
        assert float(figure.get("x")) == pytest.approx(middle, abs=0.02)
        assert 0 < float(figure.get("y")) - float(cell.get("y")) < float(cell.get("height"))


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0.01, 0.03, "right"), (-0.03, -0.01, "wrong"), (-1, 1, "quiet")]
)
def test_only_a_difference_without_zero_in_its_interval_is_coloured(low, high, kind):
    svg = IntervalBar(value=(low + high) / 2 or 0.2, low=low, high=high, limit=0.5).svg()
    (bar,) = boxes(svg, kind)
    assert float(bar.get("width")) > 0


def test_a_curve_rises_from_foot_to_top_and_breaks_where_nothing_is_known():
    drawn = parsed(Curve([0, 100, None, 50]).svg("a curve"))
    dots = [(float(e.get("cx")), float(e.get("cy"))) for e in drawn.iter("circle")]
    assert dots == [(3, 25), (41, 3), (117, 14)]
    # One of the lines is the axis; from the second value on there is none that joins two.
    assert [e.get("class") for e in drawn.iter("line")] == ["axis", "curve"]

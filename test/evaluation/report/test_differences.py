"""Differences as lines of a table, the regressions first."""

import pytest

from seg_perception.evaluation.report.differences import (
    Difference,
    DifferenceTable,
    settings_that_differ,
)


def difference(name, value, low=None, high=None, **more):
    return Difference(
        name=name,
        unit="%",
        before=50.0,
        after=50.0 + value,
        value=value,
        low=low,
        high=high,
        **more,
    )


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (difference("iou", -1.0, -2.0, -0.5), "worse"),
        (difference("iou", 1.0, 0.5, 2.0), "better"),
        (difference("ece", 1.0, 0.5, 2.0, larger_is_better=False), "worse"),
        (difference("iou", 1.0, -0.5, 2.0), ""),
        (difference("iou", 1.0, 0.0, 2.0), ""),
        (difference("iou", 1.0), ""),
    ],
)
def test_only_an_interval_without_zero_decides(row, verdict):
    assert row.verdict == verdict


def test_regressions_stand_first():
    rows = [
        difference("gain", 3.0, 2.0, 4.0),
        difference("perhaps worse", -5.0, -9.0, 1.0),
        difference("small loss", -1.0, -1.5, -0.5),
        difference("large loss", -2.0, -3.0, -1.0),
        difference("late", 4.0, 3.0, 5.0, larger_is_better=False),
    ]
    names = [row.name for row in DifferenceTable.sorted("classes", rows).rows]
    assert names == ["late", "large loss", "small loss", "perhaps worse", "gain"]


def test_a_bar_needs_a_difference_in_percent():
    lost = Difference("latency", "s", 0.1, 0.2, 0.1)
    table = DifferenceTable("all", (difference("iou", 1.0), lost, difference("none", 0.0)))
    assert table.bar(table.rows[0]).startswith("<svg")
    assert table.bar(lost) == ""


def test_what_was_set_otherwise_is_listed(runs):
    before, after = (run.results for run in runs)
    assert settings_that_differ(before, before) == []
    rows = {name: values for name, *values in settings_that_differ(before, after)}
    assert rows == {
        "source": ["before", "after"],
        "transfer.cell_px": ["4", "8"],
        "camera.front.image_topic": ["/before", "/after"],
    }

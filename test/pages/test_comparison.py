"""What a comparison says."""

import pytest

from seg_perception.evaluation.report import (
    Difference,
    DifferenceTable,
    Opponent,
    Run,
    write_comparison,
)
from seg_perception.evaluation.report.changes import changed_frames, pictured_changes
from seg_perception.evaluation.report.differences import settings_that_differ
from seg_perception.pages.pictures import Album


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


@pytest.fixture
def runs(make_run):
    """In the second run two columns more are grass; its configuration has another value."""
    before = Run.read(make_run("before", name="before").write())
    after = make_run("after", name="after", grass=26)
    results = after.results()
    configuration = {**results.configuration, "transfer.cell_px": 8}
    after.write()
    results.model_copy(update={"configuration": configuration}).write(after.folder)
    return before, Run.read(after.folder)


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


def test_frames_are_paired_by_their_names(runs):
    changes = changed_frames(*runs)
    # Each frame loses two of 96 columns: one percentage point here.
    assert [change.difference for change in changes] == [-1.0] * 4
    assert [change.key[2] for change in changes] == ["one_0", "one_1", "one_2", "one_3"]
    assert [change.pictured for change in changes] == [True, True, True, False]


def test_gains_follow_regressions(make_run):
    before = Run.read(make_run("before").write())
    run = make_run("after", grass=24)
    run.write()
    lines = (run.folder / "frames.jsonl").read_text().splitlines()
    lines[0] = lines[0].replace('"miou":88.0', '"miou":95.0')
    lines[1] = lines[1].replace('"miou":87.5', '"miou":70.0')
    (run.folder / "frames.jsonl").write_text("\n".join(lines) + "\n")
    changes = changed_frames(before, Run.read(run.folder))
    assert [(c.key[2], c.difference) for c in changes] == [("one_1", -17.5), ("one_0", 7.0)]


def test_pictures_show_image_and_truth_once_and_both_predictions(runs):
    views = pictured_changes(*runs, Album(10**7))
    assert [name for name, _ in views[0].pictures] == [
        *("image", "truth", "before: prediction", "before: difference"),
        *("after: prediction", "after: difference"),
    ]


def test_what_was_set_otherwise_is_listed(runs):
    before, after = (run.results for run in runs)
    assert settings_that_differ(before, before) == []
    rows = {name: values for name, *values in settings_that_differ(before, after)}
    assert rows == {
        "source": ["before", "after"],
        "transfer.cell_px": ["4", "8"],
        "camera.front.image_topic": ["/before", "/after"],
    }


@pytest.fixture
def page(runs, tmp_path, hostile):
    """A comparison with everything on it."""
    before, after = runs
    rows = [
        difference("trail", -1.5, -2.0, -1.0, color="#c8a070"),
        difference(hostile, 0.5, -1.0, 2.0),
        difference("sky", 1.5, 0.5, 2.0),
        Difference("latency p95", "s", 0.040, 0.052, 0.012, larger_is_better=False),
    ]
    opponent = Opponent(
        run=after,
        headline=(difference("camera.front: miou", -1.2, -1.9, -0.4), rows[3]),
        tables=(DifferenceTable.sorted("camera.front: classes", rows),),
        notes=(hostile,),
    )
    return write_comparison(tmp_path / "compare.html", before, [opponent, opponent])


def test_the_comparison_says_what_became_worse(page):
    text = page.read_text(encoding="utf-8")
    assert '<dd class="worse">\N{MINUS SIGN}1.2' in text
    assert "\N{MINUS SIGN}1.9 to \N{MINUS SIGN}0.4; worse" in text
    assert "undecided" in text
    assert "transfer.cell_px" in text
    assert "<script" not in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_comparison_is_sound_in_a_browser(browser, expect_sound, page, width, scheme):
    look = browser.look(page, width, scheme)
    expect_sound(look, page)
    assert look.layout["sections"] == ["summary", "run-0", "run-1"]
    assert look.layout["images"] == 2 * 3 * 6

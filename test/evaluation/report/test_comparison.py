"""What a comparison says."""

import json

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.evaluation.compare import Change, Comparison, RunChange, compare
from seg_perception.evaluation.report import write_comparison
from seg_perception.evaluation.report.changes import Run, changed_frames, pictured_changes
from seg_perception.evaluation.report.comparison import compared_run
from seg_perception.evaluation.report.differences import (
    Difference,
    DifferenceTable,
    settings_that_differ,
)
from seg_perception.reports.embedded_images import ImageEmbedder


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
    mapped_classes = pictured_changes(*runs, ImageEmbedder(10**7))
    assert [name for name, _ in mapped_classes[0].pictures] == [
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


def found(stream, key, value, low=None, high=None, verdict="unclear"):
    numbers = {"before": 50.0, "after": 50.0 + value, "difference": value}
    return Change(stream=stream, key=key, low=low, high=high, verdict=verdict, **numbers)


@pytest.fixture
def comparison(hostile):
    """Numbers of two streams in two runs, as `compare` finds them."""
    changes = (
        found("camera.front", "fine.miou", -1.2, -1.9, -0.4, "worse"),
        found("camera.front", "fine.iou.trail", -1.5, -2.0, -1.0, "worse"),
        found("camera.front", f"fine.iou.{hostile}", 0.5, -1.0, 2.0),
        found("camera.front", "fine.iou.sky", 1.5, 0.5, 2.0, "better"),
        found("camera.front", "fine.accuracy", 0.1),
        found("lidar.top", "fine.miou", 0.7),
        found("lidar.top", "composite", 0.3, -0.1, 0.6),
    )
    run = RunChange(run="after", changes=changes, units={"camera.front": 7}, notes=(hostile,))
    return Comparison(baseline="before", protocol="own", runs=(run, run))


def test_what_was_found_is_arranged_by_what_it_belongs_to(runs, comparison, hostile):
    made = compared_run(comparison.runs[0], *runs)
    assert [row.name for row in made.headline] == [
        "camera.front: fine.miou",
        "lidar.top: composite",
    ]
    tables = {table.title: [row.name for row in table.rows] for table in made.tables}
    assert tables == {
        "camera.front: numbers": ["fine.miou", "fine.accuracy"],
        "lidar.top: numbers": ["composite", "fine.miou"],
        "camera.front: classes of fine": ["trail", hostile, "sky"],
        "lidar.top: classes of fine": [],
        "Timing": ["segment, median"],
    }
    assert made.tables[2].rows[0].color == "#c8a070"
    assert made.tables[2].rows[0].verdict == "worse"


@pytest.fixture
def page(runs, comparison, tmp_path):
    """A comparison with everything on it."""
    folders = [run.folder for run in runs]
    return write_comparison(tmp_path / "compare.html", comparison, [*folders, folders[1]])


def test_the_comparison_says_what_became_worse(page):
    text = page.read_text(encoding="utf-8")
    assert '<dd class="worse">\N{MINUS SIGN}1.2' in text
    assert "\N{MINUS SIGN}1.9 to \N{MINUS SIGN}0.4; worse" in text
    assert "undecided" in text
    assert "transfer.cell_px" in text
    assert "<script" not in text


def test_runs_that_were_compared_fit_on_the_page(runs, tmp_path):
    results = [run.results for run in runs]
    folders = [run.folder for run in runs]
    made = write_comparison(tmp_path / "c.html", compare(results[0], results[1:]), folders)
    assert "camera.front: classes of fine" in made.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_comparison_is_sound_in_a_browser(browser, expect_sound, page, width, scheme):
    look = browser.look(page, width, scheme)
    expect_sound(look, page)
    assert look.layout["sections"] == ["summary", "run-0", "run-1"]
    assert look.layout["images"] == 2 * 3 * 6


def run_command(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_commands_write_pages(runs, tmp_path):
    folders = [run.folder for run in runs]
    page = tmp_path / "compare.html"
    document = json.loads(run_command("compare", *folders, "-o", page, "--json").stdout)
    assert document["baseline"] == "before"
    assert "Frames that changed most" in page.read_text(encoding="utf-8")
    made = json.loads(run_command("report", folders[0], "--json").stdout)
    assert made["bytes"] == (folders[0] / "report.html").stat().st_size
    assert "written: " in run_command("report", folders[0]).stdout


def test_a_folder_that_is_no_run_is_one_line(tmp_path):
    result = run_command("report", tmp_path, code=2)
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1

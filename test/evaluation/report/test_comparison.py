"""What a comparison says."""

import json

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.evaluation.compare import Change, Comparison, RunChange, compare
from seg_perception.evaluation.report import write_comparison
from seg_perception.evaluation.report.comparison import compared_run


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
        "camera.front: mean IoU (fine)",
        "lidar.top: composite",
    ]
    tables = {table.title: [row.name for row in table.rows] for table in made.tables}
    assert tables == {
        "camera.front: numbers": ["mean IoU (fine)", "accuracy (fine)"],
        "lidar.top: numbers": ["composite", "mean IoU (fine)"],
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
    text = made.read_text(encoding="utf-8")
    # The runs found the same: no row, and a word about it.
    assert "classes of fine" not in text
    numbers = len(compare(results[0], results[1:]).runs[0].changes)
    assert f"{numbers} more numbers are the same in both runs." in text


def test_what_did_not_change_is_counted_and_left_out(runs, comparison):
    same = found("lidar.top", "fine.fwiou", 0.0)
    first = comparison.runs[0]
    made = compared_run(first.model_copy(update={"changes": (*first.changes, same)}), *runs)
    assert made.unchanged == 1
    assert [row.name for row in made.tables[1].rows] == ["composite", "mean IoU (fine)"]


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


def test_the_command_shows_what_changed_in_words(runs, tmp_path):
    folders = [run.folder for run in runs]
    same = run_command("compare", *folders).stdout
    assert "numbers are the same in both runs" in same
    assert "fwiou" not in same
    assert "│" not in same


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

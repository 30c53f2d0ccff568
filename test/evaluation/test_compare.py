"""Two runs beside each other: differences by hand, and intervals."""

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.compare import compare
from seg_perception.evaluation.results import Results

from .conftest import counts, with_units


def by_key(comparison):
    return {change.key: change for change in comparison.runs[0].changes}


def test_differences_by_hand():
    before = with_units("old", [counts(60, 40), counts(80, 20)])
    after = with_units("new", [counts(70, 30), counts(90, 10)])
    changes = by_key(compare(before, [after]))
    accuracy = changes["fine.accuracy"]
    assert (accuracy.before, accuracy.after) == (85, 90)
    assert accuracy.difference == pytest.approx(5)
    # Every draw gains exactly as much: whatever is drawn, 10 of 200 are right that were not.
    assert (accuracy.low, accuracy.high) == (pytest.approx(5), pytest.approx(5))
    assert accuracy.verdict == "better"
    grass = changes["fine.iou.grass"]
    assert (grass.before, grass.after) == (70, 80)
    assert "fine.iou.sky" not in changes


def test_the_same_run_does_not_differ(example_run):
    results = Results.read(example_run)
    comparison = compare(results, [results])
    assert {change.difference for change in comparison.runs[0].changes} == {0}
    assert {change.verdict for change in comparison.runs[0].changes} == {"unclear"}


def test_pairing_sees_what_the_runs_alone_do_not():
    """Sequences differ by far more than the models do; the paired difference is sure."""
    random = np.random.default_rng(0)
    right = random.integers(100, 900, 20)
    before = with_units("old", [counts(int(r), 1000 - int(r)) for r in right])
    after = with_units("new", [counts(int(r) - 20, 1020 - int(r)) for r in right])
    change = by_key(compare(before, [after]))["fine.accuracy"]
    assert change.verdict == "worse"
    assert change.low == pytest.approx(change.high)


def test_regressions_stand_first():
    before = with_units("old", [counts(60, 40), counts(80, 20)])
    after = with_units("new", [((0, 0, 60), (0, 1, 40), (1, 0, 90), (1, 1, 10))] * 2)
    verdicts = [change.verdict for change in compare(before, [after]).runs[0].changes]
    assert verdicts[0] == "worse"
    assert verdicts == sorted(verdicts, key=["worse", "unclear", "better"].index)


def test_only_units_of_both_runs_count():
    before = with_units("old", [counts(50, 50), counts(50, 50), counts(50, 50)])
    after = with_units("new", [counts(60, 40), counts(60, 40)])
    run = compare(before, [after]).runs[0]
    assert run.units == {"camera.front": 2}
    assert "2 of 3 units are in both runs" in run.notes[0]


def test_a_composite_is_compared_where_the_protocol_has_one():
    runs = []
    for name, right in (("old", 50), ("new", 70)):
        run = with_units(name, [counts(right, 100 - right)] * 2)
        protocol = run.protocol.model_copy(update={"composite": {"fine.miou": 1.0}})
        runs.append(run.model_copy(update={"protocol": protocol}))
    changes = by_key(compare(runs[0], runs[1:]))
    assert changes["composite"].difference == changes["fine.miou"].difference


def test_runs_that_can_not_be_compared_are_refused():
    run = with_units("old", [counts(1, 1)])
    other = run.model_copy(
        update={"protocol": run.protocol.model_copy(update={"title": "changed"})}
    )
    with pytest.raises(EvaluationError, match="evaluate both by the same"):
        compare(run, [other])
    ontology = run.truth_ontology.model_copy(update={"name": "other"})
    with pytest.raises(EvaluationError, match="evaluate both against the same"):
        compare(run, [run.model_copy(update={"truth_ontology": ontology})])
    with pytest.raises(EvaluationError, match="no unit in common"):
        compare(run, [with_units("new", [])])


def test_exit_codes(tmp_path):
    for name, right in (("old", 60), ("new", 50)):
        folder = tmp_path / name
        folder.mkdir()
        with_units(name, [counts(right, 100 - right)] * 2).write(folder)
    command = ["compare", str(tmp_path / "old"), str(tmp_path / "new")]
    runner = CliRunner()
    assert runner.invoke(app, command).exit_code == 0
    assert runner.invoke(app, [*command, "--fail-if", "miou < -50"]).exit_code == 0
    failed = runner.invoke(app, [*command, "--fail-if", "miou < -0.5"])
    assert (failed.exit_code, "fine.miou changed by -" in failed.stderr) == (1, True)
    assert runner.invoke(app, [*command, "--fail-if", "miou"]).exit_code == 2
    assert runner.invoke(app, command[:2]).exit_code == 2
    assert runner.invoke(app, ["compare", str(tmp_path), str(tmp_path)]).exit_code == 2

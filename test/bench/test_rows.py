"""Every step can be measured; how long it takes is no test."""

import importlib
import json
from pathlib import Path

import pytest

from bench import history, late_camera, replaying, rows

MODULES = ["bags", "codecs", "compiled", "deskewing", "pipeline", "stages", "transfer", "voxels"]


@pytest.mark.parametrize("name", MODULES)
def test_the_rows_of_a_module_are_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_ROUNDS", 1)
    for row in importlib.import_module(f"bench.{name}").run():
        assert row.ratio > 0, row
        assert row.budget > 0, row


def test_a_run_is_compared_with_the_last_one_on_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "history.jsonl"
    assert history.last(file) == ("", {})
    before = [rows.BenchRow(step, 1.0, 2.0, "") for step in ("same", "worse", "better", "gone")]
    history.append(before, file)
    elsewhere = {"time": "later", "commit": "x", "machine": "another", "ratios": {"same": 9.0}}
    with file.open("a") as lines:
        lines.write(f"{json.dumps(elsewhere)}\n")
    when, ratios = history.last(file)
    assert when
    assert ratios == {"same": 1.0, "worse": 1.0, "better": 1.0, "gone": 1.0}
    now = {"same": 1.05, "worse": 1.5, "better": 0.5, "fresh": 0.7}
    found = history.changes([rows.BenchRow(k, v, 2.0, "") for k, v in now.items()], ratios)
    assert [line.split() for line in found] == [
        ["slower", "worse:", "1.000", "->", "1.500"],
        ["quicker", "better:", "1.000", "->", "0.500"],
        ["new", "fresh:", "0.700"],
        ["gone", "gone:", "1.000"],
    ]


def test_a_row_that_is_disturbed_is_not_judged() -> None:
    assert not rows.BenchRow("replay", 1.2, 0.6, "").ok
    assert rows.BenchRow("replay", 1.2, 0.6, "", is_judged=False).ok


def test_a_cloud_for_which_nothing_could_be_done_has_the_same_labels_and_takes_longer() -> None:
    (row,) = late_camera.run()
    assert row.ratio < 1, row


def test_a_replay_on_all_cores_is_measured_against_the_serial_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "_ROUNDS", 1)
    monkeypatch.setattr(replaying, "_MOMENTS", 1)
    for row in replaying.run():
        assert row.ratio > 0
        assert "the same bytes" in row.detail

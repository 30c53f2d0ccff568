"""Every step can be measured; how long it takes is no test."""

import importlib

import pytest

from bench import rows

MODULES = ["codecs", "deskewing", "pipeline", "transfer", "voxels"]


@pytest.mark.parametrize("name", MODULES)
def test_the_rows_of_a_module_are_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_ROUNDS", 1)
    for row in importlib.import_module(f"bench.{name}").run():
        assert row.ratio > 0, row
        assert row.budget > 0, row

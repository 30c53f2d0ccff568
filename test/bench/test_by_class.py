"""Teachings by class."""

import pytest

pytest.importorskip("torch")

from bench.teach.by_class import table


def row(how, seed, grass, sky, clicks=100):
    return {"how": how, "seed": seed, "clicks": clicks, "classes": {"grass": grass, "sky": sky}}


def test_means_and_ranges_of_each_class_over_the_seeds():
    rows = [
        row("untaught", 0, 0.25, 0.5, clicks=0),
        row("mixed", 1, 0.25, 0.75),
        row("mixed", 2, 0.75, 0.75),
        row("mixed", 1, 1.0, 1.0, clicks=300),
        row("random", 1, 1.0, 1.0),
    ]
    assert table(rows, ["untaught", "mixed", "teacher"], 100).splitlines() == [
        "| class | untaught | mixed | teacher |",
        "|---|---|---|---|",
        "| grass | 0.250 | 0.500 (0.25 to 0.75) |  |",
        "| sky | 0.500 | 0.750 (0.75 to 0.75) |  |",
    ]

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.teaching.comparison import AnsweredPoint, compare_classes

ONTOLOGY = Ontology.parse(
    {
        "name": "three",
        "classes": [
            {"id": n, "name": name, "color": "#000000"} for n, name in enumerate(("a", "b", "c"))
        ],
    },
    "test",
)


def test_shares_and_points_are_counted_by_class():
    old, new = np.array([[0, 0, 0, 1]], np.uint8), np.array([[0, 1, 1, 1]], np.uint8)
    points = [AnsweredPoint(0, 1, 1), AnsweredPoint(0, 1, 0), AnsweredPoint(1, 1, 1)]
    first, second = compare_classes(ONTOLOGY, [(old, new)], points)
    assert {first.name, second.name} == {"a", "b"}, "nobody says c"
    by_name = {change.name: change for change in (first, second)}
    assert (by_name["a"].before, by_name["a"].after) == pytest.approx((0.75, 0.25))
    assert (by_name["a"].points, by_name["a"].old_right, by_name["a"].new_right) == (1, 1, 0)
    assert (by_name["b"].points, by_name["b"].old_right, by_name["b"].new_right) == (2, 1, 2)

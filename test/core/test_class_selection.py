"""Classes by their names, by their groups' names, and what is no name."""

from __future__ import annotations

import pytest

from seg_perception.core.class_selection import select_classes
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology

NAMES = ("person", "rider", "car", "road", "gravel")


def group(name, *classes):
    return {"name": name, "color": "#000000", "classes": list(classes)}


ONTOLOGY = Ontology.parse(
    {
        "name": "town",
        "classes": [
            {"id": 2 * n, "name": name, "color": "#123456"} for n, name in enumerate(NAMES)
        ],
        "groupings": {
            "kinds": [group("human", "person", "rider"), group("road", "road", "gravel")],
            "moves": [group("agent", "person", "rider", "car")],
            "walks": [group("human", "person")],
            "same": [group("agent", "car", "rider", "person")],
        },
    },
    "test",
)


def selected(*names):
    return [int(n) for n in select_classes(ONTOLOGY, names, "output.classes").nonzero()[0]]


def test_classes_and_groups_are_taken_together():
    assert selected() == []
    assert selected("car") == [4]
    assert selected("agent") == [0, 2, 4]
    assert selected("car", "kinds/human") == [0, 2, 4]
    assert select_classes(ONTOLOGY, ["car"], "p").shape == (256,)


def test_a_class_goes_before_a_group_of_its_name_which_its_grouping_tells():
    assert selected("road") == [6]
    assert selected("kinds/road") == [6, 8]


def test_a_group_that_groupings_understand_differently_is_refused():
    expected = r"'human' has other classes in each of 2 groupings; name one as kinds/human or walks"
    with pytest.raises(ConfigError, match=expected):
        selected("human")
    assert selected("walks/human") == [0]


def test_a_name_that_is_none_lists_those_that_there_are():
    expected = (
        r"output.classes names 'people': expected classes of ontology town \['car', 'gravel', "
        r"'person', 'rider', 'road'\], or of its groups \['agent', 'human', 'road'\]"
    )
    with pytest.raises(ConfigError, match=expected):
        selected("car", "people")
    plain = Ontology.parse(ONTOLOGY.model_dump() | {"groupings": {}}, "test")
    with pytest.raises(ConfigError, match=r"'road'\]$"):
        select_classes(plain, ["people"], "output.classes")

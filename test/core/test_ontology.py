"""Label spaces are data: each shipped one is consistent, and wrong ones are refused."""

import csv
from pathlib import Path

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology, shipped

CLASSES = [
    {"id": 0, "name": "grass", "color": "#00ff00"},
    {"id": 3, "name": "rock", "color": "#102030"},
]


def ontology(**changes: object) -> Ontology:
    groups = [{"name": "soft", "color": "#ffffff", "classes": ["grass"]}]
    data = {"name": "own", "classes": CLASSES, "groupings": {"hardness": groups}, **changes}
    return Ontology.parse(data, "own.yaml")


def test_tables_are_indexed_by_id() -> None:
    own = ontology()
    assert own.id_count == 4
    assert own.unknown_id == 255
    assert own.palette.shape == (256, 3)
    assert own.palette[3].tolist() == [0x10, 0x20, 0x30]
    assert own.ids == {"grass": 0, "rock": 3}
    table = own.group_ids("hardness")
    assert table.dtype == np.uint8
    assert [table[0], table[3], table[255]] == [0, 255, 255]
    assert own.group_palette("hardness")[0].tolist() == [255, 255, 255]


def test_more_than_255_ids_make_16_bit_tables() -> None:
    wide = ontology(
        classes=[{"id": i, "name": f"c{i}", "color": "#000000"} for i in range(300)], groupings={}
    )
    assert wide.unknown_id == 65535
    assert wide.palette.shape == (65536, 3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": [*CLASSES, CLASSES[0]]}, "class id 0 appears twice"),
        (
            {"classes": [*CLASSES, {"id": 9, "name": "rock", "color": "#000000"}]},
            "class name 'rock' appears twice",
        ),
        ({"classes": [{"id": 0, "name": "a", "color": "green"}]}, "classes.0.color"),
        ({"ignore": ["moon"]}, r"ignore names classes that do not exist: \['moon'\]"),
        (
            {"groupings": {"g": [{"name": "a", "color": "#000000", "classes": ["moon"]}]}},
            "grouping g names classes",
        ),
        ({"colour": 1}, "colour: Extra inputs"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ontology(**changes)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("name: [")
    with pytest.raises(ConfigError, match=r"own.yaml is not YAML"):
        Ontology.load(file)
    file.write_text("")
    with pytest.raises(ConfigError, match="valid dictionary"):
        Ontology.load(file)


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(ConfigError, match=r"field.*goose.*rellis.*viking_hill"):
        Ontology.load("moon")
    with pytest.raises(ConfigError, match="has no grouping 'x': expected one of"):
        Ontology.load("goose").group_names("x")


@pytest.mark.parametrize("name", shipped())
def test_each_class_of_a_shipped_ontology_is_once_in_each_grouping(name: str) -> None:
    """What is void has a category; whether it can be driven on, or moves, nobody knows."""
    loaded = Ontology.load(name)
    categories = loaded.groupings["goose_category"]
    void = set(next(group.classes for group in categories if group.name == "void"))
    for grouping, wanted in {
        "goose_category": set(loaded.ids),
        "traversability": set(loaded.ids) - void,
        "movable": set(loaded.ids) - void,
    }.items():
        members = [name for group in loaded.groupings[grouping] for name in group.classes]
        assert sorted(members) == sorted(wanted), grouping
    for grouping in loaded.groupings:
        assert loaded.group_ids(grouping).shape == (loaded.unknown_id + 1,)


@pytest.mark.parametrize("name", shipped())
def test_shipped_groupings_agree_where_they_say_the_same(name: str) -> None:
    """People, animals and vehicles move in all three readings, and have one palette."""
    loaded, field = Ontology.load(name), Ontology.load("field")
    groups = {
        grouping: {g.name: set(g.classes) for g in loaded.groupings[grouping]}
        for grouping in ("goose_category", "traversability", "movable")
    }
    categories, drivable, moves = groups.values()
    living = categories["human"] | categories["animal"] | categories["vehicle"]
    assert living <= moves["movable"]
    # A digger at work stays where it is; GOOSE's heavy machinery was impassable from the start.
    assert living - {"heavy_machinery"} == drivable["dynamic"]
    assert categories["sky"] == drivable["sky"] <= moves["static"]
    assert not (categories["water"] & drivable["drivable"])
    assert not (drivable["drivable"] & moves["movable"])
    for grouping, of_field in field.groupings.items():
        if grouping in groups:
            assert [(g.name, g.color) for g in loaded.groupings[grouping]] == [
                (g.name, g.color) for g in of_field
            ]


def test_goose_agrees_with_the_data_sets_own_tables(shared_data: Path) -> None:
    goose = Ontology.load("goose")
    rows = list(csv.DictReader((shared_data / "goose" / "goose_categories.csv").open()))
    assert [(c.id, c.name, c.color) for c in goose.classes] == [
        (int(r["label_key"]), r["class_name"], r["hex"]) for r in rows
    ]
    categories, challenge = goose.group_names("goose_category"), goose.group_ids("goose_challenge")
    for row in rows:
        key = int(row["label_key"])
        assert categories[goose.group_ids("goose_category")[key]] == row["category12"].lower()
        assert challenge[key] == int(row["challenge9_id"])


def test_goose_colours_repeat_and_ids_do_not() -> None:
    goose = Ontology.load("goose")
    assert goose.palette[goose.ids["snow"]].tolist() == goose.palette[goose.ids["hedge"]].tolist()
    assert len(goose.names) == 64


def test_colours_can_be_changed_and_nothing_else():
    field = Ontology.load("field")
    changed = field.recolored(["road=#010203"])
    assert changed.palette[field.ids["road"]].tolist() == [1, 2, 3]
    assert changed.names == field.names
    assert changed.groupings == field.groupings
    assert field.recolored([]) is field
    for wrong in ("rode=#010203", "road", "road=red"):
        with pytest.raises(ConfigError, match="colours"):
            field.recolored([wrong])

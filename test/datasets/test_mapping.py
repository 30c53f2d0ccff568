from pathlib import Path

import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.datasets.mapping import (
    IGNORE,
    UNMAPPED,
    LabelMapping,
    TargetSpace,
    find_mapping,
)


def ontology(*names: str) -> Ontology:
    classes = [{"id": i, "name": name, "color": "#000000"} for i, name in enumerate(names)]
    return Ontology.parse({"name": "tiny", "classes": classes}, "test")


def mapping(classes: dict[int, list[str]]) -> LabelMapping:
    entries = {i: {"name": f"source {i}", "as": names} for i, names in classes.items()}
    return LabelMapping.model_validate({"source": "s", "ontology": "tiny", "classes": entries})


def test_targets_are_classes_first_then_sets() -> None:
    tiny = ontology("sky", "tree", "trunk")
    trees = mapping({0: [], 1: ["tree", "trunk"], 4: ["sky"]})
    space = TargetSpace.build(tiny, [trees])
    assert space.members.tolist() == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [False, True, True],
    ]
    assert space.primary.tolist() == [0, 1, 2, 1]
    lookup = space.lookup(trees, tiny)
    assert lookup[[0, 1, 4]].tolist() == [IGNORE, 3, 0]
    assert lookup[2] == UNMAPPED


def test_the_order_of_a_set_tells_its_first_class() -> None:
    tiny = ontology("smooth", "rough")
    one, other = mapping({0: ["smooth", "rough"]}), mapping({0: ["rough", "smooth"]})
    space = TargetSpace.build(tiny, [one, other])
    assert space.primary[space.lookup(one, tiny)[0]] == 0
    assert space.primary[space.lookup(other, tiny)[0]] == 1


def test_unknown_class_names_the_mapping_and_the_classes() -> None:
    with pytest.raises(
        DatasetError,
        match=r"mapping s: id 3 \(source 3\) names \['lava'\].*expected some of \['sky'\]",
    ):
        mapping({3: ["lava"]}).sets(ontology("sky"))


def test_missing_and_malformed_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent.yaml not found"):
        LabelMapping.load(tmp_path / "absent.yaml")
    (tmp_path / "bad.yaml").write_text("source: s\nontology: field\nclasses: {0: {name: a}}\n")
    with pytest.raises(DatasetError, match=r"bad.yaml: classes.0.as is missing; give it a value"):
        LabelMapping.load(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    "path", sorted(config_path("training", "mappings").glob("*.yaml")), ids=lambda path: path.stem
)
def test_shipped_mappings_fit_their_ontology(path: Path) -> None:
    shipped = LabelMapping.load(path)
    if not shipped.ontology:
        known = set(Ontology.load("field").group_names(shipped.grouping))
        assert {name for entry in shipped.classes.values() for name in entry.classes} <= known
        return
    field = Ontology.load(shipped.ontology)
    space = TargetSpace.build(field, [shipped])
    mapped = space.lookup(shipped, field)
    for source_id, entry in shipped.classes.items():
        if entry.classes:
            names = {field.names[int(i)] for i in np.flatnonzero(space.members[mapped[source_id]])}
            assert names == set(entry.classes)


def test_a_mapping_of_json_may_name_categories(tmp_path: Path) -> None:
    (tmp_path / "mapping.json").write_text(
        '{"set": "trails", "source_classes": {'
        '"0": {"name": "none", "goose12": "ignore", "paved_as_road": "ignore"},'
        '"3": {"name": "asphalt", "goose12": "Terrain", "paved_as_road": "Road"},'
        '"4": {"name": "cow", "goose12": "Animal"}}}'
    )
    found = find_mapping(tmp_path)
    assert found == tmp_path / "mapping.json"
    loaded = LabelMapping.load(found)
    field = Ontology.load("field")
    # `road` and `sidewalk` are the category road of `field`, which has no animals.
    assert loaded.sets(field) == {0: (), 3: (field.ids["road"], field.ids["sidewalk"]), 4: ()}
    assert loaded.names == {0: "none", 3: "asphalt", 4: "cow"}
    with pytest.raises(DatasetError, match=r"needs the grouping goose_category, ontology tiny"):
        loaded.sets(ontology("sky"))


def test_a_mapping_needs_classes_only_and_255_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("classes: {1: {name: a, as: [sky]}, 2: {name: a, as: []}}\n")
    loaded = LabelMapping.load(path)
    assert loaded.source == tmp_path.name
    assert loaded.names == {1: "a (1)", 2: "a (2)"}
    tiny = ontology("sky")
    lookup = TargetSpace.build(tiny, [loaded]).lookup(loaded, tiny)
    assert lookup[[0, 1, 2, 255]].tolist() == [UNMAPPED, 0, IGNORE, IGNORE]

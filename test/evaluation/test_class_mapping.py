"""Which classes are scored, and what counts as right, by hand."""

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.protocol import ClassMapping, Mean, Protocol
from seg_perception.evaluation.scores import ClassCounts


def ontology(*names, ignore=(), **groups):
    classes = [{"id": n, "name": name, "color": "#101010"} for n, name in enumerate(names)]
    grouping = [
        {"name": name, "color": "#202020", "classes": members} for name, members in groups.items()
    ]
    data = {"name": "test", "classes": classes, "ignore": list(ignore)}
    return Ontology.parse({**data, "groupings": {"group": grouping}}, "test")


def protocol(*class_mappings, **more):
    return Protocol(name="test", title="test", class_mappings=class_mappings, **more)


def pairs_of(layout, truth, predicted):
    """A matrix of pairs of ids; -1 is what is not seen, None no label or truth."""
    pairs = np.zeros(layout.shape, np.int64)
    places = {-1: layout.not_seen, None: layout.no_label}
    for row, column in zip(truth, predicted, strict=True):
        pairs[layout.no_truth if row is None else row, places.get(column, column)] += 1
    return pairs


def test_ignored_truth_and_predictions_of_an_excluded_class():
    labels = ontology("tree", "road", "void", ignore=["void"])
    layout = ConfusionLayout(labels, labels)
    #            ok  ok  missed  excluded guess  no label  ignored truth  no truth  not seen
    truth = [0, 1, 0, 0, 0, 2, None, 0]
    guess = [0, 1, 1, 2, None, 0, 0, -1]
    pairs = pairs_of(layout, truth, guess)
    (wrong,) = map_classes(protocol(ClassMapping(name="fine")), layout)
    assert (wrong.names, wrong.excluded) == (("tree", "road"), ("void",))
    counts = ClassCounts.of(wrong.fold(pairs))
    assert counts.truth.tolist() == [4, 1]
    assert counts.predicted.tolist() == [1, 2]
    assert counts.iou.tolist() == [25, 50]
    assert wrong.fold(pairs)[:, wrong.excluded_column].tolist() == [1, 0, 0]
    assert wrong.fold(pairs)[-1].sum() == 2
    (dropped,) = map_classes(
        protocol(ClassMapping(name="fine", excluded_prediction="dropped")), layout
    )
    assert ClassCounts.of(dropped.fold(pairs)).truth.tolist() == [3, 1]


def test_goose_composite_of_the_documented_example():
    """The example of docs/how_to/evaluation.md, where it is worked out on paper."""
    goose = Ontology.load("goose")
    rules = Protocol.load("goose_2026")
    layout = ConfusionLayout(goose, goose)
    fine, coarse = map_classes(rules, layout)
    assert (fine.size, coarse.size) == (56, 11)
    ids = goose.ids
    table = {
        ("soil", "soil"): 6,
        ("soil", "gravel"): 2,
        ("low_grass", "low_grass"): 5,
        ("low_grass", "soil"): 1,
        ("ego_vehicle", "ego_vehicle"): 3,
        ("ego_vehicle", "car"): 1,
        ("person", "outlier"): 1,
        ("person", "person"): 1,
        ("bikeway", "soil"): 4,
    }
    pairs = np.zeros(layout.shape, np.int64)
    for (true, guess), count in table.items():
        pairs[ids[true], ids[guess]] = count
    mean = Mean(name="miou")
    # fine: soil 6/9, gravel 0/2, low_grass 5/6, ego_vehicle 3/4, car 0/1, person 1/2
    assert float(ClassCounts.of(fine.fold(pairs)).mean_iou(mean)) == pytest.approx(
        100 * (6 / 9 + 0 + 5 / 6 + 3 / 4 + 0 + 1 / 2) / 6
    )
    # coarse: terrain 8/9, vegetation 5/6, vehicle 4/4, human 1/2
    assert float(ClassCounts.of(coarse.fold(pairs)).mean_iou(mean)) == pytest.approx(
        100 * (8 / 9 + 5 / 6 + 1 + 1 / 2) / 4
    )


def test_a_model_of_other_classes_is_refused_before_anything_is_scored():
    truth, model = ontology("tree", "road"), ontology("tree", "dragon")
    layout = ConfusionLayout(truth, model)
    with pytest.raises(ConfigError, match=r"lacks road, the truth lacks dragon; .*--partial"):
        map_classes(protocol(ClassMapping(name="fine")), layout)
    (mapped,) = map_classes(protocol(ClassMapping(name="fine")), layout, partial=True)
    counts = ClassCounts.of(mapped.fold(pairs_of(layout, [0, 0, 1], [0, 1, 1])))
    assert counts.iou.tolist() == [50, 0]


def test_groups_match_ontologies_of_different_classes():
    truth = ontology("oak", "fir", "lawn", tree=["oak", "fir"], grass=["lawn"])
    model = ontology("grass", "tree", grass=["grass"], tree=["tree"])
    layout = ConfusionLayout(truth, model)
    (mapped,) = map_classes(protocol(ClassMapping(name="coarse", grouping="group")), layout)
    counts = ClassCounts.of(mapped.fold(pairs_of(layout, [0, 1, 2, 2], [1, 1, 0, 1])))
    assert dict(zip(mapped.names, counts.iou.tolist(), strict=True)) == {
        "tree": pytest.approx(200 / 3),
        "grass": 50,
    }


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        (ClassMapping(name="fine", excluded_classes=("unicorn",)), "no classes.*unicorn"),
        (
            ClassMapping(name="fine", grouping="colour"),
            "needs the grouping 'colour', ontology .* has .*group",
        ),
        (ClassMapping(name="fine", grouping="group", excluded_groups=("air",)), "no groups.*air"),
    ],
)
def test_what_an_ontology_lacks_is_named(mapping, sentence):
    labels = ontology("tree", tree=["tree"])
    with pytest.raises(ConfigError, match=sentence):
        map_classes(protocol(mapping), ConfusionLayout(labels, labels))


def test_a_class_mapping_that_the_protocol_lacks_is_named():
    labels = ontology("tree")
    with pytest.raises(ConfigError, match=r"no class mapping 'coarse'.*fine"):
        map_classes(
            protocol(ClassMapping(name="fine")), ConfusionLayout(labels, labels), ["coarse"]
        )


def test_an_ontology_without_groupings_says_what_needs_one():
    plain = Ontology.parse(
        {"name": "plain", "classes": [{"id": 0, "name": "way", "color": "#000000"}]}, "test"
    )
    layout = ConfusionLayout(plain, plain)
    (mapped,) = map_classes(Protocol.load("own"), layout)
    assert mapped.names == ("way",)
    with pytest.raises(ConfigError, match=r"'goose_category', ontology plain has none: add it"):
        map_classes(Protocol.load("categories"), layout)

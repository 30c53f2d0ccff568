"""What true ids mean, from the command line, a mapping, a data set, or nobody."""

import json

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.class_truth import ClassTruth
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.mapped_classes import ClassLookup
from seg_perception.evaluation.options import EvaluateOptions
from seg_perception.evaluation.protocol import ClassMapping, Protocol
from seg_perception.evaluation.results import Results
from seg_perception.evaluation.scores import ClassCounts
from seg_perception.evaluation.truth_classes import read_classes, truth_classes

RED, GREEN, BLUE = 0, 1, 2
COLORS = np.array([(200, 0, 0), (0, 200, 0), (0, 0, 200)], np.uint8)
# Of each image: what is painted, and what its truth is in the model's ids; 255 is not labelled.
SHOWN = np.array([[RED, RED, GREEN, GREEN, BLUE, BLUE, RED, GREEN]])
TRUE = np.array([[RED, RED, GREEN, BLUE, BLUE, 255, GREEN, RED]])


def invoke(*arguments):
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def folder(path, ids, count=10, masks="masks"):
    """Ten small images and masks; each is turned a little further than the one before."""
    for n in range(count):
        image = np.roll(np.kron(COLORS[SHOWN], np.ones((48, 8, 1), np.uint8)), 8 * n, axis=1)
        mask = np.roll(np.kron(ids, np.ones((48, 8), np.uint8)), 8 * n, axis=1)
        for name, pixels in (("images", image[..., ::-1]), (masks, mask.astype(np.uint8))):
            (path / name).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path / name / f"{n}.png"), pixels)
    return path


MAPPING = {
    "classes": {
        1: {"name": "brick", "as": ["red"]},
        2: {"name": "lawn", "as": ["green"]},
        3: {"name": "hedge", "as": ["green"]},
        4: {"name": "lake", "as": ["blue"]},
    }
}


def foreign(true):
    """1 is red, 2 and 3 green by turns, 4 blue, 255 nothing."""
    ids = np.select([true == RED, true == GREEN, true == BLUE], [1, 2, 4], 255)
    ids[..., 2::3][ids[..., 2::3] == 2] = 3
    return ids


def comparable(run):
    """The numbers of a run, without what tells of its files."""
    (stream,) = Results.read(run).streams
    return [
        (m.name, m.metrics, m.classes, m.confusion.counts) for m in stream.class_mappings
    ], stream.calibration


def test_mapped_ids_score_as_masks_that_were_shifted_by_hand(tmp_path, world):
    """Ids 1 to 4 and 255 on ten images: the numbers are those of masks in the model's ids."""
    folder(tmp_path / "by_hand", TRUE)
    mapped = folder(tmp_path / "mapped", foreign(TRUE))
    (mapped / "mapping.yaml").write_text(yaml.safe_dump(MAPPING))
    bundle = ("--set", f"segmentation.bundle={world.bundle}", "--no-report")
    for name in ("by_hand", "mapped"):
        done = invoke(tmp_path / name, "-o", tmp_path / f"{name}_run", *bundle)
        assert done.exit_code == 0, done.stderr
    assert comparable(tmp_path / "mapped_run") == comparable(tmp_path / "by_hand_run")
    (mapping,) = Results.read(tmp_path / "mapped_run").streams[0].class_mappings
    # By hand, of seven labelled columns: red 2 right of 3 true and 3 said, green 1 of 2 and 3,
    # blue 1 of 2 and 1.
    assert [c.iou for c in mapping.classes] == pytest.approx([100 * 2 / 4, 100 / 4, 100 / 2])
    assert "mapped to" in done.stderr
    assert "10 images: images/ with masks/" in done.stderr


def test_foreign_ids_without_a_word_are_refused(tmp_path, world):
    path = folder(tmp_path / "foreign", np.array([[1, 1, 2, 2, 0, 0, 1, 2]]))
    run, options = tmp_path / "run", ("--set", f"segmentation.bundle={world.bundle}", "--json")
    done = invoke(path, "-o", run, *options)
    assert done.exit_code == 2
    assert "the true ids were taken for those of the model" in done.stderr
    assert not run.exists()
    done = invoke(path, "-o", run, *options, "--same-ids")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["truth_origin"].endswith("(--same-ids)")


def test_a_protocol_for_two_ontologies_wants_a_name(tmp_path, world):
    path = folder(tmp_path / "own", TRUE)
    options = ("-o", tmp_path / "run", "--set", f"segmentation.bundle={world.bundle}")
    done = invoke(path, *options, "--protocol", "categories")
    assert done.exit_code == 2
    assert "name the truth's by --truth-ontology, put a mapping.yaml" in done.stderr


def test_predictions_are_in_the_ontology_that_lies_beside_them(tmp_path, world):
    path = folder(tmp_path / "own", TRUE)
    labels = folder(tmp_path / "labels", TRUE) / "masks"
    command = (path, "--predictions", labels, "-o", tmp_path / "run", "--json")
    done = invoke(*command)
    assert done.exit_code == 2
    assert "no ontology.yaml in it: name its ontology by --model-ontology" in done.stderr
    ontology = Ontology.load("field").model_dump(mode="json")
    (labels / "ontology.yaml").write_text(yaml.safe_dump(ontology))
    done = invoke(*command)
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["model"]["ontology"]["name"] == "field"
    assert found["streams"][0]["class_mappings"][0]["metrics"][0]["value"] == 100


def test_one_option_takes_an_ontology_or_a_mapping(tmp_path):
    field = Ontology.load("field")
    assert read_classes("goose", field).ontology.name == "goose"
    shipped = read_classes("ycor", field)
    assert shipped.meanings[7] == ("high_vegetation", "trunk")
    assert shipped.ontology.names[7] == "high vegetation"
    looks = {c.id: c.color for c in shipped.ontology.classes}
    # In pictures an id has the colour of its first class; what is ignored is black.
    assert (looks[7], looks[0]) == ("#1b5e20", "#000000")
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"classes": {"3": {"name": "way", "as": ["road"]}}}))
    assert read_classes(str(path), field).meanings == {3: ("road",)}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(field.model_dump(mode="json")))
    assert read_classes(str(tmp_path / "own.yaml"), field).ontology == field
    with pytest.raises(Exception, match=r"an ontology of .*goose.* or a mapping of .*ycor"):
        read_classes("moon", field)


def test_a_protocol_of_another_ontology_is_named():
    field, goose = Ontology.load("field"), Protocol.load("goose_2026")
    with pytest.raises(Exception, match=r"protocol goose_2026 is for goose"):
        truth_classes(EvaluateOptions(truth_ontology="ycor"), goose, field)


def ontology(name, classes, groups=()):
    entries = [{"id": n, "name": c, "color": "#000000"} for n, c in enumerate(classes)]
    kinds = [{"name": n, "color": "#000000", "classes": c} for n, c in groups]
    data = {"name": name, "classes": entries, "groupings": {"kind": kinds} if groups else {}}
    return Ontology.parse(data, "test")


MODEL = ontology("m", ["grass", "tree", "trunk", "sky"], [("plant", ["grass", "tree", "trunk"])])
SOURCE = ontology("s", ["lawn", "wood", "none"])
LAYOUT = ConfusionLayout(SOURCE, MODEL, {0: ("grass",), 1: ("tree", "trunk"), 2: ()})


def protocol(mapping):
    return Protocol(name="test", title="test", class_mappings=(mapping,))


def test_any_class_that_a_true_id_may_be_is_right_and_counts_as_the_first():
    (mapped,) = map_classes(protocol(ClassMapping(name="fine")), LAYOUT)
    # The truth never has trunk or sky as such.
    assert mapped.names == ("grass", "tree")
    assert mapped.excluded == ("trunk", "sky")
    pairs = np.zeros(LAYOUT.shape, np.int64)
    pairs[1, [0, 1, 2, 3]] = 1, 10, 100, 1000
    pairs[0, [0, 2]] = 7, 5
    pairs[2, 0] = 9
    counts = ClassCounts.of(mapped.fold(pairs))
    assert counts.correct.tolist() == [7, 110]
    assert counts.truth.tolist() == [12, 1111]
    # A trunk on the lawn is wrong, and no tree.
    assert counts.predicted.tolist() == [8, 110]
    assert mapped.ambiguous


def test_in_a_grouping_a_class_of_the_same_group_is_right():
    (mapped,) = map_classes(protocol(ClassMapping(name="kind", grouping="kind")), LAYOUT)
    pairs = np.zeros(LAYOUT.shape, np.int64)
    pairs[0, [0, 1, 3]] = 3, 4, 5
    counts = ClassCounts.of(mapped.fold(pairs))
    assert (counts.correct.tolist(), counts.truth.tolist()) == ([7], [12])


def test_what_may_be_an_excluded_class_is_left_out():
    excluded = ClassMapping(name="fine", excluded_classes=("trunk",))
    (mapped,) = map_classes(protocol(excluded), LAYOUT)
    assert mapped.rows[[0, 1, 2]].tolist() == [0, mapped.ignored, mapped.ignored]


def test_pixel_by_pixel_it_is_the_same():
    (mapped,) = map_classes(protocol(ClassMapping(name="fine")), LAYOUT)
    truth, predicted = np.array([0, 1, 1, 1, 2], "u1"), np.array([2, 2, 1, 0, 0], "u1")
    true, found = ClassLookup(LAYOUT, mapped).classes_of(truth, predicted)
    assert true.tolist() == [0, 1, 1, 1, mapped.ignored]
    assert found[:4].tolist() == [mapped.excluded_column, 1, 1, 0]


def test_confidence_is_judged_where_the_truth_is_one_class():
    right, known = ClassTruth(LAYOUT).right(
        np.array([0, 0, 1, 1, 2, 255], "u1"), np.array([0, 1, 1, 2, 0, 0], "u1")
    )
    assert known.tolist() == [True, True, False, False, False, False]
    assert right[:2].tolist() == [True, False]
    same = ClassTruth(ConfusionLayout(MODEL, MODEL)).right(np.array([3]), np.array([3]))
    assert [part.tolist() for part in same] == [[True], [True]]
    coarse = ontology("coarse", ["plant", "sky"])
    assert not ClassTruth(ConfusionLayout(coarse, MODEL)).known


def test_outlines_are_a_truth_whose_names_explain_it(tmp_path, world):
    """YOLO's classes count otherwise than the model's; their names are the same."""
    path = folder(tmp_path / "yolo", TRUE, masks="unused")
    # The left two eighths of the first image are red, of which half is marked, and blue elsewhere.
    box = [0, 0, 1 / 8, 0, 1 / 8, 1, 0, 1]
    for n in range(10):
        (path / "labels").mkdir(exist_ok=True)
        shifted = [value + (n % 8 / 8 if place % 2 == 0 else 0) for place, value in enumerate(box)]
        (path / "labels" / f"{n}.txt").write_text(f"2 {' '.join(map(str, shifted))}\n")
    (path / "data.yaml").write_text("names: [green, blue, red]\n")
    bundle = ("--set", f"segmentation.bundle={world.bundle}", "--json", "--no-report")
    done = invoke(path, "-o", tmp_path / "run", *bundle)
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    (mapping,) = found["streams"][0]["class_mappings"]
    assert {c["name"]: c["iou"] for c in mapping["classes"]}["red"] == 100
    assert found["truth_origin"] == "named by the names in data.yaml"


def test_labels_that_label_wrote_are_found_by_the_places_of_the_images(tmp_path):
    path = folder(tmp_path / "own", TRUE, masks="masks")
    wrote = folder(tmp_path / "wrote", TRUE, masks="images")
    ontology = Ontology.load("field").model_dump(mode="json")
    (wrote / "ontology.yaml").write_text(yaml.safe_dump(ontology))
    done = invoke(path, "--predictions", wrote, "-o", tmp_path / "run", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["source"]["frames"] == 10

"""Figures of counts that were made by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from bench.familiarity import SPOILT
from bench.model_card.counts import Counted
from bench.model_card.figures import figure
from bench.model_card.questions import Card, HeldOut, Question
from seg_perception.api.image_labels import ImageLabels
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap
from seg_perception.corruptions.catalogue import CORRUPTIONS
from seg_perception.datasets.mapping import LabelMapping
from seg_perception.datasets.splits import Split

ROOT = Path(__file__).resolve().parents[2]
MAPPING = LabelMapping.model_validate(
    {
        "classes": {
            0: {"name": "nothing", "as": []},
            1: {"name": "lake", "as": ["water"]},
            2: {"name": "puddle", "as": ["slippery_trail", "water"]},
            3: {"name": "lawn", "as": ["grass"]},
            4: {"name": "way", "as": ["road"]},
        }
    }
)


@pytest.fixture(scope="module")
def field() -> Ontology:
    return Ontology.load("field")


def counts_of(field: Ontology, *cells: tuple[int, str, int]) -> np.ndarray:
    ids = {name: number for number, name in field.names.items()}
    counts = np.zeros((256, field.id_count), np.int64)
    for true, given, pixels in cells:
        counts[true, ids[given]] = pixels
    return counts


def ask(field: Ontology, counts: np.ndarray, **question: object) -> float:
    asked = Question.model_validate({"name": "a", "sets": ["s"], **question})
    counted = Counted.nothing(field.id_count)
    counted.pixels = counts
    return figure(asked, [(MAPPING, counted)], field)


def test_iou_leaves_out_what_may_be_the_class_and_what_is_void(field: Ontology) -> None:
    counts = counts_of(
        field,
        (0, "water", 1000),
        (1, "water", 30),
        (1, "road", 10),
        (2, "water", 500),
        (3, "water", 20),
    )
    question = {"of": ["lake"], "classes": ["water"]}
    assert ask(field, counts, measure="iou", **question) == 30 / (40 + 20)
    assert ask(field, counts, measure="recall", **question) == 30 / 40


def test_a_group_is_all_its_classes(field: Ontology) -> None:
    counts = counts_of(
        field, (1, "road", 10), (1, "grass", 5), (1, "water", 25), (1, "rough_trail", 40)
    )
    question = {"measure": "recall", "of": ["lake"]}
    assert ask(field, counts, **question, groups=["drivable"]) == 15 / 80
    assert ask(field, counts, **question, groups=["drivable", "rough"]) == 55 / 80


def test_categories_leave_out_ids_that_span_several(field: Ontology) -> None:
    # Way: 60 right, 20 taken for the sea, 20 for a lawn; lawn: 50 right, 50 taken for a way.
    counts = counts_of(
        field,
        (2, "water", 900),
        (3, "grass", 50),
        (3, "road", 50),
        (4, "sidewalk", 60),
        (4, "water", 20),
        (4, "grass", 20),
    )
    road, vegetation = 60 / (100 + 50), 50 / (100 + 20)
    assert ask(field, counts, measure="category_mean_iou") == pytest.approx((road + vegetation) / 2)


def test_what_nobody_saw_is_no_number(field: Ontology) -> None:
    counts = counts_of(field, (3, "grass", 50))
    assert np.isnan(ask(field, counts, measure="recall", of=["lake"], classes=["water"]))


def test_a_name_that_no_set_has_is_refused(field: Ontology) -> None:
    counts = counts_of(field, (3, "grass", 50))
    with pytest.raises(DatasetError, match="sea is no class of s: expected lake, lawn"):
        ask(field, counts, measure="iou", of=["sea", "lake"], classes=["water"])


def test_a_set_is_some_pictures_of_a_folder_or_all_but_some() -> None:
    held_out = ["a", "b", "c"]
    part = {"folder": "park", "split": "split.yaml"}
    assert HeldOut(**part).chosen(held_out) == ["a", "b", "c"]
    assert HeldOut(**part, images=["c", "b"]).chosen(held_out) == ["b", "c"]
    assert HeldOut(**part, without=["b"]).chosen(held_out) == ["a", "c"]
    assert HeldOut(**part, every=2).chosen(held_out) == ["a", "c"]
    with pytest.raises(DatasetError, match=r"d is no picture that split\.yaml holds out of park"):
        HeldOut(**part, without=["d"]).chosen(held_out)


def test_confidence_is_asked_by_its_levels(field: Ontology) -> None:
    """Level 255 is right in 3 of 4, level 51 (.2) in 1 of 4."""
    counted = Counted.nothing(field.id_count)
    counted.levels[255], counted.levels[51] = (1, 3), (3, 1)

    def percent(measure: str) -> float:
        question = Question.model_validate({"name": "a", "sets": ["s"], "measure": measure})
        return figure(question, [(MAPPING, counted)], field)

    assert percent("ece") == pytest.approx(100 * (0.5 * (1 - 0.75) + 0.5 * (0.25 - 0.2)))
    worse = Counted.nothing(field.id_count)
    worse.levels[255], worse.levels[51] = (3, 1), (1, 3)
    question = Question.model_validate({"name": "a", "sets": ["s"], "measure": "aurc"})
    assert percent("aurc") < figure(question, [(MAPPING, worse)], field)


def test_familiarity_is_asked_by_distances(field: Ontology) -> None:
    strange, known, without = (Counted.nothing(field.id_count) for _ in range(3))
    strange.distances = np.array([0.8, 2.0])
    known.distances = np.array([0.5, 0.9, 0.7, 1.1])
    without.distances = np.array([np.nan])

    def ask_far(found: Counted, measure: str) -> float:
        asked = {"name": "a", "sets": ["s"], "measure": measure, "known": ["k"]}
        question = Question.model_validate(asked)
        return figure(question, [(MAPPING, found)], field, [known])

    assert ask_far(known, "beyond") == 1 / 4
    # 0.8 is farther than two of four, 2.0 than all.
    assert ask_far(strange, "auroc") == (2 + 4) / 8
    assert np.isnan(ask_far(without, "auroc"))
    assert np.isnan(ask_far(without, "beyond"))


def test_levels_are_counted_where_the_truth_is_one_class(field: Ontology) -> None:
    ids = {name: number for number, name in field.names.items()}
    labels = np.full((2, 4), ids["grass"], np.uint8)
    confidence = np.full((2, 4), 200, np.uint8)
    label_map = LabelMap("front", labels, confidence, 0, "lens")
    said = ImageLabels.of(label_map, label_map, field, np.zeros((2, 4, 3), np.uint8), None)
    single = np.full(256, -1, np.int64)
    single[3], single[4] = ids["grass"], ids["road"]
    counted = Counted.nothing(field.id_count)
    counted.add(said, np.array([[3, 3, 3, 4], [0, 2, 4, 4]]), single)
    assert counted.levels[200].tolist() == [3, 3]
    assert counted.levels.sum() == 6
    assert counted.pixels[:, ids["grass"]].sum() == 8
    assert np.isnan(counted.distances).tolist() == [True]


def test_the_command_asks_a_bundle(tmp_path: Path) -> None:
    """Two grey pictures, one held out; a picture is counted whole in every condition."""
    for folder in ("images", "masks_src"):
        (tmp_path / "data/park" / folder).mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"data/park/images/{name}.png"), np.full((40, 60, 3), 90))
        cv2.imwrite(str(tmp_path / f"data/park/masks_src/{name}.png"), np.full((40, 60), 1))
    (tmp_path / "data/park/mapping.yaml").write_text(
        "classes:\n  1: {name: lawn, as: [grass]}\n", encoding="utf-8"
    )
    (tmp_path / "split.yaml").write_text("train: [a]\nvalidation: [b]\n", encoding="utf-8")
    everything = [*Ontology.load("field").names.values()]
    card = {
        "sets": {"park": {"folder": "park", "split": "split.yaml", "spoilt": True}},
        "corruptions": {"jpeg": 4},
        "questions": [
            {
                "name": "anything",
                "sets": ["park"],
                "measure": "recall",
                "of": ["lawn"],
                "classes": everything,
            }
        ],
    }
    (tmp_path / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    said = subprocess.run(
        [
            *(sys.executable, "-m", "bench.model_card", "field_tiny"),
            *("--data", str(tmp_path / "data"), "--card", str(tmp_path / "card.yaml")),
            *("--output", str(tmp_path / "out")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "| anything | 1.000 |\n| anything, jpeg | 1.000 |\n" in said
    (kept,) = (tmp_path / "out").glob("field_tiny_*/park_jpeg_*.npz")
    pixels = np.load(kept)["pixels"]
    assert pixels.sum() == pixels[1].sum() == 40 * 60


def test_the_card_of_the_field_model_names_files_and_classes_that_are_there(
    field: Ontology,
) -> None:
    card = Card.load(ROOT / "recipes/model_card.yaml")
    for held in card.sets.values():
        assert held.chosen(Split.load(ROOT / "recipes" / held.split).validation)
        assert set(held.strange) <= set(SPOILT)
        assert not held.mapping or LabelMapping.load(ROOT / "recipes" / held.mapping).sets(field)
    for question in card.questions:
        assert {*question.sets, *question.known} <= set(card.sets)
        assert set(question.classes) <= set(field.names.values())
        assert set(question.groups) <= set(field.group_names("traversability"))
    assert all(1 <= strength <= 5 for strength in card.corruptions.values())
    assert set(card.corruptions) <= set(CORRUPTIONS)

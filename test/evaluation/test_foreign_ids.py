"""True ids that nobody named: the model's own, or somebody else's."""

import json

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.foreign_ids import ForeignIdsError, IdAgreement, expect_own_ids

from .conftest import TRUTH, with_truth

FIELD = Ontology.load("field")
LAYOUT = ConfusionLayout(FIELD, FIELD)


def pairs(*entries):
    """Matrix of (true id, predicted id, count)."""
    matrix = np.zeros(LAYOUT.shape, np.int64)
    for true, predicted, count in entries:
        matrix[true, predicted] += count
    return matrix


def test_kappa_by_hand():
    # 60 of 100 agree; by chance 0.7 * 0.5 + 0.3 * 0.5 = 0.5 would.
    found = IdAgreement.of(pairs((0, 0, 40), (0, 1, 30), (1, 0, 10), (1, 1, 20)), LAYOUT)
    assert found.kappa == pytest.approx(0.2)
    assert found.renamed == pytest.approx(0.2)
    assert found.own == 1.0
    assert found.taken_for == ((0, 0), (1, 1))


def test_ids_that_count_from_another_number_are_refused():
    shifted = pairs((1, 0, 300), (2, 1, 400), (3, 2, 200), (4, 3, 100), (4, 4, 20))
    assert IdAgreement.of(shifted, LAYOUT).foreign
    with pytest.raises(
        ForeignIdsError,
        match=r"folder: .* those of the model, field.*"
        r"2 \(slippery_trail\) is mostly labelled rough_trail, "
        r"1 \(rough_trail\) is mostly labelled smooth_trail.*--truth-ontology.*--same-ids",
    ):
        expect_own_ids(shifted, LAYOUT, "folder")


@pytest.mark.parametrize(
    "table",
    [
        # Grass is taken for low vegetation and the trail for a road, but the sky is the sky.
        pairs((3, 4, 500), (0, 9, 200), (17, 17, 300), (5, 5, 100)),
        # Everything is one class: nothing speaks for other meanings.
        pairs((0, 5, 400), (3, 5, 300), (17, 5, 300)),
        # Nearly by chance.
        pairs((0, 0, 100), (0, 3, 110), (3, 0, 105), (3, 3, 95), (17, 0, 50), (17, 3, 50)),
        # One class only: its name can't be doubted by the others.
        pairs((3, 4, 1000)),
        pairs(),
    ],
)
def test_a_bad_model_is_no_reason_to_doubt_the_ids(table):
    assert not IdAgreement.of(table, LAYOUT).foreign
    expect_own_ids(table, LAYOUT, "folder")


def test_pixels_without_truth_or_label_say_nothing():
    table = pairs((1, 0, 300), (2, 1, 400), (3, 2, 200))
    table[LAYOUT.no_truth, 0] = table[0, LAYOUT.no_label] = 10**9
    assert IdAgreement.of(table, LAYOUT).foreign


def test_foreign_ids_in_a_bag_are_refused(world, run):
    # The left half is red, 0, and the right half green, 1; the truth counts from 1.
    truth = np.where(np.arange(64) < 32, 1, 2)
    bag = world.bag(with_truth(world, truth=truth))
    options = ("--truth", f"camera.front={TRUTH}")
    done, out = run(bag, options=options)
    assert done.exit_code == 2
    assert "truth of camera.front: the true ids were taken for those of the model" in done.stderr
    assert not (out / "results.json").exists()
    done, out = run(bag, options=(*options, "--same-ids"), folder="same")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["truth_origin"].endswith("(--same-ids)")


def test_a_mapping_explains_the_truth_of_a_bag(world, run):
    truth = np.where(np.arange(64) < 32, 1, 2)
    mapping = world.folder / "mapping.yaml"
    mapping.write_text("classes: {1: {name: a, as: [red]}, 2: {name: b, as: [green, blue]}}\n")
    bag = world.bag(with_truth(world, truth=truth))
    named = ("--truth", f"camera.front={TRUTH}", "--truth-ontology", str(mapping))
    done, _ = run(bag, options=named)
    assert done.exit_code == 0, done.stderr
    (stream,) = json.loads(done.stdout)["streams"]
    assert {m["key"]: m["value"] for m in stream["class_mappings"][0]["metrics"]}["accuracy"] == 100

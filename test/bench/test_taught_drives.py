"""What of a teacher's labels a drive is taught, and the table of what came of it."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="teaching needs torch")

from bench.words.taught_drives import _right, _share, gated, only, table
from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.learning.targets import NO_TARGET


@pytest.fixture(scope="module")
def bundle(colour_model, tmp_path_factory):
    return Bundle.load(colour_model.write(tmp_path_factory.mktemp("colours"), 32, 16))


def test_a_class_that_the_teacher_is_better_at_is_taken_and_one_that_it_is_silent_of_is_not(bundle):
    """Truth is red above and green below; the student takes red for blue, the teacher knows it."""
    truth = np.zeros((16, 32), np.uint8)
    truth[8:] = 1
    before = truth.copy()
    before[:8] = 2
    said = np.where(truth == 0, 0, NO_TARGET).astype(np.uint8)
    taken = gated([truth] * 40, [said] * 40, [before] * 40, bundle)
    assert 0 in taken
    assert 1 not in taken


def test_only_what_is_taken_is_left():
    labels = np.array([[0, 1, 2, NO_TARGET]], np.uint8)
    assert only(labels, [0, 2]).tolist() == [[0, NO_TARGET, 2, NO_TARGET]]
    assert only(labels, []).tolist() == [[NO_TARGET] * 4]


def test_shares_of_labels_and_of_right_ones():
    said = [np.array([[0, 1, NO_TARGET, NO_TARGET]], np.uint8)]
    assert _share(said) == 0.5
    assert _right(said, [np.array([[0, 0, 0, 0]], np.uint8)]) == 0.5
    assert _share([]) == _right([], []) == 0


def test_the_table_compares_each_drive_with_itself():
    def row(how, seed, iou):
        shares = {"labelled": 0.25, "labels_right": 0.5, "right": 0.8}
        return {"how": f"drive_{seed}: {how}", "seed": seed, "iou": iou, **shares}

    rows = [row("nothing", 1, 0.4), row("geometry", 1, 0.42)]
    rows += [row("nothing", 2, 0.5), row("geometry", 2, 0.45)]
    assert table(rows).splitlines()[2:] == [
        "| nothing | 25.0 | 50.0 | 0.450 | +0.0, +0.0 | 80.0 |",
        "| geometry | 25.0 | 50.0 | 0.435 | +2.0, -5.0 | 80.0 |",
    ]

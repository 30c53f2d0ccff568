"""Teachers of the bench of teaching."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bench.teach.places import Place
from bench.teach.teachers import Pupil, all_labels, gated_labels, own_labels, rows, verdicts
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle

RED, GREEN, BLUE = 0, 1, 2


@pytest.fixture
def teacher(tmp_path: Path, colour_model) -> Path:
    """Knows red, green and blue."""
    return colour_model.write(tmp_path / "teacher", 32, 16)


@pytest.fixture
def pupil(tmp_path: Path, teacher: Path) -> Pupil:
    """The same network, that calls red green and green red."""
    bundle = Bundle.load(teacher)
    classes = [entry.model_dump() for entry in bundle.ontology.classes]
    red, green = classes[RED]["name"], classes[GREEN]["name"]
    classes[RED]["name"], classes[GREEN]["name"] = green, red
    ontology = Ontology.parse({"name": "swapped", "classes": classes}, "test")
    swapped = derive_bundle(tmp_path / "pupil", bundle, {}, {"ontology": ontology})
    return Pupil(swapped, place(swapped, 3), place(swapped, 12))


def place(bundle: Bundle, count: int) -> Place:
    """Pictures of three stripes that change places, and what they are by the pupil's ids."""
    names = [entry.name for entry in bundle.ontology.classes]
    table = np.full(256, 254, np.uint8)
    table[: len(names)] = range(len(names))
    # The pupil's id of each colour.
    ids = np.array([GREEN, RED, BLUE], np.uint8)
    pictures, truths = [], []
    for number in range(count):
        colours = (np.arange(32) * 3 // 32 + number) % 3
        rows_ = np.eye(3, dtype=np.uint8)[colours] * 250
        pictures.append(np.ascontiguousarray(np.broadcast_to(rows_, (16, 32, 3))))
        truths.append(np.broadcast_to(ids[colours], (16, 32)))
    return Place(pictures, truths, dict(enumerate(names)), table)


def test_all_that_a_teacher_says_is_in_the_pupils_ids(pupil, teacher):
    for said, truth in zip(all_labels(pupil, str(teacher), 1), pupil.taught.truths, strict=True):
        assert (said == truth).mean() > 0.9


def test_the_gate_takes_the_classes_that_the_teacher_tells_better(pupil, teacher):
    found = {verdict.name: verdict for verdict in verdicts(pupil, str(teacher), 1)}
    names = [entry.name for entry in pupil.bundle.ontology.classes]
    takes = [found[names[number]].takes for number in (RED, GREEN, BLUE)]
    assert takes == [True, True, False]
    said = np.stack(gated_labels(pupil, str(teacher), 1))
    assert set(np.unique(said)) == {RED, GREEN, 255}


def test_a_pupil_that_teaches_itself_says_what_it_said(pupil):
    said = np.stack(own_labels(pupil, "", 1))
    truth = np.stack(pupil.taught.truths)
    red = said == RED
    assert red.any()
    assert (truth[red] == GREEN).mean() > 0.9


def test_each_row_has_its_teacher():
    assert [trial.teacher for trial in rows(100, 2)] == ["own", "all", "gate"]

"""What a bundle and a folder say of frames, in a student's classes."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import yaml

from seg_perception.core.errors import TeachingError
from seg_perception.core.ontology import Ontology
from seg_perception.teaching.teacher_labels import BOXES, NO_LABEL, inside_boxes, open_teacher


def ontology(*names: str) -> Ontology:
    classes = [{"id": n, "name": name, "color": "#101010"} for n, name in enumerate(names)]
    return Ontology.parse({"name": "some", "classes": classes}, "test")


STUDENT = ontology("green", "mud", "red")


@pytest.fixture
def folder(tmp_path):
    """Masks of one frame: left `red` (0), right `log` (1), which the student does not know."""
    root = tmp_path / "labels"
    mask = np.zeros((8, 12), np.uint8)
    mask[:, 6:] = 1
    for part, values in (("images", np.zeros((8, 12, 3), np.uint8)), ("masks_src", mask)):
        (root / part).mkdir(parents=True)
        assert cv2.imwrite(str(root / part / "one.png"), values)
    document = ontology("red", "log").model_dump(mode="json")
    (root / "ontology.yaml").write_text(yaml.safe_dump(document))
    return root


def test_a_bundle_speaks_in_the_students_ids(tiny_bundle):
    # The bundle's red, green and blue are 0, 1, 2; the student has no blue.
    teacher = open_teacher(str(tiny_bundle), STUDENT, ())
    image = np.zeros((24, 36, 3), np.uint8)
    for number in range(3):
        image[:, 12 * number : 12 * number + 12, number] = 200
    labels = teacher.labels("any", image)
    ids = labels[labels.shape[0] // 2, [2, labels.shape[1] // 2, -3]]
    assert ids.tolist() == [STUDENT.ids["red"], STUDENT.ids["green"], NO_LABEL]


def test_a_folder_speaks_of_the_frames_that_it_has(folder):
    teacher = open_teacher(str(folder), STUDENT, ())
    image = np.zeros((8, 12, 3), np.uint8)
    assert teacher.labels("other", image) is None
    labels = teacher.labels("one", image)
    assert (labels[:, :6] == STUDENT.ids["red"]).all()
    assert (labels[:, 6:] == NO_LABEL).all()


def test_only_named_classes_are_labelled(tiny_bundle):
    teacher = open_teacher(str(tiny_bundle), STUDENT, ["green"])
    image = np.zeros((24, 32, 3), np.uint8)
    image[:, :16, 0] = image[:, 16:, 1] = 200
    assert set(np.unique(teacher.labels("any", image))) == {STUDENT.ids["green"], NO_LABEL}


def test_a_boxed_class_counts_inside_its_boxes_only(folder):
    (folder / BOXES).write_text(json.dumps({"one": {"red": [[0, 0, 3, 4]]}}))
    labels = open_teacher(str(folder), STUDENT, ()).labels("one", np.zeros((8, 12, 3), np.uint8))
    assert (labels[:4, :3] == STUDENT.ids["red"]).all()
    assert (labels == STUDENT.ids["red"]).sum() == 12


def test_boxes_are_in_the_pictures_pixels_and_other_classes_are_free():
    labels = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.uint8)
    # The picture is ten times as large as the labels.
    kept = inside_boxes(labels, {0: [(10, 0, 20, 10)]}, (40, 20))
    assert kept.tolist() == [[NO_LABEL, 0, 1, 1], [NO_LABEL, NO_LABEL, 1, 1]]


@pytest.mark.parametrize("text", ["[]", "{", '{"one": {"lava": [[0, 0, 1, 1]]}}'])
def test_damaged_boxes_are_a_sentence(folder, text):
    (folder / BOXES).write_text(text)
    with pytest.raises(TeachingError, match=r"boxes.json: expected \{frame: \{class"):
        open_teacher(str(folder), STUDENT, ())


def test_a_class_that_the_student_lacks_is_said(folder):
    with pytest.raises(TeachingError, match="--teacher-class 'log': expected one of the model's"):
        open_teacher(str(folder), STUDENT, ["log"])


def test_nothing_in_common_is_said(folder):
    with pytest.raises(TeachingError, match=r"none of its classes .* matched by their names"):
        open_teacher(str(folder), ontology("sky"), ())


def test_labels_without_names_are_said(folder):
    (folder / "ontology.yaml").unlink()
    with pytest.raises(TeachingError, match="says not what its labels mean"):
        open_teacher(str(folder), STUDENT, ())

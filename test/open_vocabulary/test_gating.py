"""Of a teacher's labels only what it tells better: folders in, a folder out."""

import json

import cv2
import numpy as np
import pytest
import yaml

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.layouts import open_folder
from seg_perception.open_vocabulary.gating import HeldOut, judge_labels, write_gated

SHAPE = (20, 30)
# Log on the left, tree in the middle, sky, which no word names, on the right.
TRUTH = np.repeat(np.arange(3, dtype=np.uint8), 10)[None].repeat(20, axis=0)


def ontology(*names):
    classes = [{"id": n, "name": c, "color": f"#0000{n:02x}"} for n, c in enumerate(names)]
    return Ontology.parse({"name": "own", "classes": classes}, "test")


def write(folder, space, masks):
    (folder / "images").mkdir(parents=True)
    (folder / "masks_src").mkdir()
    for name, mask in masks.items():
        cv2.imwrite(str(folder / "images" / f"{name}.png"), np.zeros((*SHAPE, 3), np.uint8))
        cv2.imwrite(str(folder / "masks_src" / f"{name}.png"), mask)
    (folder / "ontology.yaml").write_text(yaml.safe_dump(space.model_dump(mode="json")))
    return folder


@pytest.fixture
def held_out(tmp_path):
    """Twelve pictures; the teacher knows logs and sees trees in the sky, too.

    Its ids are not those of the truth.
    """
    truth = ontology("log", "tree", "sky")
    words = ontology("tree", "log")
    said = np.full(SHAPE, 255, np.uint8)
    said[:, :10] = 1
    said[:, 10:] = 0
    names = [f"front_{n}" for n in range(12)]
    return HeldOut(
        write(tmp_path / "truth", truth, dict.fromkeys(names, TRUTH)),
        write(tmp_path / "teacher", words, {**dict.fromkeys(names, said), "other_1": said}),
    )


def student(_image):
    """Half of the logs, all of the trees; ids of its own."""
    labels = np.full(SHAPE, 2, np.uint8)
    labels[:10, :10] = 0
    labels[:, 10:20] = 1
    return labels


STUDENT = ontology("log", "tree", "sky")


def test_a_class_passes_where_the_teacher_is_better_and_other_classes_count_against_it(held_out):
    verdicts = {v.name: v for v in judge_labels(held_out, student, STUDENT, IssueLog())}
    assert verdicts.keys() == {"log", "tree"}
    assert verdicts["log"].takes
    assert (verdicts["log"].teacher, verdicts["log"].student) == (100, 50)
    # The teacher calls the sky tree: 10 of 20 columns are right.
    assert not verdicts["tree"].takes
    assert (verdicts["tree"].teacher, verdicts["tree"].student) == (50, 100)


def test_what_does_not_pass_has_no_label_in_the_folder_for_training(held_out, tmp_path):
    verdicts = judge_labels(held_out, student, STUDENT, IssueLog())
    shares = write_gated(held_out.teacher, tmp_path / "gated", verdicts)
    assert shares == {"log": pytest.approx(1 / 3)}
    folder = open_folder(tmp_path / "gated")
    assert len(folder.pairs) == 13
    mask = folder.read(folder.pairs[0])
    assert (mask[:, :10] == 1).all()
    assert (mask[:, 10:] == 255).all()
    said = json.loads((tmp_path / "gated" / "gate.json").read_text())["verdicts"]
    assert {v["name"]: v["takes"] for v in said} == {"log": True, "tree": False}


def test_a_teacher_that_is_nowhere_better_is_refused(held_out, tmp_path):
    def perfect(_image):
        return TRUTH

    verdicts = judge_labels(held_out, perfect, STUDENT, IssueLog())
    with pytest.raises(OpenVocabularyError, match="no class of the teacher is proven better"):
        write_gated(held_out.teacher, tmp_path / "gated", verdicts)
    assert not (tmp_path / "gated").exists()


def test_folders_without_a_picture_in_common_are_refused(held_out, tmp_path):
    other = write(tmp_path / "other", ontology("log"), {"x": np.zeros(SHAPE, np.uint8)})
    with pytest.raises(OpenVocabularyError, match=r"holds no picture of .* by name"):
        judge_labels(HeldOut(held_out.truth, other), student, STUDENT, IssueLog())


def test_what_the_gate_can_not_judge_is_said(tmp_path):
    names = ["a", "b", "c"]
    truth = write(tmp_path / "t", ontology("log", "tree", "sky"), dict.fromkeys(names, TRUTH))
    words = ontology("log", "tree", "culvert")
    held_out = HeldOut(truth, write(tmp_path / "l", words, {"a": TRUTH}))
    issues = IssueLog()
    judge_labels(held_out, student, STUDENT, issues)
    pictures, classes = issues.all()
    assert (pictures.code, pictures.count) == ("no_teacher_labels", 2)
    assert classes.code == "not_held_out"
    assert classes.sentence.startswith("culvert: ")

"""What a run's report says."""

import re

import numpy as np
import pytest

from seg_perception.core.errors import EvaluationError, ReportError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.protocol import Protocol
from seg_perception.evaluation.report import write_report
from seg_perception.evaluation.report.agreement import Agreement, Outcome
from seg_perception.evaluation.report.frames import difference

HOSTILE_TAGS = ("<script>", "<img src=x", "</style><")


def text_of(page):
    return re.sub(r"data:image/[^\"]+", "DATA", page.read_text(encoding="utf-8"))


def test_everything_is_in_one_file(make_run):
    text = text_of(write_report(make_run().write()))
    assert not re.search(r"(?:src|href)=\"(?!DATA|data:,|#)", text)
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in text
    assert "<script" not in text
    assert "@import" not in text
    assert "url(" not in text


def test_the_numbers_of_the_run_are_on_the_page(make_run):
    text = text_of(write_report(make_run().write())).replace("\N{NARROW NO-BREAK SPACE}", " ")
    for words in (
        *("58.3 %", "51.2 % to 64.0 %", "Absent from the truth: grass, tree"),
        *("absent from the truth, predicted 3 072 times", "trail</th><td", "25.0 %"),
        *("not scored were 1 labelled without truth and 0 true without labels", "2 bad_image"),
        *("transfer.cell_px: 4", "abababab", "numpy", "winter", "28 ms", "by hand"),
    ):
        assert words in text, words


def test_a_class_that_is_never_predicted_is_an_alarm(make_run):
    run = make_run()
    results = run.results()
    mapping = results.streams[0].class_mappings[0]
    lost = mapping.classes[0].model_copy(update={"predicted": 0, "correct": 0, "iou": 0.0})
    class_mappings = (mapping.model_copy(update={"classes": (lost, *mapping.classes[1:])}),)
    streams = (results.streams[0].model_copy(update={"class_mappings": class_mappings}),)
    results.model_copy(update={"streams": streams}).write(run.folder)
    assert "camera.front: the truth has sky, the prediction never" in text_of(
        write_report(run.folder)
    )


def test_names_from_outside_are_text(make_run):
    text = text_of(write_report(make_run(hostile=True).write()))
    for tag in HOSTILE_TAGS:
        assert tag not in text
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in text


def test_the_same_run_gives_the_same_page(make_run):
    folder = make_run().write()
    first = write_report(folder).read_bytes()
    assert write_report(folder).read_bytes() == first


def test_a_missing_picture_is_one_sentence(make_run):
    folder = make_run().write()
    (folder / "pictures" / "1_truth.png").unlink()
    with pytest.raises(ReportError, match=r"1_truth.png is missing .*: evaluate again"):
        write_report(folder)


def test_a_folder_without_a_run_is_one_sentence(tmp_path):
    with pytest.raises(EvaluationError, match="expected the folder of a finished run"):
        write_report(tmp_path)


def ontology(*names, ignore=(), groups=None):
    classes = [{"id": n, "name": name, "color": "#123456"} for n, name in enumerate(names)]
    data = {"name": "own", "classes": classes, "ignore": list(ignore), "groupings": groups or {}}
    return Ontology.parse(data, "test")


def one_mapping(**mapping):
    data = {"name": "own", "title": "own", "class_mappings": [{"name": "only", **mapping}]}
    return Protocol.model_validate(data)


def test_outcomes_go_by_names():
    truth = ontology("void", "sky", "trail", ignore=["void"])
    predicted = ontology("trail", "sky", "water")
    agreement = Agreement(one_mapping(), truth, predicted)
    outcomes = agreement.of(np.array([0, 1, 2, 2, 2, 255]), np.array([1, 1, 0, 2, 255, 1]))
    assert outcomes.tolist() == [
        *(Outcome.UNCOUNTED, Outcome.RIGHT, Outcome.RIGHT),
        *(Outcome.WRONG, Outcome.MISSING, Outcome.UNCOUNTED),
    ]


def test_outcomes_of_a_grouping_are_its_groups():
    groups = {"kind": [{"name": "plant", "color": "#00ff00", "classes": ["grass", "bush"]}]}
    both = ontology("grass", "bush", "stone", groups=groups)
    agreement = Agreement(one_mapping(grouping="kind"), both, both)
    outcomes = agreement.of(np.array([0, 0, 2]), np.array([1, 2, 2]))
    assert outcomes.tolist() == [Outcome.RIGHT, Outcome.WRONG, Outcome.UNCOUNTED]


def test_what_is_right_keeps_the_picture_and_what_is_wrong_is_red():
    image = np.full((2, 2, 3), 100, np.uint8)
    drawn = difference(image, np.array([[0, 1], [0, 1]], np.uint8))
    assert drawn[0, 0].tolist() == [160, 160, 160]
    red, green, blue = drawn[0, 1].tolist()
    assert red > 2 * green > 2 * blue

"""What a run's report says."""

import re

import pytest

from seg_perception.core.errors import EvaluationError, ReportError
from seg_perception.evaluation.report import write_report

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

"""tools/failures_picture.py: the worst images of a run, beside their truth."""

import importlib.util
import sys

import cv2
import pytest

from seg_perception.evaluation.results import Results


@pytest.fixture
def tool(repo):
    path = repo / "tools" / "failures_picture.py"
    spec = importlib.util.spec_from_file_location("failures_picture", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_is_image_truth_and_prediction_in_the_ontology_s_colours(tool, example_run):
    results = Results.read(example_run)
    worst = next(f for s in results.streams for f in s.frames if f.role == "worst" and f.files)
    picture = tool.sheet(example_run, 1)
    assert picture.shape == (270, 3 * 480, 3)
    truth = cv2.imread(str(example_run / worst.files["truth"]), cv2.IMREAD_UNCHANGED)
    # The middle of the truth's first and last cell: 60 x 45 pixels each in the picture.
    for row, column in ((0, 0), (5, 7)):
        expected = results.truth_ontology.palette[truth[8 * row + 4, 8 * column + 4]]
        assert picture[45 * row + 22, 480 + 60 * column + 30].tolist() == expected.tolist()
    image = cv2.imread(str(example_run / worst.files["image"]))[..., ::-1]
    assert abs(picture[:, :480].mean((0, 1)) - image.mean((0, 1))).max() < 1


def test_a_run_without_pictures_and_no_run(tool, example_run, tmp_path, monkeypatch, capsys):
    results = Results.read(example_run)
    streams = tuple(s.model_copy(update={"frames": ()}) for s in results.streams)
    results.model_copy(update={"streams": streams}).write(example_run)
    for run, words in ((example_run, "found none"), (tmp_path / "nowhere", "nowhere")):
        command = ["failures_picture", str(run), "-o", str(tmp_path / "out.png")]
        monkeypatch.setattr(sys, "argv", command)
        assert tool.main() == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()

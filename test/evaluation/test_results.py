"""The document of a run: written whole, read back the same, refused where it is another's."""

import json

import pytest

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.frame_score import FRAMES, read_frames
from seg_perception.evaluation.results import RESULTS, Results


def test_a_run_is_read_back_as_it_was_written(example_run):
    results = Results.read(example_run)
    text = (example_run / RESULTS).read_bytes()
    assert results.write(example_run).read_bytes() == text
    assert not list(example_run.glob("*.draft"))


def test_the_document_is_json_without_nan(example_run):
    document = json.loads((example_run / RESULTS).read_text())
    camera = document["streams"][0]
    assert camera["class_mappings"][0]["classes"][3]["precision"] is None


def test_collapse_and_absence_are_named(example_run):
    mapping = Results.read(example_run).streams[0].class_mappings[0]
    assert mapping.never_predicted == ("person",)
    assert mapping.absent == ()
    document = json.loads((example_run / RESULTS).read_text())
    assert document["streams"][0]["class_mappings"][0]["never_predicted"] == ["person"]


def test_frames_are_read_one_by_one_with_their_pictures(example_run):
    frames = list(read_frames(example_run))
    assert len(frames) == 8
    assert all((example_run / file).is_file() for frame in frames for file in frame.files.values())


def test_what_is_no_run_is_refused(tmp_path, example_run):
    with pytest.raises(EvaluationError, match="expected the folder of a finished run"):
        Results.read(tmp_path)
    (example_run / RESULTS).write_text('{"format": 1}')
    with pytest.raises(EvaluationError, match=r"format.*evaluate again"):
        Results.read(example_run)
    assert (example_run / FRAMES).is_file()

"""Clicks of a teaching as prompts."""

import numpy as np
import pytest

from seg_perception.core.errors import OpenVocabularyError, TeachingError
from seg_perception.open_vocabulary.frames import NamedFrame, PhotoFrames
from seg_perception.open_vocabulary.pointing.clicks import ClickedFrames, ClickPointer
from seg_perception.teaching.clicks import Click, ClickRecord


def click(frame: str, x: int, y: int, label: str, part: str = "teach") -> Click:
    return Click(frame, 0, x, y, label, "ann", "asked", part)


@pytest.fixture
def record(tmp_path):
    """Two classes in a, one below b, some that teach nothing, and a picture that is not there."""
    path = tmp_path / "clicks.jsonl"
    written = ClickRecord(path)
    for entry in (
        click("a", 3, 2, "log"),
        click("a", 20, 9, "tree"),
        click("a", 24, 9, "tree"),
        click("a", 5, 5, ""),
        click("a", 6, 6, "log", "gate"),
        click("b_c", 1, 1, "log"),
        click("gone", 1, 1, "log"),
    ):
        written.add(entry)
    return path


def test_each_clicked_class_is_a_prompt_in_the_middle_of_pixels(record):
    pointer = ClickPointer(record)
    assert [entry.name for entry in pointer.words.classes] == ["log", "tree"]
    pointed = pointer.known(NamedFrame("a", np.zeros((16, 24, 3), np.uint8)))
    assert [(k.place, k.prompt.clicks) for k in pointed.known] == [
        (0, ((3.5, 2.5, True), (20.5, 9.5, False))),
        (1, ((3.5, 2.5, False), (20.5, 9.5, True))),
    ]
    # A picture of 24 pixels has columns 0 to 23.
    assert [i.code for i in pointed.issues] == ["click_outside"]
    assert pointed.issues[0].sentence.startswith("a click at 24, 9 is outside of the picture of")


def test_only_pictures_with_clicks_are_labelled_and_missing_ones_are_named(
    record, photos, tmp_path
):
    frames = ClickedFrames(PhotoFrames(photos, tmp_path / "out", 1), ClickPointer(record))
    assert [frame.name for frame in frames.frames()] == ["a", "b__c"]
    (note,) = frames.notes
    assert note.startswith("pictures with clicks are not among those of")
    assert "gone" in note


def test_a_record_without_clicks_to_learn_from_is_refused(tmp_path):
    path = tmp_path / "clicks.jsonl"
    with pytest.raises(TeachingError, match="expected a record of clicks"):
        ClickPointer(path)
    ClickRecord(path).add(click("a", 1, 1, "log", "gate"))
    with pytest.raises(OpenVocabularyError, match="expected clicks of classes to learn from"):
        ClickPointer(path)

"""What a round says of the clicks that it learnt from."""

from __future__ import annotations

import pytest

from seg_perception.teaching.clicks import Click, NewClass

pytest.importorskip("torch")
pytest.importorskip("onnx")


def clicks(*labels: str) -> list[Click]:
    return [Click("frame", 0, n, 0, name, "ann", "free", "teach") for n, name in enumerate(labels)]


def test_a_new_class_without_clicks_is_said():
    from seg_perception.teaching.learning.worker import doubts

    added = [NewClass("moss", "#00ff00", "grass"), NewClass("rail", "#0000ff", "earth")]
    (said,) = doubts(clicks("grass", "rail"), added)
    assert said.startswith("new class moss: nobody clicked on it, so that grass keeps its pixels")


def test_one_class_alone_is_said_and_two_are_not():
    from seg_perception.teaching.learning.worker import doubts

    assert "all clicks say sky" in doubts(clicks("sky", "sky"), ())[0]
    assert doubts(clicks("sky", "grass"), ()) == []

"""The preview: the frame that is looked at comes first, the others behind it."""

from __future__ import annotations

import threading
from collections import defaultdict

import numpy as np
import pytest

from seg_perception.teaching.clicks import Click
from seg_perception.teaching.session import open_session

pytest.importorskip("torch")
pytest.importorskip("onnx")
from seg_perception.teaching.learning.preview import Preview, PreviewProgress


@pytest.fixture
def clicked(begun, helpers):
    """Two true clicks in every taught frame, one in its sky and one in its earth."""
    with open_session(begun) as session:
        for frame in session.of_part("teach"):
            for y in (8, 88):
                label = helpers.band_of(y, frame.height)
                session.click(Click(frame.name, 0, 64, y, label, "ann", "free", "teach"))
        yield session


@pytest.fixture
def preview(clicked):
    opened = Preview(clicked)
    yield opened
    opened.close()


@pytest.fixture
def runs(clicked, monkeypatch):
    """Which frames each thread has the encoder run over."""
    found = defaultdict(list)
    picture = clicked.store.picture

    def told(name):
        found[threading.current_thread().name].append(name)
        return picture(name)

    monkeypatch.setattr(clicked.store, "picture", told)
    return found


def test_nobody_waits_for_the_encoder_to_run_over_other_frames(clicked, preview, runs):
    names = [frame.name for frame in clicked.of_part("teach")]
    preview.labels(names[3])
    preview.wait()
    mine = threading.current_thread().name
    assert runs[mine] == [names[3]]
    assert sorted(runs["preview"]) == sorted(set(names) - {names[3]})
    assert preview.progress == PreviewProgress(behind=0, caught_up=len(names) - 1)
    preview.labels(names[0])
    assert runs[mine] == [names[3]], "the encoder runs over a frame once"


def test_clicks_of_the_frame_that_is_looked_at_count_at_once(clicked, helpers, monkeypatch):
    name = clicked.of_part("teach")[3].name
    untaught = Preview(clicked)
    monkeypatch.setattr(Preview, "_catch_up", lambda _self: None)
    first = untaught.labels(name)
    assert first[4, 32] == helpers.names.index("sky")
    assert first[44, 32] == helpers.names.index("earth")


def test_what_is_behind_counts_when_it_has_come_in_whichever_order(clicked, preview):
    names = [frame.name for frame in clicked.of_part("teach")]
    other = Preview(clicked)
    found = []
    for one, look in ((preview, names[0]), (other, names[-1])):
        one.labels(look)
        one.wait()
        found.append(one.labels(names[2]))
    assert np.array_equal(*found)


def test_a_frame_that_is_damaged_is_said_and_the_others_count(clicked, preview):
    names = [frame.name for frame in clicked.of_part("teach")]
    clicked.store.path(names[1]).write_bytes(b"no picture")
    preview.labels(names[0])
    preview.wait()
    assert preview.progress == PreviewProgress(behind=0, caught_up=len(names) - 2)
    (note,) = preview.notes
    assert note.startswith(f"preview without the clicks of {names[1]}: ")
    assert "missing or damaged" in note


def test_who_closes_waits_for_one_frame_and_not_for_all(clicked, preview):
    names = [frame.name for frame in clicked.of_part("teach")]
    preview.close()
    preview.labels(names[0])
    assert preview.progress == PreviewProgress(behind=0, caught_up=0)


def test_a_click_more_takes_the_cells_of_its_frame_alone(clicked, preview, runs):
    names = [frame.name for frame in clicked.of_part("teach")]
    preview.labels(names[0])
    preview.wait()
    runs.clear()
    clicked.click(Click(names[1], 0, 20, 48, "grass", "ann", "free", "teach"))
    preview.labels(names[1])
    preview.wait()
    assert not runs

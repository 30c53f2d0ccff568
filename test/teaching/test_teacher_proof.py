"""A teacher with planted answers: only what it tells better is taken."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.teaching.classroom import Classroom
from seg_perception.teaching.headless import teach_headless
from seg_perception.teaching.session import CLICKS, Session, open_session

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytestmark = pytest.mark.timeout(900)

EARTH, GRASS, SKY = 0, 1, 2


@pytest.fixture
def room(tmp_path, small_bundle, many_pictures, helpers):
    folder = helpers.begin(
        tmp_path / "teaching",
        small_bundle,
        many_pictures,
        teacher=("planted", helpers.Planted()),
        gate_share=0.4,
    )
    with open_session(folder) as session:
        yield Classroom(session)


def judged(room, helpers) -> None:
    annotator = helpers.annotator(room)
    while room.teacher_more:
        assert annotator.answer("gate", 1), "points are left to ask"


def test_a_class_takes_the_labels_that_are_proven_better_and_the_round_learns_them(room, helpers):
    assert len(room.session.of_part("gate")) >= 8
    assert room.teacher_verdicts() == []
    judged(room, helpers)
    found = {verdict.name: verdict for verdict in room.teacher_verdicts()}
    assert [name for name, verdict in found.items() if verdict.takes] == ["sky"]
    assert found["sky"].teacher == pytest.approx(100)
    assert found["earth"].teacher == found["grass"].teacher == 0
    helpers.annotator(room).answer("teach", 6)
    number = room.train()
    room.rounds.wait()
    status = room.rounds.status(number)
    assert status.facts["teacher_classes"] == ["sky"]
    labels, _ = room.labels(str(number), room.session.of_part("gate")[0].name)
    assert (labels[:14] == SKY).mean() > 0.8


def test_the_iou_that_the_gate_is_told_is_that_of_all_kept_aside_pixels(room, helpers):
    judged(room, helpers)
    shares = []
    for frame in room.session.of_part("gate"):
        student = room.models.label(0, frame.name)[0]
        truth = np.repeat([SKY, GRASS, EARTH], 16)[:, None] * np.ones((1, 64), int)
        both = ((student == SKY) & (truth == SKY)).sum()
        shares.append((both, ((student == SKY) | (truth == SKY)).sum()))
    both, either = np.sum(shares, axis=0)
    sky = next(verdict for verdict in room.teacher_verdicts() if verdict.name == "sky")
    # Sixty points: a share is known to about 13 percent points (two deviations).
    assert sky.student == pytest.approx(100 * both / either, abs=14)


def test_an_unjudged_teacher_labels_nothing(room, helpers):
    helpers.annotator(room).answer("teach", 6)
    number = room.train()
    request = json.loads((room.rounds.place(number) / "request.json").read_text())
    assert request["teacher_classes"] == []
    room.rounds.stop()


def test_the_teacher_and_what_it_may_label_come_back_with_the_folder(room, helpers):
    judged(room, helpers)
    again = Classroom(Session(room.session.folder))
    assert again.session.settings.teacher == room.session.settings.teacher
    assert [str(v) for v in again.teacher_verdicts()] == [str(v) for v in room.teacher_verdicts()]


def test_answers_judge_the_teacher_without_the_page_too(
    room, helpers, tmp_path, small_bundle, many_pictures
):
    judged(room, helpers)
    helpers.annotator(room).answer("teach", 6)
    other = helpers.begin(
        tmp_path / "fleet",
        small_bundle,
        many_pictures,
        teacher=("planted", helpers.Planted()),
        gate_share=0.4,
    )
    with open_session(other) as session:
        result = teach_headless(session, room.session.folder / CLICKS)
    assert any(note.startswith("sky takes the teacher's labels") for note in result.notes)
    done = json.loads((other / "rounds/001/done.json").read_text())
    assert done["teacher_classes"] == ["sky"]


def test_a_teacher_that_knows_no_frame_is_said(tmp_path, small_bundle, many_pictures, helpers):
    with pytest.raises(TeachingError, match="it labels none of the frames"):
        helpers.begin(
            tmp_path / "teaching",
            small_bundle,
            many_pictures,
            teacher=("empty", helpers.Planted(known=False)),
        )
    assert not (tmp_path / "teaching").exists()

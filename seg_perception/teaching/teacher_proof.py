"""Which classes take a teacher's labels: proven on kept-aside points, before a round."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.scores import ClassCounts, Floats
from seg_perception.evaluation.teacher_gate import ClassVerdict, judge_teacher
from seg_perception.teaching.clicks import DONT_KNOW, Click
from seg_perception.teaching.points import RANDOM, Cell, Question, differing_cells, random_cells
from seg_perception.teaching.session import Session
from seg_perception.teaching.teacher_labels import NO_LABEL

# One point in so many is anywhere: it tells what both have right.
_RANDOM_EVERY = 3
# Points may be skipped; so many times the wanted ones are drawn.
_SPARE = 3
_Labels = NDArray[Any]


@dataclass(frozen=True)
class TeacherAnswer:
    """An answered point: in which frame, by its number, what the two say and what is there."""

    frame: int
    teacher: int
    student: int
    truth: int


class TeacherProof:
    """A teacher before the gate.

    Points are drawn where it differs from the student, and some anywhere. Each stands for its share
    of the kept-aside pixels, so that the IoU that the gate is told is that of all of them.
    """

    def __init__(self, session: Session, student: Callable[[str], NDArray[Any]]) -> None:
        """Take a session with a teacher, and what the student says of a frame."""
        self._session, self._student = session, student
        self._names = [frame.name for frame in session.of_part("gate")]
        self._pairs: dict[str, tuple[_Labels, _Labels]] = {}

    @property
    def draw(self) -> str:
        """The draw of points where the two differ."""
        settings = self._session.settings.teacher
        return f"teacher {settings.sha256[:12]}" if settings else ""

    def questions(self, question_at: Callable[[Cell, str], Question | None]) -> list[Question]:
        """Points to ask, in their order; `question_at` makes one of a cell and its draw."""
        config = self._session.settings.config
        masks = [(name, self._differs(name)) for name in self._names]
        wanted = _SPARE * config.gate_points
        cells = [(cell, self.draw) for cell in differing_cells(masks, wanted, config.seed + 1)]
        size = self._session.bundle.height, self._session.bundle.width
        anywhere = random_cells(self._names, size, wanted // _RANDOM_EVERY, config.seed + 1)
        for place, cell in enumerate(anywhere):
            cells.insert(place * _RANDOM_EVERY + _RANDOM_EVERY - 1, (cell, RANDOM))
        found = [question_at(cell, how) for cell, how in cells]
        return [question for question in found if question is not None]

    def more(self, clicks: Collection[Click]) -> int:
        """How many of its points should be answered yet; 0 where it differs nowhere."""
        if not self._names or not any(self._differs(name).any() for name in self._names):
            return 0
        answered = sum(click.draw == self.draw for click in clicks)
        wanted = self._session.settings.config.gate_points
        return max(0, wanted - wanted // _RANDOM_EVERY - answered)

    def verdicts(self, clicks: Sequence[Click]) -> list[ClassVerdict]:
        """What the gate says of each class, by the answers so far."""
        answers = [answer for click in clicks if (answer := self._answer(click)) is not None]
        names = [entry.name for entry in self._session.bundle.ontology.classes]
        return judge_answers(names, answers, len(self._names), self._share())

    def _share(self) -> float:
        """Of the kept-aside pixels, where the two differ."""
        return float(np.mean([self._differs(name).mean() for name in self._names] or [0.0]))

    def _answer(self, click: Click) -> TeacherAnswer | None:
        drawn = click.draw in (self.draw, RANDOM) and click.kind == "asked"
        if not drawn or click.part != "gate" or click.label == DONT_KNOW:
            return None
        cell = self._session.store.cell(self._session.frames[click.frame], click.x, click.y)
        if cell is None:
            return None
        teacher, student = (int(labels[cell]) for labels in self._both(click.frame))
        truth = self._session.ontology.ids[click.label]
        return TeacherAnswer(self._names.index(click.frame), teacher, student, truth)

    def _both(self, name: str) -> tuple[_Labels, _Labels]:
        """Labels with the teacher's where it says something, and the student's."""
        if name not in self._pairs:
            teacher, student = self._session.taught_by(name), self._student(name)
            self._pairs[name] = np.where(teacher == NO_LABEL, student, teacher), student
        return self._pairs[name]

    def _differs(self, name: str) -> NDArray[np.bool_]:
        teacher, student = self._both(name)
        differs: NDArray[np.bool_] = teacher != student
        return differs


def judge_answers(
    names: Sequence[str], answers: Sequence[TeacherAnswer], frames: int, share: float
) -> list[ClassVerdict]:
    """What the gate says of each class by answered points.

    Args:
        names: of the student's classes.
        answers: at points drawn where the two differ, and anywhere.
        frames: how many were kept aside.
        share: of their pixels, where the two differ.
    """
    weights = _weights(answers, share)
    said = [[getattr(answer, who) for answer in answers] for who in ("teacher", "student")]
    counts = [_counts(answers, weights, labels, (frames, len(names))) for labels in said]
    return judge_teacher(names, counts[0], counts[1])


def _weights(answers: Sequence[TeacherAnswer], share: float) -> Floats:
    """What each answer stands for: its part's share of the pixels, by the answers in it."""
    differs = np.array([a.teacher != a.student for a in answers], np.bool_)
    there = max(int(differs.sum()), 1)
    elsewhere = max(len(answers) - int(differs.sum()), 1)
    return np.where(differs, share / there, (1 - share) / elsewhere)


def _counts(
    answers: Sequence[TeacherAnswer], weights: Floats, said: Sequence[int], size: tuple[int, int]
) -> ClassCounts:
    """Weights by frame and class; size is the number of frames and of classes."""
    counts = np.zeros((3, *size))
    for answer, weight, label in zip(answers, weights, said, strict=True):
        if answer.truth < size[1]:
            counts[0, answer.frame, answer.truth] += weight * (label == answer.truth)
            counts[1, answer.frame, answer.truth] += weight
            if label < size[1]:
                counts[2, answer.frame, label] += weight
    return ClassCounts(*counts)

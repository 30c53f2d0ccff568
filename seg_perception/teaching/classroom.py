"""A teaching at work: questions, clicks, training, proof, and what goes out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import TeachingError
from seg_perception.core.json_document import dump_json
from seg_perception.evaluation.teacher_gate import ClassVerdict
from seg_perception.teaching.clicks import DONT_KNOW, Click, NewClass, Part
from seg_perception.teaching.comparison import AnsweredPoint, compare_classes
from seg_perception.teaching.frames import TeachingFrame
from seg_perception.teaching.gate import GatePoint, Verdict, judge, without_points
from seg_perception.teaching.learning.models import BEFORE, TaughtModels
from seg_perception.teaching.learning.preview import Preview
from seg_perception.teaching.points import (
    CHOSEN,
    RANDOM,
    Cell,
    Question,
    differing_cells,
    differs,
    doubtful_cell,
    random_cells,
)
from seg_perception.teaching.release import write_masks, write_taught
from seg_perception.teaching.rounds import Rounds, RoundStatus
from seg_perception.teaching.session import ROUNDS, Session
from seg_perception.teaching.superpixels import superpixels
from seg_perception.teaching.teacher_proof import TeacherProof

COMPARISON = "comparison.json"
# A point that somebody was asked is not asked of others for so long.
_RESERVED_S = 90.0
# One kept-aside point in so many is anywhere, not where the models differ.
_RANDOM_EVERY = 6
# Points may be skipped; so many times the wanted ones are drawn.
_SPARE = 3


@dataclass(frozen=True)
class Released:
    """What went out.

    Attributes:
        bundle: its folder.
        masks: folder of the taught frames' masks.
        frames: how many they are.
        notes: for people.
    """

    bundle: Path
    masks: Path
    frames: int
    notes: tuple[str, ...]


class Classroom:
    """What page and headless run do with a session; for several threads.

    Attributes:
        session: the folder.
        rounds: its trainings.
        models: what they say.
        preview: what the last layer alone makes of the clicks.
    """

    def __init__(self, session: Session) -> None:
        """Take a session that is open.

        Raises:
            TeachingError: its model can't be taught.
        """
        self.session = session
        self.rounds = Rounds(session.folder, session.folder / ROUNDS)
        self.models = TaughtModels(session)
        self.preview = Preview(session)
        self._teacher = self._proof_of_teacher()
        self._lock = RLock()
        self._reserved: dict[Question, tuple[str, float]] = {}
        self._drawn: dict[int, list[Question]] = {}
        self._differing: dict[int, float] = {}

    # Clicks.

    def answer(self, question: Question, label: str, author: str) -> Click:
        """Take the answer to a point that was asked; an empty label is "don't know".

        Raises:
            TeachingError: that point was not asked, or as `Session.click`.
        """
        with self._lock:
            self._expect_asked(question)
            click = self._click(question.frame, question.x, question.y, label, author)
            taken = self.session.click(replace(click, kind="asked", draw=question.draw))
            self._reserved.pop(question, None)
            return taken

    def _expect_asked(self, question: Question) -> None:
        """Let only drawn points prove: one that somebody chose may favour a model.

        Raises:
            TeachingError: a kept-aside point that was not drawn for the last round.
        """
        if self._frame(question.frame).part == question.part == "teach":
            return
        # A point that was shown counts, even if answers of others decided meanwhile.
        drawn = [self._gate_questions(number) for number in self.rounds.finished()[-1:]]
        if not any(question in some for some in (*drawn, self._teacher_questions)):
            msg = "this point was not asked: load the page again and answer what it asks"
            raise TeachingError(msg)

    def point_out(self, frame: str, x: int, y: int, label: str, author: str) -> Click:
        """Take a free click on an error of a taught frame.

        Raises:
            TeachingError: as `Session.click`.
        """
        with self._lock:
            if not label:
                msg = "a free click: expected a class, choose one first"
                raise TeachingError(msg)
            return self.session.click(self._click(frame, x, y, label, author))

    def brush(
        self, frame: str, path: Sequence[tuple[int, int]], label: str, author: str
    ) -> list[Click]:
        """Take a stroke: one free click for each piece of the picture that it touches.

        Raises:
            TeachingError: as `Session.click`; clicks before the one that is refused stay.
        """
        known = self._frame(frame)
        pieces = superpixels(self.session.store.picture(frame))
        touched: set[int] = set()
        clicks = []
        for x, y in path:
            cell = self.session.store.cell(known, x, y) if _is_inside(known, x, y) else None
            if cell is not None and int(pieces[cell]) not in touched:
                touched.add(int(pieces[cell]))
                clicks.append(self.point_out(frame, x, y, label, author))
        return clicks

    def undo(self, author: str) -> Click | None:
        """Take back somebody's last click."""
        with self._lock:
            return self.session.record.undo(author)

    def add_class(self, entry: NewClass, author: str) -> None:
        """Add a class that the ontology lacks.

        Raises:
            TeachingError, ConfigError: as `Session.add_class`.
        """
        with self._lock:
            self.session.add_class(entry, author)

    # Questions.

    def question(self, part: Part, author: str) -> Question | None:
        """The next point for somebody; None where none is left."""
        if part == "gate" and (finished := self.rounds.finished()):
            self._share(finished[-1])  # looks at the frames, so that nobody waits for it below
        with self._lock:
            asked = {(c.frame, c.x, c.y, c.part) for c in self.session.record.clicks}
            now_s = time.monotonic()
            for question in self._questions(part):
                holder, until_s = self._reserved.get(question, (author, 0.0))
                free = holder == author or until_s < now_s
                if free and (question.frame, question.x, question.y, part) not in asked:
                    self._reserved[question] = author, now_s + _RESERVED_S
                    return question
            return None

    def _questions(self, part: Part) -> Iterator[Question]:
        if part == "teach":
            yield from self._teach_questions()
            return
        finished = self.rounds.finished()
        if finished and self.verdict(finished[-1]).more:
            yield from self._gate_questions(finished[-1])
        elif self.teacher_more:
            yield from self._teacher_questions

    def _teach_questions(self) -> Iterator[Question]:
        """One point in every frame, then another one in every frame, and so on."""
        frames = self.session.of_part("teach")
        seed = self.session.settings.config.seed
        clicked = Counter(c.frame for c in self.session.record.clicks if c.kind == "asked")
        fewest = min((clicked[frame.name] for frame in frames), default=0)
        for turn in count(fewest):
            for place, frame in enumerate(frames):
                if clicked[frame.name] > turn:
                    continue
                confidence = self.models.label(BEFORE, frame.name)[1]
                pieces = superpixels(self.session.store.picture(frame.name))
                cell = Cell(frame.name, *doubtful_cell(confidence, pieces, (seed, place, turn)))
                if (question := self._question_at(cell, "teach", CHOSEN)) is not None:
                    yield question
            if turn > fewest + 50:
                return

    def _gate_questions(self, number: int) -> list[Question]:
        """Points where a round differs, and here and there one anywhere."""
        if number not in self._drawn:
            config = self.session.settings.config
            names = [frame.name for frame in self.session.of_part("gate")]
            masks = [(name, self.models.differing(number, name)) for name in names]
            wanted = _SPARE * config.gate_points
            draw = differs(self._facts(number)["model_sha256"])
            cells = [(c, draw) for c in differing_cells(masks, wanted, config.seed)]
            size = self.session.bundle.height, self.session.bundle.width
            anywhere = random_cells(names, size, wanted // _RANDOM_EVERY, config.seed)
            for place, cell in enumerate(anywhere):
                cells.insert(place * _RANDOM_EVERY + _RANDOM_EVERY - 1, (cell, RANDOM))
            found = [self._question_at(cell, "gate", how) for cell, how in cells]
            self._drawn[number] = [question for question in found if question is not None]
        return self._drawn[number]

    @cached_property
    def _teacher_questions(self) -> list[Question]:
        """Points that prove the teacher."""
        if self._teacher is None:
            return []
        return self._teacher.questions(lambda cell, draw: self._question_at(cell, "gate", draw))

    def _question_at(self, cell: Cell, part: Part, draw: str) -> Question | None:
        frame = self.session.frames[cell.frame]
        pixel = self.session.store.pixel(frame, cell.row, cell.column)
        return None if pixel is None else Question(cell.frame, *pixel, part, draw)

    # Training and proof.

    def train(self) -> int:
        """Begin a round on the clicks so far; returns its number.

        Raises:
            TeachingError: one is at work, or nothing was clicked.
        """
        with self._lock:
            record = self.session.record
            if not any(c.part == "teach" and c.label != DONT_KNOW for c in record.clicks):
                msg = "expected clicks to learn from, got none: answer some questions first"
                raise TeachingError(msg)
            takes = [verdict.name for verdict in self.teacher_verdicts() if verdict.takes]
            return self.rounds.start(record.length, takes)

    def status(self) -> RoundStatus | None:
        """Of the last round; None before the first."""
        number = self.rounds.count
        return self.rounds.status(number) if number else None

    def verdict(self, number: int) -> Verdict:
        """What the gate says of a finished round.

        Raises:
            TeachingError: there is no such round.
        """
        if not self.session.of_part("gate"):
            return without_points()
        telling = [
            GatePoint(point.old == point.truth, point.new == point.truth)
            for point in self._answered(number)
            if point.old != point.new
        ]
        most = self.session.settings.config.gate_points
        return judge(telling, self._share(number), most, self._unanswered(number))

    def _unanswered(self, number: int) -> int:
        """Points where a round differs that nobody was asked yet."""
        asked = {(c.frame, c.x, c.y) for c in self.session.record.clicks if c.part == "gate"}
        drawn = [q for q in self._gate_questions(number) if q.draw != RANDOM]
        return sum((q.frame, q.x, q.y) not in asked for q in drawn)

    def _answered(self, number: int) -> list[AnsweredPoint]:
        """Kept-aside points that were drawn for a round, or anywhere, and answered."""
        draws = differs(self._facts(number)["model_sha256"]), RANDOM
        with self._lock:
            clicks = [
                click
                for click in self.session.record.clicks
                if (click.part, click.kind) == ("gate", "asked") and click.label != DONT_KNOW
            ]
        found = [self._point(number, click) for click in clicks if click.draw in draws]
        return [point for point in found if point is not None]

    def _point(self, number: int, click: Click) -> AnsweredPoint | None:
        cell = self.session.store.cell(self._frame(click.frame), click.x, click.y)
        if cell is None:
            return None
        old, new = (int(self.models.label(n, click.frame)[0][cell]) for n in (BEFORE, number))
        return AnsweredPoint(old, new, self.session.ontology.ids[click.label])

    def _share(self, number: int) -> float:
        if number not in self._differing:
            frames = self.session.of_part("gate")
            shares = [self.models.differing(number, frame.name).mean() for frame in frames]
            self._differing[number] = float(sum(shares) / max(len(shares), 1))
        return self._differing[number]

    # The teacher.

    @property
    def teacher_more(self) -> int:
        """How many points should be answered to judge the teacher; 0 without one."""
        return self._teacher.more(self.session.record.clicks) if self._teacher else 0

    def teacher_verdicts(self) -> list[ClassVerdict]:
        """Which classes take the teacher's labels, by the answers so far; none without one."""
        return self._teacher.verdicts(self.session.record.clicks) if self._teacher else []

    def _proof_of_teacher(self) -> TeacherProof | None:
        if self.session.settings.teacher is None:
            return None

        def student(frame: str) -> Any:
            return self.models.label(BEFORE, frame)[0]

        return TeacherProof(self.session, student)

    # Out.

    def release(self, number: int, folder: Path) -> Released:
        """Write the bundle and the masks of a round that the gate lets out.

        Args:
            number: of the round.
            folder: new; takes `bundle`, `masks` and `comparison.json`.

        Raises:
            TeachingError: the gate says no.
            BundleError, DatasetError: the folder is in use, or the disk refuses.
        """
        session, facts = self.session, self._facts(number)
        bundle, masks = folder / "bundle", folder / "masks"
        gone = write_taught(session, self.models, number, facts, self.verdict(number), bundle)
        frames = write_masks(session, self.models, number, masks)
        self._write_comparison(number, folder / COMPARISON)
        return Released(bundle, masks, frames, (*facts["notes"], *gone))

    def _write_comparison(self, number: int, path: Path) -> None:
        frames = [frame.name for frame in self.session.of_part("gate")]
        pairs = ((self.models.label(BEFORE, n)[0], self.models.label(number, n)[0]) for n in frames)
        ontology = self.models.manifest(number).ontology
        changes = compare_classes(ontology, pairs, self._answered(number))
        document = {
            "gate": str(self.verdict(number)),
            "frames": len(frames),
            "classes": [change.to_json() for change in changes],
        }
        write_file(path, dump_json(document), TeachingError)

    # What a page shows.

    @property
    def notes(self) -> list[str]:
        """What a reader of the page should know."""
        without = "no preview: the last layer of this model is none of single cells; train instead"
        told = self.preview.notes if self.preview.usable else [without]
        return [*self.session.record.notes, *told]

    def close(self) -> None:
        """End what is at work; no click is lost."""
        self.rounds.stop()
        self.preview.close()

    def labels(self, which: str, frame: str) -> tuple[Any, Any]:
        """Labels and confidence (H, W) of a whole frame, scaled; `before`, `preview` or a round.

        Raises:
            TeachingError: no such frame or round.
        """
        known = self._frame(frame)
        labels, confidence = self.models.label(self._number(which), frame)[:2]
        if which == "preview" and self.preview.usable:
            labels = self.preview.labels(frame)
        size = known.width, known.height
        restore = self.session.store.preprocessing.restore
        return restore(labels, size, 255), restore(confidence, size, 0)

    def _number(self, which: str) -> int:
        if which in ("before", "preview"):
            return BEFORE
        if which.isdigit() and int(which) in self.rounds.finished():
            return int(which)
        msg = f"labels {which!r}: expected before, preview or a finished round; load the page again"
        raise TeachingError(msg)

    def _frame(self, name: str) -> TeachingFrame:
        if name not in self.session.frames:
            msg = f"frame {name!r}: expected one of this teaching; load the page again"
            raise TeachingError(msg)
        return self.session.frames[name]

    def _facts(self, number: int) -> Any:
        status = self.rounds.status(number)
        if status.facts is None:
            msg = f"round {number}: expected a finished training; {status.reason or 'wait for it'}"
            raise TeachingError(msg)
        return status.facts

    @staticmethod
    def _click(frame: str, x: int, y: int, label: str, author: str) -> Click:
        return Click(frame, 0, x, y, label, author, "free", "teach")


def _is_inside(frame: TeachingFrame, x: int, y: int) -> bool:
    return 0 <= x < frame.width and 0 <= y < frame.height

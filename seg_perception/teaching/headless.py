"""A teaching without its page: a record of clicks in, a verdict and maybe a bundle out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.core.errors import TeachingError
from seg_perception.teaching.classroom import Classroom, Released
from seg_perception.teaching.clicks import Click, ClickRecord, read_clicks
from seg_perception.teaching.gate import Verdict
from seg_perception.teaching.session import CLICKS, Session


@dataclass(frozen=True)
class HeadlessResult:
    """What a teaching without a page came to.

    Attributes:
        number: of the round.
        clicks: that were learnt from.
        verdict: of the gate.
        released: what went out; None where nothing did.
        notes: for people.
    """

    number: int
    clicks: int
    verdict: Verdict
    released: Released | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "round": self.number,
            "clicks": self.clicks,
            "decision": self.verdict.decision,
            "verdict": str(self.verdict),
            "points": self.verdict.asked,
            "new_right": self.verdict.new_right,
            "old_right": self.verdict.old_right,
            "more": self.verdict.more,
            "bundle": str(self.released.bundle) if self.released else None,
            "masks": str(self.released.masks) if self.released else None,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """For people."""
        out = f"\nbundle: {self.released.bundle}" if self.released else ""
        return f"round {self.number}, {self.clicks} clicks. {self.verdict}{out}"


def teach_headless(session: Session, clicks: Path) -> HeadlessResult:
    """Train on a record's clicks, prove with its answers, and write what passes.

    Answers at points where a taught model differs count only for the same weights again, which
    the same clicks, frames and seed give on the same kind of processor.

    Args:
        session: opened alone.
        clicks: the record; the session's own, or one whose clicks join it.

    Raises:
        TeachingError: none of its clicks is on a frame of this teaching, or the training failed.
    """
    notes = _take(session, clicks)
    room = Classroom(session)
    number = room.train()
    room.rounds.wait()
    status = room.rounds.status(number)
    if status.facts is None:
        msg = f"round {number} gave no model: {status.reason}"
        raise TeachingError(msg)
    verdict = room.verdict(number)
    out = session.folder / "out" / f"{number:03}"
    released = room.release(number, out) if verdict.passed else None
    told = released.notes if released else tuple(status.facts["notes"])
    teacher = [str(found) for found in room.teacher_verdicts()]
    said = (*notes, *teacher, *told)
    return HeadlessResult(number, int(status.facts["clicks"]), verdict, released, said)


def _take(session: Session, path: Path) -> list[str]:
    """Let the clicks of a record join the session's; tells what could not."""
    given = read_clicks(path)
    if path.resolve() == (session.folder / CLICKS).resolve():
        return given.notes
    _take_classes(session, given)
    have = {_content(click) for click in session.record.clicks}
    strange = 0
    for click in given.clicks:
        frame = session.frames.get(click.frame)
        if frame is None or frame.part != click.part:
            strange += 1
        elif _content(click) not in have:
            session.click(click)
    if strange and strange == len(given.clicks):
        msg = (
            f"{path}: none of its {strange} clicks is on a frame of {session.folder}: begin the "
            "teaching from the same bags with the same --choose"
        )
        raise TeachingError(msg)
    lost = [f"{path}: {strange} clicks are on frames that this teaching does not have"]
    return [*given.notes, *(lost if strange else [])]


def _take_classes(session: Session, given: ClickRecord) -> None:
    for entry in given.new_classes:
        if entry.name not in session.ontology.ids:
            session.add_class(entry, "headless")


def _content(click: Click) -> tuple[Any, ...]:
    return click.frame, click.x, click.y, click.label, click.kind, click.draw

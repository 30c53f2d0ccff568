"""What annotators said: an append-only record of JSON lines that outlives browser and process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import TeachingError

Kind = Literal["asked", "free"]
Part = Literal["teach", "gate"]
DONT_KNOW = ""


@dataclass(frozen=True)
class Click:
    """One answer to "what is here?".

    Attributes:
        frame: name of the frame.
        stamp_ns: of the frame.
        x, y: pixel of the frame's own image.
        label: the class's name; empty for "don't know".
        author: who clicked.
        kind: `asked` at a point that was chosen, or `free` where somebody saw an error.
        part: `teach` is learnt from; `gate` proves, and is never learnt from.
        draw: what chose an asked point: `chosen`, `random`, or `differs HASH`, drawn where the
            taught model of that hash differs from the one before.
        time: UTC, ISO 8601.
        number: its place in the record.
    """

    frame: str
    stamp_ns: int
    x: int
    y: int
    label: str
    author: str
    kind: Kind
    part: Part
    draw: str = ""
    time: str = ""
    number: int = -1


@dataclass(frozen=True)
class NewClass:
    """A class that the ontology lacked.

    Attributes:
        name, color: of the class.
        like: the class whose row of the last layer, and whose groups, it starts from.
    """

    name: str
    color: str
    like: str


class ClickRecord:
    """The file `clicks.jsonl`: a line each click, each undo and each new class.

    One process writes it at a time (`Session` holds the folder's lock). Every line reaches the
    disk before it is answered for; a last line that a dying process left half-written is passed
    over and told of.

    Attributes:
        notes: what was found to be damaged.
    """

    def __init__(self, path: Path) -> None:
        """Read back what is there.

        Raises:
            TeachingError: it can't be read, or a line before the last is damaged.
        """
        self._path = path
        self.notes: list[str] = []
        self._clicks: dict[int, Click] = {}
        self._classes: dict[int, NewClass] = {}
        self._undone: list[int] = []
        self._count = 0
        self._torn = False
        for number, line in enumerate(self._lines()):
            self._take(number, line)

    @property
    def clicks(self) -> tuple[Click, ...]:
        """What counts: all clicks that nobody took back; the later one of two on one pixel."""
        latest = {(c.frame, c.x, c.y, c.part): c for c in self._clicks.values()}
        return tuple(sorted(latest.values(), key=lambda click: click.number))

    @property
    def length(self) -> int:
        """Lines so far."""
        return self._count

    @property
    def new_classes(self) -> tuple[NewClass, ...]:
        """Classes that were added, in order."""
        return tuple(self._classes[number] for number in sorted(self._classes))

    def add(self, click: Click) -> Click:
        """Append a click.

        Returns:
            The same with its number and time.

        Raises:
            TeachingError: the disk refuses it; the record is as it was before.
        """
        stamped = Click(**{**asdict(click), "time": _now(), "number": self._count})
        self._append({"click": asdict(stamped)})
        self._clicks[stamped.number] = stamped
        return stamped

    def undo(self, author: str) -> Click | None:
        """Take back somebody's last click; None where there is none.

        Raises:
            TeachingError: as `add`.
        """
        own = [n for n, click in self._clicks.items() if click.author == author]
        if not own:
            return None
        self._append({"undo": max(own), "author": author, "time": _now()})
        return self._clicks.pop(max(own))

    def add_class(self, entry: NewClass, author: str) -> None:
        """Append a new class.

        Raises:
            TeachingError: as `add`.
        """
        number = self._count
        self._append({"class": asdict(entry), "author": author, "time": _now()})
        self._classes[number] = entry

    def _lines(self) -> Sequence[bytes]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise TeachingError(cant("read", self._path, error)) from error
        self._torn = bool(content) and not content.endswith(b"\n")
        return content.splitlines()

    def _take(self, number: int, line: bytes) -> None:
        self._count = number + 1
        try:
            entry = json.loads(line)
            if "click" in entry:
                self._clicks[number] = Click(**{**entry["click"], "number": number})
            elif "class" in entry:
                self._classes[number] = NewClass(**entry["class"])
            elif "undo" in entry:
                self._clicks.pop(int(entry["undo"]), None)
        except (ValueError, TypeError, KeyError) as error:
            self.notes.append(
                f"{self._path}: line {number + 1} is damaged ({type(error).__name__}) and passed "
                "over; the other lines count"
            )

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                self._write(descriptor, b"\n" + line if self._torn else line)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise TeachingError(cant("written", self._path, error)) from error
        self._torn = False
        self._count += 1

    @staticmethod
    def _write(descriptor: int, line: bytes) -> None:
        """All of a line or nothing of it."""
        before = os.fstat(descriptor).st_size
        try:
            written = os.write(descriptor, line)
            while written < len(line):
                written += os.write(descriptor, line[written:])
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise


def read_clicks(path: Path) -> ClickRecord:
    """A record that must be there.

    Raises:
        TeachingError: no such file, or one that can't be read.
    """
    if not path.is_file():
        msg = f"{path} not found: expected a record of clicks, clicks.jsonl of a teaching folder"
        raise TeachingError(msg)
    return ClickRecord(path)


def digest(clicks: Iterable[Click], classes: Iterable[NewClass]) -> str:
    """Sha256 of what clicks say, whoever said it and when: the same clicks give the same."""
    told: list[Any] = [[c.frame, c.x, c.y, c.label, c.kind, c.part, c.draw] for c in clicks]
    told += [asdict(entry) for entry in classes]
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def of_part(clicks: Iterable[Click], part: Part) -> list[Click]:
    """Those to learn from, or those to prove with; without the "don't know"."""
    return [click for click in clicks if click.part == part and click.label != DONT_KNOW]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")

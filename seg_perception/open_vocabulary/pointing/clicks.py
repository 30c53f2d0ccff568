"""Clicks of a teaching: each class that was clicked in a picture is something to point at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.issue_kinds.labels import CLICK_OUTSIDE, CLICKED_ELSEWHERE
from seg_perception.core.issue_log import Issue
from seg_perception.open_vocabulary.frames import FrameSource, NamedFrame
from seg_perception.open_vocabulary.pointing.known import Known, Pointed
from seg_perception.open_vocabulary.pointing.truth import THRESHOLD
from seg_perception.open_vocabulary.prompts import Prompt
from seg_perception.open_vocabulary.words import WordClass, Words
from seg_perception.teaching.clicks import DONT_KNOW, Click, read_clicks


class ClickPointer:
    """Points at what was clicked to be learnt from; clicks that prove are left alone.

    Attributes:
        description: whose clicks.
        issues: what is damaged in the record.
        words: the classes that were clicked.
    """

    def __init__(self, record: Path) -> None:
        """Read `clicks.jsonl` of a teaching.

        Raises:
            TeachingError: it can't be read.
            OpenVocabularyError: nothing in it is learnt from.
        """
        read = read_clicks(record)
        taught = [c for c in read.clicks if c.part == "teach" and c.label != DONT_KNOW]
        if not taught:
            msg = f"{record}: expected clicks of classes to learn from, got none; answer questions"
            raise OpenVocabularyError(msg)
        self.description = f"the clicks of {record}"
        self.notes = read.notes
        self.issues: Sequence[Issue] = ()
        names = sorted({click.label for click in taught})
        classes = tuple(WordClass(name=name) for name in names)
        self.words = Words(name="clicked", threshold=THRESHOLD, classes=classes)
        self._places = {name: place for place, name in enumerate(names)}
        self._clicks: dict[str, list[Click]] = {}
        for click in taught:
            self._clicks.setdefault(click.frame, []).append(click)

    @property
    def frames(self) -> Mapping[str, Sequence[Click]]:
        """The clicks of each picture, by its name."""
        return self._clicks

    def known(self, frame: NamedFrame) -> Pointed:
        """A prompt for each class that was clicked."""
        height, width = frame.image.shape[:2]
        clicks = self._clicks[clicked_name(frame.name, self._clicks)]
        inside = [c for c in clicks if 0 <= c.x < width and 0 <= c.y < height]
        issues = [
            Issue.of(CLICK_OUTSIDE, frame.stream, x=c.x, y=c.y, width=width, height=height)
            for c in clicks
            if c not in inside
        ]
        # Clicks name pixels, whose middles lie half a pixel from their edges.
        placed = [(self._places[c.label], c.x + 0.5, c.y + 0.5) for c in inside]
        return Pointed(from_clicks(placed), tuple(issues))


class ClickedFrames:
    """Of a source's pictures those with clicks."""

    def __init__(self, source: FrameSource, pointer: ClickPointer) -> None:
        """Take all pictures, and who knows the clicks."""
        self._source, self._pointer = source, pointer
        self.origin, self.count = source.origin, len(pointer.frames)
        self.notes: list[str] = []

    def frames(self) -> Iterator[NamedFrame]:
        """Every picture that was clicked; the others are left out, those not found are named."""
        clicked = self._pointer.frames
        left = dict.fromkeys(clicked)
        for frame in self._source.frames():
            if name := clicked_name(frame.name, clicked):
                left.pop(name, None)
                yield frame
        self.notes[:] = [*self._source.notes, *self._pointer.notes]
        if left:
            named = ", ".join(left)
            issue = Issue.of(CLICKED_ELSEWHERE, "", names=named, origin=self.origin)
            self.notes.append(str(issue))


def clicked_name(name: str, clicked: Mapping[str, object]) -> str:
    """Under which name a picture was clicked; empty if it was not.

    A teaching joins the folders above a photograph by one underscore, labels by two.
    """
    names = (name, name.replace("__", "_"))
    return next((some for some in names if some in clicked), "")


def from_clicks(clicks: Sequence[tuple[int, float, float]]) -> list[Known]:
    """A prompt for each clicked class: its own clicks are in it, those of others are not.

    Args:
        clicks: class, an index in the words, and x and y, pixel.
    """
    places = sorted({place for place, _, _ in clicks})
    return [
        Known(place, Prompt(clicks=tuple((x, y, other == place) for other, x, y in clicks)))
        for place in places
    ]

"""What is amiss with the input: one log for node, replay, evaluation and inspection."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_kinds.kind import IssueKind, Level, shortened
from seg_perception.core.issue_kinds.messages import BAD_MESSAGE, INTERNAL_ERROR

_LOG = logging.getLogger(__name__)
# More than this of one kind are one entry: who sends thousands of names fills no memory.
_MOST_ENTRIES = 32
_MOST_OF_A_NAME = 200
_MOST_OF_A_TRACEBACK = 8000
_MORE = "more"


@dataclass(frozen=True)
class Issue:
    """Something that is amiss with one stream.

    Attributes:
        code, level: of its kind.
        stream: whose: `camera.front`, `/tf`; empty where it is about no single one.
        sentence: what, with the numbers that were seen, and the mend.
        mend: the part of the sentence that says what to do.
        about: what of the stream, where its issues of one kind are told apart.
        count: how often it happened; 0 for a state, which holds or does not.
        last_s: when it happened last (time.monotonic).
        traceback: of an error that nobody foresaw; else empty.
    """

    code: str
    level: Level
    stream: str
    sentence: str
    mend: str
    count: int = 0
    last_s: float = 0.0
    traceback: str = ""
    about: str = ""

    @classmethod
    def of(cls, kind: IssueKind, stream: str, **numbers: Any) -> Issue:
        """An issue of a kind, with the numbers that its text asks for."""
        about = shortened(str(numbers[kind.each]), _MOST_OF_A_NAME) if kind.each else ""
        name = shortened(stream, _MOST_OF_A_NAME)
        sentence, mend = kind.sentence(**numbers), kind.remedy(**numbers)
        return cls(kind.code, kind.level, name, sentence, mend, about=about)

    @property
    def is_state(self) -> bool:
        """Whether it holds until it is mended, in place of happening now and then."""
        return self.count == 0

    def __str__(self) -> str:
        """One line for people."""
        times = f" ({self.count} times)" if self.count > 1 else ""
        return f"{self.stream}: {self.sentence}{times}" if self.stream else self.sentence + times

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        names = ("code", "level", "stream", "sentence", "mend", "count")
        return {name: getattr(self, name) for name in names}


Tell = Callable[[Issue], None]
_Key = tuple[str, str, str]


@dataclass(frozen=True)
class IssueChanges:
    """What a log was told in a stretch of time.

    Attributes:
        told: what happened, and the states that were said, by stream, code and what it is about.
        released: states that were said to hold no longer.
    """

    told: Mapping[_Key, Issue]
    released: frozenset[_Key]


def log_faults(issue: Issue) -> None:
    """Log the traceback of what nobody foresaw, once for each stream and type of error."""
    if issue.traceback and issue.count == 1:
        _LOG.error("%s\n%s", issue, issue.traceback)


def _nobody(_issue: Issue) -> None:
    pass


class IssueLog:
    """Events, which happen, and states, which hold; may be used from several threads.

    One entry for each stream and kind (and frame, where the kind tells them apart): memory does
    not grow with a recording; names beyond the first 32 of a kind share one. Of events the first
    sentence is kept, of a state the last.
    """

    def __init__(self, tell: Tell = _nobody) -> None:
        """Start empty.

        Args:
            tell: called with every event, and with every state that is new.
        """
        self._tell = tell
        self._lock = threading.Lock()
        self._issues: dict[_Key, Issue] = {}
        self._released: set[_Key] = set()

    def add(self, kind: IssueKind, stream: str, **numbers: Any) -> None:
        """Count an event."""
        self._count(kind.code, Issue.of(kind, stream, **numbers))

    def add_issue(self, issue: Issue) -> None:
        """Count an event that somebody else put into words."""
        self._count(issue.code, issue)

    def add_error(self, stream: str, error: SegPerceptionError) -> None:
        """Count a message that can't be used, under the reason of its error."""
        issue = Issue.of(BAD_MESSAGE, stream, error=error)
        self._count(error.reason, replace(issue, code=error.reason))

    def add_unforeseen(self, stream: str, error: BaseException) -> None:
        """Count a fault of this program; one entry for each type of error."""
        name = type(error).__name__
        issue = Issue.of(INTERNAL_ERROR, stream, error=f"{name}: {error}")
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        text = shortened(text, _MOST_OF_A_TRACEBACK)
        self._count(f"{INTERNAL_ERROR.code} {name}", replace(issue, traceback=text))

    def hold(self, kind: IssueKind, stream: str, **numbers: Any) -> None:
        """Say that a state holds, from now on or still."""
        issue = Issue.of(kind, stream, **numbers)
        with self._lock:
            # Sensors are as many as the configuration has; frames are not.
            issue = self._placed(kind.code, issue) if kind.each else issue
            key = issue.stream, kind.code, issue.about
            known = self._issues.get(key)
            self._issues[key] = issue
        if known is None or known.sentence != issue.sentence:
            self._tell(issue)

    def release(self, kind: IssueKind, stream: str) -> None:
        """Say that a state of a stream holds no longer, if it did."""
        name = shortened(stream, _MOST_OF_A_NAME)
        with self._lock:
            self._issues.pop((name, kind.code, ""), None)
            self._released.add((name, kind.code, ""))

    def changes(self) -> IssueChanges:
        """What it was told since it began, or began anew."""
        with self._lock:
            return IssueChanges(dict(self._issues), frozenset(self._released))

    def begin_anew(self) -> None:
        """Forget everything."""
        with self._lock:
            self._issues.clear()
            self._released.clear()

    def add_earlier(self, parts: Sequence[IssueChanges]) -> None:
        """Put what other logs were told before this one, in their order, in front."""
        own = self.changes()
        issues: dict[_Key, Issue] = {}
        for part in (*parts, own):
            for key in part.released - set(part.told):
                issues.pop(key, None)
            for key, issue in part.told.items():
                first = issues.get(key)
                is_event = first is not None and not issue.is_state
                issues[key] = _more_often(first, issue) if first and is_event else issue
        with self._lock:
            self._issues = issues

    def all(self) -> list[Issue]:
        """Everything that happened, and the states that hold, in the order of appearance."""
        with self._lock:
            return list(self._issues.values())

    def lately(self, window_s: float) -> list[Issue]:
        """What happened within the last seconds, and the states that hold."""
        since_s = time.monotonic() - window_s
        return [issue for issue in self.all() if issue.is_state or issue.last_s >= since_s]

    def _count(self, code: str, issue: Issue) -> None:
        with self._lock:
            issue = self._placed(code, issue)
            key = issue.stream, code, issue.about
            first = self._issues.get(key, issue)
            count, now_s = first.count + 1, time.monotonic()
            self._issues[key] = replace(first, count=count, last_s=now_s)
        self._tell(replace(issue, count=count, last_s=now_s))

    def _placed(self, code: str, issue: Issue) -> Issue:
        """The issue under its own name, or under that of all that are too many to be kept."""
        if (issue.stream, code, issue.about) in self._issues:
            return issue
        if sum(other == code for _, other, _ in self._issues) < _MOST_ENTRIES:
            return issue
        sentence = f"{issue} (and others, too many to be named)"
        return replace(issue, stream="", about=_MORE, sentence=sentence)


def _more_often(first: Issue, later: Issue) -> Issue:
    return replace(first, count=first.count + later.count, last_s=later.last_s)

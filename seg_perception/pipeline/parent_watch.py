"""Who is said to be the parent of each frame, by which topic, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seg_perception.core.issue_kinds.frames import TWO_PARENTS
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import StampedTransform

Publishers = Callable[[str], str]
# What did not come again in this time does not come any more.
_SILENCE_NS = 2 * NANOSECONDS
# A sender that invents parents fills no memory.
_MOST_PARENTS, _MOST_SAID = 8, 1000


def unnamed(_topic: str) -> str:
    """Nothing is known of who publishes a topic, as in a bag."""
    return ""


@dataclass
class _Parent:
    """One parent of a frame; `first` and `last` count transforms of all frames."""

    name: str
    topic: str
    static: bool
    first: int
    last: int
    first_ns: int
    last_ns: int


class ParentWatch:
    """Follows the parents of all frames; two at a time are an issue.

    A frame may get another parent once, as a load that is taken over; two that alternate, or a
    moving one beside a static one, are two publishers that disagree.

    Attributes:
        rivals: the frames with two parents at a time.
    """

    def __init__(self, issues: IssueLog, publishers: Publishers = unnamed) -> None:
        """Start without any frame.

        Args:
            issues: told of frames with two parents.
            publishers: gives the nodes that publish a topic, in words; empty: not known.
        """
        self.rivals: set[str] = set()
        self._issues = issues
        self._publishers = publishers
        self._frames: dict[str, dict[str, _Parent]] = {}
        self._said: dict[tuple[str, str, str], dict[str, str]] = {}
        self._number = 0

    def see(self, topic: str, t: StampedTransform, *, static: bool) -> None:
        """Take note of a transform."""
        self._number += 1
        parents = self._frames.setdefault(t.child, {})
        parent = parents.get(t.parent)
        if parent is None:
            if len(parents) >= _MOST_PARENTS:
                del parents[next(iter(parents))]
            parent = _Parent(t.parent, topic, static, self._number, 0, t.stamp_ns, 0)
            parents[t.parent] = parent
        parent.static, parent.topic = static, topic
        parent.last, parent.last_ns = self._number, t.stamp_ns
        for other in parents.values():
            if other is not parent and (other.static or other.last > parent.first):
                self._tell(t.child, parent, other)

    def came_once(self, until_ns: int) -> Iterator[tuple[str, str]]:
        """Parent and child of the timed transforms that came at one time alone, long before."""
        for child, parents in list(self._frames.items()):
            only = next(iter(parents.values()))
            is_alone = len(parents) == 1 and not only.static and only.first_ns == only.last_ns
            if is_alone and until_ns - only.last_ns > _SILENCE_NS:
                yield only.name, child

    def _tell(self, child: str, one: _Parent, other: _Parent) -> None:
        self.rivals.add(child)
        first, second = sorted((one, other), key=lambda parent: parent.first)
        key = child, first.name, second.name
        if key not in self._said:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            self._said[key] = {"first": self._words(first), "second": self._words(second)}
        numbers = {"child": child, **self._said[key]}
        if first.static and second.static:
            self._issues.hold(TWO_PARENTS, one.topic, **numbers)
        else:
            self._issues.add(TWO_PARENTS, min(first.topic, second.topic), **numbers)

    def _words(self, parent: _Parent) -> str:
        nodes = self._publishers(parent.topic)
        return f"{parent.name!r} on {parent.topic}" + (f" (of {nodes})" if nodes else "")

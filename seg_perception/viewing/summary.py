"""What was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seg_perception.core.errors import SegPerceptionError


@dataclass
class ViewSummary:
    """What was shown, and what was not.

    Attributes:
        images, clouds: shown messages by topic.
        transforms: how many.
        classes: names by id, of all that the labels may hold; empty where nobody names them.
        notes: what a reader should know, one sentence each.
        problems: why not all was shown.
    """

    images: Counter[str] = field(default_factory=Counter)
    clouds: Counter[str] = field(default_factory=Counter)
    transforms: int = 0
    classes: Mapping[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _refused: Counter[str] = field(default_factory=Counter)
    _reasons: dict[str, str] = field(default_factory=dict)

    def refuse(self, topic: str, error: SegPerceptionError) -> None:
        """Count a message that could not be read; the first reason of a topic is told."""
        self._refused[topic] += 1
        self._reasons.setdefault(topic, str(error))

    def end(self, warnings: Iterable[str]) -> None:
        """Say in sentences what was counted, and what was amiss with the recording."""
        self.notes += [
            f"{topic}: {count} messages are not shown; the first: {self._reasons[topic]}"
            for topic, count in sorted(self._refused.items())
        ]
        self.problems += warnings

    def __str__(self) -> str:
        """In one line."""
        counts = {
            "image": sum(self.images.values()),
            "cloud": sum(self.clouds.values()),
            "transform": self.transforms,
        }
        return ", ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in counts.items() if n)

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "images": dict(self.images),
            "clouds": dict(self.clouds),
            "transforms": self.transforms,
            "classes": {str(number): name for number, name in self.classes.items()},
            "notes": self.notes,
            "problems": self.problems,
        }

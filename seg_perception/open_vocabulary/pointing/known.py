"""What is known to be in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from seg_perception.core.issue_log import Issue
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.prompts import Prompt


@dataclass(frozen=True, eq=False)
class Known:
    """One thing that is known to be in a picture.

    Attributes:
        place: its class, an index in the words.
        prompt: where it is.
    """

    place: int
    prompt: Prompt


@dataclass(frozen=True, eq=False)
class Pointed:
    """All that is known of a picture.

    Attributes:
        known: the things in it.
        issues: what was known and can't be pointed at.
    """

    known: Sequence[Known]
    issues: tuple[Issue, ...] = ()


class Pointer(Protocol):
    """Knows what is in pictures.

    Attributes:
        description: what it knows that by.
        issues: what was amiss before the first picture.
    """

    description: str
    issues: Sequence[Issue]

    def known(self, frame: NamedFrame) -> Pointed:
        """What is in a picture."""
        ...

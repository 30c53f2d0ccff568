"""One thing that can be amiss: its words, what it means, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]
# What a sender chose (names of frames, of topics) must not make a sentence that nobody reads.
MOST_CHARACTERS = 600


@dataclass(frozen=True)
class IssueKind:
    """One thing that can be amiss.

    Attributes:
        code: its name for programs, stable between releases; kinds that exclude each other
            share one.
        text: half a sentence; braces name the numbers that an issue of this kind has.
        mend: the other half: what to do about it; may be empty.
        means: what it means, for the page.
        advice: what to do about it at length, for the page.
        each: the number by which issues of one stream are told apart, such as the frame of a
            transform; empty: all of a stream are one.
        level: `error`: an input comes to nothing, or can't be trusted: a replay ends with exit
            code 2; `warning`: a part of it is left out; `note`: the user should know.
    """

    code: str
    text: str
    mend: str
    means: str
    advice: str
    level: Level = "error"
    each: str = ""

    def sentence(self, **numbers: Any) -> str:
        """The sentence of one issue, with its mend; neither is longer than people read.

        Raises:
            KeyError: a number that the text asks for is missing.
        """
        text = shortened(self.text.format_map(numbers), MOST_CHARACTERS)
        return f"{text}; {self.remedy(**numbers)}" if self.mend else text

    def remedy(self, **numbers: Any) -> str:
        """The mend of one issue.

        Raises:
            KeyError: a number that the mend asks for is missing.
        """
        return shortened(self.mend.format_map(numbers), MOST_CHARACTERS)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters: of a longer one its middle is left out."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head]} […] {text[len(text) - (most - head - 5) :]}"

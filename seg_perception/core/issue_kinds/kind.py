"""One thing that can be amiss: its words, what it means, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]


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
        level: `error`: an input comes to nothing, or can't be trusted: a replay ends with exit
            code 2; `warning`: a part of it is left out; `note`: the user should know.
    """

    code: str
    text: str
    mend: str
    means: str
    advice: str
    level: Level = "error"

    def sentence(self, **numbers: Any) -> str:
        """The sentence of one issue, with its mend.

        Raises:
            KeyError: a number that the text asks for is missing.
        """
        text = self.text.format_map(numbers)
        return f"{text}; {self.mend.format_map(numbers)}" if self.mend else text

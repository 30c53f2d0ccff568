"""The first sentence about each thing that went wrong, and how often it did."""

from __future__ import annotations

from collections import Counter

from seg_perception.core.errors import SegPerceptionError


class Notes:
    """Remembers one sentence for each input and reason: memory does not grow with a bag."""

    def __init__(self) -> None:
        """Start with none."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._sentences: dict[tuple[str, str], str] = {}

    def add(self, where: str, error: SegPerceptionError) -> None:
        """Note an error that a stream or topic met."""
        self.say(where, error.reason, str(error))

    def say(self, where: str, reason: str, sentence: str) -> None:
        """Note a sentence under a reason."""
        self._counts[where, reason] += 1
        self._sentences.setdefault((where, reason), sentence)

    def lines(self) -> list[str]:
        """One line for each input and reason, in the order of appearance."""
        return [
            f"{where}: {sentence}" + (f" ({count} times)" if count > 1 else "")
            for ((where, _), sentence), count in zip(
                self._sentences.items(), self._counts.values(), strict=True
            )
        ]

"""Conditions under which a comparison fails, as a CI asks for them: `miou < -0.5`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seg_perception.core.errors import ConfigError
from seg_perception.evaluation.compare import Change, Comparison

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FORM = re.compile(
    r"\s*(?:(?P<stream>[^\s:]+):)?(?P<key>\S+?)\s*(?P<operator><=|>=|<|>)\s*(?P<limit>[-+]?\d+\.?\d*)\s*$"
)


@dataclass(frozen=True)
class Gate:
    """A condition on a difference, in percentage points.

    Attributes:
        stream: empty: any.
        key: a change's key, or its end: `miou` is that of every class mapping.
    """

    text: str
    stream: str
    key: str
    compare: Callable[[float, float], bool]
    limit: float

    @classmethod
    def parse(cls, text: str) -> Gate:
        """Read `[STREAM:]METRIC < NUMBER`.

        Raises:
            ConfigError: it is not of that form.
        """
        found = _FORM.match(text)
        if found is None:
            msg = (
                f"--fail-if {text!r}: expected [STREAM:]METRIC and a limit for its difference, for "
                "instance 'miou < -0.5' or 'camera.front:fine.iou.person < -2'"
            )
            raise ConfigError(msg)
        compare = _OPERATORS[found["operator"]]
        return cls(text, found["stream"] or "", found["key"], compare, float(found["limit"]))

    def fired(self, comparison: Comparison) -> list[str]:
        """A sentence for each difference that meets the condition.

        Raises:
            ConfigError: no number of that name was compared, or one has no difference.
        """
        sentences = []
        for run, change in self._meant(comparison):
            if change.difference is None:
                msg = (
                    f"--fail-if {self.text!r}: {change.stream} {change.key} is not defined in both"
                )
                raise ConfigError(msg)
            if self.compare(change.difference, self.limit):
                sentences.append(
                    f"{run}: {change.stream} {change.key} changed by {change.difference:+.3f} "
                    f"({self.text})"
                )
        return sentences

    def _meant(self, comparison: Comparison) -> Iterator[tuple[str, Change]]:
        for run in comparison.runs:
            meant = [change for change in run.changes if self._means(change)]
            if not meant:
                known = sorted({change.key for change in run.changes})
                msg = f"--fail-if {self.text!r}: nothing of that name was compared, only {known}"
                raise ConfigError(msg)
            yield from ((run.run, change) for change in meant)

    def _means(self, change: Change) -> bool:
        if self.stream and change.stream != self.stream:
            return False
        return change.key == self.key or change.key.endswith(f".{self.key}")

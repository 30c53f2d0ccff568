"""What the core finds odd, as warnings of Python."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from seg_perception.core.issue_log import Issue


class SegPerceptionWarning(UserWarning):
    """Something is odd with what was handed in; its text says what, and the mend."""


def warn(sentence: str) -> None:
    """Warn once for each place and sentence, as Python's filters have it."""
    warnings.warn(sentence, SegPerceptionWarning, stacklevel=3)


def warn_of(issues: Iterable[Issue]) -> None:
    """Warn of all issues that are more than notes."""
    for issue in issues:
        if issue.level != "note":
            warnings.warn(str(issue), SegPerceptionWarning, stacklevel=4)

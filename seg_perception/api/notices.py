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
    """Warn of issues, notes among them: what is guessed is said."""
    for issue in issues:
        warnings.warn(str(issue), SegPerceptionWarning, stacklevel=4)

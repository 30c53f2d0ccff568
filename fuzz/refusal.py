"""What counts as an answer: a value, or one of our errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seg_perception.core.errors import SegPerceptionError


def refused_or(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What a function returns; None where it refuses with one of our errors."""
    try:
        return function(*arguments, **options)
    except SegPerceptionError:
        return None

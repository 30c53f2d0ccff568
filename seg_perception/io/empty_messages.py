"""Messages without content, of which a definition of ROS 1 can declare billions in few bytes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

# What one message may hold of them; nobody sends any.
MOST_EMPTY = 1000
_BASE, _NAME, _ARRAY = 1, 2, 3
# What the library puts into a message that has no field; ROS 1 does not send it.
_STAND_IN = "structure_needs_at_least_one_member"


class _Content(NamedTuple):
    """Whether a message takes no bytes, and how many that take none it holds, itself included."""

    is_empty: bool
    empty: float


_UNKNOWN = _Content(is_empty=False, empty=0)


def count_empty(store: Typestore, type_name: str) -> float:
    """How many messages without content a message holds; infinity for a list of them.

    Raises:
        RecursionError: it holds itself, or is nested too deep.
    """
    return _content(store, type_name, {}).empty


def _content(store: Typestore, name: str, known: dict[str, _Content]) -> _Content:
    if name not in store.fielddefs:
        return _UNKNOWN
    if name not in known:
        fields = [kind for field, kind in store.fielddefs[name][1] if field != _STAND_IN]
        parts = [_part(store, kind, known) for kind in fields]
        is_empty = all(part.is_empty for part in parts)
        known[name] = _Content(is_empty, sum(part.empty for part in parts) + is_empty)
    return known[name]


def _part(store: Typestore, kind: Any, known: dict[str, _Content]) -> _Content:
    """The content of one field."""
    node, detail = kind
    if node == _BASE:
        return _UNKNOWN
    if node == _NAME:
        return _content(store, detail, known)
    (inner_node, inner), length = detail
    element = _content(store, inner, known) if inner_node == _NAME else _UNKNOWN
    if node == _ARRAY:
        return _Content(element.is_empty, element.empty * length)
    return _Content(is_empty=False, empty=math.inf if element.is_empty else element.empty)

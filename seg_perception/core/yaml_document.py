"""YAML from anywhere, read within bounds: however it is made, it ends soon, as data or a sentence.

A few lines can stand for billions of values (aliases of aliases), for a value without an end (an
alias of its own parent), or for one that Python's recursion or number parsing does not survive.
The parser's events tell all of that before anything is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

MAX_CHARACTERS = 4 << 20
MAX_DEPTH = 100
# Values when every alias is written out: a bag that was split ten thousand times has 200,000.
MAX_VALUES = 500_000
# More than any number that means something, and less than what takes Python long.
MAX_NUMBER = 100

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# What PyYAML lets through from values that do not fit their tag, such as `2026-99-99`.
_DAMAGE = (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError)


class YamlError(ValueError):
    """A text is not YAML, or more than anybody writes; its text says what was found."""


def parse_yaml(text: str) -> Any:
    """What a YAML document holds: plain values, lists and maps.

    Raises:
        YamlError: it is not YAML, or beyond the bounds.
    """
    if len(text) > MAX_CHARACTERS:
        msg = f"expected at most {MAX_CHARACTERS} characters, got {len(text)}"
        raise YamlError(msg)
    try:
        _Measure().take(yaml.parse(text, Loader=_LOADER))
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    except YamlError:
        raise
    except _DAMAGE as error:
        raise YamlError(" ".join(str(error).split()) or type(error).__name__) from error


class _Measure:
    """Counts what a document becomes."""

    def __init__(self) -> None:
        self._sizes: list[int] = [0]  # of the lists and maps that are open, outermost first
        self._open: list[str] = []  # their anchors
        self._anchors: dict[str, int] = {}

    def take(self, events: Iterator[Any]) -> None:
        """Follow a document to its end.

        Raises:
            YamlError: it is beyond the bounds.
        """
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                _expect_short(event)
                self._add(event.anchor, 1)
            elif isinstance(event, yaml.AliasEvent):
                self._follow(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._add(self._open.pop(), 1 + self._sizes.pop())

    def _begin(self, event: Any) -> None:
        self._sizes.append(0)
        self._open.append(event.anchor or "")
        if len(self._open) > MAX_DEPTH:
            msg = f"expected at most {MAX_DEPTH} levels, got more in {_line(event)}"
            raise YamlError(msg)

    def _follow(self, event: Any) -> None:
        if event.anchor in self._open:
            msg = f"*{event.anchor} in {_line(event)} contains itself"
            raise YamlError(msg)
        self._add(None, self._anchors.get(event.anchor, 1))

    def _add(self, anchor: str | None, size: int) -> None:
        if anchor:
            self._anchors[anchor] = size
        self._sizes[-1] += size
        if self._sizes[-1] > MAX_VALUES:
            msg = f"expected at most {MAX_VALUES} values, got more, with its aliases written out"
            raise YamlError(msg)


def _expect_short(event: Any) -> None:
    """Refuse a number of more digits than any has."""
    if len(event.value) <= MAX_NUMBER:
        return
    tag = event.tag or _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag in _NUMBERS:
        msg = f"a number of {len(event.value)} digits in {_line(event)}; quote it if it is a text"
        raise YamlError(msg)


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"

"""What the writers of reference pages share: where pages lie, and how their tables look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table that ends with an empty line."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"|{'|'.join(map(_cell, line))}|\n" for line in lines) + "\n"


def code(text: object) -> str:
    """Text as code, or nothing."""
    return f"`{text}`" if str(text) else ""


def _cell(text: str) -> str:
    if text == "---":
        return text
    escaped = text.replace("|", "\\|").replace("\n", " ")
    return f" {escaped} " if escaped else " "

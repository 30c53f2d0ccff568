"""Write the tables of what the node says and of the ledger: python -m tools.diagnostics_page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from seg_perception.core.drop_reasons import DROP_REASONS
from seg_perception.core.issue_kinds import KINDS, IssueKind
from tools.reference_page import REFERENCE, ROOT, code, table

PAGE = REFERENCE / "diagnostics.md"
LEDGER = ROOT / "docs" / "architecture.md"
# The heading of each subject; its section has one table.
HEADINGS = {"inputs": "Inputs", "time": "Time", "place": "Place", "messages": "Single messages"}


def pages() -> dict[Path, str]:
    """The pages with their tables, by their files."""
    tables = {heading: _sentences(subject) for subject, heading in HEADINGS.items()}
    return {PAGE: _filled(PAGE, tables), LEDGER: _filled(LEDGER, {"The ledger": _reasons()})}


def _filled(path: Path, tables: Mapping[str, str]) -> str:
    """A page with the first table below each of these headings made anew."""
    text = path.read_text(encoding="utf-8")
    for heading, rows in tables.items():
        section = rf"(^## {heading}\n(?:(?!\||## ).*\n)*)(?:\|.*\n)+"
        text, found = re.subn(
            section, lambda hit, rows=rows: hit[1] + rows, text, flags=re.MULTILINE
        )
        if found != 1:
            msg = f"{path}: expected one table below ## {heading}, got {found}; add | | below it"
            raise ValueError(msg)
    return text


def _sentences(subject: str) -> str:
    kinds = [kind for kind in KINDS if kind.subject == subject]
    rows = [[code(kind.code), code(_spoken(kind)), kind.means, kind.advice] for kind in kinds]
    return table(["code", "it says", "it means", "do"], rows).rstrip("\n") + "\n"


def _spoken(kind: IssueKind) -> str:
    """The sentence, its numbers as dots; nothing where another's words make it."""
    words = re.sub(r"(?:[{][^}]*[}])+", "…", kind.text)
    return words if re.search(r"\w", words) else ""


def _reasons() -> str:
    rows = [[code(word), reason.means, reason.mend] for word, reason in DROP_REASONS.items()]
    return table(["reason", "meaning", "mend"], rows).rstrip("\n") + "\n"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")

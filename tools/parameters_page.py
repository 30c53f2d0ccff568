"""Write docs/reference/parameters.md and expert_parameters.md: python -m tools.parameters_page."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from seg_perception.config import EXPERT, LIVE, describe, has_mark
from tools.reference_page import REFERENCE, code, table

_SENSORS = {"cameras": ["<name>"], "lidars": ["<name>"], "radars": ["<name>"]}
_HEAD = """# Parameters

Written by `python -m tools.parameters_page` from the code; `seg-perception config dump` prints the
same as a parameter file. `cameras`, `lidars` and `radars` list the names of the sensors (without
dots); each name has a group of its own. Keys may be nested or dotted (`transfer.max_range_m: 80`).
An unknown key, a wrong type and a value out of range stop the node's `configure` with the key's
name. What is marked *live* can be changed while the node works (`ros2 param set`); the rest is read
when it starts. These are the parameters that one tunes; [expert parameters](expert_parameters.md)
has the others.

"""
_EXPERT_HEAD = """# Expert parameters

Written by `python -m tools.parameters_page` from the code. Leave these until a measurement of your
own asks for another value. They are set like all [parameters](parameters.md);
`seg-perception config dump --expert` prints them too, without `--expert` only those that differ
from their default.

"""


def pages() -> dict[Path, str]:
    """Both pages as Markdown, by their files."""
    fields = [(key, group.model_fields[name]) for key, group, name in describe(_SENSORS)]
    sensors_first = sorted(fields, key=lambda row: "<name>" not in row[0])
    tuned = [row for row in sensors_first if not has_mark(row[1], EXPERT)]
    expert = [row for row in sensors_first if has_mark(row[1], EXPERT)]
    return {
        REFERENCE / "parameters.md": _HEAD + _sections(tuned),
        REFERENCE / "expert_parameters.md": _EXPERT_HEAD + _sections(expert),
    }


def _sections(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    groups = groupby(fields, lambda row: row[0].rpartition(".")[0])
    return "\n".join(_section(group, list(rows)) for group, rows in groups)


def _section(group: str, fields: Iterable[tuple[str, FieldInfo]]) -> str:
    head = ["parameter", "default", "range", "meaning"]
    rows = [
        [code(key), _default(field), _range(field), f"{field.description}{_mark(field)}"]
        for key, field in fields
    ]
    return f"## {group.replace('.<name>', '')}\n\n{table(head, rows).rstrip()}\n"


def _mark(field: FieldInfo) -> str:
    return " (*live*)" if has_mark(field, LIVE) else ""


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "must be given"
    default = field.default
    text = str(default).lower() if isinstance(default, bool) else repr(default)
    return f"`{text}`"


def _range(field: FieldInfo) -> str:
    if choices := [str(choice) for choice in get_args(field.annotation) if isinstance(choice, str)]:
        return ", ".join(f"`{choice}`" for choice in choices)
    limits: dict[str, Any] = {}
    for limit in field.metadata:
        limits.update(
            {
                name: getattr(limit, name)
                for name in ("ge", "gt", "le", "lt")
                if hasattr(limit, name)
            }
        )
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(f"{signs[name]} {value}" for name, value in limits.items())


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)

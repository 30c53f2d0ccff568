"""Write docs/parameters.md from the configuration's own descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from seg_perception.config import describe
from seg_perception.config.parameters import LIVE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "parameters.md"
_SENSORS = {"cameras": ["<name>"], "lidars": ["<name>"], "radars": ["<name>"]}
_HEAD = """# Parameters

Written by `python tools/parameters_page.py` from the code; `seg-perception config dump` prints the
same as a parameter file. `cameras`, `lidars` and `radars` list the names of the sensors; each name
has a group of its own. Keys may be dotted (`transfer.cell_px: 8`) or nested. An unknown key, a
wrong type and a value out of range stop the node's `configure` with the key's name. What is marked
*live* can be changed while the node works (`ros2 param set`); the rest is read when it starts.

| parameter | default | range | meaning |
|---|---|---|---|
| `cameras` `lidars` `radars` | `[]` | names without dots | the sensors |
"""


def page() -> str:
    """The whole page as Markdown."""
    return _HEAD + "".join(
        f"| `{key}` | {_default(field)} | {_range(field)} | {field.description}{_mark(field)} |\n"
        for key, field in (
            (key, stage.model_fields[name]) for key, stage, name in describe(_SENSORS)
        )
    )


def _mark(field: FieldInfo) -> str:
    return " (*live*)" if field.json_schema_extra == LIVE else ""


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
    PAGE.write_text(page())

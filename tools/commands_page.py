"""Write docs/reference/commands.md from the help texts: python -m tools.commands_page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from typer.main import get_command

from seg_perception.cli.main import app
from tools.reference_page import REFERENCE, code, table

PAGE = REFERENCE / "commands.md"
_HEAD = r"""# Commands

Written by `python -m tools.commands_page` from the code; `seg-perception COMMAND --help` prints
the same.

No command needs ROS, except for `demo`. With `--json` a command prints one JSON document and
nothing else to standard output; progress, notes and errors go to standard error.

| exit code | meaning |
|---|---|
| 0 | done; single messages that were amiss are named as `note:` |
| 1 | `demo`: a message is unaccounted for; `compare`: a condition of `--fail-if` was met |
| 2 | something to mend: one sentence as `error:`; what could be labelled is kept |
| 70 | a defect of ours, with a traceback to report |
| 130, 143, 129 | ended by SIGINT, SIGTERM, SIGHUP: drafts are removed; a second ends at once |
| 141 | whoever read standard output went away (`... \| head`) |

`replay`, `mine` and `train run` stop at the first signal, between two messages or steps, and keep
what was done; the first two end with 2 then.

"""


def page() -> str:
    """The whole page as Markdown."""
    commands = list(_commands(get_command(app), ""))
    rows = [[f"[`{name}`](#{_anchor(name)})", _first_line(command)] for name, command in commands]
    overview = table(["command", "what it does"], rows)
    return (_HEAD + overview + "".join(_section(*item) for item in commands)).rstrip("\n") + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, inner in below.items():
        yield from _commands(inner, f"{name} {word}".strip())


def _section(name: str, command: Any) -> str:
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden]
    return (
        f"## {name}\n\n{_text(command.help)}\n\n{table(['argument', 'default', 'meaning'], rows)}"
    )


def _row(parameter: Any) -> list[str]:
    option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts] if option else [parameter.name.upper()]
    return [" ".join(map(code, names)), _default(parameter), parameter.help or ""]


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    value = parameter.default
    value = value.value if isinstance(value, Enum) else value
    return "" if value is None or value is False else code(_spelled(value))


def _spelled(value: object) -> str:
    return "yes" if value is True else str(value)


def _text(help_text: str) -> str:
    """The help, its examples as code."""
    text = re.sub(
        r"^(seg-perception .*(?:\n(?! *\n).+)*)", r"```sh\n\1\n```", help_text, flags=re.MULTILINE
    )
    return re.sub(r"```\n\n```sh\n", "", text).strip()


def _first_line(command: Any) -> str:
    return str(command.help).strip().splitlines()[0]


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page())

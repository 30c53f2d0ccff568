"""The command itself: its version and its help."""

import pytest
import typer
from typer.testing import CliRunner

from seg_perception import __version__
from seg_perception.cli.main import app


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_version():
    assert run("--version").stdout == f"seg-perception {__version__}\n"


def commands(command, name=()):
    """Every command that does something, by its words."""
    if not hasattr(command, "commands"):
        return {name: command}
    found = [commands(sub, (*name, word)) for word, sub in command.commands.items()]
    return {words: sub for each in found for words, sub in each.items()}


def test_every_command_prints_json_where_it_is_asked_to():
    found = commands(typer.main.get_command(app))
    assert {("replay",), ("platform", "policy"), ("config", "dump")} <= set(found)
    without = [
        " ".join(words)
        for words, command in found.items()
        if not any("--json" in option.opts for option in command.params)
    ]
    assert without == []


@pytest.mark.parametrize("command", ["replay", "inspect", "simulate", "config"])
def test_every_command_has_help(command):
    assert command in run("--help").stdout
    assert "--json" in run(*[command, "dump"][: 1 + (command == "config")], "--help").stdout

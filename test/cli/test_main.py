"""The command itself: its version and its help."""

import pytest
from typer.testing import CliRunner

from seg_perception import __version__
from seg_perception.cli.main import app


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_version():
    assert run("--version").stdout == f"seg-perception {__version__}\n"


@pytest.mark.parametrize("command", ["replay", "inspect", "simulate", "config"])
def test_every_command_has_help(command):
    assert command in run("--help").stdout
    assert "--json" in run(*[command, "dump"][: 1 + (command == "config")], "--help").stdout

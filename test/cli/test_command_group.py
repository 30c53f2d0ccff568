"""However a command ends, it says so in one sentence, and its exit code says which end it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app

COMMAND = [sys.executable, "-m", "seg_perception.cli"]


def run(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **more)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("arguments", [["config", "dump"], ["--version"], ["platform", "--help"]])
def test_a_full_disk_behind_standard_output_is_one_sentence(arguments):
    with Path("/dev/full").open("w") as full:
        said = sentence(run(*arguments, stdout=full))
    assert said == (
        "error: standard output: can't be written (No space left on device); free some space\n"
    )


def test_tables_on_a_full_disk_are_one_sentence(tmp_path):
    """Rich has an exit of its own."""
    code = (
        "from seg_perception.cli import main, tables\n"
        "@main.app.command('table')\n"
        "def table(): tables.console().print('x')\n"
        "main.main()\n"
    )
    command = [sys.executable, "-c", code, "table"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert "standard output: can't be written" in sentence(done)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", [["config", "dump"], ["platform", "list"]])
def test_a_reader_that_goes_away_ends_it_silently(arguments):
    read, write = os.pipe()
    os.close(read)
    done = run(*arguments, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_without_any_output_it_works():
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" config check >&- 2>&-', "sh", *COMMAND], check=False
    )
    assert done.returncode == 0


LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", LONG],
        ["replay", f"{LONG}.mcap", "-o", "out.mcap"],
        ["config", "check", LONG],
        ["evaluate", "nowhere.mcap", "--config", LONG],
        ["report", LONG],
        ["compare", LONG, LONG],
        ["label", "photos", "-o", LONG],
        ["corrections", LONG, "masks.zip"],
        ["platform", "layout", LONG],
        ["platform", "policy", "simulated", "-o", LONG],
        ["engine", "list", "--set", f"tensorrt.cache={LONG}"],
        ["config", "dump", "--set", f"transfer.cell_px={'9' * 5000}"],
        ["config", "dump", "--set", f"transfer.cell_px={'[' * 5000}"],
    ],
    ids=lambda arguments: " ".join(argument[:12] for argument in arguments),
)
def test_names_and_values_that_are_too_long_are_one_sentence(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2, (done.output, done.exception)
    assert isinstance(done.exception, SystemExit)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")


def test_a_name_that_is_no_text_is_printed(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff.mcap"
    done = subprocess.run([*COMMAND, "inspect", folder], capture_output=True, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    code = "import os, sys; from seg_perception.core.atomic_write import write_file;"
    code += "from pathlib import Path; write_file(Path(sys.argv[1]), sys.argv[1], ValueError)"
    subprocess.run([sys.executable, "-c", code, folder], check=True)
    assert Path(os.fsdecode(folder)).read_text().endswith("\\udcff.mcap")


def test_a_defect_of_ours_is_no_condition_of_a_command(monkeypatch, capsys):
    from seg_perception.cli import main

    def defect():
        raise ZeroDivisionError

    monkeypatch.setattr(main, "app", defect)
    monkeypatch.setattr(main, "end_on_signals", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 70
    assert "ZeroDivisionError" in (said := capsys.readouterr().err)
    assert said.endswith("please report it with the above\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_removes_what_was_being_written(number, tmp_path):
    """A folder is a draft while `mine` looks at a bag: here a pipe that nobody writes to."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from seg_perception.cli import main\n"
        "from seg_perception.core.draft_folder import draft_folder\n"
        "@main.app.command('wait')\n"
        "def wait(folder: Path):\n"
        "    with draft_folder(folder, ValueError):\n"
        "        print('writing', flush=True); time.sleep(60)\n"
        "main.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "wait", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [path.name for path in tmp_path.iterdir()] == [".out.draft"]
        process.send_signal(number)
        process.wait(30)
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []

"""A folder is there whole or not at all, and one process writes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from full_disk import full_disk

from seg_perception.core.draft_folder import draft_folder, replace_files
from seg_perception.core.errors import DatasetError
from seg_perception.core.locks import working_in

WRITER = (
    "import sys, time; from pathlib import Path;"
    "from seg_perception.core.draft_folder import draft_folder\n"
    "with draft_folder(Path(sys.argv[1]), ValueError) as draft:\n"
    "    (draft / 'sub').mkdir(); (draft / 'sub' / 'half').touch()\n"
    "    print('writing', flush=True); time.sleep(60)\n"
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def other_writer(tmp_path):
    """Another process that writes the same folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path / "out"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_folder_has_its_name_when_it_is_complete(tmp_path):
    with draft_folder(tmp_path / "new" / "out", DatasetError) as draft:
        (draft / "a").touch()
        assert not (tmp_path / "new" / "out").exists()
    assert names(tmp_path / "new") == ["out"]
    assert names(tmp_path / "new" / "out") == ["a"]


def test_of_a_folder_that_failed_nothing_is_left(tmp_path):
    with (
        full_disk(10),
        pytest.raises(DatasetError, match="out: can't be written"),
        draft_folder(tmp_path / "out", DatasetError) as draft,
    ):
        (draft / "a").write_bytes(bytes(11))
    assert names(tmp_path) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with (
        pytest.raises(DatasetError, match="exists: expected a new folder"),
        draft_folder(tmp_path / "out", DatasetError),
    ):
        pass
    assert names(tmp_path / "out") == ["mine"]


def test_errors_of_what_is_read_meanwhile_are_not_taken_for_the_folders(tmp_path):
    with pytest.raises(FileNotFoundError), draft_folder(tmp_path / "out", DatasetError):
        (tmp_path / "nowhere").read_text()
    assert names(tmp_path) == []


def test_a_second_writer_is_told_of_the_first(tmp_path, other_writer):
    with (
        pytest.raises(DatasetError, match="another process is writing it"),
        draft_folder(tmp_path / "out", DatasetError),
    ):
        pass
    assert names(tmp_path / ".out.draft") == ["sub"]


def test_what_a_killed_process_left_is_cleared_and_used(tmp_path, other_writer):
    other_writer.send_signal(signal.SIGKILL)
    other_writer.wait()
    assert names(tmp_path) == [".out.draft"]
    with draft_folder(tmp_path / "out", DatasetError) as draft:
        (draft / "a").touch()
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["a"])


def test_files_are_replaced_all_or_none(tmp_path):
    folder = tmp_path / "masks"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(b"old")
    with full_disk(10), pytest.raises(DatasetError, match="can't be written"):
        replace_files(folder, [("a", b"new"), ("b", bytes(11))], DatasetError)
    assert {path.read_bytes() for path in folder.iterdir()} == {b"old"}
    replace_files(folder, [("a", b"new"), ("b", b"newer")], DatasetError)
    assert [(folder / name).read_bytes() for name in ("a", "b", "c")] == [b"new", b"newer", b"old"]
    assert (names(tmp_path), names(folder)) == (["masks"], ["a", "b", "c"])


def test_two_processes_do_not_work_in_one_folder(tmp_path):
    with working_in(tmp_path, DatasetError):
        code = (
            "import sys; from pathlib import Path\n"
            "from seg_perception.core.locks import working_in\n"
            "with working_in(Path(sys.argv[1]), ValueError): pass"
        )
        other = subprocess.run(
            [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False
        )
    assert "another process works in it" in other.stderr
    with working_in(tmp_path, DatasetError):
        pass

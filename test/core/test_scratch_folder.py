"""What is unpacked goes with its process, and what a killed one left with the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from seg_perception.core.scratch_folder import scratch_folder

HOLDER = (
    "import time; from seg_perception.core.scratch_folder import scratch_folder\n"
    "with scratch_folder('test') as folder:\n"
    "    (folder / 'model').touch(); print(folder, flush=True); time.sleep(60)\n"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(place):
    """Another process with a folder of the same use."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert Path(process.stdout.readline().strip()).is_dir()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_it_is_there_for_as_long_as_it_is_used(place):
    with scratch_folder("test") as folder:
        assert (folder.parent, folder.stat().st_mode & 0o777) == (place, 0o700)
        (folder / "model").touch()
    assert list(place.iterdir()) == []


def test_folders_that_are_used_stay(place, holder):
    with scratch_folder("test") as one, scratch_folder("test") as other:
        assert len({one, other, *place.iterdir()}) == 3


def test_what_a_killed_process_left_is_removed(place, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert len(list(place.iterdir())) == 1
    with scratch_folder("other"):
        assert len(list(place.iterdir())) == 2
    with scratch_folder("test") as folder:
        assert list(place.iterdir()) == [folder]


def test_links_and_files_of_the_same_name_are_left_alone(place):
    (place / "precious").mkdir()
    (place / "precious" / "file").touch()
    (place / "seg-perception-test-link").symlink_to(place / "precious")
    (place / "seg-perception-test-file").touch()
    with scratch_folder("test"):
        pass
    assert (place / "precious" / "file").exists()
    assert (place / "seg-perception-test-file").exists()

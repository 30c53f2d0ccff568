"""A file is there whole or as it was, whatever the disk, a signal or a link does."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from full_disk import full_disk

from seg_perception.core.atomic_write import draft_file, draft_name, remove_drafts, write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import DatasetError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_with_its_permissions_and_nothing_else_is_left(tmp_path):
    file = tmp_path / "new" / "a.txt"
    write_file(file, "old", DatasetError)
    file.chmod(0o640)
    write_file(file, "né\N{SNOWMAN}w", DatasetError, sync=True)
    assert file.read_text(encoding="utf-8") == "né\N{SNOWMAN}w"
    assert (file.stat().st_mode & 0o777, names(file.parent)) == (0o640, ["a.txt"])


def test_a_full_disk_leaves_what_was_there(tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(b"good")
    with full_disk(10), pytest.raises(DatasetError, match=r"a.bin: can't be written \(.*\); "):
        write_file(file, bytes(11), DatasetError)
    assert (file.read_bytes(), names(tmp_path)) == (b"good", ["a.bin"])


def test_a_body_that_fails_leaves_what_was_there(tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(b"good")

    def interrupted() -> None:
        with draft_file(file, DatasetError) as draft:
            draft.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (file.read_bytes(), names(tmp_path)) == (b"good", ["a.bin"])


@pytest.mark.parametrize(
    ("place", "mend"),
    [
        ("file/a.txt", "a part of it is a file"),
        ("x" * 256, "choose a shorter name"),
        ("folder", "this is a folder"),
    ],
)
def test_a_place_that_can_not_be_is_one_sentence_with_its_mend(tmp_path, place, mend):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatasetError, match=mend):
        write_file(tmp_path / place, "text", DatasetError)


def test_the_longest_name_can_be_written(tmp_path):
    write_file(tmp_path / ("x" * 255), "text", DatasetError)
    assert names(tmp_path) == ["x" * 255]


def test_the_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_file(tmp_path / "link.txt", "new", DatasetError)
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_a_device_is_written_to_and_stays_one():
    write_file(Path("/dev/null"), "text", DatasetError)
    assert Path("/dev/null").is_char_device()
    with pytest.raises(DatasetError, match=r"/dev/full: can't be written .* free some space"):
        write_file(Path("/dev/full"), "text", DatasetError)


def test_a_link_planted_under_the_drafts_name_reaches_nobodys_file(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    draft_name(tmp_path / "a.txt").symlink_to(victim)
    with pytest.raises(DatasetError, match="check its links"):
        write_file(tmp_path / "a.txt", "text", DatasetError)
    draft_name(tmp_path / "b.txt").hardlink_to(victim)
    write_file(tmp_path / "b.txt", "text", DatasetError)
    assert victim.read_text() == "mine"


def test_the_draft_of_a_killed_process_is_used_again_and_swept(tmp_path):
    code = (
        "import sys, time; from pathlib import Path;"
        "from seg_perception.core.atomic_write import draft_file\n"
        "with draft_file(Path(sys.argv[1]), ValueError) as draft:\n"
        "    draft.write_text('a long half'); print('writing', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "a.txt"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert remove_drafts(tmp_path) == 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert names(tmp_path) == [".a.txt.draft"]
    write_file(tmp_path / "a.txt", "whole", DatasetError)
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"
    draft_name(tmp_path / "b.txt").write_text("left")
    assert (remove_drafts(tmp_path), names(tmp_path)) == (1, ["a.txt"])


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path):
    texts = [str(n) * 5000 for n in range(8)]
    threads = [
        threading.Thread(target=write_file, args=(tmp_path / "a.txt", text, DatasetError))
        for text in texts * 20
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (tmp_path / "a.txt").exists():
            assert (tmp_path / "a.txt").read_text() in texts
        time.sleep(0)
    assert (tmp_path / "a.txt").read_text() in texts
    assert names(tmp_path) == ["a.txt"]


def test_where_nobody_can_lock_each_writer_has_a_draft_of_its_own(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        draft_file(tmp_path / "a.txt", DatasetError) as one,
        draft_file(tmp_path / "a.txt", DatasetError) as other,
    ):
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a.txt").read_text() == "one"
    with draft_folder(tmp_path / "out", DatasetError) as draft:
        (draft / "a").touch()
    assert (tmp_path / "out" / "a").exists()
    assert names(tmp_path) == ["a.txt", "out"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DatasetError, match="check the permissions"):
        write_file(tmp_path / "a.txt", "text", DatasetError)

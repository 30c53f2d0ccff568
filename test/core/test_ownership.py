"""What somebody else may have put there is not taken for ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seg_perception.core.ownership import expect_own_folder, open_own, read_own, stranger


def stat_of(uid: int, mode: int, gid: int = 0) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (stat_of(os.geteuid(), 0o100644), ""),
        (stat_of(0, 0o100644), ""),
        (stat_of(os.geteuid(), 0o100664, os.getegid()), ""),
        (stat_of(12345, 0o100644), "it belongs to user 12345"),
        (stat_of(os.geteuid(), 0o100666), "everybody may write to it"),
        (stat_of(os.geteuid(), 0o100664, 12345), "group 12345 may write to it"),
    ],
)
def test_ours_is_what_only_we_and_root_may_write(found, reason):
    assert stranger(found).startswith(reason)
    assert bool(stranger(found)) == bool(reason)


def test_our_own_file_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"ours")
    assert read_own(tmp_path / "a") == b"ours"
    expect_own_folder(tmp_path)


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to])
def test_links_are_refused_and_what_they_lead_to_is_left_alone(tmp_path, make):
    (tmp_path / "victim").write_bytes(b"mine")
    make(tmp_path / "link", tmp_path / "victim")
    with pytest.raises(PermissionError, match=r"link|second name"):
        open_own(tmp_path / "link", os.O_RDWR | os.O_CREAT)
    assert (tmp_path / "victim").read_bytes() == b"mine"


def test_a_pipe_and_a_file_for_everybody_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PermissionError, match="no plain file"):
        read_own(tmp_path / "pipe")
    (tmp_path / "open").touch()
    (tmp_path / "open").chmod(0o666)
    with pytest.raises(PermissionError, match="everybody may write"):
        read_own(tmp_path / "open")
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError, match="everybody may write"):
        expect_own_folder(tmp_path)

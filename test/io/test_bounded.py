"""Bombs: small files that hold, or claim to hold, more than any machine has."""

from __future__ import annotations

import bz2
import re
import resource
import shutil
import sqlite3
import struct
import tempfile
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from rosbags.rosbag2 import StoragePlugin

from fuzz import bombs
from seg_perception.core.errors import BagError
from seg_perception.io import bounded, mcap_reader, mcap_writer
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.bounded import Bound, UnpackError, unpack
from seg_perception.io.bounded_sqlite import connect, expect_within
from seg_perception.io.bounded_zip import members_within, read_member

PACK = {"zstd": zstd.compress, "lz4": lz4.frame.compress, "bz2": bz2.compress}
TIGHT = Bound(free_bytes=1000, growth=2, most_bytes=5000)


@pytest.fixture
def tight(monkeypatch):
    monkeypatch.setattr(bounded, "IN_MEMORY", TIGHT)
    monkeypatch.setattr(bounded, "ON_DISK", TIGHT)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_what_fits_is_unpacked(kind, size):
    data = bytes(i * 7919 >> 5 & 255 for i in range(size))
    assert unpack(kind, PACK[kind](data)) == data
    assert unpack(kind, memoryview(PACK[kind](data)), size) == data


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize(("declared", "held"), [(100, 101), (100, 99), (0, 1), (100, 10_000_000)])
def test_another_size_than_was_declared_is_refused(kind, declared, held):
    with pytest.raises(UnpackError, match=f"more than {declared} bytes|expected {declared}"):
        unpack(kind, PACK[kind](bytes(held)), declared)


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_is_refused(kind):
    packed = PACK[kind](bytes(range(256)) * 10)
    for length in range(len(packed) - 1):
        with pytest.raises(UnpackError):
            unpack(kind, packed[:length], 2560)


@pytest.mark.parametrize(
    ("packed", "allowed"), [(0, 1000), (500, 1000), (501, 1002), (2500, 5000), (9999, 5000)]
)
def test_a_bound_is_free_bytes_then_growth_then_the_most(packed, allowed):
    assert TIGHT.of(packed) == allowed


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize("kind", PACK)
def test_without_a_declared_size_the_bound_counts(kind):
    assert len(unpack(kind, PACK[kind](bytes(1000)))) == 1000
    with pytest.raises(UnpackError, match="more than 1000 bytes"):
        unpack(kind, PACK[kind](bytes(1001)))
    with pytest.raises(UnpackError, match="declares 1001 bytes, expected at most 1000"):
        unpack(kind, PACK[kind](bytes(1001)), 1001)


@contextmanager
def memory_for(more_bytes):
    """So much more than this process has already, of which its mappings are the larger part."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + more_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def refusals(path, data):
    """What is said of a bag, in a gigabyte of memory."""
    path.write_bytes(data)
    assert len(data) < 1 << 18
    with memory_for(1 << 30):
        try:
            with BagReader(path) as bag:
                count = len([*bag.messages()])
                assert count == 0
                return "\n".join(bag.warnings)
        except BagError as error:
            return str(error)


@pytest.mark.parametrize("declared", [100, 300 << 20, 3 << 30, 1 << 62])
def test_a_chunk_of_gigabytes_is_left_out(tmp_path, declared):
    said = refusals(tmp_path / "a.mcap", bombs.mcap_chunk(declared))
    assert "a chunk is damaged" in said
    assert re.search(rf"more than {declared} bytes|declares {declared} bytes", said)


def test_a_message_of_gigabytes_ends_the_bag(tmp_path):
    said = refusals(tmp_path / "a.mcap", bombs.mcap_message())
    assert "a compressed message is damaged (it holds more than 268435456 bytes)" in said


def test_a_ros_1_chunk_that_holds_more_than_it_declares_ends_the_bag(tmp_path):
    said = refusals(tmp_path / "a.bag", bombs.ros1_chunk())
    assert "the recording is damaged (it holds more than 100 bytes)" in said


@pytest.mark.parametrize("bomb", [bombs.recursive_view, bombs.computed_column])
def test_a_database_that_computes_its_messages_is_refused(tmp_path, bomb):
    said = refusals(tmp_path / "a.db3", bomb())
    assert "messages is no plain table" in said


def test_a_query_that_does_not_end_is_ended(tmp_path):
    path = tmp_path / "a.db3"
    path.write_bytes(bombs.recursive_view())
    with closing(connect(path)) as database, pytest.raises(sqlite3.OperationalError):
        database.execute("SELECT COUNT(*) FROM messages").fetchone()


def test_messages_that_share_their_pages_are_refused(bags, tmp_path):
    """Else a megabyte of file is terabytes of messages."""
    bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
    with pytest.raises(sqlite3.DatabaseError, match="claims 4097 bytes of messages in a file of"):
        expect_within(4097, 4096)
    expect_within(4096, 4096)


def test_a_packed_bag_ends_at_its_bound_and_leaves_nothing(bags, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(
        bounded, "ON_DISK", Bound(free_bytes=1 << 26, growth=100, most_bytes=1 << 40)
    )
    said = refusals(tmp_path / "a.mcap.zstd", bombs.zeros(6 << 30))
    assert "holds more than 67108864 bytes; if you trust it, unpack it by `unzstd`" in said
    said = refusals(tmp_path / "a.db3.zstd", bombs.zeros(6 << 30))
    assert "holds more than 67108864 bytes" in said
    assert [*(tmp_path / "scratch").iterdir()] == []


@pytest.mark.parametrize("suffix", [".mcap", ".db3"])
def test_an_open_packed_bag_has_no_name_on_the_disk(bags, tmp_path, monkeypatch, suffix):
    """So that a process that is killed leaves nothing."""
    plain = tmp_path / f"a{suffix}"
    if suffix == ".db3":
        expected = bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
        plain.write_bytes((tmp_path / "bag" / "bag.db3").read_bytes())
    else:
        expected = bags.write_texts(plain, [1, 2, 3])
    packed = plain.with_suffix(f"{suffix}.zstd")
    packed.write_bytes(zstd.compress(plain.read_bytes()))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with BagReader(packed) as bag:
        assert [*(tmp_path / "scratch").iterdir()] == []
        for _ in range(2):
            found = [(m.topic, m.log_time_ns, m.message.data) for m in bag.messages()]
            assert found == expected


def test_a_disk_without_room_is_said(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(total=1 << 20, free=1 << 18)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    said = refusals(tmp_path / "a.mcap.zstd", bombs.zeros(1 << 28))
    assert f"has no room for more than {(1 << 18) - (1 << 20) // 20} bytes; set TMPDIR" in said


def test_chunks_that_overlap_in_time_may_be_open_up_to_a_bound(bags, tmp_path, monkeypatch):
    """Each of three chunks holds two messages of 1000 bytes, the second later than all first."""
    with BagWriter(tmp_path / "a.mcap", "none") as bag:
        for time in (1, 2, 3):
            bag.write("/text", bags.text("x" * 1000), time)
            bag.write("/text", bags.text("x" * 1000), 1000 * time)
            bag.flush()
    monkeypatch.setattr(mcap_reader, "_MOST_OPEN_BYTES", 9000)
    assert [time for _, time, _ in bags.read(tmp_path / "a.mcap")] == [1, 2, 3, 1000, 2000, 3000]
    monkeypatch.setattr(mcap_reader, "_MOST_OPEN_BYTES", 6000)
    with pytest.raises(BagError, match="6000 bytes overlap in time; sort the recording by `mcap"):
        bags.read(tmp_path / "a.mcap")


def test_an_index_that_names_a_chunk_twice_is_not_believed(bags, tmp_path, monkeypatch):
    monkeypatch.setattr(mcap_writer.McapWriter, "_finish", _finish_with_every_chunk_a_hundred_times)
    expected = bags.write_texts(tmp_path / "a.mcap", [1, 2, 3])
    with BagReader(tmp_path / "a.mcap") as bag:
        assert any("several times" in text for text in bag.warnings)
    assert bags.read(tmp_path / "a.mcap") == expected


_FINISH = mcap_writer.McapWriter._finish


def _finish_with_every_chunk_a_hundred_times(self, metadata):
    self._chunk_indexes *= 100
    _FINISH(self, metadata)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_may_be_deflated_only(tmp_path, method):
    path = tmp_path / "a.zip"
    path.write_bytes(bombs.zipped({"a": b"a" * 100}, method))
    with (
        zipfile.ZipFile(path) as archive,
        pytest.raises(UnpackError, match="a: expected it stored"),
    ):
        members_within(archive, path, TIGHT)


def test_a_member_that_holds_more_than_it_declares_costs_no_memory(tmp_path):
    path = tmp_path / "a.zip"
    data = bytearray(bombs.zipped({"a": bytes(1 << 28)}))
    for mark, at in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        place = data.index(mark) + at
        data[place : place + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive, memory_for(1 << 26):
        (member,) = members_within(archive, path, TIGHT)
        with pytest.raises(zipfile.BadZipFile):
            read_member(archive, member)

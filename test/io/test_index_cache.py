"""A file's index is read once, and anew when the file is another one."""

import os

import pytest
from rosbags.rosbag2 import StoragePlugin

from seg_perception.core.errors import BagError
from seg_perception.io import db3_reader, mcap_reader
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.index_cache import indexed


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return path


def test_an_index_is_read_once_while_its_file_stays_as_it_is(file):
    read = []

    def index():
        read.append(file.read_bytes())
        return read[-1]

    assert [indexed(file, index), indexed(file, index)] == [b"one", b"one"]
    assert len(read) == 1
    file.write_bytes(b"more")
    assert indexed(file, index) == b"more"
    # Of one size, but written at another time.
    file.write_bytes(b"none")
    os.utime(file, ns=(1, 1))
    assert indexed(file, index) == b"none"


def test_what_can_not_be_read_is_tried_again(file):
    tries = []

    def index():
        tries.append(1)
        if len(tries) == 1:
            msg = "damaged"
            raise BagError(msg)
        return "sound"

    with pytest.raises(BagError):
        indexed(file, index)
    assert indexed(file, index) == "sound"


@pytest.mark.parametrize(
    ("storage", "module", "name"),
    [
        (StoragePlugin.MCAP, mcap_reader, "read_summary"),
        (StoragePlugin.SQLITE3, db3_reader, "_read_topics"),
    ],
)
def test_a_bag_that_is_opened_again_is_not_indexed_again(
    bags, tmp_path, monkeypatch, storage, module, name
):
    expected = bags.write_by_rosbags(tmp_path / "bag", storage, 8)
    read, calls = getattr(module, name), []
    monkeypatch.setattr(module, name, lambda *a: calls.append(1) or read(*a))
    for _ in range(3):
        assert bags.read(tmp_path / "bag") == expected
    assert len(calls) == 1


def test_what_was_amiss_is_told_by_every_one_that_opens_the_file(bags, tmp_path):
    path = tmp_path / "cut.mcap"
    bags.write_texts(path, range(1, 50))
    path.write_bytes(path.read_bytes()[:-40])
    warnings = []
    for _ in range(2):
        with BagReader(path) as bag:
            warnings.append(bag.warnings)
    assert warnings[0] == warnings[1] != ()

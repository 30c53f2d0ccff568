"""Recordings that were killed, cut off, damaged, or never were one."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import StoragePlugin

from seg_perception.core.errors import BagError
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter

REPOSITORY = Path(__file__).resolve().parents[2]


def test_an_unfinished_recording_is_read_to_its_end(bags, tmp_path):
    bags.unfinished(tmp_path / "a.mcap")
    with BagReader(tmp_path / "a.mcap") as bag:
        assert [msg.message.data for msg in bag.messages()] == [str(i) for i in range(10)]
        assert (bag.message_count, bag.start_ns, bag.end_ns) == (10, 0, 9)
        assert any("never finished" in warning for warning in bag.warnings)


@settings(max_examples=40)
@given(st.data())
def test_wherever_a_recording_is_cut_its_beginning_is_read(bags, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "a.mcap"
    bags.unfinished(path)
    size = path.stat().st_size
    cut = data.draw(st.integers(0, size - 8))
    os.truncate(path, size - cut)
    with BagReader(path) as bag:
        found = [msg.message.data for msg in bag.messages()]
        assert found == [str(i) for i in range(len(found))]
        assert len(found) % 2 == 0
        assert bag.warnings
    assert len(found) == 10 or cut


def test_zeros_at_the_end_of_a_recording_are_passed_over(bags, tmp_path):
    bags.unfinished(tmp_path / "a.mcap")
    with (tmp_path / "a.mcap").open("ab") as file:
        file.write(bytes(4096))
    assert len(bags.read(tmp_path / "a.mcap")) == 10


def test_a_damaged_chunk_costs_its_own_messages_only(bags, tmp_path):
    path = tmp_path / "a.mcap"
    with BagWriter(path, compression="none") as bag:
        for time in range(5):
            bag.write("/text", bags.text(f"text number {time}"), time * 2 * 10**9)
    path.write_bytes(path.read_bytes().replace(b"text number 2", b"text number ?"))
    with BagReader(path) as bag:
        found = [msg.message.data for msg in bag.messages()]
        assert found == [f"text number {i}" for i in (0, 1, 3, 4)]
        assert any("damaged" in warning for warning in bag.warnings)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 255), st.booleans())
def test_a_flipped_byte_is_at_most_a_bag_error(bags, tmp_path_factory, position, value, finished):
    path = tmp_path_factory.mktemp("flip") / "a.mcap"
    if finished:
        bags.write_texts(path, [1, 2, 3 * 10**9], compression="lz4")
    else:
        bags.unfinished(path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] = value
    path.write_bytes(data)
    with contextlib.suppress(BagError):
        bags.read(path)


def test_an_unchunked_recording_is_read(bags, tmp_path):
    """As `ros2 bag record --storage-preset-profile fastwrite` makes it."""
    from seg_perception.io import mcap_format as mcap

    path = tmp_path / "a.mcap"
    data = mcap.MAGIC + mcap.record(mcap.HEADER, mcap.text("ros2") + mcap.text(""))
    data += mcap.schema_record(mcap.Schema(1, "std_msgs/msg/String", "ros2msg", b"string data"))
    data += mcap.channel_record(mcap.Channel(1, 1, "/text", "cdr", {}))
    for time in (5, 3, 9):
        prefix = mcap.MESSAGE_PREFIX.pack(1, 0, time, time)
        data += mcap.record(mcap.MESSAGE, prefix + bytes(bags.cdr(time)))
    path.write_bytes(data)
    assert [time for _, time, _ in bags.read(path)] == [3, 5, 9]
    path.write_bytes(data[:-1])
    assert [time for _, time, _ in bags.read(path)] == [3, 5]


KILLED = """
import os, signal, sys
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import String
bag = BagWriter(sys.argv[1])
for time in range(50):
    bag.write("/text", String(str(time)), time * 10**8)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_loses_at_most_its_last_second(bags, path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=REPOSITORY, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    found = bags.read(path)
    assert [value for _, _, value in found] == [str(i) for i in range(len(found))]
    assert 39 <= len(found) < 50


FULL = """
import resource, signal, sys
from seg_perception.core.errors import BagError
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import String
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))
errors = 0
with BagWriter(sys.argv[1], "none", threads=2 * (sys.argv[2] == "thread")) as bag:
    for time in range(60):
        try:
            bag.write("/text", String(str(time) * 500), time * 2 * 10**9)
        except BagError as error:
            errors += 1
            assert "make room" in str(error), error
print(errors)
"""


@pytest.mark.parametrize("by", ["caller", "thread"])
def test_a_full_disk_keeps_what_was_written(bags, path, by):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), by],
        cwd=REPOSITORY,
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    file = path if path.is_file() else path / "bag_0.mcap"
    found = bags.read(file)
    assert [value for _, _, value in found] == [str(i) * 500 for i in range(len(found))]
    assert len(found) > 20


@pytest.mark.parametrize("name", ["a.mcap", "a.db3", "a.bag", "a.mcap.zstd"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 100])
def test_other_bytes_are_no_recording(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BagError, match=str(tmp_path)):
        BagReader(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"), [("none", "no such file"), ("folder", "no"), ("a.txt", "expected .mcap")]
)
def test_what_is_no_recording_is_said_to_be_none(tmp_path, name, text):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(BagError, match=text):
        BagReader(tmp_path / name)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_database_is_refused(bags, tmp_path, share):
    bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
    file = tmp_path / "bag" / "bag.db3"
    os.truncate(file, int(file.stat().st_size * share))
    with pytest.raises(BagError, match="copy it again"):
        BagReader(file)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_cut_off_ros_1_bag_is_refused(ros1_bag, share):
    os.truncate(ros1_bag, int(ros1_bag.stat().st_size * share))
    with pytest.raises(BagError, match="rosbag reindex"):
        BagReader(ros1_bag)


def set_format(database, value):
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE topics SET serialization_format = ?", (value,))
    connection.close()


def test_an_unknown_serialization_is_refused_and_can_be_mended(bags, tmp_path):
    expected = bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
    metadata = tmp_path / "bag" / "metadata.yaml"
    sound = metadata.read_text()
    set_format(tmp_path / "bag" / "bag.db3", "")
    metadata.write_text(sound.replace("serialization_format: cdr", "serialization_format: ''"))
    with pytest.raises(BagError, match="serialization_format: cdr"):
        BagReader(tmp_path / "bag")
    metadata.write_text(sound)
    assert bags.read(tmp_path / "bag") == expected


def test_a_recording_in_a_folder_that_can_not_be_written_is_read(bags, tmp_path):
    expected = bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
    (tmp_path / "bag").chmod(0o555)
    try:
        assert bags.read(tmp_path / "bag") == expected
    finally:
        (tmp_path / "bag").chmod(0o755)
        shutil.rmtree(tmp_path / "bag")


def test_a_message_that_does_not_fit_its_type_is_named(tmp_path):
    with BagWriter(tmp_path / "a.mcap") as bag:
        bag.write_raw("/text", "std_msgs/msg/String", b"\0\1\0\0\xff\xff\0\0ab", 5)
    with BagReader(tmp_path / "a.mcap") as bag:
        (msg,) = bag.messages()
        with pytest.raises(BagError, match="/text: a message does not fit its type"):
            msg.message  # noqa: B018 (decodes)

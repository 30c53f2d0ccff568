"""Recordings of every kind: order, memory, and what others wrote."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from seg_perception.core.errors import BagError
from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import RawMessage, StoredTopic, merge_by_time
from seg_perception.io.bag_writer import BagWriter


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10 * 10**9), max_size=60))
def test_messages_come_in_the_order_of_their_times(bags, tmp_path_factory, times):
    folder = tmp_path_factory.mktemp("order")
    expected = bags.write_texts(folder / "a.mcap", times)
    assert bags.read(folder / "a.mcap") == expected


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 20)), max_size=5))
def test_merging_equals_sorting_and_opens_streams_when_due(times):
    topic = StoredTopic(0, "/t", "", "cdr", "", "", 0, latched=False)
    opened = []

    def source(order, values):
        def stream():
            opened.append(order)
            return iter([RawMessage(time, topic, b"%d" % order) for time in sorted(values)])

        return min(values, default=0), stream

    merged = []
    for message in merge_by_time(source(*item) for item in enumerate(times)):
        merged.append((message.log_time_ns, int(message.data)))
        late = [o for o in opened if times[o] and min(times[o]) > message.log_time_ns]
        assert not late
    assert merged == sorted((time, order) for order, values in enumerate(times) for time in values)


def test_a_long_bag_needs_no_more_memory_than_a_short_one(tmp_path):
    def peak(count):
        path = tmp_path / f"{count}.mcap"
        noise = np.random.default_rng(0).integers(0, 256, 1 << 18, np.uint8)
        with BagWriter(path) as bag:
            for i in range(count):
                bag.write("/image", m.CompressedImage(data=noise), i * 10**8)
        tracemalloc.start()
        with BagReader(path) as bag:
            read_bytes = sum(len(msg.message.data) for msg in bag.messages())
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert read_bytes == count << 18
        return peak_bytes

    assert peak(120) < peak(30) * 1.2


def test_only_the_chosen_topics_are_read(bags, path):
    with BagWriter(path) as bag:
        for i, topic in enumerate(["/a", "/b", "/a"]):
            bag.write(topic, bags.text(i), i)
    assert [time for _, time, _ in bags.read(path, ["/a"])] == [0, 2]
    assert bags.read(path, []) == []
    with BagReader(path) as bag, pytest.raises(BagError, match=r"'/a', '/b'.*'/c'"):
        bag.messages(["/c"])


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("version", [8, 9])
def test_reads_folders_of_rosbag2(bags, tmp_path, storage, version):
    expected = bags.write_by_rosbags(tmp_path / "bag", storage, version)
    assert bags.read(tmp_path / "bag") == expected
    with BagReader(tmp_path / "bag") as bag:
        assert {t.name: (t.latched, t.count) for t in bag.topics} == {
            "/map": (True, 1),
            "/text": (False, 3),
        }
    (file,) = [p for p in (tmp_path / "bag").iterdir() if p.suffix in (".mcap", ".db3")]
    assert bags.read(file) == expected


@pytest.mark.parametrize(
    ("storage", "mode"),
    [
        (StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
        (StoragePlugin.SQLITE3, CompressionMode.FILE),
        (StoragePlugin.MCAP, CompressionMode.FILE),
        (StoragePlugin.MCAP, CompressionMode.STORAGE),
    ],
)
def test_reads_compressed_folders(bags, tmp_path, storage, mode):
    expected = bags.write_by_rosbags(tmp_path / "bag", storage, 8, mode)
    assert bags.read(tmp_path / "bag") == expected


def test_a_metadata_version_of_the_future_is_read_all_the_same(bags, tmp_path):
    expected = bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 9)
    metadata = tmp_path / "bag" / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("version: 9", "version: 99"))
    assert bags.read(tmp_path / "bag") == expected


def test_files_of_a_split_bag_follow_one_another(bags, tmp_path):
    folder = tmp_path / "bag"
    folder.mkdir()
    for i in range(11):
        bags.write_texts(folder / f"bag_{i}.mcap", [100 - i, 200 - i])
    with BagReader(folder) as bag:
        assert [msg.log_time_ns for msg in bag.messages()] == [*range(90, 101), *range(190, 201)]
        assert bag.topics[0].count == 22
        assert "metadata.yaml" in bag.warnings[0]


def test_unreadable_metadata_is_done_without(bags, tmp_path):
    expected = bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.MCAP, 9)
    (tmp_path / "bag" / "metadata.yaml").write_text("{")
    assert bags.read(tmp_path / "bag") == expected


def test_a_file_that_the_metadata_names_must_be_there(bags, tmp_path):
    bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.MCAP, 9)
    (tmp_path / "bag" / "bag.mcap").unlink()
    with pytest.raises(BagError, match=r"missing.*bag\.mcap"):
        BagReader(tmp_path / "bag")


def test_ros_1_bags_speak_ros_2(ros1_bag):
    with BagReader(ros1_bag) as bag:
        (topic,) = bag.topics
        (msg,) = bag.messages()
    assert (topic.type, topic.latched) == ("sensor_msgs/msg/CameraInfo", True)
    assert m.stamp_to_ns(msg.message.header.stamp) == 3_000_000_004


def test_ros_1_messages_are_copied_into_ros_2_types(ros1_bag, tmp_path):
    with BagReader(ros1_bag) as source, BagWriter(tmp_path / "copy.mcap") as copy:
        for msg in source.messages():
            copy.copy(msg)
    with AnyReader([tmp_path / "copy.mcap"]) as bag:
        ((connection, _, raw),) = bag.messages()
        info = bag.deserialize(raw, connection.msgtype)
    assert info.k.tolist() == list(range(9))
    assert (info.header.frame_id, info.header.stamp.sec) == ("/cam", 3)


def since(path, times):
    with BagReader(path) as bag:
        everything = [message.log_time_ns for message in bag.messages()]
        found = {t: [m.log_time_ns for m in bag.messages(since_ns=t)] for t in times}
    return everything, found


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_messages_since_a_time_are_the_last_of_all(bags, tmp_path, storage):
    bags.write_by_rosbags(tmp_path / "bag", storage, 8)
    everything, _ = since(tmp_path / "bag", ())
    assert len(everything) == 4
    times = [0, *everything, everything[-1] + 1]
    for t, found in since(tmp_path / "bag", times)[1].items():
        assert found == [time for time in everything if time >= t]


def test_since_a_time_a_bag_of_many_chunks_and_files_is_read_from_there(bags, tmp_path):
    seconds = [n * 10**9 for n in range(1, 30)]
    with BagWriter(tmp_path / "bag", split_bytes=2000) as bag:
        for time in seconds:
            bag.write("/text", bags.text("x" * 500), time)
    everything, found = since(tmp_path / "bag", [0, 5 * 10**9, 17 * 10**9 + 1, 10**12])
    assert everything == seconds
    assert found == {t: [s for s in seconds if s >= t] for t in found}

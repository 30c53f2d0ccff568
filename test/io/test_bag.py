"""Bags of every kind, sound and broken; `rosbags` is the independent reader and writer."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.highlevel import AnyReader
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Ros2Writer
from rosbags.typesys import Stores, get_typestore

from seg_perception.errors import BagError
from seg_perception.io import messages as m
from seg_perception.io.bag import BagReader, BagWriter
from seg_perception.io.bag_storage import RawMessage, StoredTopic, merge_by_time
from seg_perception.io.mcap_writer import McapWriter

REPOSITORY = Path(__file__).resolve().parents[2]
JAZZY = get_typestore(Stores.ROS2_JAZZY)
FOREVER = QosTime(9223372036, 854775807)
LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    FOREVER,
    FOREVER,
    QosLiveliness.AUTOMATIC,
    FOREVER,
    avoid_ros_namespace_conventions=False,
)


def text(value):
    return m.String(str(value))


def cdr(value):
    own = JAZZY.types["std_msgs/msg/String"](data=str(value))
    return JAZZY.serialize_cdr(own, "std_msgs/msg/String")


def read(path, topics=None):
    with BagReader(path) as bag:
        return [(msg.topic, msg.log_time_ns, msg.message.data) for msg in bag.messages(topics)]


def write_texts(path, times, **options):
    with BagWriter(path, **options) as bag:
        for time in times:
            bag.write("/text", text(time), time)
    return [("/text", time, str(time)) for time in sorted(times)]


@pytest.fixture(params=["file", "folder"])
def path(request, tmp_path):
    return tmp_path / ("bag.mcap" if request.param == "file" else "bag")


# --- what we write ---------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_messages_come_back(path, compression):
    expected = write_texts(path, [3, 5, 8], compression=compression)
    assert read(path) == expected


def test_an_image_comes_back_whole(path):
    pixels = np.random.default_rng(0).integers(0, 256, 3 << 20, np.uint8)
    image = m.Image(m.Header.at(7, "cam"), 1024, 1024, "rgb8", 0, 3072, pixels)
    with BagWriter(path) as bag:
        bag.write("/image", image, 9)
    with BagReader(path) as bag:
        (back,) = bag.messages()
    np.testing.assert_array_equal(back.message.data, pixels)
    assert (back.message.header.stamp.nanosec, back.message.encoding) == (7, "rgb8")


def test_rosbags_reads_what_we_write(path):
    legend = m.SemanticLegend(
        ontology="forest", classes=[m.SemanticClass(3, "tree", np.array([1, 2, 3], np.uint8))]
    )
    grouping = m.SemanticGrouping("drivable", [m.SemanticClass(1, "yes")], [1], 255)
    legend.groupings.append(grouping)
    with BagWriter(path) as bag:
        bag.write("/legend", legend, 5, latched=True)
        bag.write("/text", text("hello"), 6)
    with AnyReader([path]) as bag:
        qos = {c.topic: c.ext.offered_qos_profiles[0] for c in bag.connections}
        found = {c.topic: bag.deserialize(raw, c.msgtype) for c, _, raw in bag.messages()}
    assert found["/legend"].classes[0].name == "tree"
    assert found["/legend"].classes[0].color_rgb.tolist() == [1, 2, 3]
    assert found["/legend"].groupings[0].group_ids.tolist() == [1]
    assert found["/text"].data == "hello"
    assert qos["/legend"].durability == QosDurability.TRANSIENT_LOCAL
    assert qos["/text"].durability == QosDurability.VOLATILE
    assert qos["/text"].reliability == QosReliability.RELIABLE


def test_ros_reads_what_we_write_and_we_read_what_it_writes(tmp_path):
    serialization = pytest.importorskip("rclpy.serialization")
    sensor_msgs = pytest.importorskip("sensor_msgs.msg")
    pixels = np.arange(12, dtype=np.uint8)
    with BagWriter(tmp_path / "a.mcap") as bag:
        bag.write("/ours", m.Image(m.Header.at(7, "cam"), 2, 2, "rgb8", 0, 6, pixels), 1)
    with BagReader(tmp_path / "a.mcap") as bag:
        (msg,) = bag.messages()
    ros = serialization.deserialize_message(bytes(msg.raw), sensor_msgs.Image)
    assert (ros.header.frame_id, ros.header.stamp.nanosec, ros.step) == ("cam", 7, 6)
    assert list(ros.data) == list(range(12))
    ros.header.frame_id = "other"
    with BagWriter(tmp_path / "b.mcap") as bag:
        bag.write_raw("/raw", msg.type, serialization.serialize_message(ros), 1)
        bag.write_message("/copied", msg.type, ros, 2)
    with BagReader(tmp_path / "b.mcap") as bag:
        for msg in bag.messages():
            assert msg.message.header.frame_id == "other"
            assert msg.message.data.tolist() == list(range(12))


def test_types_carry_their_ros_hash(path):
    write_texts(path, [1])
    with BagReader(path):
        pass
    if path.is_dir():
        content = yaml.safe_load((path / "metadata.yaml").read_text())
        (topic,) = content["rosbag2_bagfile_information"]["topics_with_message_count"]
        # The hash that `ros2 topic info -v` shows for std_msgs/msg/String.
        assert topic["topic_metadata"]["type_description_hash"] == (
            "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
        )


def test_the_metadata_counts_and_dates(tmp_path):
    write_texts(tmp_path / "bag", [10, 30])
    content = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())
    info = content["rosbag2_bagfile_information"]
    assert (info["message_count"], info["storage_identifier"]) == (2, "mcap")
    assert info["starting_time"]["nanoseconds_since_epoch"] == 10
    assert info["duration"]["nanoseconds"] == 20
    assert info["relative_file_paths"] == ["bag_0.mcap"]


def test_the_same_messages_make_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_texts(tmp_path / f"{name}.mcap", range(100))
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


def test_latched_topics_are_known_as_such(path):
    with BagWriter(path) as bag:
        bag.write("/tf_static", m.TFMessage(), 1, latched=True)
        bag.write("/text", text(1), 1)
    with BagReader(path) as bag:
        latched = {topic.name: topic.latched for topic in bag.topics}
        assert latched == {"/tf_static": True, "/text": False}
        assert {msg.topic: msg.latched for msg in bag.messages()} == latched


def test_a_bag_tells_its_extent(path):
    write_texts(path, [2_000_000_000, 1_000_000_000, 4_000_000_000])
    with BagReader(path) as bag:
        assert (bag.start_ns, bag.end_ns, bag.message_count) == (10**9, 4 * 10**9, 3)
        assert bag.duration_s == 3.0
        assert bag.warnings == ()


def test_an_empty_bag_is_a_bag(path):
    BagWriter(path).close()
    with BagReader(path) as bag:
        assert (bag.topics, list(bag.messages()), bag.start_ns) == ((), [], 0)


def test_copies_bytes_it_does_not_know(path, tmp_path):
    with BagWriter(path) as bag:
        bag.write_raw("/odd", "odd_msgs/msg/Odd", b"\0\1\0\0abc", 5)
    with BagReader(path) as source, BagWriter(tmp_path / "copy.mcap") as copy:
        for msg in source.messages():
            copy.copy(msg, "/renamed")
    with BagReader(tmp_path / "copy.mcap") as bag:
        (msg,) = bag.messages()
        assert (msg.topic, msg.type, bytes(msg.raw)) == (
            "/renamed",
            "odd_msgs/msg/Odd",
            b"\0\1\0\0abc",
        )
        with pytest.raises(BagError, match="does not define odd_msgs/msg/Odd"):
            msg.message  # noqa: B018 (decodes)


def test_a_copy_keeps_the_definition_of_a_foreign_type(tmp_path):
    definition = ("ros2msg", "uint8 answer\n")
    with BagWriter(tmp_path / "a.mcap") as bag:
        bag.write_raw("/odd", "odd_msgs/msg/Odd", b"\0\1\0\0\x2a", 5, definition=definition)
    with BagReader(tmp_path / "a.mcap") as source, BagWriter(tmp_path / "b.mcap") as copy:
        for msg in source.messages():
            copy.copy(msg)
    with BagReader(tmp_path / "b.mcap") as bag:
        assert [msg.message.answer for msg in bag.messages()] == [42]


def test_reads_types_that_are_defined_as_idl(tmp_path):
    idl = (
        "=" * 80
        + "\nIDL: odd_msgs/msg/Odd\n"
        + "module odd_msgs { module msg { struct Odd { uint8 answer; }; }; };\n"
    )
    with BagWriter(tmp_path / "a.mcap") as bag:
        bag.write_raw("/odd", "odd_msgs/msg/Odd", b"\0\1\0\0\x2a", 5, definition=("ros2idl", idl))
    with BagReader(tmp_path / "a.mcap") as bag:
        assert [msg.message.answer for msg in bag.messages()] == [42]


@pytest.mark.parametrize("message", [m.CameraInfo(k=np.zeros(3)), m.String(data=None)])
def test_values_that_do_not_fit_their_type_are_refused(tmp_path, message):
    with BagWriter(tmp_path / "a.mcap") as bag, pytest.raises(BagError, match="/x"):
        bag.write("/x", message, 1)


def test_writing_refuses_what_would_not_be_read(path):
    with BagWriter(path) as bag:
        bag.write("/text", text(1), 1)
        with pytest.raises(BagError, match="another topic"):
            bag.write("/text", m.TFMessage(), 2)
        with pytest.raises(BagError, match="known message type"):
            bag.write_message("/x", "odd_msgs/msg/Odd", text(1), 2)
        with pytest.raises(BagError, match="a field 'transforms'"):
            bag.write_message("/x", "tf2_msgs/msg/TFMessage", text(1), 2)
        with pytest.raises(BagError, match="log time"):
            bag.write("/text", text(1), -1)
    assert read(path) == [("/text", 1, "1")]
    with pytest.raises(BagError, match="finished"):
        bag.write("/text", text(3), 3)


def test_nothing_is_overwritten(path):
    write_texts(path, [1])
    with pytest.raises(BagError, match="another path"):
        BagWriter(path)
    assert len(read(path)) == 1


def test_an_unknown_compression_names_the_known_ones(tmp_path):
    with pytest.raises(BagError, match=r"none.*zstd.*lz4.*'gz'"):
        BagWriter(tmp_path / "a.mcap", compression="gz")


# --- order and memory ------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 10 * 10**9), max_size=60))
def test_messages_come_in_the_order_of_their_times(tmp_path_factory, times):
    folder = tmp_path_factory.mktemp("order")
    expected = write_texts(folder / "a.mcap", times)
    assert read(folder / "a.mcap") == expected


@settings(deadline=None, max_examples=40)
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


def test_only_the_chosen_topics_are_read(path):
    with BagWriter(path) as bag:
        for i, topic in enumerate(["/a", "/b", "/a"]):
            bag.write(topic, text(i), i)
    assert [time for _, time, _ in read(path, ["/a"])] == [0, 2]
    assert read(path, []) == []
    with BagReader(path) as bag, pytest.raises(BagError, match=r"'/a', '/b'.*'/c'"):
        bag.messages(["/c"])


# --- recordings of others --------------------------------------------------------------


def write_by_rosbags(path, storage, version, compression=None):
    writer = Ros2Writer(path, version=version, storage_plugin=storage)
    if compression is not None:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        latched = writer.add_connection(
            "/map", "std_msgs/msg/String", typestore=JAZZY, offered_qos_profiles=[LATCHED]
        )
        plain = writer.add_connection("/text", "std_msgs/msg/String", typestore=JAZZY)
        writer.write(latched, 5, cdr("m"))
        for time in (30, 10, 20):
            writer.write(plain, time, cdr(time))
    return [("/map", 5, "m"), *(("/text", time, str(time)) for time in (10, 20, 30))]


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("version", [8, 9])
def test_reads_folders_of_rosbag2(tmp_path, storage, version):
    expected = write_by_rosbags(tmp_path / "bag", storage, version)
    assert read(tmp_path / "bag") == expected
    with BagReader(tmp_path / "bag") as bag:
        assert {t.name: (t.latched, t.count) for t in bag.topics} == {
            "/map": (True, 1),
            "/text": (False, 3),
        }
    (file,) = [p for p in (tmp_path / "bag").iterdir() if p.suffix in (".mcap", ".db3")]
    assert read(file) == expected


@pytest.mark.parametrize(
    ("storage", "mode"),
    [
        (StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
        (StoragePlugin.SQLITE3, CompressionMode.FILE),
        (StoragePlugin.MCAP, CompressionMode.FILE),
        (StoragePlugin.MCAP, CompressionMode.STORAGE),
    ],
)
def test_reads_compressed_folders(tmp_path, storage, mode):
    expected = write_by_rosbags(tmp_path / "bag", storage, 8, mode)
    assert read(tmp_path / "bag") == expected


def test_a_metadata_version_of_the_future_is_read_all_the_same(tmp_path):
    expected = write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 9)
    metadata = tmp_path / "bag" / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("version: 9", "version: 99"))
    assert read(tmp_path / "bag") == expected


def test_files_of_a_split_bag_follow_one_another(tmp_path):
    folder = tmp_path / "bag"
    folder.mkdir()
    for i in range(11):
        write_texts(folder / f"bag_{i}.mcap", [100 - i, 200 - i])
    with BagReader(folder) as bag:
        assert [msg.log_time_ns for msg in bag.messages()] == [*range(90, 101), *range(190, 201)]
        assert bag.topics[0].count == 22
        assert "metadata.yaml" in bag.warnings[0]


def test_unreadable_metadata_is_done_without(tmp_path):
    expected = write_by_rosbags(tmp_path / "bag", StoragePlugin.MCAP, 9)
    (tmp_path / "bag" / "metadata.yaml").write_text("{")
    assert read(tmp_path / "bag") == expected


def test_a_file_that_the_metadata_names_must_be_there(tmp_path):
    write_by_rosbags(tmp_path / "bag", StoragePlugin.MCAP, 9)
    (tmp_path / "bag" / "bag.mcap").unlink()
    with pytest.raises(BagError, match=r"missing.*bag\.mcap"):
        BagReader(tmp_path / "bag")


@pytest.fixture
def ros1_bag(tmp_path):
    noetic = get_typestore(Stores.ROS1_NOETIC)
    path = tmp_path / "ros1.bag"
    types = noetic.types
    with Ros1Writer(path) as bag:
        info = bag.add_connection(
            "/info", "sensor_msgs/msg/CameraInfo", typestore=noetic, latching=1
        )
        stamp = types["builtin_interfaces/msg/Time"](sec=3, nanosec=4)
        message = types["sensor_msgs/msg/CameraInfo"](
            header=types["std_msgs/msg/Header"](seq=1, stamp=stamp, frame_id="/cam"),
            height=2,
            width=3,
            distortion_model="plumb_bob",
            D=np.array([0.5]),
            K=np.arange(9.0),
            R=np.arange(9.0),
            P=np.arange(12.0),
            binning_x=0,
            binning_y=0,
            roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, do_rectify=False),
        )
        bag.write(info, 7, noetic.serialize_ros1(message, "sensor_msgs/msg/CameraInfo"))
    return path


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


# --- broken recordings -----------------------------------------------------------------


def unfinished(path, *, cut=0):
    """A file as a killed recorder leaves it: ten messages in five chunks, the end `cut` off."""
    bag = McapWriter(path, "none")
    schema = bag.add_schema("std_msgs/msg/String", "ros2msg", "string data")
    channel = bag.add_channel("/text", schema, {})
    for time in range(10):
        bag.write(channel, time, cdr(time))
        if time % 2:
            bag.flush()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - cut])


def test_an_unfinished_recording_is_read_to_its_end(tmp_path):
    unfinished(tmp_path / "a.mcap")
    with BagReader(tmp_path / "a.mcap") as bag:
        assert [msg.message.data for msg in bag.messages()] == [str(i) for i in range(10)]
        assert (bag.message_count, bag.start_ns, bag.end_ns) == (10, 0, 9)
        assert any("never finished" in warning for warning in bag.warnings)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_wherever_a_recording_is_cut_its_beginning_is_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "a.mcap"
    unfinished(path)
    size = path.stat().st_size
    cut = data.draw(st.integers(0, size - 8))
    os.truncate(path, size - cut)
    with BagReader(path) as bag:
        found = [msg.message.data for msg in bag.messages()]
        assert found == [str(i) for i in range(len(found))]
        assert len(found) % 2 == 0
        assert bag.warnings
    assert len(found) == 10 or cut


def test_zeros_at_the_end_of_a_recording_are_passed_over(tmp_path):
    unfinished(tmp_path / "a.mcap")
    with (tmp_path / "a.mcap").open("ab") as file:
        file.write(bytes(4096))
    assert len(read(tmp_path / "a.mcap")) == 10


def test_a_damaged_chunk_costs_its_own_messages_only(tmp_path):
    path = tmp_path / "a.mcap"
    with BagWriter(path, compression="none") as bag:
        for time in range(5):
            bag.write("/text", text(f"text number {time}"), time * 2 * 10**9)
    path.write_bytes(path.read_bytes().replace(b"text number 2", b"text number ?"))
    with BagReader(path) as bag:
        found = [msg.message.data for msg in bag.messages()]
        assert found == [f"text number {i}" for i in (0, 1, 3, 4)]
        assert any("damaged" in warning for warning in bag.warnings)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 255), st.booleans())
def test_no_flipped_byte_is_more_than_a_bag_error(tmp_path_factory, position, value, finished):
    path = tmp_path_factory.mktemp("flip") / "a.mcap"
    if finished:
        write_texts(path, [1, 2, 3 * 10**9], compression="lz4")
    else:
        unfinished(path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] = value
    path.write_bytes(data)
    with contextlib.suppress(BagError):
        read(path)


def test_an_unchunked_recording_is_read(tmp_path):
    """As `ros2 bag record --storage-preset-profile fastwrite` makes it."""
    from seg_perception.io import mcap_format as mcap

    path = tmp_path / "a.mcap"
    data = mcap.MAGIC + mcap.record(mcap.HEADER, mcap.text("ros2") + mcap.text(""))
    data += mcap.schema_record(mcap.Schema(1, "std_msgs/msg/String", "ros2msg", b"string data"))
    data += mcap.channel_record(mcap.Channel(1, 1, "/text", "cdr", {}))
    for time in (5, 3, 9):
        prefix = mcap.MESSAGE_PREFIX.pack(1, 0, time, time)
        data += mcap.record(mcap.MESSAGE, prefix + bytes(cdr(time)))
    path.write_bytes(data)
    assert [time for _, time, _ in read(path)] == [3, 5, 9]
    path.write_bytes(data[:-1])
    assert [time for _, time, _ in read(path)] == [3, 5]


KILLED = """
import os, signal, sys
from seg_perception.io.bag import BagWriter
from seg_perception.io.messages import String
bag = BagWriter(sys.argv[1])
for time in range(50):
    bag.write("/text", String(str(time)), time * 10**8)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_loses_at_most_its_last_second(path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=REPOSITORY, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    found = read(path)
    assert [value for _, _, value in found] == [str(i) for i in range(len(found))]
    assert 39 <= len(found) < 50


FULL = """
import resource, signal, sys
from seg_perception.errors import BagError
from seg_perception.io.bag import BagWriter
from seg_perception.io.messages import String
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))
errors = 0
with BagWriter(sys.argv[1], "none") as bag:
    for time in range(60):
        try:
            bag.write("/text", String(str(time) * 500), time * 2 * 10**9)
        except BagError as error:
            errors += 1
            assert "make room" in str(error), error
print(errors)
"""


def test_a_full_disk_keeps_what_was_written(path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        cwd=REPOSITORY,
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    file = path if path.is_file() else path / "bag_0.mcap"
    found = read(file)
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
def test_a_cut_off_database_is_refused(tmp_path, share):
    write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
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


def test_an_unknown_serialization_is_refused_and_can_be_mended(tmp_path):
    expected = write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
    metadata = tmp_path / "bag" / "metadata.yaml"
    sound = metadata.read_text()
    set_format(tmp_path / "bag" / "bag.db3", "")
    metadata.write_text(sound.replace("serialization_format: cdr", "serialization_format: ''"))
    with pytest.raises(BagError, match="serialization_format: cdr"):
        BagReader(tmp_path / "bag")
    metadata.write_text(sound)
    assert read(tmp_path / "bag") == expected


def test_a_recording_in_a_folder_that_can_not_be_written_is_read(tmp_path):
    expected = write_by_rosbags(tmp_path / "bag", StoragePlugin.SQLITE3, 8)
    (tmp_path / "bag").chmod(0o555)
    try:
        assert read(tmp_path / "bag") == expected
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

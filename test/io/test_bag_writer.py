"""What we write, read by us, by `rosbags` and by ROS."""

import numpy as np
import pytest
import yaml
from full_disk import full_disk
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability, QosReliability

from seg_perception.core.errors import BagError, OutputError
from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.mcap_writer import McapWriter
from seg_perception.io.perception_messages import SemanticClass, SemanticGrouping, SemanticLegend


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_messages_come_back(bags, path, compression):
    expected = bags.write_texts(path, [3, 5, 8], compression=compression)
    assert bags.read(path) == expected


def test_an_image_comes_back_whole(path):
    pixels = np.random.default_rng(0).integers(0, 256, 3 << 20, np.uint8)
    image = m.Image(m.Header.at(7, "cam"), 1024, 1024, "rgb8", 0, 3072, pixels)
    with BagWriter(path) as bag:
        bag.write("/image", image, 9)
    with BagReader(path) as bag:
        (back,) = bag.messages()
    np.testing.assert_array_equal(back.message.data, pixels)
    assert (back.message.header.stamp.nanosec, back.message.encoding) == (7, "rgb8")


def test_rosbags_reads_what_we_write(bags, path):
    legend = SemanticLegend(
        ontology="forest", classes=[SemanticClass(3, "tree", np.array([1, 2, 3], np.uint8))]
    )
    grouping = SemanticGrouping("drivable", [SemanticClass(1, "yes")], [1], 255)
    legend.groupings.append(grouping)
    with BagWriter(path) as bag:
        bag.write("/legend", legend, 5, latched=True)
        bag.write("/text", bags.text("hello"), 6)
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


def test_types_carry_their_ros_hash(bags, path):
    bags.write_texts(path, [1])
    with BagReader(path):
        pass
    if path.is_dir():
        content = yaml.safe_load((path / "metadata.yaml").read_text())
        (topic,) = content["rosbag2_bagfile_information"]["topics_with_message_count"]
        # The hash that `ros2 topic info -v` shows for std_msgs/msg/String.
        assert topic["topic_metadata"]["type_description_hash"] == (
            "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
        )


def test_the_metadata_counts_and_dates(bags, tmp_path):
    bags.write_texts(tmp_path / "bag", [10, 30])
    content = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())
    info = content["rosbag2_bagfile_information"]
    assert (info["message_count"], info["storage_identifier"]) == (2, "mcap")
    assert info["starting_time"]["nanoseconds_since_epoch"] == 10
    assert info["duration"]["nanoseconds"] == 20
    assert info["relative_file_paths"] == ["bag_0.mcap"]


def test_the_same_messages_make_the_same_bytes(bags, tmp_path):
    for name in ("a", "b"):
        bags.write_texts(tmp_path / f"{name}.mcap", range(100))
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


@pytest.mark.parametrize("split_bytes", [None, 3000])
def test_threads_that_compress_and_write_change_no_byte(bags, tmp_path, split_bytes):
    for name, threads in (("a", 0), ("b", 1), ("c", 3)):
        folder = tmp_path / name / "bag"
        folder.parent.mkdir()
        with BagWriter(folder, split_bytes=split_bytes, threads=threads) as bag:
            for number in range(60):
                noise = np.random.default_rng(number).bytes(900).hex()
                bag.write("/text", m.String(noise), number * 10**9)
    ours, one, three = (
        {f.name: f.read_bytes() for f in (tmp_path / n / "bag").iterdir()} for n in "abc"
    )
    assert ours == one == three
    assert (len(ours) > 3) == (split_bytes is not None)


@pytest.mark.parametrize("threads", [0, 2])
def test_a_full_disk_is_told_once_and_at_the_end_at_the_latest(bags, tmp_path, threads):
    bag = BagWriter(tmp_path / "a.mcap", threads=threads)
    bag.write("/text", bags.text(1), 1)
    with full_disk(100), pytest.raises(OutputError, match="make room or choose another disk"):
        bag.close()
    told = BagWriter(tmp_path / "b.mcap", threads=threads)
    told.write("/text", bags.text(1), 1)
    with full_disk(100):
        with pytest.raises(OutputError, match="make room or choose another disk"):
            told.flush()
        told.close()


def test_latched_topics_are_known_as_such(bags, path):
    with BagWriter(path) as bag:
        bag.write("/tf_static", m.TFMessage(), 1, latched=True)
        bag.write("/text", bags.text(1), 1)
    with BagReader(path) as bag:
        latched = {topic.name: topic.latched for topic in bag.topics}
        assert latched == {"/tf_static": True, "/text": False}
        assert {msg.topic: msg.latched for msg in bag.messages()} == latched


def test_a_bag_tells_its_extent(bags, path):
    bags.write_texts(path, [2_000_000_000, 1_000_000_000, 4_000_000_000])
    with BagReader(path) as bag:
        assert (bag.start_ns, bag.end_ns, bag.message_count) == (10**9, 4 * 10**9, 3)
        assert bag.duration_s == 3.0
        assert bag.warnings == ()


def test_definitions_written_ahead_have_no_time(bags, tmp_path):
    writer = McapWriter(tmp_path / "a.mcap")
    schema = writer.add_schema("std_msgs/msg/String", "ros2msg", "string data")
    channel = writer.add_channel("/text", schema, {})
    writer.flush()
    writer.write(channel, 5, bags.cdr("a"))
    writer.close({})
    with BagReader(tmp_path / "a.mcap") as bag:
        assert (bag.start_ns, bag.end_ns) == (5, 5)


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


def test_writing_refuses_what_would_not_be_read(bags, path):
    with BagWriter(path) as bag:
        bag.write("/text", bags.text(1), 1)
        with pytest.raises(BagError, match="another topic"):
            bag.write("/text", m.TFMessage(), 2)
        with pytest.raises(BagError, match="known message type"):
            bag.write_message("/x", "odd_msgs/msg/Odd", bags.text(1), 2)
        with pytest.raises(BagError, match="a field 'transforms'"):
            bag.write_message("/x", "tf2_msgs/msg/TFMessage", bags.text(1), 2)
        with pytest.raises(BagError, match="log time"):
            bag.write("/text", bags.text(1), -1)
    assert bags.read(path) == [("/text", 1, "1")]
    with pytest.raises(BagError, match="finished"):
        bag.write("/text", bags.text(3), 3)


def test_nothing_is_overwritten(bags, path):
    bags.write_texts(path, [1])
    with pytest.raises(BagError, match="another path"):
        BagWriter(path)
    assert len(bags.read(path)) == 1


def test_a_folder_is_split_into_files_that_each_stand_alone(bags, tmp_path):
    folder, second = tmp_path / "bag", 10**9
    with BagWriter(folder, "none", split_bytes=5000) as bag:
        bag.write("/tf_static", m.TFMessage(), 0, latched=True)
        for number in range(12):
            bag.write("/text", bags.text(f"{number}" * 1000), number * 2 * second)
    files = sorted(folder.glob("bag_*.mcap"), key=lambda file: int(file.stem.split("_")[1]))
    assert len(files) > 2
    expected = [f"{number}" * 1000 for number in range(12)]
    with BagReader(folder) as bag:
        assert [msg.message.data for msg in bag.messages(["/text"])] == expected
        assert bag.warnings == ()
    with AnyReader([folder]) as bag:
        raw = bag.messages([c for c in bag.connections if c.topic == "/text"])
        assert [bag.deserialize(data, c.msgtype).data for c, _, data in raw] == expected
    parts = []
    for file in files:
        with BagReader(file) as bag:
            assert bag.warnings == ()
            assert {t.name: t.latched for t in bag.topics} == {"/tf_static": True, "/text": False}
            parts += [msg.message.data for msg in bag.messages(["/text"])]
    assert parts == expected
    info = yaml.safe_load((folder / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert info["relative_file_paths"] == [file.name for file in files]
    assert info["message_count"] == sum(file["message_count"] for file in info["files"]) == 13
    assert info["duration"]["nanoseconds"] == 22 * second


def test_one_file_is_not_split(tmp_path):
    with pytest.raises(BagError, match=r"leave out .mcap"):
        BagWriter(tmp_path / "a.mcap", split_bytes=1)
    assert not (tmp_path / "a.mcap").exists()


def test_an_unknown_compression_names_the_known_ones(tmp_path):
    with pytest.raises(BagError, match=r"none.*zstd.*lz4.*'gz'"):
        BagWriter(tmp_path / "a.mcap", compression="gz")

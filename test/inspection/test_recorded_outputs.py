"""A recording of a robot that was labelling is read as one of its sensors alone."""

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import LabelInfo
from seg_perception.replay import ReplayOptions, replay

EVERYTHING = {
    "map.enabled": True,
    "transforms.fixed_frame": "base_link",
    "map.min_scans": 1,
    "map.period_s": 0.1,
    "costmap.grid": True,
    "costmap.obstacles": True,
    "output.png": True,
}


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def recorded(world):
    """What `record -a` finds of a labelling robot, in a namespace and by a node of another name."""

    def make(**parameters):
        out = world.folder / "out.mcap"
        replay(world.bag(), out, world.config(**parameters), ReplayOptions(with_inputs=True))
        renamed = world.folder / "renamed.mcap"
        with BagReader(out) as bag, BagWriter(renamed) as copy:
            for message in bag.messages():
                message.topic = f"/a200{message.topic.replace('perception_node', 'eyes')}"
                if message.topic.endswith(("/tf", "/tf_static")):
                    message.topic = message.topic.removeprefix("/a200")
                copy.copy(message)
        return renamed

    return make


@pytest.mark.parametrize("named", [{}, {"lidar.top.output_topic": "/labelled"}])
def test_the_parameters_are_those_of_the_sensors(world, recorded, named):
    everything = {key.replace(".", "__"): value for key, value in (EVERYTHING | named).items()}
    found = inspect_bag(recorded(**everything))
    facts = found.facts.topics
    assert {"/a200/eyes/legend_image", "/a200/eyes/map"} <= {t for t in facts if facts[t].is_ours}
    assert found.parameters["cameras"] == ["front"]
    assert found.parameters["camera.front.image_topic"] == f"/a200{world.image_topic}"
    assert found.parameters["lidars"] == ["top"]
    assert found.parameters["lidar.top.topic"] == f"/a200{world.points_topic}"
    assert found.parameters["radars"] == []


def test_topics_that_would_do_are_those_of_sensors(world, recorded):
    done = run(
        *("replay", recorded(), "-o", world.folder / "b.mcap"),
        *("--set", "camera.front.image_topic=/nowhere", "--set", "cameras=[front]"),
    )
    assert done.exit_code == 2
    assert f"/a200{world.image_topic}" in done.stderr
    assert "legend_image" not in done.stderr
    assert "overlay" not in done.stderr


def test_the_lens_of_the_label_images_is_not_the_cameras(world, recorded):
    bag = recorded()
    moved = world.folder / "moved.mcap"
    with BagReader(bag) as source, BagWriter(moved) as copy:
        for message in source.messages():
            # Found by its frame alone, which both lenses have.
            if message.topic == f"/a200{world.lens_topic}":
                message.topic = "/lenses/front"
            copy.copy(message)
    assert inspect_bag(moved).parameters["camera.front.camera_info_topic"] == "/lenses/front"


def test_a_labelled_bag_without_inputs_says_where_its_labels_came_from(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config())
    (said,) = [str(i) for i in inspect_bag(out).issues if i.code == "no_camera"]
    assert "its labels came out of seg_perception: take the bag that they were made from" in said
    for command in (("replay", out, "-o", world.folder / "b.mcap"), ("platform", "new", out)):
        done = run(*command)
        assert done.exit_code == 2
        assert "take the bag that they were made from" in done.stderr
        assert done.stdout == ""


def test_messages_from_before_the_clock_set_neither_length_nor_rates(world):
    path = world.folder / "early.mcap"
    with BagReader(world.bag()) as source, BagWriter(path) as writer:
        writer.write("/eyes/semantic/label_info", LabelInfo(), 0, latched=True)
        for message in source.messages():
            early = message.topic == "/tf_static"
            writer.write_raw(
                message.topic, message.type, message.raw, 0 if early else message.log_time_ns, early
            )
    whole, found = inspect_bag(world.folder / "in.mcap"), inspect_bag(path)
    assert found.facts.duration_s == pytest.approx(whole.facts.duration_s)
    assert found.facts.topics[world.image_topic].rate_hz == pytest.approx(
        whole.facts.topics[world.image_topic].rate_hz
    )
    assert found.parameters == whole.parameters
    sentence = "2 messages were recorded before the clock ran or was set (/eyes/semantic/label_"
    assert [i.level for i in found.issues if sentence in i.sentence] == ["note"]
    # The transforms hold as if they had come at the beginning, and the output begins there, too.
    summary = replay(path, world.folder / "out.mcap", world.config())
    assert [i.code for i in summary.issues if sentence in i.sentence] == ["before_the_clock"]
    assert summary.points["top"] == {**summary.points["top"], 0: 10}
    with BagReader(world.folder / "out.mcap") as bag:
        assert bag.start.early == {}
        assert min(m.log_time_ns for m in bag.messages()) == world.start_ns


FORMAT = ("ros2msg", "uint8[] data")
PACKETS = {
    "velodyne_msgs/msg/VelodyneScan": "velodyne_pointcloud's velodyne_transform_node",
    "nebula_msgs/msg/NebulaPackets": "the nebula driver",
    "ouster_sensor_msgs/msg/PacketMsg": "ouster_ros",
    "hesai_ros_driver/msg/UdpFrame": "hesai_ros_driver",
    "hesai_lidar/msg/PandarScan": "HesaiLidar_General_ROS",
    "rslidar_msg/msg/RslidarPacket": "rslidar_sdk",
    "lslidar_msgs/msg/LslidarPacket": "lslidar_driver",
    "seyond/msg/SeyondScan": "seyond_ros_driver",
}


@pytest.mark.parametrize(("kind", "driver"), PACKETS.items())
def test_a_bag_of_packets_names_the_driver_to_run(world, kind, driver):
    path = world.folder / "packets.mcap"
    with BagWriter(path) as writer:
        for n in range(3):
            at = world.start_ns + n * 100 * world.ms
            writer.write_raw("/packets", kind, bytes(8), at, definition=FORMAT)
    said = {issue.code: issue for issue in inspect_bag(path).issues}
    for code in ("no_camera", "unread_cloud"):
        assert f"run {driver} on it" in str(said[code])
        assert "record the Image" not in str(said[code])
    for command in (("replay", path, "-o", world.folder / "b.mcap"), ("platform", "new", path)):
        done = run(*command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"run {driver} on it" in done.stderr


def test_real_packets_of_a_velodyne_name_its_driver(shared_data):
    bag = shared_data / "real/nebula_bags/velodyne/vlp16/1673400471837873222"
    done = run("inspect", bag)
    assert done.exit_code == 2
    assert "run velodyne_pointcloud's velodyne_transform_node on it first" in done.stdout
    assert "record the Image" not in done.stdout


def test_a_camera_beside_the_packets_is_labelled_and_the_driver_is_named(world):
    path = world.folder / "packets.mcap"
    with BagReader(world.bag()) as source, BagWriter(path) as writer:
        for message in source.messages():
            if message.topic != world.points_topic:
                writer.copy(message)
        kind = "nebula_msgs/msg/NebulaPackets"
        writer.write_raw("/packets", kind, bytes(8), world.start_ns, definition=FORMAT)
    found = inspect_bag(path)
    assert found.parameters["cameras"] == ["front"]
    (said,) = [issue for issue in found.issues if issue.code == "unread_cloud"]
    assert said.level == "error"
    assert said.mend == "run the nebula driver on it, with launch_hw:=false"

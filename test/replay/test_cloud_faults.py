"""Clouds as real drivers send them: read where there is one way to, else told with their mend."""

import math

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inspection import inspect_bag
from seg_perception.io import messages as m
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import replay

OUT = "/lidar/top/semantic/points"


def with_clouds(world, make, count=3, more=()):
    """The usual bag with other clouds: `make(stamp_ns)`."""
    events = [
        (at, topic, make(at) if topic == world.points_topic else message)
        for at, topic, message in world.events(count)
    ]
    return world.bag(sorted([*events, *more], key=lambda event: event[0]))


def run(world, bag, **parameters):
    out = world.folder / "out.mcap"
    summary = replay(bag, out, world.config(**parameters))
    return summary, [decode_cloud(message) for message in world.read(out, OUT)]


def labels(clouds):
    return [cloud.points["label"].ravel().tolist() for cloud in clouds]


def codes(issues, stream="lidar.top"):
    return [issue.code for issue in issues if issue.stream == stream]


def structured(at, **fields):
    layout = np.dtype([(name, kind) for name, (kind, _) in fields.items()])
    points = np.zeros((1, len(next(iter(fields.values()))[1])), layout)
    for name, (_, values) in fields.items():
        points[name] = values
    return encode_cloud_without_xyz(points, at)


def encode_cloud_without_xyz(points, at):
    """A message of any fields: what has no x, y, z is no cloud of ours."""
    layout = points.dtype
    padded = np.zeros(points.shape, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("p", layout)])
    kinds = {"f4": 7, "u4": 6, "i2": 3, "u1": 2}
    message = encode_cloud(PointCloud(padded[["x", "y", "z"]], at, "lidar"))
    message.fields = [
        type(message.fields[0])(name, layout.fields[name][1], kinds[layout[name].str[1:]], 1)
        for name in layout.names
    ]
    message.point_step, message.row_step = layout.itemsize, points.nbytes
    message.data = points.tobytes()
    return message


@pytest.mark.parametrize("row_step", [0, 64])
def test_a_wrong_row_step_costs_nothing_and_is_said(world, row_step):
    def organised(at):
        message = world.points(at, [(10, 2, 0), (10, -2, 0), (-10, 0, 0), (10, 2, 0)])
        message.height, message.width, message.row_step = 2, 2, row_step
        return message

    bag = with_clouds(world, organised)
    summary, clouds = run(world, bag)
    assert labels(clouds) == [[world.red, world.green, world.unknown, world.red]] * 3
    (said,) = [issue for issue in summary.issues if issue.stream == "lidar.top"]
    assert (said.code, said.level, said.count) == ("wrong_row_step", "warning", 3)
    assert f"row_step is {row_step}, rows have 32 bytes" in said.sentence
    assert codes(inspect_bag(bag).issues) == ["wrong_row_step"]


def test_upper_case_and_polar_clouds_are_labelled(world):
    def upper(at):
        return structured(at, X=("f4", [10, 10]), Y=("f4", [2, -2]), Z=("f4", [0, 0]))

    def polar(at):
        bearing = math.atan2(2, 10)
        return structured(
            at, range=("f4", [10.2] * 2), azimuth=("f4", [bearing, -bearing]),
            elevation=("f4", [0, 0]),
        )  # fmt: skip

    for make, said in ((upper, []), (polar, ["polar_coordinates"])):
        bag = with_clouds(world, make)
        summary, clouds = run(world, bag)
        assert labels(clouds) == [[world.red, world.green]] * 3
        assert codes(summary.issues) == said
        inspection = inspect_bag(bag)
        assert inspection.parameters["lidars"] == ["top"]
        assert codes(inspection.issues) == said
        (world.folder / "out.mcap").unlink()
        bag.unlink()


def test_millimetres_are_named_and_scaled_where_told(world):
    def millimetres(at):
        return world.points(at, [(10_000, 2000, 0), (10_000, -2000, 0), (-10_000, 0, 0)])

    bag = with_clouds(world, millimetres)
    summary, clouds = run(world, bag)
    assert labels(clouds) == [[world.unknown] * 3] * 3
    (problem,) = summary.problems
    assert "seem to be millimetres; set lidar.top.xyz_scale=0.001" in problem
    assert "millimetres" in codes(inspect_bag(bag).issues)
    (world.folder / "out.mcap").unlink()
    summary, clouds = run(world, bag, lidar__top__xyz_scale=0.001)
    assert labels(clouds) == [[world.red, world.green, world.unknown]] * 3
    # What is published is in metres, as its frames are.
    np.testing.assert_allclose(clouds[0].xyz, [[10, 2, 0], [10, -2, 0], [-10, 0, 0]], rtol=1e-6)
    assert not summary.problems


def turning(world, rate_rad_s):
    """Odometry of a robot that turns to the left on the spot."""
    found = []
    for ms in range(-100, 1001, 20):
        angle, T = rate_rad_s * ms / 1000, np.eye(4)
        T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        at = world.start_ns + ms * world.ms
        found.append((at, "/tf", encode_tf([StampedTransform("odom", "base_link", at, T)])))
    return found


@pytest.mark.parametrize(("per_ms", "unit"), [(1000, "microseconds"), (1, "milliseconds")])
def test_points_timed_in_another_unit_are_moved_as_they_should(world, per_ms, unit):
    # The robot turns to the left by a milliradian each millisecond; every point of a scan is
    # seen 0.05 rad to the right of where the robot looks just then.
    def timed(at):
        ms = np.arange(100)
        bearing = np.full(100, -0.05)
        return structured(
            at,
            x=("f4", 10 * np.cos(bearing)), y=("f4", 10 * np.sin(bearing)), z=("f4", np.zeros(100)),
            time=("u4", ms * per_ms),
        )  # fmt: skip

    bag = with_clouds(world, timed, more=turning(world, 1.0))
    summary, clouds = run(world, bag, transforms__fixed_frame="odom", transfer__time_sigma_s=0.0)
    said = [issue for issue in summary.issues if issue.code == "point_time_unit"]
    assert [issue.sentence.partition(":")[0] for issue in said] == [
        f"field 'time' is read as {unit}"
    ]
    assert codes(inspect_bag(bag).issues) == ["point_time_unit"]
    # The scan begins 5 ms after the image: at 45 ms the robot looks where the picture's left
    # half begins, 0.05 rad to the left of what it looked at when the image was taken.
    found = np.array(labels(clouds)[1])
    assert set(found[:40]) == {world.green}
    assert set(found[50:]) == {world.red}


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0] * 100, "same_point_time"),
        # 600 ms of a lidar that sends a cloud each 100 ms.
        ([6_000_000 * n for n in range(100)], "no_scan_time"),
        ([4_000_000_000] * 100, "stray_times"),
    ],
)
def test_times_that_tell_no_scan_are_said_in_inspect_and_replay(world, times, said):
    def timed(at):
        xyz = {"x": ("f4", [10] * 100), "y": ("f4", [2] * 100), "z": ("f4", [0] * 100)}
        return structured(at, **xyz, t=("u4", times))

    bag = with_clouds(world, timed, more=turning(world, 0.0))
    summary, _ = run(world, bag, transforms__fixed_frame="odom")
    assert codes(inspect_bag(bag).issues) == [said]
    # Where a scan reaches far into the future, its last transforms come late, too.
    assert codes(summary.issues) in ([said], [said, "late_transform"])


def test_a_livox_scan_is_labelled(world):
    def scan(at):
        points = [m.CustomPoint(n, *xyz) for n, xyz in enumerate(((10, 2, 0), (10, -2, 0)))]
        return m.CustomMsg(m.Header.at(at, "lidar"), at, 2, 0, np.zeros(3, np.uint8), points)

    bag = with_clouds(world, scan)
    summary, clouds = run(world, bag)
    assert labels(clouds) == [[world.red, world.green]] * 3
    assert clouds[0].fields[:3] == ("x", "y", "z")
    assert codes(summary.issues) == []
    inspection = inspect_bag(bag)
    assert inspection.parameters["lidars"] == ["top"]
    assert inspection.facts.topics[world.points_topic].cloud.time_field == "offset_time"


PACKETS = "/velodyne_packets", "velodyne_msgs/msg/VelodyneScan"


def bag_with_packets(world, *events, topic=PACKETS[0], type_name=PACKETS[1]):
    """Camera, what else is given, and messages of a type that nobody here reads."""
    path = world.folder / "in.mcap"
    cameras = [event for event in world.events(3) if event[1] != world.points_topic]
    with BagWriter(path) as writer:
        for at, name, message in sorted([*cameras, *events], key=lambda event: event[0]):
            writer.write(name, message, at, latched=name == "/tf_static")
        for n in range(3):
            writer.write_raw(topic, type_name, b"\0\1\0\0", world.start_ns + n * 100 * world.ms)
    return path


@pytest.mark.parametrize(
    ("type_name", "remedy"),
    [
        ("velodyne_msgs/msg/VelodyneScan", "velodyne_transform_node"),
        ("point_cloud_interfaces/msg/CompressedPointCloud2", "cloudini_topic_converter"),
        ("ouster_sensor_msgs/msg/PacketMsg", "ouster_ros"),
        ("rslidar_msg/msg/RslidarPacket", "rslidar_sdk"),
    ],
)
def test_a_lidar_that_is_not_read_is_named_with_what_reads_it(world, type_name, remedy):
    bag = bag_with_packets(world, type_name=type_name)
    (said,) = [i for i in inspect_bag(bag).issues if i.stream == PACKETS[0]]
    assert (said.code, said.level) == ("unread_cloud", "error")
    assert f"left out: it carries {type_name}, and no other topic" in said.sentence
    assert remedy in said.mend


def test_inspect_and_replay_do_not_pass_over_it(world):
    bag, out = bag_with_packets(world), world.folder / "out.mcap"
    bundle = f"segmentation.bundle={world.bundle}"
    found = CliRunner().invoke(app, ["inspect", str(bag)])
    assert found.exit_code == 2
    done = CliRunner().invoke(app, ["replay", str(bag), "-o", str(out), "--set", bundle])
    assert done.exit_code == 2
    for text in (found.output, done.output):
        assert "run velodyne_pointcloud's velodyne_transform_node on it" in text
    # The images are labelled all the same.
    assert len(world.read(out, "/camera/front/semantic/label_image")) == 3


def test_packets_beside_a_lidar_that_is_read_are_a_note(world):
    at = world.start_ns + 5 * world.ms
    bag = bag_with_packets(world, (at, world.points_topic, world.points(at)))
    (said,) = [i for i in inspect_bag(bag).issues if i.code == "unread_cloud"]
    assert said.level == "note"
    assert "nothing to do if another topic has its points; else run velodyne" in said.sentence


def test_a_configuration_that_does_not_name_them_is_told_of_packets(world):
    bag, config = bag_with_packets(world), world.config().model_copy(update={"lidars": {}})
    summary = replay(bag, world.folder / "out.mcap", config)
    (said,) = [i for i in summary.issues if i.code == "unread_cloud"]
    assert (said.stream, said.level) == (PACKETS[0], "note")
    assert "run velodyne_pointcloud's velodyne_transform_node on it" in said.mend


def test_a_planar_lidar_is_a_note(world):
    bag = bag_with_packets(world, topic="/scan", type_name="sensor_msgs/msg/LaserScan")
    (said,) = [i for i in inspect_bag(bag).issues if i.code == "unread_cloud"]
    assert (said.stream, said.level) == ("/scan", "note")
    assert "laserscan_to_pointcloud_node" in said.mend


def test_a_cloud_that_tells_no_place_does_not_vanish(world):
    def steps(at):
        return structured(at, range=("f4", [1]), azimuth=("u4", [9000]), elevation=("f4", [1]))

    (said,) = codes(inspect_bag(with_clouds(world, steps)).issues, world.points_topic)
    assert said == "unread_cloud"


def test_a_configured_topic_of_another_type_is_told_with_what_reads_it(world):
    bag, config = bag_with_packets(world), world.config(lidar__top__topic=PACKETS[0])
    summary = replay(bag, world.folder / "out.mcap", config)
    (said,) = [issue for issue in summary.issues if issue.stream == "lidar.top"]
    assert (said.code, said.level) == ("wrong_type", "error")
    assert f"{PACKETS[0]} carries {PACKETS[1]}, expected " in said.sentence
    assert "run velodyne_pointcloud's velodyne_transform_node on it" in said.mend


def test_a_radar_scan_is_found_by_inspection(world):
    at = world.start_ns + 5 * world.ms
    scan = m.RadarScan(m.Header.at(at, "lidar"), [m.RadarReturn(10.2, 0.2, 0.0, 0.1, 9.0)])
    bag = bag_with_packets(world, (at, "/nose/scan", scan), topic="/chatter", type_name="a/msg/B")
    assert inspect_bag(bag).parameters["radars"] == ["nose"]

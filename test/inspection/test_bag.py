"""What a bag is found to hold, and the configuration that is guessed from it."""

import csv
import json

import numpy as np
import pytest

from seg_perception.config.input_topics import beside
from seg_perception.core.issue_kinds.inputs import BAG_FILES
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inspection import inspect_bag, suggest_config
from seg_perception.inspection.facts import CloudFacts, TopicFacts
from seg_perception.inspection.sensor_kind import sensor_kind
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_labels, encode_labels_png, encode_rgb
from seg_perception.io.messages import CompressedImage, Header
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.radar import radar_fields
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import ReplayOptions, replay


def cloud(frame_id, *fields, count=4, stamp_ns=0):
    layout = np.dtype([(name, "<f4") for name in ("x", "y", "z", *fields)])
    return encode_cloud(PointCloud(np.ones((1, count), layout), stamp_ns, frame_id))


def inspect(world, *extra):
    events = world.events(count=2)
    at = world.start_ns
    return inspect_bag(world.bag([*events, *((at, topic, message) for topic, message in extra)]))


def texts(inspection, level):
    return [str(issue) for issue in inspection.issues if issue.level == level]


def test_topics_are_described(world):
    facts = inspect(world).facts.topics
    image = facts[world.image_topic]
    assert (image.frame_id, image.image.encoding, image.image.width) == (
        "camera_optical",
        "rgb8",
        64,
    )
    assert facts[world.points_topic].cloud.fields == ("x", "y", "z", "intensity")
    assert facts[world.lens_topic].camera_info.calibration.k[0, 0] == 32


def test_a_plain_bag_needs_no_options(world):
    config = suggest_config(inspect(world))
    assert config.cameras["front"].image_topic == world.image_topic
    assert config.lidars["top"].topic == world.points_topic
    assert config.radars == {}
    assert config.transforms.fixed_frame == ""


def test_labels_truth_and_depth_are_no_cameras(world):
    at = world.start_ns
    blank = np.zeros((4, 4), np.uint8)
    labels = encode_labels(LabelMap("front", blank, blank, at, "camera_optical"))
    depth = encode_rgb(np.zeros((4, 4, 3), np.uint8), at, "camera_optical")
    depth.encoding = "32FC1"
    found = inspect(
        world,
        ("/camera/front/semantic/label_image", labels),
        ("/camera/front/truth", labels),
        ("/camera/front/depth/image_raw", labels),
        ("/camera/rear/image_raw", depth),
        ("/lidar/top/semantic/points", cloud("lidar")),
    )
    assert found.parameters["cameras"] == ["front"]
    assert found.parameters["lidars"] == ["top"]


def grey(world, width, height, frame_id, encoding="mono16"):
    message = world.image(world.start_ns)
    message.header.frame_id, message.encoding = frame_id, encoding
    message.width, message.height = width, height
    message.step = width * (2 if encoding.endswith("16") or "16U" in encoding else 1)
    message.data = bytes(message.step * height)
    return message


@pytest.mark.parametrize(
    ("topic", "frame", "size", "sign"),
    [
        ("/ouster/range_image", "os_lidar", (64, 16), "named range_image, in frame os_lidar of"),
        (
            "/ouster/signal_image",
            "os_sensor",
            (64, 16),
            "named signal_image, 64x16 beside /ouster/",
        ),
        ("/ouster/reflec_image", "os_lidar", (64, 16), "named reflec_image"),
        ("/ouster/nearir_image/compressed", "os_lidar", (64, 16), "named nearir_image"),
        ("/ouster/image", "os_lidar", (64, 16), "in frame os_lidar of /ouster/points"),
        ("/ouster/picture", "", (64, 16), "64x16 beside /ouster/points"),
    ],
)
def test_what_a_lidar_measures_is_no_camera_and_said_so(world, topic, frame, size, sign):
    message = grey(world, *size, frame)
    if topic.endswith("compressed"):
        pixels = np.zeros(size[::-1], np.uint8)
        labels = encode_labels_png(LabelMap("x", pixels, pixels, 0, frame))
        message = CompressedImage(Header.at(0, frame), "mono8; png compressed ", labels.data)
    found = inspect(world, (topic, message), ("/ouster/points", cloud("os_lidar")))
    assert found.parameters["cameras"] == ["front"]
    (note,) = [issue for issue in found.issues if issue.code == "no_photograph"]
    assert (note.stream, note.level) == (topic, "note")
    assert note.sentence.startswith("it is no camera, its images hold what a lidar measures (")
    assert sign in note.sentence


@pytest.mark.parametrize(
    ("topic", "encoding", "frame"),
    [
        # An infrared camera of its own, with its lens; one that is wide; one in a cloud's frame.
        ("/nir/signal_image", "mono8", "nir"),
        ("/wide/image", "mono8", "wide"),
        ("/rgbd/image", "8UC3", "lidar"),
    ],
)
def test_a_grey_or_wide_camera_is_one(world, topic, encoding, frame):
    message = grey(world, 64, 8, frame, "mono8")
    if encoding == "8UC3":
        message.encoding, message.step, message.data = encoding, 192, bytes(192 * 8)
    lens = world.lens(world.start_ns)
    lens.width, lens.height = 64, 8
    found = inspect(world, (topic, message), (beside(topic, "camera_info"), lens))
    assert set(found.parameters["cameras"]) == {"front", topic.split("/")[1]}
    assert not [issue for issue in found.issues if issue.code == "no_photograph"]


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_a_recording_of_depths_alone_is_told_from_one_without_images(world, encoding):
    message = grey(world, 8, 4, "depth_optical", "16UC1")
    message.encoding, message.step, message.data = encoding, 32, bytes(128)
    at = world.start_ns
    found = inspect_bag(world.bag([(at, "/d435/image_rect_raw", message)]))
    assert found.parameters["cameras"] == []
    said = {issue.code: str(issue) for issue in found.issues}
    assert "; /d435/image_rect_raw hold no photographs; record the Image" in said["no_camera"]
    assert said["no_photograph"].startswith(
        f"/d435/image_rect_raw: it is no camera, its images hold depths ({encoding})"
    )


def test_raw_goes_before_compressed_and_before_rectified(world):
    jpeg = CompressedImage(Header.at(world.start_ns, "camera_optical"), "jpeg", b"")
    rectified = world.image(world.start_ns)
    found = inspect(
        world,
        ("/camera/front/image_raw/compressed", jpeg),
        ("/camera/front/image_rect", rectified),
        ("/camera/rear/image_rect/compressed", jpeg),
    )
    assert found.parameters["cameras"] == ["front", "rear"]
    assert found.parameters["camera.front.image_topic"] == "/camera/front/image_raw"
    assert "camera.front.rectified" not in found.parameters
    assert found.parameters["camera.rear.rectified"] is True
    assert found.parameters["camera.rear.transport"] == "compressed"


def test_camera_info_below_the_image_is_found(world):
    found = inspect(
        world,
        ("/ids/image_raw/compressed", CompressedImage(Header.at(0, "x"), "jpeg", b"")),
        ("/ids/image_raw/camera_info", world.lens(0)),
    )
    assert found.parameters["camera.ids.camera_info_topic"] == "/ids/image_raw/camera_info"


def test_a_radar_is_known_by_its_doppler(world):
    found = inspect(
        world, ("/nose/points", cloud("lidar", "Doppler")), ("/rear/points", cloud("lidar", "ring"))
    )
    assert found.parameters["radars"] == ["nose"]
    assert found.parameters["lidars"] == ["top", "rear"]


def test_sensors_of_one_namespace_get_outputs_of_their_own(world):
    found = inspect(
        world,
        ("/points_a", cloud("lidar")),
        ("/points_b", cloud("lidar")),
        ("/stereo/left_image", world.image(0)),
        ("/stereo/right_image", world.image(0)),
    )
    config = suggest_config(found)
    assert config.lidars["points_a"].output_topic == "/points_a/semantic/points"
    assert config.cameras["left_image"].output_prefix == "/stereo/left_image"


@pytest.mark.parametrize(
    ("edges", "fixed_frame"),
    [
        ([("odom", "base_link"), ("map", "odom")], "odom"),
        ([("map", "base_link")], "map"),
        ([("utm", "base_link")], "utm"),
        ([("robot/odom", "base_link")], "robot/odom"),
        ([("odom", "other_robot")], ""),
    ],
)
def test_fixed_frame(world, edges, fixed_frame):
    turning = [StampedTransform(a, b, world.start_ns, np.eye(4)) for a, b in edges]
    found = inspect(world, ("/tf", encode_tf(turning)))
    assert found.parameters["transforms.fixed_frame"] == fixed_frame


def of_frames(world, camera, lidar):
    """A bag whose images and clouds are in these frames, which lie alike."""
    for _, topic, message in (events := world.events(count=2)):
        if topic == world.image_topic:
            message.header.frame_id = camera
        elif topic == world.points_topic:
            message.header.frame_id = lidar
    frames = {camera, lidar} - {"lidar"}
    placed = encode_tf([StampedTransform("base_link", name, 0, np.eye(4)) for name in frames])
    return inspect_bag(world.bag([*events, (world.start_ns, "/tf_static", placed)]))


def test_a_camera_frame_with_z_up_is_a_body_frame(world):
    found = of_frames(world, "camera", "lidar")
    assert found.parameters["camera.front.frame_convention"] == "body"
    assert "z axis up" in texts(found, "warning")[0]


@pytest.mark.parametrize(
    ("camera", "cloud_frame"),
    [("camera", "camera"), ("camera", "depth_optical"), ("camera_optical", "lidar")],
)
def test_a_cloud_in_a_cameras_frame_or_an_optical_one_does_not_say_where_up_is(
    world, camera, cloud_frame
):
    found = of_frames(world, camera, cloud_frame)
    assert "camera.front.frame_convention" not in found.parameters
    assert "taken_as_body_frame" not in {issue.code for issue in found.issues}


def test_clocks_that_differ_are_measured(world):
    events = world.events(count=2)
    for _, topic, message in events:
        if topic == world.points_topic:
            message.header.stamp.sec -= 2
    found = inspect_bag(world.bag(events))
    # Stamped 5 ms after the image and recorded 9 ms after it, but for the 2 s.
    assert "-2.004 s" in texts(found, "warning")[0]
    assert "lidar.top.time_offset_s=2.004" in texts(found, "warning")[0]


def test_the_json_is_complete_and_serialisable(world):
    document = json.loads(json.dumps(inspect(world).to_json()))
    assert {topic["name"] for topic in document["topics"]} >= {world.image_topic, "/tf_static"}
    assert document["parameters"]["cameras"] == ["front"]


def kind_of(world, topic, message):
    (world.folder / "in.mcap").unlink(missing_ok=True)
    found = inspect(world, (topic, message))
    (kind,) = [k for k in ("lidar", "radar") if topic in {
        found.parameters.get(f"{k}.{name}.topic") for name in found.parameters[f"{k}s"]
    }]  # fmt: skip
    (said,) = [i for i in found.issues if i.code == "sensor_guessed"] or [None]
    return kind, said.sentence if said else ""


@pytest.mark.parametrize(
    ("fields", "kind", "why"),
    [
        # A measuring lidar (Aeva), a colour in HSV, a place in a picture, a plain field.
        (("velocity", "intensity", "line_index"), "lidar", "for its line_index"),
        (("h", "s", "v"), "lidar", "since v alone makes no radar"),
        (("u", "v"), "lidar", "in spite of v, for its u"),
        (("velocity", "intensity"), "lidar", "since velocity alone makes no radar"),
        # An ARS 548 (robotics-upo), one of TI's, and one whose Doppler can be nothing else.
        (("v", "r", "RCS", "azimuth"), "radar", "for its v and rcs and range and angle"),
        (("velocity", "intensity", "range", "bearing"), "radar", "for its velocity and range and"),
        (("velocity", "snr", "noise"), "radar", "for its velocity and noise and snr"),
        (("radial_speed",), "radar", "for its radial_speed"),
        (("intensity",), "lidar", ""),
    ],
)  # fmt: skip
def test_lidars_and_radars_are_told_by_all_their_fields(world, fields, kind, why):
    found, said = kind_of(world, "/nose/points", cloud("nose", *fields))
    assert found == kind
    assert why in said
    assert bool(said) == bool(why)


def test_a_cloud_in_rows_is_no_radar_and_a_frame_may_say_that_it_is(world):
    rows = cloud("nose", "velocity", "rcs")
    rows.height, rows.width, rows.row_step = 2, 2, 2 * rows.point_step
    assert kind_of(world, "/nose/points", rows)[0] == "lidar"
    assert kind_of(world, "/nose/points", cloud("front_radar", "velocity"))[0] == "radar"
    assert kind_of(world, "/nose/radar", cloud("nose", "velocity")) == ("radar", "")


def test_every_radar_of_the_table_of_drivers_is_one(shared_data):
    # All of their clouds with a Doppler, without any help from a topic's or a frame's name.
    drivers = {}
    for row in csv.DictReader((shared_data / "radar_fields.csv").open()):
        names = row["field"].split("(")[0].replace("|", " ").split()
        drivers.setdefault((row["sensor_driver"], row["topic"]), []).extend(names)
    judged = 0
    for driver, names in drivers.items():
        fields = [name for name in names if name not in ("x", "y", "z", "X", "Y", "Z")]
        doppler = radar_fields(decode_cloud(cloud("nose", *fields))).doppler_field
        facts = CloudFacts(tuple(names), 500, doppler_field=doppler)
        topic = TopicFacts("/nose/points", "sensor_msgs/msg/PointCloud2", 1, 1.0, cloud=facts)
        if doppler:
            judged += 1
            assert sensor_kind(topic).kind == "radar", driver
    assert judged > 8


def test_sensors_that_are_not_serialised_as_ros_does_are_told_and_cost_no_other(world):
    """A JSON bridge may record an Image, a cloud and a /tf of its own."""
    path = world.folder / "json.mcap"
    with BagReader(world.bag()) as source, BagWriter(path) as bag:
        for message in source.messages():
            bag.copy(message)
        for topic, kind in JSON_TOPICS.items():
            bag.write_raw(topic, kind, b"{}", world.start_ns, encoding="json")
    inspection = inspect_bag(path)
    told = {issue.stream: issue for issue in inspection.issues if issue.code == "foreign_encoding"}
    assert set(told) == set(JSON_TOPICS)
    assert "/web/image: it is serialised as json, not as ROS does" in str(told["/web/image"])
    assert {issue.level for issue in told.values()} == {"warning"}
    assert [issue for issue in inspection.issues if issue.level == "error"] == []
    config = suggest_config(inspection)
    assert [camera.image_topic for camera in config.cameras.values()] == [world.image_topic]
    out = world.folder / "out.mcap"
    summary = replay(path, out, config, ReplayOptions(with_inputs=True))
    assert summary.problems == ()
    with BagReader(out) as bag:
        assert set(JSON_TOPICS) <= {topic.name for topic in bag.topics}


JSON_TOPICS = {
    "/web/image": "sensor_msgs/msg/Image",
    "/web/points": "sensor_msgs/msg/PointCloud2",
    "/tf": "tf2_msgs/msg/TFMessage",
}


def test_a_renamed_file_is_told_by_inspection_and_replay_alike(world):
    folder = world.folder / "bag"
    with BagReader(world.bag()) as source, BagWriter(folder) as bag:
        for message in source.messages():
            bag.copy(message)
    (folder / "bag_0.mcap").rename(folder / "forest.mcap")
    sentence = f"{folder}: metadata.yaml names ['bag_0.mcap'], which are missing; read "
    inspection = inspect_bag(folder)
    summary = replay(folder, world.folder / "out.mcap", world.config())
    for issues in (inspection.issues, summary.issues):
        (issue,) = (issue for issue in issues if issue.code == BAG_FILES.code)
        assert sentence in str(issue)
    assert summary.problems == ()

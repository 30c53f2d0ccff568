"""A bag through the core: which labels come out, in which order, and what is accounted for."""

import math
from importlib import import_module

import numpy as np
import pytest
import yaml

from seg_perception.config import Config
from seg_perception.core.errors import BagError, ConfigError, OutputError
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import PointCloud, PointStatus
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import text_of
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import decode_image, decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import ReplayOptions, replay

LABELS = "/camera/front/semantic/label_image"
CLOUD = "/lidar/top/semantic/points"


def test_images_and_clouds_get_the_labels_worked_out_by_hand(world):
    out = world.folder / "out.mcap"
    summary = replay(world.bag(), out, world.config())
    labels = [decode_label_image(m) for m in world.read(out, LABELS)]
    assert len(labels) == 5
    assert labels[0].shape == (24, 32)
    assert (labels[0][:, :16] == world.red).all()
    assert (labels[0][:, 16:] == world.green).all()
    clouds = [decode_cloud(m) for m in world.read(out, CLOUD)]
    assert len(clouds) == 5
    for cloud in clouds:
        assert cloud.points["label"].tolist() == [[world.red, world.green, world.unknown]]
        assert cloud.points["intensity"].tolist() == [[7, 7, 7]]
    assert summary.problems == ()
    assert summary.balanced


def test_stamps_and_frames_are_the_inputs(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config())
    pairs = zip(world.read(out, LABELS), world.read(out, CLOUD), strict=True)
    for n, (label, cloud) in enumerate(pairs):
        at = world.start_ns + n * 100 * world.ms
        assert (stamp_to_ns(label.header.stamp), label.header.frame_id) == (at, "camera_optical")
        assert stamp_to_ns(cloud.header.stamp) == at + 5 * world.ms
        assert cloud.header.frame_id == "lidar"


def test_lens_of_the_labels_is_scaled_to_their_size(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config())
    info = world.read(out, "/camera/front/semantic/camera_info")[0]
    assert (info.width, info.height) == (32, 24)
    # Half the size with half-pixel centres: f / 2 and (c + 0.5) / 2 - 0.5.
    assert info.k.tolist() == [16, 0, 15.5, 0, 16, 11.5, 0, 0, 1]


def test_colours_overlay_and_legend_are_written(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config())
    color = decode_image(world.read(out, "/camera/front/semantic/color")[0])
    assert color[0, 0].tolist() == [255, 0, 0]
    overlay = decode_image(world.read(out, "/camera/front/semantic/overlay")[0])
    assert overlay[0, 0].tolist() == [228, 0, 0]  # half of 200, half of 255
    legend = world.read(out, "/perception_node/legend")
    assert [c.name for c in legend[0].classes] == ["red", "green", "blue"]
    info = world.read(out, "/camera/front/semantic/label_info")
    assert [(c.class_id, c.class_name) for c in info[0].class_map][2] == (2, "blue")


def test_the_same_bag_gives_the_same_bytes(world):
    bag = world.bag()
    # A recording names its file in its metadata.
    outs = [world.folder / name / "out.mcap" for name in "ab"]
    for out in outs:
        replay(bag, out, world.config())
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize("latency_ms", [0, 250])
def test_any_number_of_threads_gives_the_same_bytes_and_counts(world, latency_ms):
    bag, config = world.bag(), world.config()
    found = []
    for threads in (1, 2, 5):
        out = world.folder / str(threads) / "out.mcap"
        options = ReplayOptions(threads=threads, latency_ms=latency_ms, with_inputs=True)
        summary = replay(bag, out, config, options).to_json()
        counts = {key: summary[key] for key in ("streams", "points", "written", "issues")}
        found.append((out.read_bytes(), counts))
    assert found[0] == found[1] == found[2]
    assert found[0][1]["streams"]["camera.front"]["published"] == (3 if latency_ms else 5)


def test_inputs_are_passed_on_only_when_asked(world):
    bag = world.bag()
    replay(bag, world.folder / "plain.mcap", world.config())
    replay(bag, world.folder / "all.mcap", world.config(), ReplayOptions(with_inputs=True))
    plain, everything = (world.topics(world.folder / n) for n in ("plain.mcap", "all.mcap"))
    assert "/tf_static" in plain
    assert world.lens_topic in plain
    assert world.image_topic not in plain
    assert everything[world.image_topic] == everything[world.points_topic] == 5


FOREIGN = {
    "/status": ("Status", ("jsonschema", '{"type": "object"}'), "json", b'{"ok": true}'),
    "/scene": ("a.Scene", ("protobuf", text_of(b"\x0a\xff\0\x80")), "protobuf", b"\x08\x96\1"),
    "/blob": ("", ("", ""), "", b"\0\1\2"),
}


def with_foreign(world):
    """The world's bag, and what is not ROS's in it: one message a topic, one without a schema."""
    path = world.folder / "foreign.mcap"
    with BagReader(world.bag()) as source, BagWriter(path) as bag:
        for message in source.messages():
            bag.copy(message)
        for topic, (kind, definition, encoding, data) in FOREIGN.items():
            bag.write_raw(topic, kind, data, world.start_ns, False, definition, encoding)
    return path


@pytest.mark.parametrize("name", ["out.mcap", "out"])
def test_what_is_not_ros_is_passed_on_with_its_bytes_encoding_and_schema(world, name):
    out = world.folder / name
    summary = replay(with_foreign(world), out, world.config(), ReplayOptions(with_inputs=True))
    assert [str(issue) for issue in summary.issues] == []
    with BagReader(out) as bag:
        found = {
            m.topic: (m.type, (m.definition_format, m.definition), m.encoding, bytes(m.raw))
            for m in bag.messages(FOREIGN, undecoded=FOREIGN)
        }
        assert found == FOREIGN
        with pytest.raises(BagError, match="expected serialization format 'cdr' or 'ros1'"):
            bag.messages(FOREIGN)
    if out.is_dir():
        topics = yaml.safe_load((out / "metadata.yaml").read_text())
        topics = topics["rosbag2_bagfile_information"]["topics_with_message_count"]
        formats = {
            t["topic_metadata"]["name"]: t["topic_metadata"]["serialization_format"] for t in topics
        }
        expected = {topic: encoding for topic, (_, _, encoding, _) in FOREIGN.items()}
        assert formats.items() >= expected.items()
        assert formats[world.image_topic] == "cdr"


def test_what_is_not_ros_costs_a_plain_replay_nothing(world):
    plain, foreign = world.folder / "plain.mcap", world.folder / "with.mcap"
    summary = replay(with_foreign(world), foreign, world.config())
    replay(world.folder / "in.mcap", plain, world.config())
    assert summary.problems == ()
    assert world.topics(foreign) == world.topics(plain)


def test_a_topic_has_one_encoding(world):
    path = world.folder / "two.mcap"
    with BagReader(with_foreign(world)) as source, BagWriter(path) as bag:
        for message in source.messages(undecoded=FOREIGN):
            bag.copy(message)
        with pytest.raises(BagError, match=r"/status: expected Status \(json\) as before"):
            bag.write_raw("/status", "Status", b"", world.start_ns, encoding="cbor")


def test_what_an_earlier_labelling_published_is_not_passed_on(world):
    bag, first, second = (world.folder / f"{name}.mcap" for name in ("in", "first", "second"))
    world.bag()
    everything = {"costmap.obstacles": True, "output.png": True}
    replay(bag, first, world.config(**everything), ReplayOptions(with_inputs=True))
    replay(first, second, world.config(), ReplayOptions(with_inputs=True))
    gone = {f"{LABELS}/compressed", "/lidar/top/semantic/obstacles"}
    assert world.topics(first).keys() - world.topics(second).keys() == gone
    assert world.topics(second)[LABELS] == world.topics(second)[world.image_topic] == 5


def test_latency_drops_superseded_frames_and_keeps_the_balance(world):
    # Images 0 to 7 come at 1, 101, ... ms, each is 240 ms of work. 0 is done at 241, when 2
    # has replaced 1; 2 is done at 481, when 4 has replaced 3; 4 at 721, when 7 waits.
    bag = world.bag(world.events(count=8))
    out = world.folder / "out.mcap"
    summary = replay(bag, out, world.config(), ReplayOptions(latency_ms=240))
    camera = summary.streams["camera.front"]
    stamps = [stamp_to_ns(m.header.stamp) - world.start_ns for m in world.read(out, LABELS)]
    assert [s // (100 * world.ms) for s in stamps] == [0, 2, 4, 7]
    assert camera.dropped == {"superseded": 4}
    assert (camera.received, camera.published, camera.in_flight) == (8, 4, 0)
    assert summary.balanced


def test_labels_of_a_slow_machine_come_late(world):
    bag = world.bag(world.events(count=3))
    out = world.folder / "out.mcap"
    replay(bag, out, world.config(), ReplayOptions(latency_ms=30))
    from seg_perception.io.bag_reader import BagReader

    with BagReader(out) as reader:
        times = [m.log_time_ns - world.start_ns for m in reader.messages({LABELS})]
    assert times == [(n * 100 + 1 + 30) * world.ms for n in range(3)]


def test_corrupt_frames_are_counted_and_the_rest_is_labelled(world):
    found = world.events()
    images = [index for index, event in enumerate(found) if event[1] == world.image_topic]
    found[images[2]][2].encoding = "klingon8"
    out = world.folder / "out.mcap"
    summary = replay(world.bag(found), out, world.config())
    assert summary.streams["camera.front"].dropped == {"unknown_encoding": 1}
    assert len(world.read(out, LABELS)) == 4
    assert summary.problems == ()
    assert "klingon8" in summary.notes[0]


def test_static_transforms_that_come_late_hold_for_the_whole_bag(world):
    found = world.events()
    late = [*found[1:], (found[-1][0] + 1, *found[0][1:])]
    summary = replay(world.bag(late), world.folder / "out.mcap", world.config())
    assert summary.problems == ()
    assert world.topics(world.folder / "out.mcap")["/tf_static"] == 1


def test_stamps_that_jump_back_start_anew(world):
    first = world.events(count=20)
    again = [(t + 2_000 * world.ms, topic, message) for t, topic, message in first]
    summary = replay(world.bag([*first, *again]), world.folder / "out.mcap", world.config())
    assert summary.streams["lidar.top"].published == 40
    assert any("jumped back" in note for note in summary.notes)


def test_a_bag_that_was_cut_off_keeps_what_it_has(world):
    bag = world.bag(world.events(count=50))
    bag.write_bytes(bag.read_bytes()[: bag.stat().st_size // 2])
    out = world.folder / "out.mcap"
    summary = replay(bag, out, world.config())
    assert summary.problems
    assert summary.balanced
    assert np.isclose(len(world.read(out, LABELS)), summary.streams["camera.front"].published)


def test_clouds_of_some_classes_alone_hold_their_points_and_the_account_is_the_same(world):
    everything = replay(world.bag(), world.folder / "all.mcap", world.config())
    out = world.folder / "red.mcap"
    summary = replay(world.folder / "in.mcap", out, world.config(output__classes=["drivable"]))
    clouds = [decode_cloud(message) for message in world.read(out, CLOUD)]
    assert [cloud.points["label"].tolist() for cloud in clouds] == [[[world.red]]] * 5
    assert [cloud.xyz.tolist() for cloud in clouds] == [[[10, 2, 0]]] * 5
    assert summary.streams == everything.streams
    assert summary.points == everything.points


def test_clouds_of_classes_that_the_model_lacks_are_refused(world):
    expected = r"output.classes names 'people': expected classes of ontology colours \['blue', "
    with pytest.raises(ConfigError, match=expected):
        replay(world.bag(), world.folder / "out.mcap", world.config(output__classes=["people"]))


def test_a_folder_gets_metadata(world):
    replay(world.bag(), world.folder / "out", world.config())
    assert (world.folder / "out" / "metadata.yaml").is_file()


def turning(world, n, degrees_s=100.0):
    """Odometry of a robot that turns to the left on the spot, every 10 ms."""
    half = math.radians(degrees_s * n * 0.01) / 2
    turn = m.Quaternion(0.0, 0.0, math.sin(half), math.cos(half))
    at = world.start_ns + n * 10 * world.ms
    pose = m.PoseWithCovariance(m.Pose(m.Point(), turn))
    return at, "/odometry", m.Odometry(m.Header.at(at, "odom"), "base_link", pose)


def test_odometry_takes_the_place_of_transforms_that_are_missing(world):
    # A point 5 degrees to the left, 50 ms before the image: the robot turns by 5 degrees, and
    # 1 degree more until the next image 10 ms later than that.
    events = [(world.start_ns, "/tf_static", world.mounting())]
    events += [turning(world, n) for n in range(30)]
    image_ns, cloud_ns = (world.start_ns + t * world.ms for t in (160, 100))
    left = (10, 10 * math.tan(math.radians(5)), 0)
    events.append((image_ns, world.lens_topic, world.lens(image_ns)))
    events.append((image_ns + 1, world.image_topic, world.image(image_ns)))
    events.append((image_ns + 2, world.points_topic, world.points(cloud_ns, [left])))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    moving = {"transforms__fixed_frame": "odom", "transfer__time_sigma_s": 0.0}
    for odometry, label in (("/odometry", world.green), ("", world.unknown)):
        out = world.folder / f"out{label}.mcap"
        config = world.config(**moving, transforms__odometry_topic=odometry)
        summary = replay(bag, out, config)
        (cloud,) = world.read(out, CLOUD)
        assert decode_cloud(cloud).points["label"].tolist() == [[label]]
        assert summary.points["top"][PointStatus.NO_TRANSFORM] == (label == world.unknown)


def test_stray_times_of_points_are_counted_and_said(world):
    def timed(at, stray):
        points = decode_cloud(world.points(at)).points
        layout = np.dtype([*((n, "<f4") for n in ("x", "y", "z")), ("t", "<u4")])
        cloud = np.zeros(points.shape, layout)
        for name in "xyz":
            cloud[name] = points[name]
        cloud["t"] = [[0, 1, 3_000_000_000 if stray else 2]]
        return encode_cloud(PointCloud(cloud, at, "lidar"))

    events = [e for e in world.events(3) if e[1] != world.points_topic]
    events.append((world.start_ns, "/tf", encode_tf([odom_at(world, -100)])))
    events.append((world.start_ns, "/tf", encode_tf([odom_at(world, 500)])))
    for n in range(2):
        at = world.start_ns + n * 100 * world.ms
        events.append((at + 10 * world.ms, world.points_topic, timed(at, stray=n == 0)))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    config = world.config(transforms__fixed_frame="odom")
    summary = replay(bag, world.folder / "out.mcap", config)
    assert summary.to_json()["stray_times"] == {"top": 1}
    (problem,) = summary.problems
    assert problem.startswith("lidar.top: field 't': 1 of 3 points have a time")


def odom_at(world, ms):
    return StampedTransform("odom", "base_link", world.start_ns + ms * world.ms, np.eye(4))


def test_a_radar_scan_is_labelled_and_says_what_moves(world):
    # 10 m ahead on the left and on the right: at rest, and coming nearer at 3 m/s.
    bearing = math.atan2(2, 10)
    events = [e for e in world.events(3) if e[1] != world.points_topic]
    at = world.start_ns + 100 * world.ms
    returns = [m.RadarReturn(10.2, bearing, 0.0, 0.1, 9.0), m.RadarReturn(10.2, -bearing, 0, -3, 8)]
    scan = m.RadarScan(m.Header.at(at, "lidar"), returns)
    events.append((at + 10 * world.ms, "/radar", scan))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    parameters = without_lidar(world.config())
    parameters |= {"radars": ["nose"], "radar.nose.topic": "/radar"}
    out = world.folder / "out.mcap"
    summary = replay(bag, out, Config.from_parameters(parameters))
    (message,) = world.read(out, "/semantic/points")
    cloud = decode_cloud(message)
    assert cloud.points["label"].tolist() == [[world.red, world.green]]
    assert cloud.points["moving"].tolist() == [[0, 1]]
    assert cloud.points["doppler_velocity"].tolist() == [[np.float32(0.1), -3]]
    assert summary.balanced


def without_lidar(config):
    flat = config.to_parameters()
    return {k: v for k, v in flat.items() if not k.startswith("lidar.")} | {"lidars": []}


@pytest.mark.parametrize(
    ("target", "stream"),
    [
        ("seg_perception.pipeline.lidar_labeller.transfer_labels", "lidar.top"),
        ("seg_perception.outputs.outputs.cloud_message", "lidar.top"),
        ("seg_perception.replay.session.make_frame", "camera.front"),
        ("seg_perception.replay.session.read_cloud", "lidar.top"),
    ],
)
def test_a_fault_in_one_message_is_counted_and_costs_no_other(world, monkeypatch, target, stream):
    calls = []
    module, _, name = target.rpartition(".")
    real = getattr(import_module(module), name)

    def fails_once(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return real(*arguments, **options)

    monkeypatch.setattr(target, fails_once)
    summary = replay(world.bag(), world.folder / "out.mcap", world.config())
    assert summary.streams[stream] == StreamCount(5, 4, {"internal_error": 1}, 0)
    assert summary.balanced
    (problem,) = summary.problems
    assert problem.startswith(f"{stream}: a fault of this program: ZeroDivisionError")


def test_an_output_that_can_not_be_written_on_ends_the_replay(world, monkeypatch):
    def is_full(*_arguments, **_options):
        msg = "out.mcap: writing stopped at byte 7 (No space left on device)"
        raise OutputError(msg)

    monkeypatch.setattr("seg_perception.io.bag_writer.BagWriter.write_raw", is_full)
    with pytest.raises(OutputError, match="No space left"):
        replay(world.bag(), world.folder / "out.mcap", world.config())

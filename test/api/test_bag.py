"""A bag as images, clouds, lenses and transforms; any storage, some topics, some time."""

import re
from pathlib import Path

import numpy as np
import pytest

from seg_perception import BagCloud, BagImage, Model, SegPerceptionWarning, read_bag
from seg_perception.core.errors import BagError, ConfigError, ImageError, TransformError
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages as m
from seg_perception.io.transforms import encode_tf

STORAGES = ("mcap", "db3", "ros1")


def converted(bag: Path, storage: str) -> Path:
    """The same messages in another storage, by rosbags' own converter."""
    from rosbags.convert.converter import convert
    from rosbags.typesys import Stores, get_typestore

    if storage == "mcap":
        return bag
    target = bag.with_name("converted.bag" if storage == "ros1" else "converted")
    store = get_typestore(Stores.ROS2_JAZZY)
    ros1 = get_typestore(Stores.ROS1_NOETIC) if storage == "ros1" else None
    convert([bag], target, "sqlite3", 9, None, "file", store, ros1, [], [], [], [])
    return target


@pytest.fixture(params=STORAGES)
def recorded(request, world):
    if request.param == "mcap":
        return world.bag()
    return converted(world.bag(name="folder"), request.param)


def test_images_and_clouds_come_in_the_order_of_recording(world, recorded):
    with read_bag(recorded) as bag:
        found = list(bag)
        assert [type(item) for item in found] == [BagImage, BagCloud] * 5
        image, cloud = found[2:4]
        assert image.stamp_ns == world.start_ns + 100 * world.ms
        assert cloud.stamp_ns == image.stamp_ns + 5 * world.ms
        assert (image.frame_id, cloud.frame_id) == ("camera_optical", "lidar")
        assert image.rgb[0, 0].tolist() == [200, 0, 0]
        assert image.rgb[0, -1].tolist() == [0, 200, 0]
        assert cloud.xyz.tolist() == [[10, 2, 0], [10, -2, 0], [-10, 0, 0]]
        assert cloud.points["intensity"].tolist() == [7, 7, 7]
        assert cloud.fields == ("x", "y", "z", "intensity")
        assert len(cloud) == 3
        assert image.camera is not None
        assert image.camera.size == (64, 48)
        assert bag.camera().calibration.k[0, 0] == 32
        assert bag.issues == []
        assert bag.warnings == ()


def test_a_bag_is_painted_without_another_word(world, recorded, model):
    with read_bag(recorded) as bag:
        images, clouds = bag.images(world.image_topic), bag.clouds(world.points_topic)
        for image, cloud in zip(images, clouds, strict=True):
            labels = model.label(image)
            painted = model.paint(cloud, labels, transforms=bag, fixed_frame="")
            assert painted.labels.tolist() == [world.red, world.green, world.unknown]
            assert bag.camera(world.image_topic).size == image.camera.size


def test_a_bag_without_odometry_is_said_to_be_painted_at_rest(world, model):
    with read_bag(world.bag()) as bag:
        labels, cloud = model.label(next(bag.images())), next(bag.clouds())
        with pytest.warns(
            SegPerceptionWarning, match="'odom' is not known.*'' for a robot at rest"
        ):
            painted = model.paint(cloud, labels, transforms=bag)
        assert painted.why_not == {"no_transform": 3}


def test_topics_and_times_are_chosen(world):
    path = world.bag()
    with read_bag(path, topics=world.image_topic) as bag:
        assert {item.topic for item in bag} == {world.image_topic}
        with pytest.raises(BagError, match=re.escape("expected a topic of clouds, one of []")):
            bag.clouds()
    # Clouds are recorded at 10, 110, 210, 310 and 410 ms, images a little before.
    with read_bag(path, start_s=0.1, end_s=0.31) as bag:
        assert [cloud.log_time_ns - world.start_ns for cloud in bag.clouds()] == [
            110 * world.ms,
            210 * world.ms,
            310 * world.ms,
        ]
        assert len(list(bag.images())) == 3
        # Every pass begins anew.
        assert len(list(bag.images())) == 3


def test_what_is_not_there_is_named(world, tmp_path):
    path = world.bag()
    with pytest.raises(BagError, match="expected topics of images or clouds"):
        read_bag(path, topics=["/nothing"])
    with pytest.raises(BagError, match="expected start_s before end_s"):
        read_bag(path, start_s=100)
    with pytest.raises(BagError, match="camera_info of /camera/front/image_raw"):
        read_bag(path, camera_info={world.image_topic: "/nothing"})
    with pytest.raises(BagError, match="nothing"):
        read_bag(tmp_path / "nothing.mcap")
    with read_bag(path, odometry_topic="/odom") as bag, pytest.raises(BagError, match="odometry"):
        bag.transform("a", "b", 1)
    with read_bag(path) as bag, pytest.raises(BagError, match="got '/lidar/top/points'"):
        bag.images(world.points_topic)
    with read_bag(path) as bag:
        begun = iter(bag)
    for read in (lambda: next(begun), lambda: list(bag.images()), bag.camera):
        with pytest.raises(BagError, match="inside of `with`"):
            read()


def test_topics_are_shown(world):
    with read_bag(world.bag()) as bag:
        assert "in.mcap, 0.4 s" in repr(bag)
        assert f"  {world.points_topic}: 5 sensor_msgs/msg/PointCloud2" in repr(bag)
        assert f"<td>{world.points_topic}</td>" in bag._repr_html_()


def driving(world, seconds):
    """The world's events, and a base that drives at 1 m/s, for so long."""
    events = world.events()
    for n in range(10 * seconds + 1):
        at = world.start_ns + n * 100 * world.ms
        T = np.eye(4)
        T[0, 3] = n / 10
        events.append((at, "/tf", encode_tf([StampedTransform("odom", "base_link", at, T)])))
    return sorted(events, key=lambda event: event[0])


def test_transforms_of_any_time_in_any_order(world):
    with read_bag(world.bag(driving(world, 200))) as bag:
        for seconds in (0.0, 0.05, 199.95, 3.0, 150.0, 100.0, 0.0):
            at = world.start_ns + round(seconds * 1e9)
            T = bag.transform("odom", "lidar", at)
            assert T[0, 3] == pytest.approx(seconds)
        assert bag.transform("odom", "camera_optical", world.start_ns)[0, :3].tolist() == [0, 0, 1]
        with pytest.raises(TransformError, match="after the newest one"):
            bag.transform("odom", "lidar", world.start_ns + 201 * 1_000_000_000)
        with pytest.raises(TransformError, match="'nobody' is not known"):
            bag.transform("odom", "nobody", world.start_ns)
        tree = bag.tree_around(world.start_ns, world.start_ns)
        # A minute is held, whatever was asked for.
        assert len(tree._edges["base_link"].stamps) <= 602


def test_a_message_that_can_t_be_read_is_said_and_the_others_go_on(world):
    events = world.events()
    broken = world.image(world.start_ns + 50 * world.ms)
    broken.encoding = "nonsense"
    events.append((world.start_ns + 50 * world.ms, world.image_topic, broken))
    with read_bag(world.bag(sorted(events, key=lambda event: event[0]))) as bag:
        images = list(bag.images())
        assert len(images) == 6
        with pytest.raises(ImageError, match="nonsense"):
            _ = images[1].rgb
        assert images[2].rgb.shape == (48, 64, 3)


def test_bytes_that_fit_no_message_are_left_out_with_a_warning(world):
    from seg_perception.io.bag_writer import BagWriter

    path = world.folder / "cut.mcap"
    with BagWriter(path) as writer:
        writer.write_raw("/points", m.PointCloud2.type_name, b"\0\1\0\0\7", world.start_ns)
    with read_bag(path) as bag:
        with pytest.warns(SegPerceptionWarning, match="/points"):
            assert list(bag) == []
        assert [issue.stream for issue in bag.issues] == ["/points"]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_video_is_decoded_and_what_waits_for_a_key_frame_is_counted(world, video, codec):
    pytest.importorskip("av", reason="PyAV is not installed")
    packets = video.encode(codec, video.plain([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]))
    events = []
    for n, packet in enumerate(packets[2:]):
        at = world.start_ns + n * 100 * world.ms
        message = video.message("compressed", codec, packet, at, "camera")
        events.append((at, "/front/image_raw/h264", message))
    with read_bag(world.bag(events)) as bag:
        with pytest.warns(SegPerceptionWarning, match="key frame"):
            images = list(bag.images())
        assert [int(image.rgb[20, 20].argmax()) for image in images] == [2, 0, 1, 2, 0]
        assert [issue.count for issue in bag.issues] == [3]


def test_a_lens_that_can_t_be_is_said(world):
    events = [
        (at, topic, world.lens(at, focal=0.5) if topic == world.lens_topic else message)
        for at, topic, message in world.events(1)
    ]
    with pytest.warns(SegPerceptionWarning, match="focal"):
        bag = read_bag(world.bag(events))
    with bag:
        (image,) = bag.images()
        assert image.camera is None
        with pytest.raises(BagError, match="sound camera_info"):
            bag.camera()


def test_a_model_labels_an_image_without_a_lens(world, tiny_bundle):
    events = [event for event in world.events(1) if event[1] != world.lens_topic]
    with read_bag(world.bag(events)) as bag, Model(tiny_bundle) as model:
        (image,) = bag.images()
        assert model.label(image).shares == {"red": 0.5, "green": 0.5}


def test_topics_go_by_the_names_that_they_are_given(world):
    names = {"/tf_static": "/a200/tf_static", world.points_topic: "/a200/points"}
    path = world.bag([(at, names.get(topic, topic), m) for at, topic, m in world.events()])
    rules = [f"{name}:={other}" for name, other in names.items()]
    with read_bag(path, remap=rules) as bag:
        clouds = list(bag.clouds(world.points_topic))
        assert len(clouds) == 5
        found = bag.transform("lidar", "camera_optical", world.start_ns)
        assert found[:3, 2].tolist() == [1, 0, 0], "the camera looks along the lidar's x"
    with pytest.raises(ConfigError, match="expected FROM:=TO"):
        read_bag(path, remap=["/tf"])

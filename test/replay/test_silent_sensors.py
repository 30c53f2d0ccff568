"""Sensors that a parameter file names and a bag lacks: said, and the others are labelled."""

import pytest

from seg_perception.core.errors import BagError
from seg_perception.core.message_accounting import StreamCount
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import replay

CLOUD = "/lidar/top/semantic/points"
REAR = {"cameras": ["front", "rear"], "camera__rear__image_topic": "/rear/image_raw"}
NOTHING = StreamCount(0, 0, {}, 0)


def run(world, bag=None, **parameters):
    out = world.folder / "out.mcap"
    summary = replay(bag or world.bag(), out, world.config(**parameters))
    assert summary.balanced
    clouds = world.read(out, CLOUD) if CLOUD in world.topics(out) else []
    return summary, [decode_cloud(m).points["label"].ravel().tolist() for m in clouds]


def test_a_silent_camera_is_said_and_the_others_label_points(world):
    summary, labels = run(world, **REAR)
    assert labels == [[world.red, world.green, world.unknown]] * 5
    (problem,) = summary.problems
    assert problem == (
        "camera.rear: the bag has no message on /rear/image_raw; set camera.rear.image_topic to "
        "one of its topics (/camera/front/image_raw), or camera.rear.enabled to false"
    )
    assert summary.streams["camera.rear"] == NOTHING
    assert summary.streams["lidar.top"].published == 5


def test_nothing_is_said_of_a_camera_that_is_switched_off(world):
    off = {"camera__rear__enabled": False}
    summary, labels = run(world, **REAR, **off)
    assert labels == [[world.red, world.green, world.unknown]] * 5
    assert summary.problems == summary.notes == ()
    there = {**REAR, **off, "camera__rear__image_topic": "/second/image_raw"}
    events = [*world.events()]
    events += [(at, "/second/image_raw", m) for at, t, m in events if t == world.image_topic]
    (world.folder / "out.mcap").unlink()
    summary, _ = run(world, world.bag(events, "two.mcap"), **there)
    assert summary.problems == summary.notes == ()
    assert summary.streams["camera.rear"] == StreamCount(5, 0, {"disabled": 5}, 0)


def test_a_silent_lidar_radar_or_odometry_is_said_and_images_are_labelled(world):
    changes = {
        "lidar__top__topic": "/typo/points",
        "radars": ["bow"],
        "radar__bow__topic": "/bow/points",
        "transforms__odometry_topic": "/wheels",
    }
    summary, labels = run(world, **changes)
    assert labels == []
    assert summary.streams["camera.front"].published == 5
    lidar, radar, odometry = summary.problems
    assert lidar == (
        "lidar.top: the bag has no message on /typo/points; set lidar.top.topic to one of its "
        "topics (/lidar/top/points), or lidar.top.enabled to false"
    )
    assert radar.startswith("radar.bow: the bag has no message on /bow/points")
    assert odometry == (
        "the bag has no message on /wheels; set transforms.odometry_topic to one of its topics "
        "(none would do)"
    )


def test_a_topic_of_another_type_is_said_and_the_others_go_on(world):
    events = [*world.events(), (world.start_ns, "/rear/image_raw", world.points(world.start_ns))]
    summary, labels = run(world, world.bag(events), **REAR)
    assert labels == [[world.red, world.green, world.unknown]] * 5
    (problem,) = summary.problems
    assert problem.startswith(
        "camera.rear: /rear/image_raw carries sensor_msgs/msg/PointCloud2, expected sensor_msgs/"
    )


def test_points_that_only_a_silent_camera_could_label_are_unknown(world):
    summary, labels = run(world, **REAR, lidar__top__cameras=["rear"])
    assert labels == [[world.unknown] * 3] * 5
    assert summary.points["top"].keys()
    assert summary.problems[0].startswith("camera.rear: the bag has no message")


def test_a_bag_without_any_of_the_cameras_is_refused(world):
    events = [event for event in world.events() if event[1] != world.image_topic]
    with pytest.raises(
        BagError, match=r"in.mcap: camera.front: the bag has no message on /camera/"
    ):
        replay(world.bag(events), world.folder / "out.mcap", world.config(**REAR))
    assert not (world.folder / "out.mcap").exists()

"""Which topics are shown together."""

from seg_perception.inspection.read import read_facts
from seg_perception.replay import ReplayOptions, replay
from seg_perception.viewing.streams import find_streams

ROOT = "/camera/front/semantic"


def test_a_labelled_bag_shows_labels_over_the_overlay(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config(output__png=True))
    (view,) = find_streams(read_facts(out)).images
    assert (view.picture, view.labels) == (f"{ROOT}/overlay", f"{ROOT}/label_image")
    assert (view.width, view.height, view.painted) == (32, 24, True)


def test_with_its_inputs_labels_lie_over_the_picture(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config(), ReplayOptions(with_inputs=True))
    streams = find_streams(read_facts(out))
    (view,) = streams.images
    assert (view.picture, view.painted) == (world.image_topic, False)
    (cloud,) = streams.clouds
    assert cloud.shown == ("/lidar/top/semantic/points",)
    assert cloud.hidden == (world.points_topic,)
    assert cloud.frame == "base_link"


def test_sensors_that_share_a_frame_are_all_shown(world):
    events = world.events(1)
    at, _, cloud = events[-1]
    (view,) = find_streams(
        read_facts(world.bag([*events, (at, "/lidar/rear/points", cloud)]))
    ).clouds
    assert view.shown == ("/lidar/rear/points", world.points_topic)


def test_clouds_that_no_transform_connects_have_views_of_their_own(world):
    events = world.events(1)
    at, _, cloud = events[-1]
    cloud = world.points(at)
    cloud.header.frame_id = "elsewhere"
    streams = find_streams(read_facts(world.bag([*events, (at, "/lidar/rear/points", cloud)])))
    assert [view.frame for view in streams.clouds] == ["base_link", "elsewhere"]

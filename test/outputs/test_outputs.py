"""Which topics are published, when, and when not: decided alike for node and bag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.voxels import Voxels
from seg_perception.io.images import decode_image
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.outputs.maps import Period
from seg_perception.outputs.outputs import Outputs
from seg_perception.outputs.topics import COSTMAP, MAP, cloud_topics, image_topics

ONTOLOGY = Ontology.load("field")
ROAD, TRUNK = ONTOLOGY.ids["road"], ONTOLOGY.ids["trunk"]
LABELLED, HIDDEN = int(PointStatus.LABELLED), int(PointStatus.OCCLUDED)
CAMERA = "/cam/semantic"
LABEL_IMAGE = f"{CAMERA}/label_image"
CLOUD, OBSTACLES, RADAR = "/top/semantic/points", "/top/semantic/obstacles", "/nose/semantic/points"
S = 10**9
EVERYTHING = {
    "map.enabled": True,
    "costmap.grid": True,
    "costmap.obstacles": True,
    "output.png": True,
}


class Recorder:
    """A publisher that keeps everything; `subscribed` are wanted, None: all that is advertised."""

    def __init__(self, subscribed=None):
        self.subscribed = subscribed
        self.latched = {}
        self.messages = []

    def advertise(self, topic):
        self.latched[topic.name] = topic.latched

    def is_wanted(self, topic):
        return topic in self.latched and (self.subscribed is None or topic in self.subscribed)

    def listener_count(self, topic):
        return int(self.is_wanted(topic))

    def publish(self, topic, message, now_ns):
        assert self.is_wanted(topic)
        self.messages.append((topic, message, now_ns))

    def take(self):
        """The topics since the last call."""
        topics = [topic for topic, _, _ in self.messages]
        self.messages = []
        return topics


class Mapper:
    """A map of `count` voxels, as a mapper shows it."""

    frame = "odom"

    def __init__(self, count, stamp_ns=5 * S):
        self.map = range(count)
        self.stamp_ns = stamp_ns
        self.asked = 0

    def voxels(self):
        self.asked += 1
        count = len(self.map)
        return Voxels(
            xyz=np.zeros((count, 3)),
            labels=np.full(count, ROAD, np.uint8),
            confidence=np.ones(count, np.float32),
            counts=np.ones(count, np.uint32),
            stamp_ns=self.stamp_ns,
            centre=np.zeros(3),
        )


def configuration(**changed):
    sensors = {
        "cameras": ["front"],
        "camera.front.image_topic": "/cam/image",
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
        "radars": ["nose"],
        "radar.nose.topic": "/nose/points",
    }
    return Config.from_parameters({**sensors, **changed})


def start(subscribed=None, **changed):
    config, recorder = configuration(**changed), Recorder(subscribed)
    outputs = Outputs(config, ONTOLOGY, recorder)
    outputs.advertise((*image_topics(config), *cloud_topics(config)))
    return outputs, recorder


def label_map(stamp_ns=7 * S):
    labels = np.full((2, 4), ROAD, np.uint8)
    return LabelMap("front", labels, np.full((2, 4), 255, np.uint8), stamp_ns, "optical", None)


def cloud(sensor, labels, status):
    points = np.zeros((1, len(labels)), [(name, "<f4") for name in "xyz"])
    return SemanticCloud(
        sensor=sensor,
        cloud=PointCloud(points, 5, sensor),
        labels=np.array(labels, np.uint8),
        confidence=np.full(len(labels), 0.5, np.float32),
        status=np.array(status, np.uint8),
        sources=np.zeros(len(labels), np.uint8),
        cameras=("front",),
    )


PICTURE = np.zeros((2, 4, 3), np.uint8)
USUAL = [LABEL_IMAGE, *(f"{CAMERA}/{n}" for n in ("confidence", "color", "overlay", "camera_info"))]


def test_what_is_asked_for_is_advertised():
    _, recorder = start()
    assert set(recorder.latched) == {*USUAL, CLOUD, RADAR}
    assert not any(recorder.latched.values())
    _, more = start(**EVERYTHING)
    added = {MAP, COSTMAP, OBSTACLES, f"{LABEL_IMAGE}/compressed"}
    assert set(more.latched) - set(recorder.latched) == added


def test_a_costmap_needs_a_map():
    _, recorder = start(**{"costmap.grid": True})
    assert COSTMAP not in recorder.latched


def test_colours_of_the_configuration_hold_from_the_start_and_others_when_they_change():
    outputs, recorder = start(**{"output.colors": ["road=#010203"]})
    color = f"{CAMERA}/color"
    outputs.publish_label_map(label_map(), PICTURE, 0)
    outputs.reconfigure(configuration(**{"output.colors": ["road=#040506"]}))
    outputs.publish_label_map(label_map(), PICTURE, 0)
    pictures = [decode_image(message) for topic, message, _ in recorder.messages if topic == color]
    assert [picture[0, 0].tolist() for picture in pictures] == [[1, 2, 3], [4, 5, 6]]


def test_wrong_colours_are_refused_and_change_nothing():
    outputs, recorder = start({f"{CAMERA}/color"}, **{"output.colors": ["road=#010203"]})
    with pytest.raises(ConfigError, match="'swamp'"):
        outputs.reconfigure(configuration(**{"output.colors": ["swamp=#040506"]}))
    outputs.publish_label_map(label_map(), PICTURE, 0)
    ((_, message, _),) = recorder.messages
    assert decode_image(message)[0, 0].tolist() == [1, 2, 3]


def test_a_segmented_image_is_labels_and_pictures_of_them():
    outputs, recorder = start()
    outputs.publish_label_map(label_map(), PICTURE, 1 * S)
    pictures = [f"{CAMERA}/{name}" for name in ("confidence", "color", "overlay")]
    # Without a lens there is no camera_info.
    assert recorder.take() == [LABEL_IMAGE, *pictures]
    outputs.publish_label_map(label_map(8 * S), None, 2 * S)
    assert recorder.take() == [LABEL_IMAGE, *pictures[:2]]


def test_the_overlay_is_drawn_on_what_the_network_was_shown_where_that_is_known():
    outputs, recorder = start({f"{CAMERA}/overlay"}, **{"output.overlay_alpha": 0.0})
    shown = np.full_like(PICTURE, 77)
    for picture, expected in ((None, PICTURE[0, 0].tolist()), (shown, [77, 77, 77])):
        outputs.publish_label_map(replace(label_map(), picture=picture), PICTURE, 0)
        assert decode_image(recorder.messages[-1][1])[0, 0].tolist() == expected
    recorder.take()
    outputs.publish_label_map(replace(label_map(), picture=shown), None, 0)
    assert recorder.take() == [], "who asks for no overlay gets none"


def test_only_what_is_wanted_is_made():
    outputs, recorder = start({OBSTACLES, f"{CAMERA}/color"}, **EVERYTHING)
    outputs.publish_label_map(label_map(), PICTURE, 0)
    outputs.publish_cloud(cloud("top", [TRUNK], [LABELLED]), 0)
    assert not outputs.publish_map(mapper := Mapper(1), 9 * S)
    assert recorder.take() == [f"{CAMERA}/color", OBSTACLES]
    assert mapper.asked == 0


def test_obstacles_follow_the_cloud_and_are_silent_where_nothing_is_labelled():
    outputs, recorder = start(**EVERYTHING)
    outputs.publish_cloud(cloud("top", [ROAD, TRUNK], [LABELLED, LABELLED]), 0)
    assert len(decode_cloud(recorder.messages[-1][1])) == 1
    assert recorder.take() == [CLOUD, OBSTACLES]
    outputs.publish_cloud(cloud("top", [ROAD], [LABELLED]), 0)
    assert len(decode_cloud(recorder.messages[-1][1])) == 0
    assert recorder.take() == [CLOUD, OBSTACLES]
    outputs.publish_cloud(cloud("top", [TRUNK], [HIDDEN]), 0)
    assert recorder.take() == [CLOUD]


def test_a_radar_has_no_obstacles():
    outputs, recorder = start(**EVERYTHING)
    outputs.publish_cloud(cloud("nose", [TRUNK], [LABELLED]), 0)
    assert recorder.take() == [RADAR]


def test_map_and_costmap_come_once_a_period_of_the_clock_that_is_given():
    outputs, recorder = start(**EVERYTHING, **{"map.period_s": 0.5})
    voxels = Mapper(2)
    assert outputs.publish_map(voxels, 100 * S)
    assert recorder.take() == [MAP, COSTMAP]
    assert not outputs.publish_map(voxels, 100 * S + 499_999_999)
    # No scan came since the last costmap.
    assert outputs.publish_map(voxels, 100 * S + 500_000_000)
    assert recorder.take() == [MAP]
    voxels.stamp_ns += 1
    assert outputs.publish_map(voxels, 103 * S)
    assert recorder.take() == [MAP, COSTMAP]
    # The next one is due a period after the last, however late that was.
    assert not outputs.publish_map(voxels, 103 * S + 499_999_999)
    assert voxels.asked == 3


def test_an_empty_map_is_silence_and_uses_up_its_period():
    outputs, recorder = start(**EVERYTHING)
    assert not outputs.publish_map(Mapper(0), 10 * S)
    assert not outputs.publish_map(Mapper(1), 11 * S - 1)
    assert recorder.take() == []
    assert outputs.publish_map(Mapper(1), 11 * S)


def test_who_comes_late_gets_the_map_at_once_and_each_topic_has_its_own_period():
    outputs, recorder = start({COSTMAP}, **EVERYTHING)
    assert outputs.publish_map(Mapper(1, 5 * S), 10 * S)
    recorder.subscribed = {MAP, COSTMAP}
    assert outputs.publish_map(Mapper(1, 6 * S), 10 * S + 1)
    assert recorder.take() == [COSTMAP, MAP]
    assert outputs.publish_map(Mapper(1, 7 * S), 11 * S)
    assert recorder.take() == [COSTMAP]
    assert outputs.publish_map(Mapper(1, 7 * S), 11 * S + 1)
    assert recorder.take() == [MAP]


def test_a_map_that_nobody_asked_for_is_never_published():
    outputs, recorder = start()
    assert not outputs.publish_map(Mapper(1), 10 * S)
    assert recorder.take() == []


def test_a_period_begins_when_it_was_last_due():
    period = Period(0.2)
    assert [period.is_due(now) for now in (0, 199_999_999, 200_000_000, 700_000_000)] == [
        True,
        False,
        True,
        True,
    ]
    assert not period.is_due(899_999_999)
    assert period.is_due(900_000_000)

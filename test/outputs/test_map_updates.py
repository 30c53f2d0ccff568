"""Changes of the map in messages: when, for whom, and what a listener makes of them by the page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from seg_perception.config import Config, MapConfig
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.voxel_map import VoxelMap
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.outputs.outputs import Outputs
from seg_perception.outputs.topics import MAP, MAP_UPDATES, cloud_topics

ONTOLOGY = Ontology.load("field")
ROAD, TRUNK = ONTOLOGY.ids["road"], ONTOLOGY.ids["trunk"]
PAGE = Path(__file__).parents[2] / "docs/how_to/mapping.md"
S = 10**9


class Audience:
    """A publisher that keeps everything; so many listen to each topic."""

    def __init__(self, **listeners):
        self.listeners = {MAP: 0, MAP_UPDATES: 1, **listeners}
        self.advertised = set()
        self.messages = []

    def advertise(self, topic):
        self.advertised.add(topic.name)

    def listener_count(self, topic):
        return self.listeners.get(topic, 0) if topic in self.advertised else 0

    def is_wanted(self, topic):
        return self.listener_count(topic) > 0

    def publish(self, topic, message, _now_ns):
        assert self.is_wanted(topic)
        self.messages.append((topic, message))

    def take(self):
        """The messages since the last call, as topics and numbers of points."""
        taken = [(topic, len(decode_cloud(message))) for topic, message in self.messages]
        self.messages = []
        return taken


class Mapper:
    """A map of voxels of a metre, all of which are published."""

    frame = "odom"

    def __init__(self):
        self.map = VoxelMap(MapConfig(voxel_m=1.0, window_m=0.0), ONTOLOGY.id_count)

    def add(self, columns, label=ROAD, stamp_ns=1 * S):
        xyz = np.array([[x + 0.5, 0.5, 0.5] for x in columns])
        labels, weights = np.full(len(xyz), label, np.uint8), np.ones(len(xyz), np.float32)
        self.map.add(xyz, labels, weights, np.zeros(3), stamp_ns)

    def voxels(self):
        return self.map.voxels()

    def changes(self, most, *, everything=False):
        return self.map.changes(most, everything=everything)


@pytest.fixture
def started():
    def start(audience, **changed):
        parameters = {
            "lidars": ["top"],
            "lidar.top.topic": "/top/points",
            "map.enabled": True,
            "map.update_period_s": 0.2,
            "map.period_s": 10.0,
        }
        config = Config.from_parameters({**parameters, **changed})
        outputs = Outputs(config, ONTOLOGY, audience)
        outputs.advertise(cloud_topics(config))
        return outputs, config

    return start


def points(message):
    return decode_cloud(message).points.reshape(-1)


def test_there_are_no_changes_unless_asked_for(started):
    audience = Audience(**{MAP: 1})
    outputs, _ = started(audience, **{"map.update_period_s": 0.0})
    mapper = Mapper()
    mapper.add([0])
    assert outputs.publish_map(mapper, 1 * S)
    assert audience.take() == [(MAP, 1)]


def test_what_changed_comes_once_a_period_and_nothing_is_silence(started):
    audience, mapper = Audience(), Mapper()
    outputs, _ = started(audience)
    mapper.add([0, 1], stamp_ns=7 * S)
    assert outputs.publish_map(mapper, 1 * S)
    # A point that says that the map begins, and two voxels.
    assert audience.take() == [(MAP_UPDATES, 3)]
    assert not outputs.publish_map(mapper, 2 * S)
    mapper.add([1, 2], TRUNK, 8 * S)
    assert not outputs.publish_map(mapper, 2 * S + S // 10), "a period of 0.2 s began at 2 s"
    assert outputs.publish_map(mapper, 2 * S + S // 5)
    ((_, message),) = audience.messages
    cloud = decode_cloud(message)
    assert (cloud.frame_id, cloud.stamp_ns, cloud.is_dense) == ("odom", 8 * S, True)
    assert points(message)["x"].tolist() == [1.5, 2.5]
    assert points(message)["count"].tolist() == [2, 1]
    assert points(message)["label"].tolist() == [min(ROAD, TRUNK), TRUNK]


def test_the_form_of_what_is_forgotten_and_of_a_beginning(started):
    audience, mapper = Audience(), Mapper()
    outputs, _ = started(audience)
    mapper.add([3])
    outputs.publish_map(mapper, 1 * S)
    begin = points(audience.messages.pop()[1])
    assert np.isnan([begin[axis][0] for axis in "xyz"]).all()
    assert (begin["count"][0], begin["label"][0]) == (0, ONTOLOGY.unknown_id)
    scan = np.array([[9.0, 0.5, 0.5]], np.float32)
    mapper.map.clear_rays(scan - np.float32([0, 0.5, 0.5]), _at([0, 0.5, 0.5]), 10)
    outputs.publish_map(mapper, 2 * S)
    (gone,) = points(audience.messages.pop()[1])
    assert (gone["x"], gone["y"], gone["z"], gone["count"]) == (3.5, 0.5, 0.5, 0)


def test_a_message_holds_no_more_than_it_may(started):
    audience, mapper = Audience(), Mapper()
    outputs, _ = started(audience, **{"map.update_voxels": 4})
    mapper.add(range(10))
    for step in range(4):
        outputs.publish_map(mapper, (1 + step) * S)
    assert audience.take() == [(MAP_UPDATES, 5), (MAP_UPDATES, 4), (MAP_UPDATES, 2)]


def test_who_comes_to_either_topic_gets_all_of_it_at_once(started):
    audience, mapper = Audience(), Mapper()
    outputs, _ = started(audience)
    mapper.add([0, 1])
    outputs.publish_map(mapper, 1 * S)
    audience.take()
    audience.listeners = {MAP: 1, MAP_UPDATES: 2}
    outputs.publish_map(mapper, 1 * S + 1)
    assert audience.take() == [(MAP_UPDATES, 2), (MAP, 2)]
    audience.listeners = {MAP: 2, MAP_UPDATES: 1}
    outputs.publish_map(mapper, 1 * S + 2)
    assert audience.take() == [(MAP, 2)]
    outputs.publish_map(mapper, 2 * S)
    assert audience.take() == []


def test_while_nobody_listens_nothing_is_kept_and_the_next_one_begins(started):
    audience, mapper = Audience(), Mapper()
    outputs, _ = started(audience)
    mapper.add([0])
    outputs.publish_map(mapper, 1 * S)
    audience.take()
    audience.listeners = {}
    outputs.publish_map(mapper, 2 * S)
    mapper.add([1])
    audience.listeners = {MAP_UPDATES: 1}
    outputs.publish_map(mapper, 3 * S)
    assert audience.take() == [(MAP_UPDATES, 3)]


def test_other_colours_are_told_of_all_voxels(started):
    audience, mapper = Audience(), Mapper()
    outputs, config = started(audience)
    mapper.add([0])
    outputs.publish_map(mapper, 1 * S)
    audience.take()
    output = config.output.model_copy(update={"colors": ["road=#010203"]})
    outputs.reconfigure(config.model_copy(update={"output": output}))
    outputs.publish_map(mapper, 2 * S)
    (point,) = points(audience.messages[0][1])
    assert point["rgb"].view(np.uint32) == 0x010203


def test_the_listener_of_the_page_ends_with_the_map(started, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = ModuleType("point_cloud2")
    module.read_points = points
    monkeypatch.setitem(sys.modules, "sensor_msgs_py", ModuleType("sensor_msgs_py"))
    monkeypatch.setitem(sys.modules, "sensor_msgs_py.point_cloud2", module)
    page: dict = {}
    exec(code, page)  # noqa: S102 (our own page)
    audience, mapper = Audience(), Mapper()
    outputs, _ = started(audience, **{"map.update_voxels": 7})
    for step in range(12):
        mapper.add(range(step, step + 5), ROAD if step % 2 else TRUNK)
        if step == 6:
            mapper.map.clear()
        outputs.publish_map(mapper, step * S)
    for step in range(12, 15):
        outputs.publish_map(mapper, step * S)
    for _, message in audience.messages:
        page["on_map_update"](message)
    whole = mapper.voxels()
    places = map(tuple, whole.xyz.astype(np.float32).tolist())
    rows = zip(whole.labels.tolist(), whole.confidence.tolist(), strict=True)
    assert {k: (int(v[0]), float(v[1])) for k, v in page["voxels"].items()} == dict(
        zip(places, rows, strict=True)
    )
    assert len(whole) == 9


def _at(place):
    T = np.eye(4)
    T[:3, 3] = place
    return T

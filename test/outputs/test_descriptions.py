"""What the labels mean: all of it latched, before any label; colours anew when they change."""

import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.outputs.descriptions import Descriptions
from seg_perception.outputs.topics import LEGEND, LEGEND_IMAGE, description_topics

ONTOLOGY = Ontology.load("field")
ROAD = ONTOLOGY.ids["road"]
CAMERA, LIDAR = "/cam/semantic/label_info", "/top/semantic/nav2/label_info"
S = 10**9


class Recorder:
    """A publisher that keeps everything that was advertised."""

    def __init__(self):
        self.latched = {}
        self.messages = []

    def advertise(self, topic):
        self.latched[topic.name] = topic.latched

    def is_wanted(self, topic):
        return topic in self.latched

    def publish(self, topic, message, now_ns):
        self.messages.append((topic, message, now_ns))


def configuration(**changed):
    sensors = {
        "cameras": ["front"],
        "camera.front.image_topic": "/cam/image",
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
    }
    return Config.from_parameters({**sensors, **changed})


def start(**changed):
    config, recorder = configuration(**changed), Recorder()
    return Descriptions(config, ONTOLOGY, recorder, description_topics(config)), recorder


def test_legends_and_the_names_of_classes_are_latched_and_come_without_any_label():
    descriptions, recorder = start()
    descriptions.publish(3 * S)
    assert recorder.latched == dict.fromkeys((LEGEND, LEGEND_IMAGE, CAMERA), True)
    topics = [topic for topic, _, _ in recorder.messages]
    assert topics == [LEGEND, LEGEND_IMAGE, CAMERA]
    assert {(m.header.stamp.sec, now) for _, m, now in recorder.messages} == {(3, 3 * S)}
    names = {c.class_name: c.class_id for c in recorder.messages[-1][1].class_map}
    assert names == ONTOLOGY.ids


def test_a_lidars_names_come_where_navs_layer_is_served():
    descriptions, recorder = start(**{"output.nav2_semantic_cloud": True})
    descriptions.publish(0)
    assert [topic for topic, _, _ in recorder.messages][-2:] == [CAMERA, LIDAR]


def test_new_colours_renew_the_legends_and_leave_the_names():
    descriptions, recorder = start(**{"output.colors": ["road=#040506"]})
    descriptions.recolor(configuration(**{"output.colors": ["road=#010203"]}), 4 * S)
    (legend, message, now_ns), (picture, _, _) = recorder.messages
    assert {c.id: c.color_rgb.tolist() for c in message.classes}[ROAD] == [1, 2, 3]
    assert (legend, picture, now_ns) == (LEGEND, LEGEND_IMAGE, 4 * S)


def test_colours_of_the_configuration_hold_from_the_start_and_wrong_ones_change_nothing():
    descriptions, recorder = start(**{"output.colors": ["road=#010203"]})
    with pytest.raises(ConfigError, match="'swamp'"):
        descriptions.recolor(configuration(**{"output.colors": ["swamp=#040506"]}), 0)
    assert recorder.messages == []
    descriptions.publish(0)
    legend = recorder.messages[0][1]
    assert {c.id: c.color_rgb.tolist() for c in legend.classes}[ROAD] == [1, 2, 3]

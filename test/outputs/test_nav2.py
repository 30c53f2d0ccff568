"""What Nav2's semantic layer gets: mask, confidence and cloud of one shape; NaN does not count."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.io.images import decode_label_image
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.outputs.nav2 import Nav2Clouds, check_nav2
from seg_perception.outputs.outputs import Outputs
from seg_perception.outputs.topics import cloud_topics

ONTOLOGY = Ontology.load("field")
ROAD, TRUNK, SKY = (ONTOLOGY.ids[name] for name in ("road", "trunk", "sky"))
SEEN, HIDDEN, UNSURE = PointStatus.LABELLED, PointStatus.OCCLUDED, PointStatus.UNCERTAIN
WANTED = {"output.nav2_semantic_cloud": True, "lidars": ["top"], "lidar.top.topic": "/top/points"}
# The lidar stands 1.5 m above the base and is turned upside down.
UPSIDE_DOWN = np.diag([1.0, -1.0, -1.0, 1.0])
UPSIDE_DOWN[2, 3] = 1.5


def scan(labels, status, z=0.0, T_base_cloud=UPSIDE_DOWN, shape=None, **changes):
    count = len(labels)
    points = np.zeros(count, [("intensity", "<f4"), *((name, "<f8") for name in "xyz")])
    points["x"], points["z"] = np.arange(count), z
    return SemanticCloud(
        sensor="top",
        cloud=PointCloud(points.reshape(shape or (1, count)), 5, "lidar", is_dense=True),
        labels=np.array(labels, np.uint8),
        confidence=np.linspace(0, 1, count, dtype=np.float32),
        status=np.array(status, np.uint8),
        sources=np.zeros(count, np.uint8),
        **{"T_base_cloud": T_base_cloud, **changes},
    )


def made(semantic, **changed):
    return Nav2Clouds(Config.from_parameters({**WANTED, **changed}), ONTOLOGY).make(semantic, "l")


def pixels(image):
    return np.array(image.data).reshape(image.height, image.width).tolist()


def test_a_scan_is_its_own_mask_with_a_confidence_and_a_cloud_of_its_shape():
    found = made(scan([ROAD, TRUNK] * 3, [SEEN] * 6, shape=(2, 3)))
    assert decode_label_image(found.label_image).tolist() == [[ROAD, TRUNK, ROAD],
                                                              [TRUNK, ROAD, TRUNK]]  # fmt: skip
    # 0 to 1 in fifths, as bytes.
    assert pixels(found.confidence) == [[0, 51, 102], [153, 204, 255]]
    assert {found.label_image.encoding, found.confidence.encoding} == {"mono8"}
    cloud = decode_cloud(found.points)
    assert cloud.points.shape == (2, 3)
    assert cloud.xyz.tolist() == [[n, 0, 0] for n in range(6)]
    assert (found.points.point_step, cloud.fields, cloud.is_dense) == (12, ("x", "y", "z"), True)


def test_the_three_share_stamp_and_frame():
    found = made(scan([ROAD], [SEEN]))
    headers = [m.header for m in (found.label_image, found.confidence, found.points)]
    assert {(h.stamp.sec, h.stamp.nanosec, h.frame_id) for h in headers} == {(0, 5, "l")}


def test_an_unorganised_cloud_is_one_row():
    found = made(scan([ROAD] * 4, [SEEN] * 4))
    for message in (found.label_image, found.confidence, found.points):
        assert (message.height, message.width) == (1, 4)


def test_what_has_no_label_no_cost_or_no_place_is_nan_and_unknown_with_no_confidence():
    semantic = scan([ROAD, TRUNK, ROAD, SKY, 255, ROAD], [SEEN, HIDDEN, UNSURE, SEEN, SEEN, SEEN],
                    [0, 0, 0, 0, 0, np.nan])  # fmt: skip
    found = made(semantic)
    assert pixels(found.label_image) == [[ROAD, 255, 255, 255, 255, 255]]
    assert pixels(found.confidence) == [[0] * 6]
    cloud = decode_cloud(found.points)
    assert np.isnan(cloud.xyz).all(axis=1).tolist() == [False, *[True] * 5]
    assert not cloud.is_dense


def test_what_lies_above_the_clearance_in_the_base_frame_is_nan():
    # Upside down and 1.5 m up: z of the lidar -0.5, -1, -1.1, 1 is 2, 2.5, 2.6, 0.5 of the base.
    semantic = scan([TRUNK] * 4, [SEEN] * 4, [-0.5, -1.0, -1.1, 1.0])
    assert pixels(made(semantic).label_image) == [[TRUNK, TRUNK, 255, TRUNK]]
    low = made(semantic, **{"output.nav2_clearance_m": 1.0})
    assert pixels(low.label_image) == [[255, 255, 255, TRUNK]]


def test_silence_where_nothing_is_known():
    assert made(scan([ROAD], [HIDDEN])) is None
    assert made(scan([], [])) is None
    assert made(scan([ROAD], [SEEN], T_base_cloud=None)) is None


def test_more_classes_than_a_byte_holds_are_refused_in_one_sentence():
    classes = [{"id": n, "name": f"c{n}", "color": f"#{n:06x}"} for n in range(256)]
    many = Ontology.parse({"name": "many", "classes": classes}, "test")
    sentence = (
        r"^output\.nav2_semantic_cloud: .* at most 255 classes, got 256 in many; switch it off"
    )
    with pytest.raises(ConfigError, match=sentence):
        check_nav2(Config.from_parameters(WANTED), many)
    check_nav2(Config(), many)
    few = Ontology.parse({"name": "few", "classes": classes[:255]}, "test")
    with pytest.raises(ConfigError, match="traversability, which the model's ontology few lacks"):
        check_nav2(Config.from_parameters(WANTED), few)


class Recorder:
    """Keeps what is wanted."""

    def __init__(self, *wanted):
        self.wanted, self.messages, self.named = wanted, [], True

    def advertise(self, topic):
        pass

    def is_wanted(self, topic):
        return topic in self.wanted

    def has_reached_all(self, topic):
        assert topic.endswith("/nav2/label_info")
        return self.named

    def publish(self, topic, message, now_ns):
        del now_ns
        self.messages.append((topic, message))


def published(recorder, **changed):
    config = Config.from_parameters({**WANTED, **changed})
    outputs = Outputs(config, ONTOLOGY, recorder)
    outputs.advertise(cloud_topics(config))
    outputs.publish_cloud(scan([ROAD], [SEEN]), 0)
    return recorder.messages


def test_what_is_wanted_of_a_set_is_published_beside_the_semantic_cloud():
    topics = [f"/top/semantic/nav2/{name}" for name in ("points", "label_image", "confidence")]
    assert [topic for topic, _ in published(Recorder(*topics))] == topics
    assert [topic for topic, _ in published(Recorder(topics[0]))] == topics[:1]
    assert published(Recorder(*topics), **{"output.nav2_semantic_cloud": False}) == []
    moved = Recorder("/out/nav2/points")
    assert len(published(moved, **{"lidar.top.output_topic": "/out/labelled"})) == 1


def test_a_set_waits_until_all_have_the_names_of_the_classes():
    recorder = Recorder("/top/semantic/nav2/points")
    recorder.named = False
    assert published(recorder) == []
    recorder.named = True
    assert len(published(recorder)) == 1


@pytest.mark.parametrize("topic", ["/top/semantic/nav2/points", "/top/semantic/obstacles"])
def test_planners_get_the_frame_of_the_configuration_where_the_driver_names_another(topic):
    changed = {"lidar.top.frame_id": "mounted", "costmap.obstacles": True}
    ((_, message),) = published(Recorder(topic), **changed)
    assert message.header.frame_id == "mounted"
    ((_, message),) = published(Recorder(topic), **{"costmap.obstacles": True})
    assert message.header.frame_id == "lidar"


def test_remembered_points_count_unless_they_would_be_free():
    recalled = PointStatus.REMEMBERED
    found = made(scan([ROAD, ROAD, TRUNK], [SEEN, recalled, recalled]))
    unknown = ONTOLOGY.unknown_id
    assert decode_label_image(found.label_image).tolist() == [[ROAD, unknown, TRUNK]]
    assert np.isnan(decode_cloud(found.points).xyz).all(axis=1).tolist() == [False, True, False]


def test_a_scan_of_which_all_is_remembered_is_silence():
    assert made(scan([TRUNK], [PointStatus.REMEMBERED])) is None

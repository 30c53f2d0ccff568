"""Results as messages: which ones, and what the legend says."""

import numpy as np
import pytest

from seg_perception.config import OutputConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud, PointStatus, SemanticCloud
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.outputs.messages import (
    camera_outputs,
    check_profile,
    cloud_output,
    legend,
    ontology_sha256,
)
from seg_perception.outputs.topics import CameraTopics

TOPICS = CameraTopics("/label", "/png", "/confidence", "/color", "/overlay", "/lens", "/info")
DATA = {
    "name": "two",
    "classes": [
        {"id": 0, "name": "red", "color": "#ff0000"},
        {"id": 4, "name": "green", "color": "#00ff00"},
    ],
    "groupings": {"driving": [{"name": "go", "color": "#0000ff", "classes": ["green"]}]},
}
ONTOLOGY = Ontology.parse(DATA, "test")
LENS = Calibration(4, 2, np.eye(3))


def outputs(config=None, *, image=True, lens=LENS, wanted=lambda _topic: True):
    labels = np.zeros((2, 4), np.uint8)
    label_map = LabelMap("front", labels, labels, 12_000_000_034, "optical", lens)
    picture = np.zeros((4, 8, 3), np.uint8) if image else None
    found = camera_outputs(label_map, picture, ONTOLOGY, config or OutputConfig(), TOPICS, wanted)
    return dict(found)


def test_everything_but_png_is_made_by_default():
    assert set(outputs()) == {"/label", "/confidence", "/color", "/overlay", "/lens"}
    assert set(outputs(OutputConfig(png=True))) - set(outputs()) == {"/png"}


def test_every_message_has_the_images_stamp_and_frame():
    for message in outputs(OutputConfig(png=True)).values():
        stamp = message.header.stamp
        assert (stamp.sec, stamp.nanosec, message.header.frame_id) == (12, 34, "optical")


def test_only_what_is_asked_for_is_made():
    less = OutputConfig(confidence=False, color=False, overlay=False)
    assert set(outputs(less)) == {"/label", "/lens"}
    assert set(outputs(wanted=lambda topic: topic == "/color")) == {"/color"}


def test_no_overlay_without_picture_and_no_lens_without_calibration():
    assert "/overlay" not in outputs(image=False)
    assert "/lens" not in outputs(lens=None)


def test_the_legend_explains_ids_colours_and_groups():
    message = legend(ONTOLOGY, 5)
    assert [(c.id, c.name, c.color_rgb.tolist()) for c in message.classes] == [
        (0, "red", [255, 0, 0]),
        (4, "green", [0, 255, 0]),
    ]
    (grouping,) = message.groupings
    assert grouping.group_ids == [grouping.unknown_group_id, 0]
    assert [(g.id, g.name, g.color_rgb.tolist()) for g in grouping.groups] == [
        (0, "go", [0, 0, 255])
    ]
    assert message.unknown_id == 255


def test_the_fingerprint_changes_with_a_colour_and_not_without():
    assert ontology_sha256(ONTOLOGY) == ontology_sha256(Ontology.parse(DATA, "elsewhere"))
    changed = {**DATA, "classes": [{**c, "color": "#123456"} for c in DATA["classes"]]}
    assert ontology_sha256(Ontology.parse(changed, "test")) != ontology_sha256(ONTOLOGY)


def semantic_cloud(labels, status):
    points = np.zeros((1, len(labels)), [("x", "f4"), ("y", "f4"), ("z", "f4")])
    none = np.zeros(len(labels), np.uint8)
    cloud = PointCloud(points, 0, "lidar")
    return SemanticCloud("top", cloud, labels, none.astype(np.float32), status, none)


def published_labels(ontology, profile, field):
    labels = np.array([1, ontology.unknown_id], np.uint8)
    status = np.array([PointStatus.LABELLED, PointStatus.OCCLUDED], np.uint8)
    config = OutputConfig(cloud_profile=profile)
    message = cloud_output(semantic_cloud(labels, status), ontology, config)
    return decode_cloud(message).points[field][0].tolist()


def test_points_without_label_get_the_unknown_id_of_the_data_set():
    assert published_labels(Ontology.load("viking_hill"), "viking", "label_id") == [1, 8]
    assert published_labels(Ontology.load("field"), "viking", "label_id") == [1, 255]


@pytest.mark.parametrize("profile", ["viking", "autoware"])
def test_a_profile_of_8_bits_is_refused_for_more_classes(profile):
    classes = [{"id": i, "name": f"c{i}", "color": "#000000"} for i in range(300)]
    many = Ontology.parse({"name": "many", "classes": classes}, "test")
    with pytest.raises(ConfigError, match="carries 8 bits, ontology many has ids to 299"):
        check_profile(many, OutputConfig(cloud_profile=profile))
    check_profile(many, OutputConfig(cloud_profile="pcl"))
    check_profile(many, OutputConfig(cloud_profile="float32"))
    check_profile(ONTOLOGY, OutputConfig(cloud_profile=profile))

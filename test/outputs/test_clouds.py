"""Labelled points on the wire: the ids of points without a label, profiles, voxels."""

import numpy as np
import pytest

from seg_perception.config import OutputConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.voxels import Voxels
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.outputs.clouds import check_clouds, cloud_message, map_message

TWO = Ontology.parse(
    {
        "name": "two",
        "classes": [
            {"id": 0, "name": "red", "color": "#ff0000"},
            {"id": 4, "name": "green", "color": "#00ff00"},
        ],
    },
    "test",
)


def semantic_cloud(labels, status):
    points = np.zeros((1, len(labels)), [("x", "f4"), ("y", "f4"), ("z", "f4")])
    none = np.zeros(len(labels), np.uint8)
    cloud = PointCloud(points, 0, "lidar")
    return SemanticCloud("top", cloud, labels, none.astype(np.float32), status, none)


def published_labels(ontology, profile, field):
    labels = np.array([1, ontology.unknown_id], np.uint8)
    status = np.array([PointStatus.LABELLED, PointStatus.OCCLUDED], np.uint8)
    config = OutputConfig(cloud_profile=profile)
    message = cloud_message(semantic_cloud(labels, status), ontology, config)
    return decode_cloud(message).points[field][0].tolist()


def test_points_without_label_get_the_unknown_id_of_the_data_set():
    assert published_labels(Ontology.load("viking_hill"), "viking", "label_id") == [1, 8]
    assert published_labels(Ontology.load("field"), "viking", "label_id") == [1, 255]


def labels_of(*names, profile="pcl", ontology="field"):
    """What is published of a road, a trunk, a hidden trunk and a point without a label."""
    chosen = Ontology.load(ontology)
    road, trunk = chosen.ids["road"], chosen.ids["trunk"]
    labels = np.array([road, trunk, chosen.unknown_id, chosen.unknown_id], np.uint8)
    state = [PointStatus.LABELLED] * 2 + [PointStatus.OCCLUDED, PointStatus.OUT_OF_VIEW]
    config = OutputConfig(cloud_profile=profile, classes=list(names))
    message = cloud_message(semantic_cloud(labels, np.array(state, np.uint8)), chosen, config)
    points = decode_cloud(message).points
    assert points.shape[0] == 1
    return [chosen.names.get(i, "unknown") for i in points["label"][0].astype(int).tolist()]


def test_points_of_other_classes_and_without_label_are_left_out_of_the_cloud():
    assert labels_of() == ["road", "trunk", "unknown", "unknown"]
    assert labels_of("trunk") == ["trunk"]
    assert labels_of("drivable", "trunk") == ["road", "trunk"]
    assert labels_of("trunk", profile="float32") == ["trunk"]


def test_a_cloud_without_any_of_the_classes_is_empty():
    assert labels_of("person") == []


def test_classes_that_there_are_not_are_refused():
    with pytest.raises(ConfigError, match=r"output.classes names 'people': expected classes of"):
        check_clouds(TWO, OutputConfig(classes=["people"]))


@pytest.mark.parametrize("profile", ["viking", "autoware"])
def test_a_profile_of_8_bits_is_refused_for_more_classes(profile):
    classes = [{"id": i, "name": f"c{i}", "color": "#000000"} for i in range(300)]
    many = Ontology.parse({"name": "many", "classes": classes}, "test")
    with pytest.raises(ConfigError, match="carries 8 bits, ontology many has ids to 299"):
        check_clouds(many, OutputConfig(cloud_profile=profile))
    check_clouds(many, OutputConfig(cloud_profile="pcl"))
    check_clouds(many, OutputConfig(cloud_profile="float32"))
    check_clouds(TWO, OutputConfig(cloud_profile=profile))


def test_a_map_has_a_point_for_each_voxel():
    voxels = Voxels(
        xyz=np.array([[0.5, -0.5, 0.25], [1.5, 2.5, 3.5]]),
        labels=np.array([4, 0], np.uint8),
        confidence=np.array([0.5, 1.0], np.float32),
        counts=np.array([1, 7], np.uint32),
        stamp_ns=3_000_000_004,
        centre=np.zeros(3),
    )
    cloud = decode_cloud(map_message(voxels, TWO, "odom"))
    assert (cloud.stamp_ns, cloud.frame_id) == (3_000_000_004, "odom")
    assert cloud.xyz.tolist() == [[0.5, -0.5, 0.25], [1.5, 2.5, 3.5]]
    (points,) = cloud.points
    assert points["rgb"].view(np.uint32).tolist() == [0x00FF00, 0xFF0000]
    found = [points[name].tolist() for name in ("label", "confidence", "count")]
    assert found == [[4, 0], [0.5, 1.0], [1, 7]]


def remembered(memory, **chosen):
    status = np.array(
        [PointStatus.LABELLED, PointStatus.REMEMBERED, PointStatus.OUT_OF_VIEW], np.uint8
    )
    semantic = semantic_cloud(np.array([0, 4, 255], np.uint8), status)
    message = cloud_message(semantic, TWO, OutputConfig(**chosen), memory=memory)
    return decode_cloud(message)


def test_a_field_says_which_labels_are_remembered():
    cloud = remembered(memory=True)
    assert cloud.fields == ("x", "y", "z", "remembered", "label", "confidence", "rgb")
    assert cloud.points["remembered"].tolist() == [[0, 1, 0]]
    assert cloud.points["label"].tolist() == [[0, 4, 255]]
    assert "remembered" not in remembered(memory=False).fields


def test_points_with_a_remembered_label_are_not_without_label():
    cloud = remembered(memory=True, drop_unlabelled=True)
    assert cloud.points["label"].tolist() == [[0, 4]]
    assert cloud.points["remembered"].tolist() == [[0, 1]]

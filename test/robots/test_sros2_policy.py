"""The SROS 2 policy allows what a configuration uses."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from seg_perception.config import Config, parameter_file
from seg_perception.core.errors import ConfigError
from seg_perception.robots import platforms
from seg_perception.robots.graph_place import GraphPlace
from seg_perception.robots.sros2_policy import NODES, enclave, permissions, sros2_policy


def allowed(text, path):
    root = ET.fromstring(text)  # noqa: S314 (our own text)
    return {element.text for element in root.iterfind(f".//{path}")}


@pytest.mark.parametrize("name", platforms.shipped())
def test_every_input_and_output_of_a_platform_is_allowed(name):
    config, text = platforms.load(name), sros2_policy(platforms.load(name))
    read = allowed(text, "topics[@subscribe='ALLOW']/topic")
    published = allowed(text, "topics[@publish='ALLOW']/topic")
    assert {camera.image_topic for camera in config.cameras.values()} <= read
    assert {lidar.topic for lidar in config.lidars.values()} <= read
    assert not (published & {camera.image_topic for camera in config.cameras.values()})
    assert {"~/status", "/diagnostics", "/rosout"} <= published
    assert enclave("perception_node") in text


def test_odometry_and_the_services_of_both_nodes_are_allowed():
    settings = {"transforms.odometry_topic": "/wheels/odometry"}
    root = ET.fromstring(sros2_policy(Config.from_parameters(settings)))  # noqa: S314 (our own)
    topics = root.findall(".//profile[@node='perception_node_tf']/topics[@subscribe='ALLOW']/topic")
    assert {"/wheels/odometry", "/tf", "/tf_static"} <= {topic.text for topic in topics}
    for node in ("perception_node", "perception_node_tf"):
        services = root.findall(f".//profile[@node='{node}']/services/service")
        assert "~/get_type_description" in {service.text for service in services}


def test_a_namespace_and_remappings_are_those_of_the_node_that_is_started():
    settings = {
        "cameras": ["front", "rear"],
        "camera.front.image_topic": "front/image",
        "camera.rear.image_topic": "/rear/image",
    }
    rules = ["/tf:=tf", "front/image:=/cam/image", "~/status:=how_it_is"]
    place = GraphPlace.of("a200_0000", rules)
    text = sros2_policy(Config.from_parameters(settings), place)
    profiles = ET.fromstring(text).findall(".//profile")  # noqa: S314 (our own text)
    assert {profile.get("ns") for profile in profiles} == {"/a200_0000"}
    read = allowed(text, "topics[@subscribe='ALLOW']/topic")
    published = allowed(text, "topics[@publish='ALLOW']/topic")
    assert {"/a200_0000/tf", "/tf_static", "/cam/image", "/rear/image", "/clock"} <= read
    assert not {"/tf", "front/image"} & read
    # A topic that follows from another keeps the name that the node gives it.
    assert {"/a200_0000/how_it_is", "front/semantic/label_image", "/rosout"} <= published
    assert "~/status" not in published


@pytest.mark.parametrize(
    ("namespace", "rule", "words"),
    [
        ("", "/fron/image:=/x", "got /fron/image"),
        ("", "__ns:=/x", "by --namespace"),
        ("", "/tf", "expected FROM:=TO"),
        ("a b", "/tf:=tf", "--namespace a b: expected a name"),
    ],
)
def test_a_rule_that_does_nothing_is_refused(namespace, rule, words):
    with pytest.raises(ConfigError, match=words):
        sros2_policy(Config(), GraphPlace.of(namespace, [rule]))


def test_names_are_escaped(tmp_path):
    path = tmp_path / "robot.yaml"
    section = {"cameras": ["a"], "camera.a.image_topic": "/a&b/<image>"}
    path.write_text(parameter_file(section))
    assert "/a&b/<image>" in allowed(sros2_policy(platforms.load(str(path))), "topic")


def test_each_half_may_do_its_own_half_and_no_more():
    settings = {
        "cameras": ["front"],
        "camera.front.image_topic": "/front/image",
        "camera.front.depth_topic": "/front/depth",
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
        "map.enabled": True,
    }
    config = Config.from_parameters(settings)
    of = {node: permissions(config, node=node) for node in NODES}
    images, clouds = of["segmentation_node"], of["semantic_cloud_node"]
    # Without transforms there is no node that listens to them.
    assert list(images) == ["segmentation_node"]
    assert list(clouds) == ["semantic_cloud_node", "semantic_cloud_node_tf"]
    first, second = images["segmentation_node"], clouds["semantic_cloud_node"]
    assert "/front/image" in first.read
    assert not {"/front/depth", "/top/points"} & set(first.read)
    assert {"/front/depth", "/top/points"} <= set(second.read)
    assert "/front/image" not in second.read
    handed_on = {"/front/semantic/label_image", "/front/semantic/label_image/compressed"}
    assert handed_on <= set(first.published) & set(second.read)
    assert "/front/semantic/camera_info" in set(first.published) & set(second.read)
    assert "~/map" in second.published
    assert "~/map" not in first.published
    # Together the halves publish what the one node does.
    (whole, _) = of["perception_node"].values()
    assert {*first.published, *second.published} == set(whole.published)


def test_a_node_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match=r"--node: expected one of perception_node, .* got lidar"):
        sros2_policy(Config(), node="lidar")


def test_the_enclave_is_that_of_the_node():
    assert 'path="/seg_perception/segmentation_node"' in sros2_policy(
        Config(), node="segmentation_node"
    )

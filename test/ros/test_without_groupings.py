"""A model whose classes are in no group runs; only what needs groups says so."""

from dataclasses import replace

import pytest

from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.io import messages
from seg_perception.io.perception_messages import SemanticLegend

pytestmark = pytest.mark.ros

LABELS = "/front/semantic/label_image"


@pytest.fixture
def plain(colour_model, tmp_path):
    """Red, green and blue, in no group."""
    source = colour_model.source(16, 8)
    ontology = source.ontology.model_copy(update={"groupings": {}})
    return str(write_bundle(tmp_path / "plain", replace(source, ontology=ontology)).folder)


def test_images_are_labelled_and_the_legend_has_classes_alone(
    ros, robot, parameters, wait_until, plain
):
    from rclpy.qos import DurabilityPolicy

    labels = robot.listen(LABELS, messages.Image.type_name)
    legends = robot.listen(
        "/perception_node/legend",
        SemanticLegend.type_name,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )
    robot.advertise()
    file = parameters(segmentation__bundle=plain)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    robot.step(robot.now_ns())
    wait_until(lambda: labels and legends, "labels and the legend")
    assert [c.name for c in legends[0].classes] == ["red", "green", "blue"]
    assert list(legends[0].groupings) == []
    assert process.end()[0] == 0


def test_obstacles_are_refused_with_what_they_need(ros, robot, parameters, wait_until, plain):
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    file = parameters(segmentation__bundle=plain, costmap__obstacles=True)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    words = "by group of traversability, which the model's ontology colours lacks (it has: none)"
    wait_until(lambda: any(words in s.message for d in diagnostics for s in d.status), "the cause")
    assert process.is_running()
    assert process.end()[0] == 0

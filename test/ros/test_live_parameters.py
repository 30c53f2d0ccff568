"""Parameters that are changed while the node works."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.io.perception_messages import SegmentationStatus

pytestmark = pytest.mark.ros

NODE = "/perception_node"


@pytest.fixture
def ask(robot):
    """Set one parameter over the graph; the node's answer."""
    from rcl_interfaces.srv import SetParameters
    from rclpy.parameter import Parameter

    clients = []

    def set_one(name, value):
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        if not clients:  # the node is there when first asked
            clients.append(robot.parameters())
        return clients[0].ask(request).results[0]

    return set_one


def test_thresholds_colours_and_sensors_change_at_once(ros, robot, parameters, wait_until, ask):
    labels = robot.listen("/front/semantic/label_image", messages.Image.type_name)
    colors = robot.listen("/front/semantic/color", messages.Image.type_name)
    statuses = robot.listen(f"{NODE}/status", SegmentationStatus.type_name)
    robot.advertise()
    process = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    robot.wait_until_heard()
    robot.wait_until_known()
    begin, step_ns = robot.now_ns(), 100_000_000
    robot.step(begin)
    wait_until(lambda: labels and colors, "a picture")
    assert set(labels[-1].data) == {0, 1, 2}

    assert ask("output.colors", ["red=#010203"]).successful
    assert ask("segmentation.min_confidence", 0.9).successful
    robot.step(begin + step_ns)
    wait_until(lambda: len(labels) > 1 and len(colors) > 1, "a picture with the new values")
    assert set(labels[-1].data) == {255}
    assert ask("segmentation.min_confidence", 0.0).successful
    robot.step(begin + 2 * step_ns)
    wait_until(lambda: len(colors) > 2, "a picture with the new colours")
    assert [1, 2, 3] in np.array(colors[-1].data).reshape(-1, 3).tolist()

    assert ask("camera.front.enabled", False).successful
    robot.step(begin + 3 * step_ns)
    wait_until(
        lambda: any(
            d.reason == "disabled"
            for status in statuses[-1:]
            for source in status.streams
            for d in source.dropped
        ),
        "the dropped image",
    )
    assert len(labels) == 3
    process.end()


def test_classes_of_the_clouds_change_at_once_and_others_are_refused(start_node, ask):
    running = start_node(output__classes=["rough"])
    running.step(0)
    assert running.last_labels() == [1]
    answer = ask("output.classes", ["people"])
    assert not answer.successful
    assert "output.classes names 'people': expected classes of ontology colours" in answer.reason
    assert ask("output.classes", ["red", "impassable"]).successful
    running.step(1)
    assert running.last_labels() == [0, 2]
    count = running.account()["lidar.top"]
    assert (count["received"], count["published"]) == (2, 2)


def test_a_cameras_correction_changes_at_once_and_stands_in_the_diagnostics(
    robot, start_node, ask, wait_until
):
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")

    def place():
        latest = {v.key: v.value for d in diagnostics[-1:] for s in d.status for v in s.values}
        return latest.get("place of camera.front", "")

    running = start_node()
    running.step(0)
    before = running.last_labels()
    assert before == [0, 1, 2, 255]
    # Ahead is then above, out of the picture.
    assert ask("camera.front.correction_rpy_deg", [90.0, 0.0, 0.0]).successful
    running.step(1)
    assert set(running.last_labels()) == {255}
    wait_until(lambda: "turned by 90, 0, 0 degrees" in place(), "the correction in diagnostics")
    answer = ask("camera.front.correction_rpy_deg", [0.0, 190.0, 0.0])
    assert not answer.successful
    assert "camera.front.correction_rpy_deg" in answer.reason
    assert ask("camera.front.correction_rpy_deg", [0.0, 0.0, 0.0]).successful
    running.step(2)
    assert running.last_labels() == before
    wait_until(lambda: diagnostics and not place(), "diagnostics without it")


def test_what_can_not_change_is_answered_with_its_name(ros, robot, parameters, wait_until, ask):
    statuses = robot.listen(f"{NODE}/status", SegmentationStatus.type_name)
    process = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    wait_until(lambda: statuses, "the node")
    answer = ask("synchronizer.buffer_size", 3)
    assert (answer.successful, "synchronizer.buffer_size" in answer.reason) == (False, True)
    answer = ask("output.colors", ["purple=#010203"])
    assert (answer.successful, "'purple'" in answer.reason) == (False, True)
    answer = ask("segmentation.min_confidence", 7.0)
    assert not answer.successful
    assert process.is_running()
    process.end()

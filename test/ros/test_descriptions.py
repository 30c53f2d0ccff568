"""What the labels mean is there before the first label, for who comes early and who comes late."""

from __future__ import annotations

import pytest

from seg_perception.io import messages
from seg_perception.io.perception_messages import SemanticLegend

pytestmark = pytest.mark.ros
pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed; run make setup")
LABELS, NAMES = "/front/semantic/label_image", "/front/semantic/label_info"
LAYER_NAMES = "/top/semantic/nav2/label_info"
LEGEND, PICTURE = "/perception_node/legend", "/perception_node/legend_image"
DESCRIPTIONS = {
    NAMES: messages.LabelInfo.type_name,
    LAYER_NAMES: messages.LabelInfo.type_name,
    LEGEND: SemanticLegend.type_name,
    PICTURE: messages.Image.type_name,
}
NAV2 = {"output.nav2_semantic_cloud": True, "output.nav2_base_frame": "base"}


class Arrivals:
    """When the middleware took in the first message of each topic."""

    def __init__(self, ros):
        self.first_ns = {}
        self._node = ros.node("reader")

    def listen(self, types, profile):
        from seg_perception.ros.conversions import message_class

        for topic, type_name in types.items():
            self._node.create_subscription(
                message_class(type_name), topic, self._take(topic), profile
            )

    def _take(self, topic):
        # rclpy counts the arguments: a second one gets the middleware's times.
        return lambda _, info: self.first_ns.setdefault(topic, info["received_timestamp"])


@pytest.fixture
def arrivals(ros):
    return Arrivals(ros)


def listen_to_labels(arrivals):
    from seg_perception.ros.qos import output_profile

    arrivals.listen({LABELS: messages.Image.type_name}, output_profile())


def listen_to_descriptions(arrivals):
    from seg_perception.ros.qos import latched_profile

    arrivals.listen(DESCRIPTIONS, latched_profile(5))


def test_who_comes_early_has_them_before_the_first_label(
    ros, robot, parameters, wait_until, arrivals
):
    listen_to_labels(arrivals)
    listen_to_descriptions(arrivals)
    robot.advertise()
    with robot.streaming(0.02, lambda: robot.step(robot.now_ns())):
        process = ros.start("perception_node", "--ros-args", "--params-file", parameters(**NAV2))
        wait_until(lambda: len(arrivals.first_ns) == 5, "labels and what they mean")
    labels_ns = arrivals.first_ns.pop(LABELS)
    assert all(came_ns < labels_ns for came_ns in arrivals.first_ns.values())
    assert process.account()


def test_who_comes_late_has_them_before_the_first_label(
    ros, robot, parameters, wait_until, arrivals
):
    robot.advertise()
    process = ros.start("perception_node", "--ros-args", "--params-file", parameters(**NAV2))
    robot.wait_until_heard()
    listen_to_labels(arrivals)
    listen_to_descriptions(arrivals)
    wait_until(lambda: set(arrivals.first_ns) == set(DESCRIPTIONS), "what labels will mean")
    robot.step(robot.now_ns())
    wait_until(lambda: LABELS in arrivals.first_ns, "the first labels")
    assert process.account()


def test_they_are_there_from_configuring_to_cleaning_up(
    ros, robot, parameters, wait_until, arrivals
):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    listen_to_descriptions(arrivals)
    file = parameters(**NAV2, **{"node.autostart": False})
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    lifecycle = robot.lifecycle()

    def change(number):
        answer = lifecycle.ask(ChangeState.Request(transition=Transition(id=number)))
        assert answer.success

    def publishers():
        return sum(robot.node.count_publishers(topic) for topic in DESCRIPTIONS)

    assert (publishers(), arrivals.first_ns) == (0, {})
    change(Transition.TRANSITION_CONFIGURE)
    wait_until(lambda: set(arrivals.first_ns) == set(DESCRIPTIONS), "what labels will mean")
    change(Transition.TRANSITION_ACTIVATE)
    change(Transition.TRANSITION_DEACTIVATE)
    assert publishers() == len(DESCRIPTIONS)
    change(Transition.TRANSITION_CLEANUP)
    wait_until(lambda: publishers() == 0, "their end")
    process.end()

"""An activation leaves nothing behind."""

import gc
import weakref
from collections import Counter
from functools import partial

import pytest
from rclpy.parameter import Parameter

from seg_perception.io import messages
from seg_perception.ros.perception_node import PerceptionNode

pytestmark = pytest.mark.ros


@pytest.fixture
def node(ros, bundle):
    values = {
        "cameras": ["front"],
        "camera.front.image_topic": "/front/image_raw",
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
        "segmentation.bundle": str(bundle),
        "map.enabled": True,
    }
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    made = PerceptionNode(context=ros.context, parameter_overrides=overrides)
    made.trigger_configure()
    yield made
    ros.remove(made)
    made.end()
    made.destroy_node()


def test_what_an_activation_held_is_free_when_it_ends(node):
    for _ in range(3):
        node.trigger_activate()
        held = weakref.ref(node._node_context)
        assert held() is not None
        node.trigger_deactivate()
        assert held() is None


def is_free(held):
    return held() is None


@pytest.fixture
def no_collector():
    """Nothing is collected unless somebody asks: a node that does little may wait for hours."""
    gc.disable()
    yield
    gc.enable()


def test_what_an_activation_of_a_spinning_node_held_is_freed_soon(
    ros, robot, node, wait_until, no_collector
):
    def on_executor(step):
        task = ros._executor.create_task(step)
        wait_until(task.done, "the transition")

    robot.advertise()
    labels = robot.listen("/front/semantic/label_image", messages.Image.type_name)
    ros.add(node)
    for _ in range(3):
        on_executor(node.trigger_activate)
        held = weakref.ref(node._node_context)
        robot.wait_until_heard()
        labels.clear()
        with robot.streaming(0.05, lambda: robot.step(robot.now_ns())):
            wait_until(lambda: len(labels) > 3, "labels")
        on_executor(node.trigger_deactivate)
        wait_until(partial(is_free, held), "the end of what the activation held")


def own_objects():
    """How many objects of each class of ours there are."""
    gc.collect()
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(k.__qualname__ for k in kinds if str(k.__module__).startswith("seg_"))


def test_reloads_of_a_spinning_node_leave_as_many_objects_of_each_class_as_before(
    ros, robot, node, wait_until
):
    def on_executor(*steps):
        for step in steps:
            task = ros._executor.create_task(step)
            wait_until(task.done, "the transition")

    robot.advertise()
    labels = robot.listen("/front/semantic/label_image", messages.Image.type_name)
    ros.add(node)
    counts = []
    for _ in range(4):
        on_executor(node.trigger_activate)
        held = weakref.ref(node._node_context)
        robot.wait_until_heard()
        labels.clear()
        with robot.streaming(0.05, lambda: robot.step(robot.now_ns())):
            wait_until(lambda: len(labels) > 3, "labels")
        on_executor(node.trigger_deactivate, node.trigger_cleanup, node.trigger_configure)
        wait_until(partial(is_free, held), "the end of what the activation held")
        counts.append(own_objects())
    assert counts[-1] == counts[1]


def test_a_callback_that_fails_is_named_in_the_diagnostics_of_the_activation(node):
    node.tell_failure(ValueError("before it is active, the log alone says it"))
    node.trigger_activate()
    node.tell_failure(ValueError("odd"))
    issues = map(str, node._node_context.perception.issues.all())
    (sentence,) = (text for text in issues if text.startswith("thread"))
    assert sentence.startswith("thread executor: a fault of this program: ValueError: odd")

"""An activation leaves nothing behind."""

import weakref

import pytest
from rclpy.parameter import Parameter

from seg_perception.ros.perception_node import PerceptionNode

pytestmark = pytest.mark.ros


def test_what_an_activation_held_is_free_when_it_ends(ros, bundle):
    values = {
        "cameras": ["front"],
        "camera.front.image_topic": "/front/image_raw",
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
        "segmentation.bundle": str(bundle),
        "map.enabled": True,
    }
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    node = PerceptionNode(context=ros.context, parameter_overrides=overrides)
    node.trigger_configure()
    for _ in range(3):
        node.trigger_activate()
        held = weakref.ref(node._node_context)
        assert held() is not None
        node.trigger_deactivate()
        assert held() is None
    node.end()
    node.destroy_node()

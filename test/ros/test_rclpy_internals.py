"""What rclpy does not document is used in one file, and its absence is survived or named."""

import ast
import inspect
from types import SimpleNamespace

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode

from seg_perception.core.errors import ConfigError
from seg_perception.ros import rclpy_internals
from seg_perception.ros.bag_publishers import BagPlayer
from seg_perception.ros.bag_recorder import BagRecorder
from seg_perception.ros.executor import ResilientExecutor
from seg_perception.ros.lifecycle import ManagedNode
from seg_perception.ros.perception_node import PerceptionNode
from seg_perception.ros.rclpy_internals import (
    ForgivingExecutor,
    lifecycle_state_machine,
    parameter_overrides,
    serve_transitions,
)
from seg_perception.ros.segmentation_node import SegmentationNode
from seg_perception.ros.semantic_cloud_node import SemanticCloudNode
from seg_perception.ros.semantic_node import SemanticNode

pytestmark = pytest.mark.ros

NODES = (
    BagPlayer,
    BagRecorder,
    ManagedNode,
    PerceptionNode,
    SegmentationNode,
    SemanticCloudNode,
    SemanticNode,
)
DEACTIVATE = Transition(id=Transition.TRANSITION_DEACTIVATE)


class Service:
    """The one that changes the state."""

    def __init__(self, callback):
        self.callback = callback


async def configure():
    """Nobody asks for it here."""
    raise AssertionError


def answer(service, request):
    """What a callback that waits for nothing gives back."""
    try:
        service.callback(request, ChangeState.Response(success=True)).send(None)
    except StopIteration as end:
        return end.value


def private(names):
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def own_attributes(kind):
    """What the source of a class reads or sets of `self`."""
    nodes = list(ast.walk(ast.parse(inspect.getsource(kind))))
    read = {
        n.attr for n in nodes if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"
    }
    return private(read | {n.name for n in nodes if isinstance(n, ast.FunctionDef)})


def test_no_node_reads_or_overwrites_what_rclpy_keeps_in_it(ros):
    plain = LifecycleNode("plain", context=ros.context)
    kept = private({*vars(plain), *dir(LifecycleNode)})
    assert "_context" in kept
    for kind in NODES:
        assert not own_attributes(kind) & kept, kind
    plain.destroy_node()


def test_no_executor_reads_or_overwrites_what_rclpy_keeps_in_it(ros):
    plain = SingleThreadedExecutor(context=ros.context)
    kept = private({*vars(plain), *dir(SingleThreadedExecutor)})
    assert not own_attributes(ResilientExecutor) & kept
    assert own_attributes(ForgivingExecutor) == {"_take_subscription"}
    plain.shutdown()


def test_an_override_is_known_before_it_is_declared(ros):
    arguments = ["--ros-args", "-p", "speed:=2", "-p", "names:=[front, rear]"]
    node = ros.node("robot", cli_args=arguments)
    assert parameter_overrides(node) == {"speed": 2, "names": ["front", "rear"]}


@pytest.mark.parametrize(
    ("function", "name"),
    [(parameter_overrides, "_parameter_overrides"), (lifecycle_state_machine, "_state_machine")],
)
def test_an_rclpy_that_lacks_what_nothing_replaces_is_named(function, name):
    with pytest.raises(
        ConfigError, match=f"Humble, Jazzy or Kilted.*SimpleNamespace has no {name}"
    ):
        function(SimpleNamespace())


def test_the_state_machine_follows_the_transitions(ros):
    node = LifecycleNode("plain", context=ros.context)
    machine = lifecycle_state_machine(node)
    assert machine.current_state[1] == "unconfigured"
    node.trigger_configure()
    assert machine.current_state[1] == "inactive"
    node.destroy_node()


def test_an_impossible_transition_is_refused(ros):
    node = LifecycleNode("plain", context=ros.context)
    serve_transitions(node, configure, print)
    request = ChangeState.Request(transition=DEACTIVATE)
    assert not answer(node._service_change_state, request).success
    node.destroy_node()


@pytest.mark.parametrize(
    ("label", "name"), [("", str(DEACTIVATE.id)), ("deactivate", "deactivate")]
)
def test_a_refusal_that_rclpy_raises_is_told_with_its_transition(label, name):
    def refuse(_request, _response):
        raise rclpy_implementation.RCLError

    service, told = Service(refuse), []
    node = SimpleNamespace(_service_change_state=service)
    serve_transitions(node, configure, told.append)
    request = ChangeState.Request(transition=Transition(id=DEACTIVATE.id, label=label))
    assert not answer(service, request).success
    assert told == [name]


def test_where_rclpy_answers_by_itself_nothing_is_replaced():
    node = SimpleNamespace()
    serve_transitions(node, configure, print)
    assert vars(node) == {}


def test_an_error_of_the_steps_is_not_taken_for_a_refusal():
    def fail(_request, _response):
        msg = "a fault"
        raise ValueError(msg)

    service = Service(fail)
    serve_transitions(SimpleNamespace(_service_change_state=service), configure, print)
    with pytest.raises(ValueError, match="a fault"):
        answer(service, ChangeState.Request(transition=DEACTIVATE))


def test_a_take_that_fails_gives_no_message(ros, monkeypatch):
    class Telling(ForgivingExecutor):
        def on_take_failed(self, topic, error):
            told.append((topic, str(error)))

    def fail(_self, _sub):
        msg = "no memory"
        raise MemoryError(msg)

    told, executor = [], Telling(context=ros.context)
    monkeypatch.setattr(SingleThreadedExecutor, "_take_subscription", fail)
    assert executor._take_subscription(SimpleNamespace(topic="/points")) is None
    assert told == [("/points", "no memory")]
    executor.shutdown()


def test_no_other_file_imports_what_rclpy_has_for_itself(repo):
    for path in sorted((repo / "seg_perception" / "ros").glob("*.py")):
        own = path.name == inspect.getsourcefile(rclpy_internals).rpartition("/")[2]
        text = path.read_text()
        assert own or not ("rclpy.impl" in text or "SLF001" in text), path

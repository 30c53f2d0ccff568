"""What is used of rclpy beside its documented interface: all of it, each with its reason.

rclpy of Humble (3.3), Jazzy (7.1) and Kilted (9.1) has every attribute that is named here; each
function says what happens where a later one has not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from lifecycle_msgs.msg import Transition
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.node import Node

from seg_perception.core.errors import ConfigError

CONFIGURE = Transition.TRANSITION_CONFIGURE
UNCONFIGURED = "unconfigured"

# The module of rclpy's C part has no other name. In every version the error is a RuntimeError.
_RCLError = getattr(rclpy_implementation, "RCLError", RuntimeError)


def parameter_overrides(node: Node) -> dict[str, Any]:
    """Every parameter that command line, launch file or parameter file set, declared or not.

    What is public tells of declared parameters only, and a misspelt name is none of these: it
    would be ignored without a word.

    Raises:
        ConfigError: `Node._parameter_overrides` is missing; without it no parameter is known.
    """
    overrides = _require(node, "_parameter_overrides")
    return {name: parameter.value for name, parameter in overrides.items()}


def lifecycle_state_machine(node: LifecycleNode) -> Any:
    """What has a node's state as `current_state`: number and name.

    What is public tells a node's state to other nodes, by a service, and not to itself.

    Raises:
        ConfigError: `LifecycleNode._state_machine` is missing.
    """
    return _require(node, "_state_machine")


def serve_transitions(
    node: LifecycleNode, configure: Callable[[], Awaitable[bool]], refused: Callable[[str], object]
) -> None:
    """Let `change_state` answer while a node configures, and refuse what is not possible now.

    rclpy runs a transition within the callback of its service, and nothing else of the node
    meanwhile; before 8.0 it raises in place of refusing, and whoever asked waits for ever. Where
    `LifecycleNode._service_change_state` is missing, rclpy is a later one: nothing is replaced
    then, and a node that configures answers nobody.

    Args:
        node: whose service it is; no executor has it yet.
        configure: awaited in place of rclpy's own step; whether it worked.
        refused: told the transition's name, or its number where the request has no name.
    """
    service = getattr(node, "_service_change_state", None)
    if service is None:
        return
    change_state = service.callback

    async def answer(request: Any, response: Any) -> Any:
        asked = request.transition
        is_configure = asked.label == "configure" or (not asked.label and asked.id == CONFIGURE)
        try:
            if not is_configure or lifecycle_state_machine(node).current_state[1] != UNCONFIGURED:
                return change_state(request, response)
            response.success = await configure()
        except _RCLError:
            refused(str(asked.label or asked.id))
            response.success = False
        return response

    service.callback = answer
    # In its own group: one that waits for an answer holds up all others of its group.
    service.callback_group = ReentrantCallbackGroup()
    service.callback_group.add_entity(service)


def begin_transition(node: LifecycleNode, number: int) -> None:
    """Bring the state machine into the state of a transition, such as `configuring`.

    Raises:
        RuntimeError: it is not possible now.
    """
    lifecycle_state_machine(node).trigger_transition_by_id(number, True)


def end_transition(node: LifecycleNode, result: TransitionCallbackReturn) -> None:
    """Bring the state machine out of it."""
    lifecycle_state_machine(node).trigger_transition_by_label(result.to_label(), True)


class ForgivingExecutor(SingleThreadedExecutor):
    """An executor that survives a message that can't be taken from the middleware.

    rclpy marks a subscription as busy before it takes and, were this to raise, for ever: the
    node would live, deaf. Where rclpy has no `_take_subscription`, this is never called, and
    such a message ends `spin`.
    """

    def on_take_failed(self, topic: str, error: Exception) -> None:
        """Tell of a message that could not be taken; it is lost."""
        raise NotImplementedError

    def _take_subscription(self, sub: Any) -> Any:
        """Take a message, or none where that fails."""
        try:
            return super()._take_subscription(sub)
        except Exception as error:  # noqa: BLE001 (rclpy raises whatever comes out of its C part)
            self.on_take_failed(sub.topic, error)
            return None


def _require(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        msg = (
            f"expected rclpy of ROS 2 Humble, Jazzy or Kilted, got one whose "
            f"{type(owner).__name__} has no {name}; source one of these"
        )
        raise ConfigError(msg) from error

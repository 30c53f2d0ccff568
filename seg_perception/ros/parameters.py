"""The validated configuration as ROS parameters: declared, described, guarded."""

from __future__ import annotations

import array
from collections.abc import Callable, Collection, Sequence
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from seg_perception.config import Config, describe, is_ros_own, meaning
from seg_perception.core.errors import ConfigError
from seg_perception.ros.rclpy_internals import parameter_overrides

_SENSOR_LISTS = {
    "cameras": "Names of the cameras; each is described by camera.<name>.*",
    "lidars": "Names of the lidars; each is described by lidar.<name>.*",
    "radars": "Names of the radars; each is described by radar.<name>.*",
}


class NodeParameters:
    """The parameters of one node; nothing is accepted that the schema does not know.

    Attributes:
        config: what they say now.
    """

    def __init__(
        self,
        node: Node,
        may_change: Callable[[Collection[str]], str],
        changed: Callable[[Config], None],
    ) -> None:
        """Check the overrides and declare everything.

        Args:
            node: its parameters.
            may_change: asked for names that are to be set; the reason why not, or "".
            changed: told what the parameters say then; may refuse with a ConfigError.

        Raises:
            ConfigError: an unknown override, with the nearest valid name, or a bad value.
        """
        self._node = node
        self._may_change = may_change
        self._changed = changed
        self._origin = f"parameters of {node.get_fully_qualified_name()}"
        self.config = Config.from_parameters(overrides(node), self._origin)
        self._values = self.config.to_parameters()
        self._declare()
        node.add_on_set_parameters_callback(self._check)

    def _declare(self) -> None:
        fields = {key: stage.model_fields[name] for key, stage, name in describe(self._values)}
        for key, value in self._values.items():
            descriptor = _descriptor(fields.get(key), _SENSOR_LISTS.get(key, ""))
            _declare_one(self._node, key, value, descriptor)

    def _check(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        own = {p.name: plain(p.value) for p in parameters if not is_ros_own(p.name)}
        if reason := self._may_change(own) if own else "":
            return SetParametersResult(successful=False, reason=reason)
        values = {**self._values, **own}
        try:
            config = Config.from_parameters(values, self._origin)
            self._changed(config)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.config, self._values = config, values
        return SetParametersResult(successful=True)


def overrides(node: Node) -> dict[str, Any]:
    """What the command line, launch file and parameter file say to this node.

    ROS's own parameters and empty lists, which carry no type, are left out.
    """
    flat = {name: plain(value) for name, value in parameter_overrides(node).items()}
    return {k: v for k, v in flat.items() if v is not None and not is_ros_own(k)}


def plain(value: Any) -> Any:
    """A parameter's value with lists in place of ROS's typed arrays."""
    if isinstance(value, (array.array, tuple)):
        return list(value)
    return value


def _declare_one(node: Node, key: str, value: Any, descriptor: ParameterDescriptor) -> None:
    if value == []:  # rclpy can't see the type of an empty list
        kind = Parameter.Type.STRING_ARRAY
        node.declare_parameter(key, kind, ParameterDescriptor(), ignore_override=True)
        node.set_parameters([Parameter(key, kind, value)])
        descriptor.type = kind.value
        node.set_descriptor(key, descriptor)
        return
    node.declare_parameter(key, value, descriptor, ignore_override=True)


def _descriptor(field: FieldInfo | None, list_description: str) -> ParameterDescriptor:
    if field is None:  # which sensors there are decides which parameters there are
        return ParameterDescriptor(description=list_description, read_only=True)
    descriptor = ParameterDescriptor(description=meaning(field))
    low, high = _limits(field)
    if get_origin(field.annotation) is not None and (choices := get_args(field.annotation)):
        names = [choice for choice in choices if isinstance(choice, str)]
        descriptor.additional_constraints = f"one of {names}" if names else ""
    elif low is not None and high is not None:
        _set_range(descriptor, field.annotation, low, high)
    elif low is not None:
        descriptor.additional_constraints = f"at least {low}"
    return descriptor


def _limits(field: FieldInfo) -> tuple[float | None, float | None]:
    low: float | None = None
    high: float | None = None
    for mark in field.metadata:
        if isinstance(mark, (Ge, Gt)):
            low = _number(mark.ge if isinstance(mark, Ge) else mark.gt)
        elif isinstance(mark, (Le, Lt)):
            high = _number(mark.le if isinstance(mark, Le) else mark.lt)
    return low, high


def _number(value: Any) -> float:
    return value


def _set_range(descriptor: ParameterDescriptor, kind: Any, low: float, high: float) -> None:
    if kind is int:
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    elif kind is float:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]

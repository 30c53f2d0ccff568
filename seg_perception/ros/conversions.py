"""Neutral messages (`io.messages`) to rclpy messages, by one recursive copy."""

from __future__ import annotations

import array
import dataclasses
import re
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from seg_perception.core.errors import ConfigError

_TYPE_NAME = re.compile(r"[a-z]\w*/msg/[A-Z]\w*", re.ASCII)


@cache
def message_class(type_name: str) -> type[Any]:
    """The rclpy class of a type such as `sensor_msgs/msg/Image`.

    Raises:
        ConfigError: the type's package is not installed, or has no such message.
    """
    package, _, name = type_name.partition("/msg/")
    if not _TYPE_NAME.fullmatch(type_name):
        msg = f"expected a message type such as sensor_msgs/msg/Image, got {type_name!r}"
        raise ConfigError(msg)
    try:
        found: type[Any] = getattr(import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError) as error:
        msg = f"message type {type_name} is not installed here; install the ROS package {package}"
        raise ConfigError(msg) from error
    return found


def to_ros(message: Any) -> Any:
    """Copy a neutral message into a new rclpy message.

    Raises:
        ConfigError: the message's type is not installed.
    """
    ros = message_class(message.type_name)()
    for field in dataclasses.fields(message):
        value, default = getattr(message, field.name), getattr(ros, field.name)
        if isinstance(default, array.array):
            _fill(default, value)
        else:
            setattr(ros, field.name, _convert(value, default))
    return ros


def _convert(value: Any, default: Any) -> Any:
    """Turn one value into the type that `default`, rclpy's own value, has."""
    if dataclasses.is_dataclass(value):
        return to_ros(value)
    if isinstance(default, np.ndarray):
        return np.asarray(value, default.dtype).reshape(default.shape)
    if isinstance(default, list):
        return [to_ros(item) if dataclasses.is_dataclass(item) else item for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _fill(own: array.array[Any], value: Any) -> None:
    """Copy into the message's own array, in one piece.

    What is set instead is checked element by element (1 s for an image); a whole
    `array.array` is not, but copied once more.
    """
    del own[:]
    if isinstance(value, (bytes, bytearray, memoryview)):
        own.frombytes(value)
    else:
        numbers = np.ascontiguousarray(value, np.dtype(own.typecode))
        own.frombytes(numbers.reshape(-1).view(np.uint8).data)

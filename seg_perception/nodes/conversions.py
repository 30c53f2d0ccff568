"""Neutral messages (`io.messages`) to rclpy messages, by one recursive copy."""

from __future__ import annotations

import array
import dataclasses
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from seg_perception.errors import ConfigError


@cache
def message_class(type_name: str) -> type[Any]:
    """The rclpy class of a type such as `sensor_msgs/msg/Image`.

    Raises:
        ConfigError: the type's package is not installed, or has no such message.
    """
    package, _, name = type_name.partition("/msg/")
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
        value = getattr(message, field.name)
        setattr(ros, field.name, _convert(value, getattr(ros, field.name)))
    return ros


def _convert(value: Any, default: Any) -> Any:
    """Turn one value into the type that `default`, rclpy's own value, has."""
    if dataclasses.is_dataclass(value):
        return to_ros(value)
    if isinstance(default, array.array):
        return _to_array(value, default.typecode)
    if isinstance(default, np.ndarray):
        return np.asarray(value, default.dtype).reshape(default.shape)
    if isinstance(default, list):
        return [to_ros(item) if dataclasses.is_dataclass(item) else item for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _to_array(value: Any, typecode: str) -> array.array[Any]:
    """Copy in one piece: rclpy checks any other sequence element by element (1 s for an image)."""
    result = array.array(typecode)
    if isinstance(value, (bytes, bytearray, memoryview)):
        result.frombytes(value)
    else:
        numbers = np.ascontiguousarray(value, np.dtype(typecode))
        result.frombytes(numbers.reshape(-1).view(np.uint8).data)
    return result

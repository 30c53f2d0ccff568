"""Copies any ROS-like message into a class of `rosbags`, by field names, and serialises it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from seg_perception.core.errors import BagError
from seg_perception.io.interfaces import shipped_types

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

_BASE, _NAME = 1, 2
_TIME_SPELLINGS = {"sec": "secs", "nanosec": "nsecs"}


def serialize(topic: str, type_name: str, message: Any) -> memoryview:
    """The message as CDR.

    Args:
        topic: for error texts.
        type_name: a type that ships here, in ROS 2 spelling.
        message: as `copy_message` takes it.

    Raises:
        BagError: an unknown type, a missing field, or a value that does not fit.
    """
    from rosbags.serde import SerdeError

    store = shipped_types()
    own = copy_message(message, type_name, store)
    try:
        return store.serialize_cdr(own, type_name)
    except (SerdeError, struct.error, AttributeError, TypeError, ValueError) as error:
        msg = f"{topic}: expected a message that fits {type_name}, got values that do not ({error})"
        raise BagError(msg) from error


def copy_message(message: Any, type_name: str, store: Typestore) -> Any:
    """A message of `type_name` with the values of `message`.

    Takes messages of rclpy, of ROS 1 (where CameraInfo spells its matrices in capitals and
    times are `secs`, `nsecs`) and plain dataclasses. Arrays are not copied where their type fits.

    Raises:
        BagError: an unknown type, or a field that `message` lacks.
    """
    definition = store.fielddefs.get(type_name)
    if definition is None:
        msg = f"expected a known message type, got {type_name!r}; give its definition"
        raise BagError(msg)
    values = {
        name: _copy_value(_read(message, name, type_name), kind, store)
        for name, kind in definition[1]
    }
    return store.types[type_name](**values)


def _read(message: Any, name: str, type_name: str) -> Any:
    for spelling in (name, name.upper(), _TIME_SPELLINGS.get(name, name)):
        if hasattr(message, spelling):
            return getattr(message, spelling)
    if name == "structure_needs_at_least_one_member":
        return 0
    msg = f"{type_name}: expected a field {name!r}, got a {type(message).__name__} without it"
    raise BagError(msg)


def _copy_value(value: Any, kind: Any, store: Typestore) -> Any:
    node, detail = kind
    if node == _BASE:
        return value
    if node == _NAME:
        return copy_message(value, detail, store)
    (inner_node, inner_detail), _ = detail
    if inner_node == _NAME:
        return [copy_message(item, inner_detail, store) for item in value]
    if inner_detail[0] == "string":
        return list(value)
    return _as_array(value, inner_detail[0])


def _as_array(value: Any, base: str) -> Any:
    dtype = np.dtype({"octet": "uint8", "char": "uint8", "byte": "uint8"}.get(base, base))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return np.frombuffer(value, dtype)
    return np.ascontiguousarray(value, dtype).reshape(-1)

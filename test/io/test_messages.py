import array
import dataclasses
import inspect
from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.io import messages, perception_messages
from seg_perception.io.interfaces import shipped_types

CLASSES = [
    cls
    for module in (messages, perception_messages)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if cls.__module__ == module.__name__ and cls is not messages.Message
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_has_the_fields_of_the_ros_message_in_its_order(cls):
    names = [name for name, _ in shipped_types().fielddefs[cls.type_name][1]]
    assert [field.name for field in dataclasses.fields(cls)] == names


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_defaults_are_a_valid_message(cls):
    from seg_perception.io.ros_copy import copy_message

    store = shipped_types()
    cdr = store.serialize_cdr(copy_message(cls(), cls.type_name, store), cls.type_name)
    assert store.deserialize_cdr(cdr, cls.type_name) is not None


def test_time_keeps_every_nanosecond():
    time = messages.Time.from_ns(1_700_000_000_123_456_789)
    assert (time.sec, time.nanosec) == (1_700_000_000, 123_456_789)
    assert messages.stamp_to_ns(time) == 1_700_000_000_123_456_789


def test_time_before_the_epoch_counts_its_nanoseconds_upwards():
    time = messages.Time.from_ns(-1)
    assert (time.sec, time.nanosec) == (-1, 999_999_999)
    assert messages.stamp_to_ns(time) == -1


def test_reads_the_stamps_of_ros_1():
    assert messages.stamp_to_ns(SimpleNamespace(secs=3, nsecs=4)) == 3_000_000_004


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x02",
        bytearray(b"\x01\x02"),
        memoryview(b"\x01\x02"),
        array.array("B", [1, 2]),
        [1, 2],
        np.array([1, 2], np.uint8),
    ],
    ids=lambda data: type(data).__name__,
)
def test_bytes_of_every_middleware_become_one_array(data):
    assert messages.byte_array(data).tolist() == [1, 2]


def test_bytes_are_viewed_where_they_can_be():
    data = bytearray(b"\x01\x02")
    assert np.shares_memory(messages.byte_array(data), np.frombuffer(data, np.uint8))

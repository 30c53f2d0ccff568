"""A list of messages without content would be as long as four bytes say."""

import struct

import pytest
from rosbags.rosbag1 import Writer

from seg_perception.core.errors import BagError
from seg_perception.io.bag_reader import BagReader

EMPTY = f"{'=' * 80}\nMSG: std_msgs/Empty\n"
OUTER = f"{'=' * 80}\nMSG: a_msgs/Outer\nstd_msgs/Empty one\nstd_msgs/Empty[3] three\n"
# Forty types, each of which holds two of the next: 2^40 messages in no byte.
DOUBLED = "a_msgs/T0 x\nuint8 y\n" + "".join(
    f"{'=' * 80}\nMSG: a_msgs/T{n}\na_msgs/T{n + 1} a\na_msgs/T{n + 1} b\n" for n in range(40)
)
DOUBLED += f"{'=' * 80}\nMSG: a_msgs/T40\n"
SELF = f"{'=' * 80}\nMSG: a_msgs/Self\nuint8 x\n"
LIST = struct.pack("<I", 4_000_000_000)


def bag_of(path, definition, data):
    with Writer(path) as bag:
        topic = bag.add_connection("/a", "a_msgs/msg/A", msgdef=definition, md5sum="*")
        bag.write(topic, 5, data)
    return path


@pytest.mark.parametrize(
    "definition",
    [
        f"std_msgs/Empty[] x\nuint8 y\n{EMPTY}",
        f"a_msgs/Outer[] x\n{OUTER}{EMPTY}",
        f"std_msgs/Empty[1000000000] x\nuint8 y\n{EMPTY}",
        DOUBLED,
    ],
)
def test_a_list_of_nothing_is_refused(tmp_path, definition):
    with BagReader(bag_of(tmp_path / "a.bag", definition, LIST)) as bag:
        (message,) = bag.messages()
        with pytest.raises(BagError, match=r"Empty or the like in a_msgs/msg/A, which may be"):
            message.message  # noqa: B018 (decodes)


@pytest.mark.parametrize(
    ("definition", "data"),
    [
        (f"std_msgs/Empty x\nuint8 y\n{EMPTY}", b"\7"),
        (f"a_msgs/Outer x\nuint8 y\n{OUTER}{EMPTY}", b"\7"),
        (f"a_msgs/Self[] x\nuint8 y\n{SELF}", struct.pack("<IBBB", 2, 1, 2, 7)),
    ],
)
def test_other_messages_are_read(tmp_path, definition, data):
    with BagReader(bag_of(tmp_path / "a.bag", definition, data)) as bag:
        assert [message.message.y for message in bag.messages()] == [7]


def test_a_message_that_holds_itself_is_refused(tmp_path):
    definition = "a_msgs/A x\nuint8 y\n"
    with BagReader(bag_of(tmp_path / "a.bag", definition, LIST)) as bag:
        (message,) = bag.messages()
        with pytest.raises(BagError, match="/a: "):
            message.message  # noqa: B018 (decodes)

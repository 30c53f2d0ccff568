"""Whether time itself jumps in a recording, as it does where a bag was recorded that looped."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress

from seg_perception.config.input_topics import TF
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.types import clean_frame_id
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.pipeline.stamp_watch import StampWatch, nothing


def read_clocks(bag: BagReader, sensors: Collection[str], until_ns: int) -> tuple[Issue, ...]:
    """What is amiss with the clocks if they jump; empty if they do not.

    Args:
        bag: a recording whose /tf goes back.
        sensors: topics whose messages have a header; they go back with /tf where time does.
        until_ns: the log time up to which it is read.
    """
    issues, log_ns = IssueLog(), 0
    watch = StampWatch(issues, nothing, lambda: log_ns)
    with suppress(BagError):  # whoever reads the topics says what is damaged
        for message in bag.messages({TF, *sensors}):
            log_ns = message.log_time_ns
            if log_ns > until_ns:
                break
            for stream, stamp_ns in _stamps(message):
                watch.observe(stream, stamp_ns)
    return tuple(issues.all()) if watch.jumps else ()


def _stamps(message: BagMessage) -> Iterator[tuple[str, int]]:
    """The streams that a message is of, and its stamps; none where it can't be read."""
    with suppress(SegPerceptionError):
        if message.topic == TF:
            for t in message.message.transforms:
                yield f"tf {clean_frame_id(t.child_frame_id)}", stamp_to_ns(t.header.stamp)
        elif stamp_ns := stamp_to_ns(header_of(message.message).stamp):
            yield message.topic, stamp_ns

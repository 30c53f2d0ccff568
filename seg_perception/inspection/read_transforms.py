"""Looks into the transforms of a bag."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from seg_perception.config.input_topics import TF, TF_STATIC, TF_TYPES
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.core.issue_kinds.clocks import STAMPS_ASTRAY
from seg_perception.core.issue_kinds.inputs import BAG_DAMAGED
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inspection.facts import Edge
from seg_perception.inspection.read_clocks import read_clocks
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import ROS_ENCODINGS
from seg_perception.pipeline.parent_watch import ParentWatch
from seg_perception.pipeline.stamp_watch import StampWatch, nothing
from seg_perception.pipeline.transform_reader import TransformReader

# Enough to see every broadcaster; a long recording is not read to its end.
_TF_MESSAGES = 500
_RECORDING = "recording"


@dataclass(frozen=True, eq=False)
class TransformFacts:
    """What a bag's transforms say.

    Attributes:
        tree: all static ones, the first seconds of the others.
        edges: the same by name, static ones first; one that is both counts as it came last.
        parents: who was said to be whose parent.
        until_ns: the stamp up to which they would have been seen.
        issues: what is amiss with their stamps.
    """

    tree: TransformTree
    edges: tuple[Edge, ...]
    parents: ParentWatch
    until_ns: int
    issues: tuple[Issue, ...]


def read_transforms(bag: BagReader, sensors: Collection[str], issues: IssueLog) -> TransformFacts:
    """Read static transforms, and enough of the others to see every broadcaster.

    Args:
        bag: a recording.
        sensors: topics whose messages have a header, which are read where /tf goes back.
        issues: told of transforms that can't be used.
    """
    log_ns, newest_ns, count = 0, 0, 0
    # The recorder's clock speaks against a jump, until the sensors are asked.
    clocks = IssueLog()
    watch = StampWatch(clocks, nothing, lambda: log_ns)
    reader = TransformReader(TransformTree(buffer_s=3600.0), issues, watch.observe)
    edges: dict[tuple[str, str], Edge] = {}
    for message in _messages(bag, issues):
        static = message.topic == TF_STATIC
        log_ns = message.log_time_ns
        try:
            sound = reader.read(message.topic, message.message, static=static)
        except SegPerceptionError as error:
            issues.add_error(message.topic, error)
            continue
        edges.update({(t.parent, t.child): Edge(t.parent, t.child, static) for t in sound})
        if not static:
            watch.observe(_RECORDING, log_ns)
            newest_ns, count = max(newest_ns, *(t.stamp_ns for t in sound), 0), count + 1
    unread_ns = 0 if count == _TF_MESSAGES else bag.end_ns - log_ns
    in_order = sorted(edges.values(), key=lambda edge: not edge.static)
    amiss = tuple(clocks.all())
    if any(issue.code == STAMPS_ASTRAY.code for issue in amiss):
        amiss = read_clocks(bag, sensors, log_ns) or amiss
    until_ns = newest_ns + unread_ns
    return TransformFacts(reader.tree, tuple(in_order), reader.parents, until_ns, amiss)


def _messages(bag: BagReader, issues: IssueLog) -> Iterator[BagMessage]:
    """All of the static ones, then the first others, each up to where the bag is damaged."""
    present = {
        info.name
        for info in bag.topics
        if info.type in TF_TYPES and info.encoding in ROS_ENCODINGS and info.count
    }
    if TF_STATIC in present:
        yield from _undamaged(bag, TF_STATIC, None, issues)
    if TF in present:
        yield from _undamaged(bag, TF, _TF_MESSAGES, issues)


def _undamaged(
    bag: BagReader, topic: str, most: int | None, issues: IssueLog
) -> Iterator[BagMessage]:
    try:
        yield from islice(bag.messages({topic}), most)
    except BagError as error:
        issues.add(BAG_DAMAGED, topic, error=str(error))

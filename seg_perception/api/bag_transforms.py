"""The transforms of a bag around any time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import TransformsConfig
from seg_perception.config.input_topics import TF, TF_STATIC, TF_TYPES
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import Odometry
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.transforms import decode_odometry
from seg_perception.pipeline.transform_reader import TransformReader, make_tree

# Publishers send one frame later than another; so much is read beyond what is asked for.
_AHEAD_NS = NANOSECONDS


class BagTransforms:
    """Reads the bag's transforms along with the times that are asked for.

    A window of time is kept. Going forward reads on; going back by more than that begins anew.
    """

    def __init__(self, path: BagSource, odometry_topic: str, issues: IssueLog) -> None:
        """Open the bag a second time, so that whoever iterates over it is not disturbed.

        Raises:
            BagError: no such odometry topic, or as `BagReader`.
        """
        self._issues = issues
        self._config = TransformsConfig(buffer_s=60.0)
        self._bag = BagReader(path)
        self._odometry = odometry_topic
        types = {topic.name: topic.type for topic in self._bag.topics if topic.count}
        if odometry_topic and types.get(odometry_topic) != Odometry.type_name:
            named = sorted(name for name, kind in types.items() if kind == Odometry.type_name)
            self._bag.close()
            msg = f"{path}: expected a topic of odometry, got {odometry_topic!r}; it has {named}"
            raise BagError(msg)
        self._moving = {topic for topic in (TF, odometry_topic) if topic in types}
        self._reader = TransformReader(make_tree(self._config), issues)
        self._rest: Iterator[BagMessage] = iter(())
        self._newest_ns = 0
        self._has_ended = False
        if types.get(TF_STATIC) in TF_TYPES:
            self._read_static()
        self._begin()

    def tree_around(self, first_ns: int, last_ns: int) -> TransformTree:
        """The tree, which knows what the bag knows from `first_ns` to `last_ns`."""
        if first_ns < self._newest_ns - round(self._config.buffer_s * NANOSECONDS):
            self._begin()
        while not self._has_ended and self._newest_ns < last_ns + _AHEAD_NS:
            self._advance()
        return self._reader.tree

    def lookup(self, target: str, source: str, stamp_ns: int) -> NDArray[np.float64]:
        """As `TransformTree.lookup`."""
        return self.tree_around(stamp_ns, stamp_ns).lookup(target, source, stamp_ns)

    def close(self) -> None:
        """Give back files."""
        self._bag.close()

    def _read_static(self) -> None:
        for message in self._bag.messages({TF_STATIC}):
            if (decoded := self._decoded(message)) is not None:
                self._reader.read(TF_STATIC, decoded, static=True)

    def _begin(self) -> None:
        self._reader.tree.clear_timed()
        self._newest_ns = 0
        self._has_ended = not self._moving
        self._rest = iter(self._bag.messages(self._moving)) if self._moving else iter(())

    def _advance(self) -> None:
        message = next(self._rest, None)
        if message is None:
            self._has_ended = True
        elif (decoded := self._decoded(message)) is not None:
            self._newest_ns = max([self._newest_ns, *self._take(message.topic, decoded)])

    def _take(self, topic: str, decoded: object) -> Iterator[int]:
        """Stamps of what a message tells."""
        if topic == self._odometry:
            self._reader.read_odometry(topic, decoded)
            yield decode_odometry(decoded).stamp_ns
        else:
            yield from (t.stamp_ns for t in self._reader.read(topic, decoded, static=False))

    def _decoded(self, message: BagMessage) -> object | None:
        try:
            decoded: object = message.message
        except SegPerceptionError as error:
            self._issues.add_error(message.topic, error)
            return None
        return decoded

"""Transforms of messages into the tree: the sound ones of a message, whatever the others are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from seg_perception.config import TransformsConfig
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.places import BAD_TRANSFORM
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import clean_frame_id
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.transforms import decode_odometry, decode_transform
from seg_perception.pipeline.parent_watch import ParentWatch, Publishers, unnamed

Observe = Callable[[str, int, Callable[[], None]], None]


def make_tree(config: TransformsConfig) -> TransformTree:
    """An empty tree with the configured limits."""
    return TransformTree(config.buffer_s, config.max_extrapolation_s, config.max_interpolation_s)


def at_once(_stream: str, _stamp_ns: int, insert: Callable[[], None]) -> None:
    """Observe nothing: insert."""
    insert()


class TransformReader:
    """Fills a tree; a transform that is refused is an issue, and costs no other.

    Attributes:
        tree: what is filled.
        parents: who is said to be whose parent.
    """

    def __init__(
        self,
        tree: TransformTree,
        issues: IssueLog,
        observe: Observe = at_once,
        publishers: Publishers = unnamed,
    ) -> None:
        """Remember whom to tell.

        Args:
            tree: what is filled.
            issues: told of transforms that can't be used.
            observe: gets the name of each moving frame, its stamp, and what inserts it.
            publishers: as for `ParentWatch`.
        """
        self.tree = tree
        self.parents = ParentWatch(issues, publishers)
        self._issues = issues
        self._observe = observe

    def read(self, topic: str, message: Any, *, static: bool) -> list[StampedTransform]:
        """Take a tf2_msgs/TFMessage; gives back the sound transforms."""
        decoded = [self._decode(topic, transform) for transform in message.transforms]
        sound = [transform for transform in decoded if transform is not None]
        for t in sound:
            self.parents.see(topic, t, static=static)
            if static:
                self._insert(topic, t, partial(self.tree.set_static, t.parent, t.child))
            else:
                insert = partial(self.tree.set_timed, t.parent, t.child, t.stamp_ns)
                take = partial(self._insert, topic, t, insert)
                self._observe(f"tf {t.child}", t.stamp_ns, take)
        return sound

    def read_odometry(self, topic: str, message: Any) -> None:
        """Take the pose of a nav_msgs/Odometry."""
        try:
            t = decode_odometry(message)
        except TransformError as error:
            self._refuse(topic, message.child_frame_id, error)
            return
        insert = partial(self.tree.set_odometry, t.parent, t.child, t.stamp_ns)
        self._observe(f"odometry {t.child}", t.stamp_ns, partial(self._insert, topic, t, insert))

    def _decode(self, topic: str, message: Any) -> StampedTransform | None:
        try:
            return decode_transform(message)
        except TransformError as error:
            self._refuse(topic, message.child_frame_id, error)
            return None

    def _insert(self, topic: str, t: StampedTransform, insert: Callable[[Any], None]) -> None:
        try:
            insert(t.T_parent_child)
        except TransformError as error:
            self._refuse(topic, t.child, error)

    def _refuse(self, topic: str, child: str, error: TransformError) -> None:
        self._issues.add(BAD_TRANSFORM, topic, child=clean_frame_id(child), error=error)

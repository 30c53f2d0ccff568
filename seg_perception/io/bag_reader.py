"""Reads bags without ROS: an `.mcap` file, a folder, a bare `.db3` or a ROS 1 `.bag`.

It streams: a long bag needs no more memory than a short one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from seg_perception.core.errors import BagError
from seg_perception.io.bag_folder import open_storages
from seg_perception.io.bag_message import BagMessage, TopicInfo
from seg_perception.io.bag_storage import (
    ROS_ENCODINGS,
    RawMessage,
    Storage,
    StoredTopic,
    merge_by_time,
)
from seg_perception.io.interfaces import TypeCatalog, check_encoding
from seg_perception.io.recording_start import RecordingStart, recording_start
from seg_perception.io.remapped_bag import BagSource, RemappedBag

if TYPE_CHECKING:
    from typing_extensions import Self


class BagReader:
    """A recording of any kind.

    Attributes:
        remarks: how its files were found, where that was not as its metadata has it.
    """

    def __init__(self, source: BagSource) -> None:
        """Open it and read its index.

        Args:
            source: its path; a `RemappedBag` gives topics other names.

        Raises:
            BagError: nothing there, or nothing that can be read; says which mend there is.
        """
        remapped = source if isinstance(source, RemappedBag) else RemappedBag(Path(source))
        self.path = remapped.path
        self._storages, self.remarks = open_storages(self.path)
        self._types = TypeCatalog()
        stored = [topic for storage in self._storages for topic in storage.topics]
        if stored and not any(topic.encoding in ROS_ENCODINGS for topic in stored):
            self.close()
            check_encoding(stored[0])
        try:
            self._names = remapped.names({topic.name for topic in stored})
        except BagError:
            self.close()
            raise
        self._add_beside(remapped.beside)
        self.topics = _summarise(
            [
                replace(topic, name=self._names[topic.name])
                for storage in self._storages
                for topic in storage.topics
                if topic.name in self._names
            ]
        )

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Give back files."""
        for storage in self._storages:
            storage.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found amiss so far, one sentence each; empty for a sound recording."""
        # Damage is met again by every pass over the file.
        return tuple(dict.fromkeys(w for storage in self._storages for w in storage.warnings))

    @property
    def message_count(self) -> int:
        """Number of messages of all topics."""
        return sum(topic.count for topic in self.topics)

    @property
    def start_ns(self) -> int:
        """Log time of the first message by a clock that ran; 0 for an empty bag."""
        return self.start.start_ns

    @cached_property
    def start(self) -> RecordingStart:
        """When it begins, and which messages were recorded before the clock ran or was set."""
        first_ns = min((s.start_ns for s in self._filled()), default=0)
        return recording_start(first_ns, self.end_ns, lambda: merge_by_time(self._sources(None)))

    @property
    def end_ns(self) -> int:
        """Log time of the last message; 0 for an empty bag."""
        return max((s.end_ns for s in self._filled()), default=0)

    @property
    def duration_s(self) -> float:
        """Time from the first message to the last."""
        return (self.end_ns - self.start_ns) * 1e-9

    def messages(
        self,
        topics: Collection[str] | None = None,
        undecoded: Collection[str] = (),
        since_ns: int = 0,
    ) -> Iterator[BagMessage]:
        """The messages of these topics (None: of all) in the order of their log times.

        What was recorded before the clock ran counts as of the recording's first moment.

        Args:
            topics: their names.
            undecoded: those of them of which the bytes alone are wanted, whatever encoding.
            since_ns: log time before which messages are left out; 0: none are.

        Raises:
            BagError: a topic that the bag does not have or that can't be decoded, at once;
                damage in the file, when it is met.
        """
        for storage in self._storages:
            for topic in storage.topics:
                if self._is_chosen(topic, topics) and self._names[topic.name] not in undecoded:
                    check_encoding(topic)
        self._check_names(topics)
        start_ns = self.start_ns
        # What was recorded before the clock ran is asked for by whoever asks for the first moment.
        stored_ns = since_ns if since_ns > start_ns else 0
        stored = merge_by_time(self._sources(topics, stored_ns))
        raw = (_dated(message, start_ns) for message in stored if message.log_time_ns >= stored_ns)
        return (BagMessage(m, self._types, self._names[m.topic.name]) for m in raw)

    def _add_beside(self, paths: Collection[Path]) -> None:
        """Read further recordings among the messages."""
        for path in paths:
            storages, _ = open_storages(path)
            for topic in (topic for storage in storages for topic in storage.topics):
                self._names.setdefault(topic.name, topic.name)
            self._storages += storages

    def _sources(
        self, topics: Collection[str] | None, since_ns: int = 0
    ) -> Iterator[tuple[int, Callable[[], Iterator[RawMessage]]]]:
        for storage in self._storages:
            chosen = [t for t in storage.topics if self._is_chosen(t, topics)]
            keys = {topic.key for topic in chosen if topic.count}
            if keys and storage.end_ns >= since_ns:
                yield storage.start_ns, partial(storage.messages, keys, since_ns)

    def _is_chosen(self, topic: StoredTopic, names: Collection[str] | None) -> bool:
        name = self._names.get(topic.name)
        return name is not None and (names is None or name in names)

    def _filled(self) -> list[Storage]:
        return [s for s in self._storages if any(topic.count for topic in s.topics)]

    def _check_names(self, topics: Collection[str] | None) -> None:
        known = {topic.name for topic in self.topics}
        unknown = sorted(set(topics or ()) - known)
        if unknown:
            msg = f"{self.path}: expected one of the topics {sorted(known)}, got {unknown}"
            raise BagError(msg)


def _dated(message: RawMessage, start_ns: int) -> RawMessage:
    if message.log_time_ns >= start_ns:
        return message
    return message._replace(log_time_ns=start_ns)


def _summarise(stored: list[StoredTopic]) -> tuple[TopicInfo, ...]:
    """One entry per topic name, whatever number of files and publishers it has."""
    summary: dict[str, TopicInfo] = {}
    for topic in stored:
        known = summary.get(topic.name)
        if known is None:
            summary[topic.name] = TopicInfo(
                topic.name, topic.type, topic.count, topic.latched, topic.encoding
            )
        else:
            summary[topic.name] = replace(
                known, count=known.count + topic.count, latched=known.latched or topic.latched
            )
    return tuple(sorted(summary.values(), key=lambda topic: topic.name))

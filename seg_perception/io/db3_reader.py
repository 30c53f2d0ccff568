"""Reads SQLite recordings of ROS 2 (`.db3`), of every schema since Dashing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from seg_perception.core.errors import BagError
from seg_perception.io.bag_storage import RawMessage, StoredTopic, is_latched
from seg_perception.io.bounded_sqlite import bound_steps, connect, expect_tables, expect_within
from seg_perception.io.index_cache import indexed

# What a damaged database raises: numbers and texts of it can be anything.
_DAMAGE = (sqlite3.Error, TypeError, UnicodeDecodeError, ValueError)
# SQLite's smallest whole number: files with times before 1970 are read, too.
_EVER = -(1 << 63)


class Db3Storage:
    """One SQLite file.

    Raises:
        BagError: the file can't be opened, is damaged, or holds no recording.
    """

    def __init__(self, path: Path, unpacked: Path | None = None) -> None:
        """Read what topics there are.

        Args:
            path: the recording.
            unpacked: what is in it, where that is packed; may be deleted once it is open.
        """
        self.path = path
        self.warnings: list[str] = []
        self._source, self._size = unpacked or path, 0
        self._kept: sqlite3.Connection | None = None
        try:
            self._size = _check_length(self._source)
            if unpacked is not None:
                self._kept = connect(unpacked)
            found = self._indexed() if unpacked else indexed(path, self._indexed)
            self.topics, self.start_ns, self.end_ns = list(found[0]), *found[1:]
        except _DAMAGE as error:
            self.close()
            msg = (
                f"{path}: expected a ROS 2 recording, got a file that SQLite can't read so "
                f"({error}); copy it again, or rescue it by `sqlite3 FILE .recover`"
            )
            raise BagError(msg) from error

    def _indexed(self) -> tuple[list[StoredTopic], int, int]:
        """The topics, and the first and last log time (ns)."""
        with self._database() as database:
            expect_tables(database)
            query = "SELECT MIN(timestamp), MAX(timestamp), SUM(LENGTH(data)) FROM messages"
            start, end, stored_bytes = database.execute(query).fetchone()
            expect_within(int(stored_bytes or 0), self._size)
            return _read_topics(database), int(start or 0), int(end or 0)

    def messages(self, keys: Collection[int], since_ns: int = 0) -> Iterator[RawMessage]:
        """Messages of these topics in the order of their log times.

        Raises:
            BagError: the file is damaged.
        """
        wanted = {topic.key: topic for topic in self.topics if topic.key in keys}
        query = (
            "SELECT timestamp, topic_id, data FROM messages "
            "WHERE topic_id IN (SELECT value FROM json_each(?)) AND timestamp >= ? "
            "ORDER BY timestamp, id"
        )
        try:
            with self._database() as database:
                chosen = [json.dumps([*wanted]), since_ns or _EVER]
                for timestamp, topic_id, data in database.execute(query, chosen):
                    yield RawMessage(int(timestamp), wanted[topic_id], memoryview(data))
        except _DAMAGE as error:
            msg = f"{self.path}: the recording is damaged ({error}); what came before was read"
            raise BagError(msg) from error

    def close(self) -> None:
        """Nothing is held open between calls, but what was unpacked."""
        if self._kept is not None:
            self._kept.close()

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        if self._kept is not None:
            bound_steps(self._kept, self._size)
            yield self._kept
        else:
            with closing(connect(self._source)) as database:
                yield database


def _check_length(path: Path) -> int:
    """The file's length, compared with what its header says (sqlite.org/fileformat2, 1.3).

    Raises:
        sqlite3.DatabaseError: the file is shorter.
    """
    try:
        with path.open("rb") as file:
            header = file.read(32)
        page_bytes = int.from_bytes(header[16:18], "big")
        pages = int.from_bytes(header[28:32], "big")
        expected = pages * (65536 if page_bytes == 1 else page_bytes)
        size = path.stat().st_size
    except OSError as error:
        raise sqlite3.OperationalError(error.strerror) from error
    if size < expected:
        msg = f"{size} of {expected} bytes are there"
        raise sqlite3.DatabaseError(msg)
    return size


def _read_topics(database: sqlite3.Connection) -> list[StoredTopic]:
    columns = [row[1] for row in database.execute("PRAGMA table_info(topics)")]
    qos = "offered_qos_profiles" if "offered_qos_profiles" in columns else "''"
    counts = dict(database.execute("SELECT topic_id, COUNT(*) FROM messages GROUP BY topic_id"))
    rows = database.execute(
        f"SELECT id, name, type, serialization_format, {qos} FROM topics ORDER BY id"  # noqa: S608
    )
    definitions = _read_definitions(database)
    return [
        StoredTopic(
            key=key,
            name=str(name),
            type=str(type_name),
            encoding=str(encoding),
            definition=definitions.get(type_name, ("", ""))[1],
            definition_format=definitions.get(type_name, ("", ""))[0],
            count=counts.get(key, 0),
            latched=is_latched(str(name), profiles),
        )
        for key, name, type_name, encoding, profiles in rows
    ]


def _read_definitions(database: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """(format, text) of each type, where the recorder stored them (since Iron)."""
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master")]
    if "message_definitions" not in tables:
        return {}
    rows = database.execute(
        "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions"
    )
    return {name: (str(encoding), str(text)) for name, encoding, text in rows}

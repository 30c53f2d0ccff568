"""Messages of a piece of a recording on their way into the bag of the whole."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple

from seg_perception.core.disk_errors import full_disk
from seg_perception.core.errors import OutputError
from seg_perception.io.bag_writer import MessageWriter
from seg_perception.io.mcap_format import COMPRESSORS, decompress_zstd

if TYPE_CHECKING:
    from typing_extensions import Self

# So much is compressed at once.
_BLOCK_BYTES = 1 << 22
_LENGTH_BYTES = 8


class SpooledMessage(NamedTuple):
    """What `MessageWriter.write_raw` takes."""

    topic: str
    type_name: str
    cdr: bytes
    log_time_ns: int
    latched: bool
    definition: tuple[str, str] | None
    encoding: str


class Spool(MessageWriter):
    """A file of messages in the order in which they were written; used as a context.

    Before it is opened nothing is written: a piece begins earlier than its messages count.

    Attributes:
        is_open: whether messages are written.
        is_watched: whether their digest is taken, written or not.
    """

    def __init__(self, path: Path) -> None:
        """Create the file, which is of this process alone."""
        self.is_open = self.is_watched = False
        self._file: IO[bytes] = path.open("wb")
        self._path = path
        self._block: list[SpooledMessage] = []
        self._size = 0
        self._digest = hashlib.sha1(usedforsecurity=False)

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits."""
        with full_disk(self._path, OutputError), self._file:
            self._flush()

    def take_digest(self) -> str:
        """Of the messages while they were watched, since it was taken last."""
        found, self._digest = self._digest.hexdigest(), hashlib.sha1(usedforsecurity=False)
        return found

    def write_raw(
        self,
        topic: str,
        type_name: str,
        cdr: bytes | memoryview,
        log_time_ns: int,
        latched: bool = False,  # noqa: FBT001, FBT002 (as in MessageWriter)
        definition: tuple[str, str] | None = None,
        encoding: str = "cdr",
    ) -> None:
        """Append a message, or look at it.

        Raises:
            OutputError: the disk refuses.
        """
        if self.is_watched:
            self._digest.update(f"{topic} {log_time_ns} {len(cdr)} ".encode())
            self._digest.update(cdr)
        if not self.is_open:
            return
        entry = topic, type_name, bytes(cdr), log_time_ns, latched, definition, encoding
        self._block.append(SpooledMessage(*entry))
        self._size += len(cdr)
        if self._size >= _BLOCK_BYTES:
            with full_disk(self._path, OutputError):
                self._flush()

    def _flush(self) -> None:
        records = pickle.dumps([tuple(message) for message in self._block])
        packed = COMPRESSORS["zstd"](records)
        self._file.write(len(packed).to_bytes(_LENGTH_BYTES, "little"))
        self._file.write(packed)
        self._block, self._size = [], 0


def spooled(path: Path) -> Iterator[SpooledMessage]:
    """The messages of a spool that another process of this run wrote."""
    with path.open("rb") as file:
        while head := file.read(_LENGTH_BYTES):
            length = int.from_bytes(head, "little")
            records = decompress_zstd(file.read(length))
            for message in pickle.loads(records):  # noqa: S301 (our own, of this run)
                yield SpooledMessage(*message)

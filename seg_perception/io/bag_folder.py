"""Finds the files of a recording, and what its metadata.yaml says of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from seg_perception.core.errors import BagError
from seg_perception.io.bag_storage import RawMessage, Storage
from seg_perception.io.db3_reader import Db3Storage
from seg_perception.io.mcap_reader import McapStorage
from seg_perception.io.ros1_reader import Ros1Storage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_STORAGES: dict[str, Callable[[Path], Storage]] = {
    ".mcap": McapStorage,
    ".db3": Db3Storage,
    ".bag": Ros1Storage,
}


@dataclass(frozen=True)
class _Metadata:
    """What of a metadata.yaml matters; every version of it says so under the same keys."""

    files: list[str] = field(default_factory=list)
    compression_mode: str = ""
    encodings: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def open_storages(path: Path) -> list[Storage]:
    """The files of a recording, in order.

    Args:
        path: a file, or a folder with a metadata.yaml or at least with recorded files.

    Raises:
        BagError: nothing there, or nothing that can be read.
    """
    if not path.exists():
        msg = f"{path}: expected a recording, got no such file or folder; check the path"
        raise BagError(msg)
    if not path.is_dir():
        return [_open_file(path)]
    metadata = _read_metadata(path / "metadata.yaml")
    storages = [_open_file(file) for file in _find_files(path, metadata)]
    storages = [_apply(metadata, storage) for storage in storages]
    storages[0].warnings.extend(metadata.warnings)
    return storages


def _open_file(path: Path) -> Storage:
    if path.suffix == ".zstd":
        return _UnpackedStorage(path)
    make = _STORAGES.get(path.suffix)
    if make is None:
        msg = f"{path}: expected .mcap, .db3, .bag or a folder, got {path.suffix!r}"
        raise BagError(msg)
    if path.stat().st_size == 0:
        msg = f"{path}: expected a recording, got an empty file; record it again"
        raise BagError(msg)
    return make(path)


def _find_files(folder: Path, metadata: _Metadata) -> list[Path]:
    """The files that the metadata names, else those that lie there."""
    named = [folder / Path(name).name for name in metadata.files]
    missing = [str(path) for path in named if not path.exists()]
    if missing:
        msg = f"{folder}: metadata.yaml names files that are missing: {missing}; copy them too"
        raise BagError(msg)
    found = named or sorted(
        (p for p in folder.iterdir() if re.search(r"\.(mcap|db3)(\.zstd)?$|\.bag$", p.name)),
        key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", p.name)],
    )
    if not found:
        msg = f"{folder}: expected a folder with .mcap or .db3 files, got none; check the path"
        raise BagError(msg)
    return found


def _read_metadata(path: Path) -> _Metadata:
    """Read it where it is; a recorder that was killed leaves none."""
    if not path.exists():
        return _Metadata(warnings=[f"{path}: missing, the recording was not finished"])
    try:
        content = yaml.safe_load(path.read_text())["rosbag2_bagfile_information"]
        return _Metadata(
            files=[str(name) for name in content["relative_file_paths"]],
            compression_mode=str(content.get("compression_mode") or "").lower(),
            encodings=_encodings(content.get("topics_with_message_count") or []),
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        return _Metadata(warnings=[f"{path}: can't be read ({error}); going by the files"])


def _encodings(topics: list[Any]) -> dict[str, str]:
    entries = [topic["topic_metadata"] for topic in topics]
    return {e["name"]: e["serialization_format"] for e in entries if e["serialization_format"]}


def _apply(metadata: _Metadata, storage: Storage) -> Storage:
    """Let the metadata have its say on encoding and compression."""
    storage.topics = [
        replace(topic, encoding=topic.encoding or metadata.encodings.get(topic.name, ""))
        for topic in storage.topics
    ]
    return _CompressedMessages(storage) if metadata.compression_mode == "message" else storage


class _Wrapper:
    """A storage that passes through to another."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.path, self.warnings = inner.path, inner.warnings
        self.topics = inner.topics
        self.start_ns, self.end_ns = inner.start_ns, inner.end_ns

    def messages(self, keys: Collection[int]) -> Iterator[RawMessage]:
        return self._inner.messages(keys)

    def close(self) -> None:
        self._inner.close()


class _CompressedMessages(_Wrapper):
    """A storage whose messages are compressed one by one."""

    def messages(self, keys: Collection[int]) -> Iterator[RawMessage]:
        try:
            for raw in self._inner.messages(keys):
                yield raw._replace(data=zstd.decompress(raw.data))
        except zstd.ZstdError as error:
            msg = f"{self.path}: a compressed message is damaged ({error}); record it again"
            raise BagError(msg) from error


class _UnpackedStorage(_Wrapper):
    """A file that is compressed as a whole; it is unpacked beside the system's other files."""

    def __init__(self, path: Path) -> None:
        self._folder = TemporaryDirectory(prefix="seg_perception_")
        plain = Path(self._folder.name) / path.stem
        try:
            with zstd.open(path, "rb") as packed, plain.open("wb") as unpacked:
                for piece in iter(partial(packed.read, 1 << 20), b""):
                    unpacked.write(piece)
            super().__init__(_open_file(plain))
        except (OSError, EOFError, zstd.ZstdError) as error:
            self._folder.cleanup()
            msg = f"{path}: can't be unpacked ({error}); copy it again or make room for it"
            raise BagError(msg) from error

    def close(self) -> None:
        super().close()
        self._folder.cleanup()

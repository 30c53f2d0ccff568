"""Finds the files of a recording, and what its metadata.yaml says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import Any

from seg_perception.core.errors import BagError
from seg_perception.core.git_lfs import pointer_mend
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.core.validation import read_yaml
from seg_perception.io.bag_storage import RawMessage, Storage
from seg_perception.io.bounded import UnpackError, unpack, unpack_file
from seg_perception.io.db3_reader import Db3Storage
from seg_perception.io.mcap_reader import McapStorage
from seg_perception.io.ros1_reader import Ros1Storage

_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_SCRATCH = "seg_perception_"
_STORAGES: dict[str, Callable[[Path], Storage]] = {
    ".mcap": McapStorage,
    ".db3": Db3Storage,
    ".bag": Ros1Storage,
}


@dataclass(frozen=True)
class _Metadata:
    """What of a metadata.yaml matters; every version of it says so under the same keys."""

    files: list[str] = field(default_factory=list)
    message_compression: str = ""
    encodings: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def open_storages(path: Path) -> tuple[list[Storage], tuple[str, ...]]:
    """The files of a recording, in order, and what is to be said of how they were found.

    Args:
        path: a file, or a folder with a metadata.yaml or at least with recorded files.

    Raises:
        BagError: nothing there, or nothing that can be read.
    """
    if not path.exists():
        msg = f"{path}: expected a recording, got no such file or folder; check the path"
        raise BagError(msg)
    if not path.is_dir():
        return [_PackedMessages(_open_file(path))], ()
    metadata = _read_metadata(path / "metadata.yaml")
    if metadata.message_compression not in ("", "zstd"):
        msg = (
            f"{path}: expected messages compressed by zstd, got {metadata.message_compression}; "
            "convert it by `ros2 bag convert` where it was recorded"
        )
        raise BagError(msg)
    storages = [_open_file(file) for file in _find_files(path, metadata)]
    storages = [_apply(metadata, storage) for storage in storages]
    storages[0].warnings.extend(metadata.warnings)
    return storages, tuple(metadata.remarks)


def _open_file(path: Path) -> Storage:
    make = _open_packed if path.suffix == ".zstd" else _STORAGES.get(path.suffix)
    if make is None:
        msg = f"{path}: expected .mcap, .db3, .bag or a folder, got {path.suffix!r}"
        raise BagError(msg)
    _expect_content(path)
    return make(path)


def _expect_content(path: Path) -> None:
    try:
        mend = pointer_mend(path)
        size = path.stat().st_size
    except OSError as error:
        msg = f"{path}: expected a readable file, got {error.strerror}; check its permissions"
        raise BagError(msg) from error
    if mend:
        raise BagError(mend)
    if size == 0:
        msg = f"{path}: expected a recording, got an empty file; record it again"
        raise BagError(msg)


def _find_files(folder: Path, metadata: _Metadata) -> list[Path]:
    """The files that the metadata names, else those that lie there.

    Raises:
        BagError: none, or some of those that are named are missing.
    """
    lying = _recordings(folder)
    named = [_as_it_lies(folder / Path(name).name) for name in metadata.files]
    missing = [path for path in named if not path.exists()]
    if missing:
        metadata.remarks.append(_renamed(folder, missing, [p for p in lying if p not in named]))
        named = lying
    found = named or lying
    if not found:
        msg = f"{folder}: expected a folder with .mcap or .db3 files, got none; check the path"
        raise BagError(msg)
    return found


def _recordings(folder: Path) -> list[Path]:
    return sorted(
        (p for p in folder.iterdir() if re.search(r"\.(mcap|db3)(\.zstd)?$|\.bag$", p.name)),
        key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", p.name)],
    )


def _as_it_lies(path: Path) -> Path:
    """The file, or the one that `unzstd` or `zstd` made of it by hand."""
    other = path.with_suffix("") if path.suffix == ".zstd" else Path(f"{path}.zstd")
    return other if other.exists() and not path.exists() else path


def _renamed(folder: Path, missing: list[Path], unnamed: list[Path]) -> str:
    """What is said where files have other names than the metadata knows.

    Raises:
        BagError: there are not as many others as are missing, so that some may be lost.
    """
    lost, others = [path.name for path in missing], [path.name for path in unnamed]
    if len(lost) != len(others):
        without = f", or remove metadata.yaml to read {others} without them" if others else ""
        msg = f"{folder}: metadata.yaml names files that are missing: {lost}; copy them{without}"
        raise BagError(msg)
    return f"{folder}: metadata.yaml names {lost}, which are missing; read {others} instead"


def _read_metadata(path: Path) -> _Metadata:
    """Read it where it is; a recorder that was killed leaves none."""
    if not path.exists():
        return _Metadata(warnings=[f"{path}: missing, the recording was not finished"])
    try:
        document = read_yaml(path, "what a recorder writes", BagError)
        content = document["rosbag2_bagfile_information"]
        return _Metadata(
            files=[str(name) for name in content["relative_file_paths"]],
            message_compression=_message_compression(content),
            encodings=_encodings(content.get("topics_with_message_count") or []),
        )
    except (BagError, LookupError, TypeError, AttributeError) as error:
        return _Metadata(warnings=[f"{path}: can't be read ({error}); going by the files"])


def _encodings(topics: list[Any]) -> dict[str, str]:
    entries = [topic["topic_metadata"] for topic in topics]
    return {e["name"]: e["serialization_format"] for e in entries if e["serialization_format"]}


def _message_compression(content: dict[str, Any]) -> str:
    """How messages are compressed one by one; empty where they are not."""
    if str(content.get("compression_mode") or "").lower() != "message":
        return ""
    return str(content.get("compression_format") or "").lower()


def _apply(metadata: _Metadata, storage: Storage) -> Storage:
    """Let the metadata have its say on encoding and compression."""
    storage.topics = [
        replace(topic, encoding=topic.encoding or metadata.encodings.get(topic.name, ""))
        for topic in storage.topics
    ]
    return _PackedMessages(storage)


class _Wrapper:
    """A storage that passes through to another."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.path, self.warnings = inner.path, inner.warnings
        self.topics = inner.topics
        self.start_ns, self.end_ns = inner.start_ns, inner.end_ns

    def messages(self, keys: Collection[int], since_ns: int = 0) -> Iterator[RawMessage]:
        return self._inner.messages(keys, since_ns)

    def close(self) -> None:
        self._inner.close()


class _PackedMessages(_Wrapper):
    """A storage whose messages may be packed one by one, which their first bytes tell.

    The recorder says so in metadata.yaml alone, and a lone file has none. A message that is
    serialised as ROS 2 does it never begins as a zstd frame does.
    """

    def messages(self, keys: Collection[int], since_ns: int = 0) -> Iterator[RawMessage]:
        try:
            for raw in self._inner.messages(keys, since_ns):
                packed = raw.data[:4] == _ZSTD_FRAME and raw.topic.encoding == "cdr"
                yield raw._replace(data=unpack("zstd", raw.data)) if packed else raw
        except UnpackError as error:
            msg = f"{self.path}: a compressed message is damaged ({error}); record it again"
            raise BagError(msg) from error


def _open_packed(path: Path) -> Storage:
    """A file that is packed as a whole, unpacked into the folder for temporary files.

    Nothing there keeps a name once it is open, so that nothing is left, however the process ends.

    Raises:
        BagError: damaged, too large, or no recording.
    """
    unpack_storage = _UNPACKED.get(Path(path.stem).suffix)
    if unpack_storage is None:
        msg = f"{path}: expected .mcap.zstd or .db3.zstd, got {path.name!r}; name it as it was"
        raise BagError(msg)
    try:
        return unpack_storage(path)
    except (OSError, UnpackError) as error:
        msg = f"{path}: can't be unpacked ({error}); copy it again or make room for it"
        raise BagError(msg) from error


def _unpack_mcap(path: Path) -> Storage:
    file = TemporaryFile(prefix=_SCRATCH)  # noqa: SIM115 (the storage closes it)
    try:
        unpack_file(path, file, Path(gettempdir()))
        return McapStorage(path, file)
    except BaseException:
        file.close()
        raise


def _unpack_db3(path: Path) -> Storage:
    with scratch_folder("bag") as folder:
        plain = folder / "plain.db3"
        with plain.open("xb") as file:
            unpack_file(path, file, plain.parent)
        return Db3Storage(path, plain)


_UNPACKED: dict[str, Callable[[Path], Storage]] = {".mcap": _unpack_mcap, ".db3": _unpack_db3}

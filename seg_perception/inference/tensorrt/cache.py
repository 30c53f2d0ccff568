"""The folder of built engines: one writer at a time, and nothing half-written is ever read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import gettempdir

from pydantic import ValidationError

from seg_perception.core.atomic_write import remove_drafts, write_file
from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import EngineError
from seg_perception.core.issue_kinds.engines import NO_ENGINE
from seg_perception.core.ownership import expect_own_folder, open_own, read_own
from seg_perception.core.resources import expanded
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata
from seg_perception.inference.tensorrt.key import EngineKey

_PLAN, _METADATA, _LOCK, _DRAFT = ".plan", ".json", ".lock", ".draft"
_FOREIGN = "other_runtimes"
_POLL_S = 0.1


class StaleEngineError(EngineError):
    """What lies in the cache is no whole engine of this key; building it again mends that."""


@dataclass(frozen=True)
class Entry:
    """One engine in the cache.

    Attributes:
        metadata: its metadata; None where that is missing or can't be read.
        plan: where its file is, or would be.
        problem: why it can't be used; empty where it can.
    """

    metadata: EngineMetadata | None
    plan: Path
    problem: str


class EngineCache:
    """One folder.

    Attributes:
        folder: made when the first engine is built.
    """

    def __init__(self, folder: Path) -> None:
        """Touch nothing yet."""
        self.folder = folder

    @classmethod
    def at(cls, folder: str) -> EngineCache:
        """The folder of a configuration; empty: `seg_perception/engines` in the user's cache."""
        if folder:
            return cls(expanded(folder))
        base = Path(os.environ.get("XDG_CACHE_HOME") or expanded("~/.cache"))
        if base.parts[:1] == ("~",):  # a container's user may have no home
            base = Path(gettempdir(), f"seg-perception-{os.geteuid()}")
        return cls(base / "seg_perception" / "engines")

    def has(self, key: EngineKey) -> bool:
        """Whether something lies there under this key, whole or not."""
        with suppress(OSError):
            return self._file(key, _METADATA).is_file() and self._file(key, _PLAN).is_file()
        return False

    def read(self, key: EngineKey) -> tuple[bytes, EngineMetadata]:
        """An engine and its metadata, checked against each other and against the key.

        Raises:
            StaleEngineError: missing, cut, altered, not ours, or of another key.
            EngineError: others may write into the folder.
        """
        metadata = self.metadata(key)
        try:
            plan = read_own(self._file(key, _PLAN))
        except OSError as error:
            msg = f"engine {key.stem} can't be read ({error}); build it again"
            raise StaleEngineError(msg) from error
        _expect_whole(key.stem, plan, metadata)
        return plan, metadata

    def metadata(self, key: EngineKey) -> EngineMetadata:
        """The metadata of an engine.

        Raises:
            StaleEngineError: missing, cut, not ours, or of another key.
            EngineError: others may write into the folder.
        """
        self._expect_own()
        metadata = _read_metadata(self._file(key, _METADATA))
        if metadata.key != key:
            msg = f"engine {key.stem}: its metadata is that of {metadata.key.stem}; build it again"
            raise StaleEngineError(msg)
        return metadata

    def store(self, draft: Path, metadata: EngineMetadata) -> None:
        """Put a built engine in its place; whoever reads meanwhile sees the old or the new one.

        Raises:
            OSError: the plan can't be renamed.
            EngineError: the disk is full.
        """
        key = metadata.key
        # Without its metadata a plan is not there: between the two renames nobody uses it.
        self._file(key, _METADATA).unlink(missing_ok=True)
        draft.replace(self._file(key, _PLAN))
        self.update(metadata)

    def update(self, metadata: EngineMetadata) -> None:
        """Write an engine's metadata.

        Raises:
            EngineError: the disk is full.
        """
        text = metadata.model_dump_json(indent=2) + "\n"
        write_file(self._file(metadata.key, _METADATA), text, EngineError, sync=True)

    def draft(self, key: EngineKey) -> Path:
        """Where a builder writes: on the same disk, under a name that nobody reads."""
        return self._file(key, f"{_DRAFT}{os.getpid()}")

    def timing_cache(self, key: EngineKey) -> Path:
        """TensorRT's measurements, which hold for one device and one version."""
        words = (key.gpu, key.compute_capability, key.module, key.module_version)
        digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
        return self.folder / f"timing_{digest}.cache"

    @contextmanager
    def lock(self, key: EngineKey, timeout_s: float) -> Iterator[None]:
        """Be the only one that builds this engine; the system frees the lock of a dead process.

        Raises:
            EngineError: another process still builds it, or the folder can't be written, or
                others may write into it.
        """
        file = self._file(key, _LOCK)
        with self._writable():
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            self._expect_own()
            descriptor = open_own(file, os.O_RDWR | os.O_CREAT)
        try:
            _take(descriptor, file, timeout_s)
            yield
        finally:
            os.close(descriptor)

    def foreign_folder(self, name: str) -> Path:
        """A folder for the engines of a runtime that keeps them itself; made here.

        Raises:
            EngineError: it can't be made, or others may write into it.
        """
        folder = self.folder / _FOREIGN / name
        with self._writable():
            for made in (self.folder, folder.parent, folder):
                made.mkdir(0o700, parents=True, exist_ok=True)
                expect_own_folder(made)
        return folder

    def remove_foreign(self) -> int:
        """Remove what runtimes keep themselves; tells how many folders."""
        found = [*(self.folder / _FOREIGN).glob("*")]
        for folder in found:
            shutil.rmtree(folder, ignore_errors=True)
        return len(found)

    def entries(self) -> list[Entry]:
        """Everything that lies in the folder, by name; each plan is read and checked.

        Raises:
            EngineError: the folder can't be read.
        """
        try:
            files = [*self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise EngineError(cant("read", self.folder, error)) from error
        stems = {file.stem for file in files if file.suffix in (_PLAN, _METADATA)}
        return [self._entry(stem) for stem in sorted(stems)]

    def remove(self, entry: Entry) -> None:
        """Remove an engine with its metadata; its lock stays, since somebody may hold it."""
        for suffix in (_METADATA, _PLAN):
            entry.plan.with_suffix(suffix).unlink(missing_ok=True)

    def remove_leftovers(self) -> int:
        """Remove what builders left that were killed; tells how many files."""
        found = [f for f in self.folder.glob(f"[!.]*{_DRAFT}*") if not _is_alive(f.suffix)]
        for file in found:
            file.unlink(missing_ok=True)
        return len(found) + remove_drafts(self.folder)

    def _entry(self, stem: str) -> Entry:
        plan = self.folder / f"{stem}{_PLAN}"
        try:
            self._expect_own()
            metadata = _read_metadata(plan.with_suffix(_METADATA))
        except EngineError as error:
            return Entry(None, plan, str(error))
        if metadata.key.stem != stem:
            return Entry(metadata, plan, f"its metadata is that of {metadata.key.stem}")
        try:
            _expect_whole(stem, read_own(plan), metadata)
        except (StaleEngineError, OSError) as error:
            return Entry(metadata, plan, str(error))
        return Entry(metadata, plan, "")

    @contextmanager
    def _writable(self) -> Iterator[None]:
        """Say how to mend it where nothing can be kept here."""
        try:
            yield
        except OSError as error:
            msg = f"engines can't be kept in {self.folder} ({error}); set tensorrt.cache"
            raise EngineError(msg) from error

    def _expect_own(self) -> None:
        """Refuse a folder into which others may have put an engine, which is code that we run.

        Raises:
            EngineError: it is one.
        """
        try:
            expect_own_folder(self.folder)
        except FileNotFoundError:
            return
        except OSError as error:
            msg = (
                f"{self.folder}: expected a folder that nobody else writes to, but "
                f"{error.strerror}; take it over (chown, chmod go-w), or set tensorrt.cache"
            )
            raise EngineError(msg) from error

    def _file(self, key: EngineKey, suffix: str) -> Path:
        return self.folder / f"{key.stem}{suffix}"


def now() -> str:
    """This moment in UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _read_metadata(file: Path) -> EngineMetadata:
    try:
        return EngineMetadata.model_validate_json(read_own(file))
    except FileNotFoundError:
        sentence = NO_ENGINE.sentence(engine=file.stem, folder=file.parent)
        raise StaleEngineError(sentence) from None
    except (OSError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        msg = f"{file.name} is no metadata of an engine ({reason}); build the engine again"
        raise StaleEngineError(msg) from error


def _expect_whole(stem: str, plan: bytes, metadata: EngineMetadata) -> None:
    if len(plan) != metadata.plan_bytes:
        msg = (
            f"engine {stem}: expected {metadata.plan_bytes} bytes, got {len(plan)}: "
            "it was cut; build it again"
        )
        raise StaleEngineError(msg)
    if (got := hashlib.sha256(plan).hexdigest()) != metadata.plan_sha256:
        msg = (
            f"engine {stem}: expected sha256 {metadata.plan_sha256}, got {got}: "
            "it was altered; build it again"
        )
        raise StaleEngineError(msg)


def _take(descriptor: int, file: Path, timeout_s: float) -> None:
    end_s = time.monotonic() + timeout_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return
        if time.monotonic() >= end_s:
            owner = file.read_text(encoding="utf-8").strip() or "unknown"
            msg = (
                f"process {owner} has been building this engine for {timeout_s:.0f} s; wait for it"
            )
            raise EngineError(msg)
        time.sleep(_POLL_S)


def _is_alive(suffix: str) -> bool:
    """Whether the process lives that a draft is named after."""
    number = suffix.removeprefix(_DRAFT).partition("_")[0]
    return number.isdigit() and Path("/proc", number).exists()

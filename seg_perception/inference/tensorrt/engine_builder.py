"""Who builds an engine that the cache lacks: somebody who waits, or somebody who does not."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineBuildingError, EngineError
from seg_perception.core.issue_kinds.engines import ENGINE_BUILDING
from seg_perception.core.threads import explain, start_thread
from seg_perception.inference.tensorrt.build_supervisor import (
    BuildSupervisor,
    BuildTimeouts,
    OnLog,
    OnProgress,
    plan_size,
)
from seg_perception.inference.tensorrt.builder_pipe import BuildRequest, Progress
from seg_perception.inference.tensorrt.cache import EngineCache, StaleEngineError, now
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata
from seg_perception.inference.tensorrt.key import EngineKey


@dataclass(frozen=True)
class Build:
    """An engine to be built into a cache.

    Attributes:
        key: what it is.
        cache: where it goes.
        request: what the builder is asked.
        config: how long it may take.
    """

    key: EngineKey
    cache: EngineCache
    request: BuildRequest
    config: TensorRtConfig

    def run(self, on_progress: OnProgress, on_log: OnLog) -> EngineMetadata:
        """Build it, unless another process has done so meanwhile.

        Raises:
            EngineError: it can't be built, or can't be written.
        """
        with self.cache.lock(self.key, self.config.build_timeout_s):
            try:
                return self.cache.read(self.key)[1]
            except StaleEngineError:
                return self._build(on_progress, on_log)

    def _build(self, on_progress: OnProgress, on_log: OnLog) -> EngineMetadata:
        timeouts = BuildTimeouts(self.config.build_timeout_s, self.config.build_silence_s)
        plan = Path(self.request.plan)
        start_s = time.monotonic()
        try:
            result = BuildSupervisor(timeouts, on_progress, on_log).build(self.request)
            metadata = EngineMetadata(
                key=self.key,
                plan_bytes=plan_size(plan),
                plan_sha256=hashlib.sha256(plan.read_bytes()).hexdigest(),
                built_at=now(),
                build_s=time.monotonic() - start_s,
                strongly_typed=result.strongly_typed,
                inputs=result.inputs,
                outputs=result.outputs,
            )
            self.cache.store(plan, metadata)
        except OSError as error:
            msg = f"the engine can't be kept in {self.cache.folder} ({error}); free some space"
            raise EngineError(msg) from error
        finally:
            plan.unlink(missing_ok=True)
        return metadata


class EngineBuilder(Protocol):
    """Builds engines."""

    def obtain(self, build: Build) -> None:
        """Return when the engine lies in the cache.

        Raises:
            EngineError: it can't be built.
            EngineBuildingError: it is being built.
        """
        ...


class BlockingEngineBuilder:
    """Builds, and returns when it is done."""

    def __init__(self, report: OnLog, on_progress: OnProgress = lambda _: None) -> None:
        """Take note of whom to tell what TensorRT says."""
        self._report = report
        self._on_progress = on_progress

    def obtain(self, build: Build) -> None:
        """Build it."""
        self._report(f"building engine {build.key.stem}, which may take many minutes")
        metadata = build.run(self._on_progress, self._report)
        self._report(f"built in {metadata.build_s:.0f} s, {metadata.plan_bytes / 2**20:.1f} MiB")


class BackgroundEngineBuilder:
    """Builds on a thread; who asks is told to come again.

    A build that failed is not tried again as long as this object lives.
    """

    def __init__(self, report: OnLog) -> None:
        """Take note of whom to tell what TensorRT says."""
        self._report = report
        self._running: dict[str, _Running] = {}

    def obtain(self, build: Build) -> None:
        """Start it, or tell how far it is, or how it failed."""
        running = self._running.get(build.key.digest)
        if running is None:
            running = self._running[build.key.digest] = _Running(build, self._report)
        running.expect_done()


class _Running:
    def __init__(self, build: Build, report: OnLog) -> None:
        self._stem = build.key.stem
        self._start_s = time.monotonic()
        self._progress = Progress(phase="starting", share=0.0)
        self._failure = ""
        # Not joined: the builder itself ends with this process.
        builder = BlockingEngineBuilder(report, self._take)
        self._thread = start_thread("engine build", partial(builder.obtain, build), self._fail)

    def expect_done(self) -> None:
        if self._thread.is_alive():
            elapsed_s = time.monotonic() - self._start_s
            raise EngineBuildingError(
                ENGINE_BUILDING.sentence(
                    engine=self._stem,
                    elapsed_s=elapsed_s,
                    phase=self._progress.phase,
                    share=self._progress.share,
                )
            )
        if self._failure:
            raise EngineError(self._failure)

    def _fail(self, error: BaseException) -> None:
        self._failure = explain(error)

    def _take(self, progress: Progress) -> None:
        self._progress = progress

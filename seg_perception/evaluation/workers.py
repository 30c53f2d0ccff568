"""Shards of a job done in this process, or by several on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from seg_perception.core.errors import EvaluationError
from seg_perception.core.process_pool import SPAWN, process_pool
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.shards import is_done, run_shard

OnProgress = Callable[[int, int], None]
_POLL_S = 0.2
# How often a shard may take its process down before it is given up.
_TRIES = 3

_counter: Any = None


def run_here(
    job: Job, shards: Sequence[Shard], run: Path, on_progress: OnProgress, keep: str = ""
) -> None:
    """One shard after the other.

    Raises:
        SegPerceptionError: of the first shard that can't be done.
    """
    total, done = sum(shard.size for shard in job.shards), 0
    done = total - sum(shard.size for shard in shards)
    for shard in shards:
        before = done

        def step(count: int) -> None:
            nonlocal done
            done += count
            on_progress(min(done, total), total)

        run_shard(job, shard, run, step, keep)
        done = before + shard.size
        on_progress(done, total)


def run_processes(
    job: Job, shards: Sequence[Shard], run: Path, on_progress: OnProgress, processes: int
) -> None:
    """Several processes on this machine; a shard whose process died is done again.

    Raises:
        SegPerceptionError: of the first shard that can't be done.
        EvaluationError: a shard whose process died three times.
    """
    for left in range(_TRIES, 0, -1):
        missing = [shard for shard in shards if not is_done(run, shard)]
        if not missing:
            return
        try:
            _run_pool(job, missing, run, on_progress, processes)
        except BrokenProcessPool as error:
            if left == 1:
                msg = (
                    f"a process died {_TRIES} times; the memory may be too small for "
                    f"{processes} processes: start fewer (-j), the run goes on where it stopped"
                )
                raise EvaluationError(msg) from error


def _run_pool(
    job: Job, shards: Sequence[Shard], run: Path, on_progress: OnProgress, processes: int
) -> None:
    counter = SPAWN.Value("q", 0)
    total = sum(shard.size for shard in job.shards)
    before = total - sum(shard.size for shard in shards)
    with process_pool(min(processes, len(shards)), _begin, (counter,)) as pool:
        futures = [pool.submit(_run_one, job, shard, str(run)) for shard in shards]
        for _ in _completed(futures):
            on_progress(min(before + counter.value, total), total)
    on_progress(total, total)


def _completed(futures: Sequence[Future[None]]) -> Iterator[None]:
    """Once in a while until all are done; raises what one of them raised."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, _POLL_S, FIRST_COMPLETED)
        for future in done:
            future.result()
        yield


def _begin(counter: Any) -> None:
    global _counter  # noqa: PLW0603 (a process of the pool has no other place for it)
    _counter = counter
    # Each has its share of the processors; OpenCV would take all of them.
    import cv2

    cv2.setNumThreads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _run_one(job: Job, shard: Shard, run: str) -> None:
    run_shard(job, shard, Path(run), _step)


def _step(count: int) -> None:
    with _counter.get_lock():
        _counter.value += count

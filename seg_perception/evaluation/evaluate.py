"""From a job to its results, in one process, several, or on a cluster; goes on where it stopped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from seg_perception.core.atomic_write import write_file
from seg_perception.core.disk_errors import full_disk, unwritable
from seg_perception.core.errors import EvaluationError
from seg_perception.core.locks import working_in
from seg_perception.core.ray_cluster import Cluster
from seg_perception.evaluation.assemble import assemble, check_ids
from seg_perception.evaluation.bag_pieces import check_pieces, cut_shard, join, note_whole
from seg_perception.evaluation.checks import check_job
from seg_perception.evaluation.cluster import run_cluster
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.options import ExecutionOptions
from seg_perception.evaluation.results import RESULTS, Results
from seg_perception.evaluation.shards import SHARDS, is_done
from seg_perception.evaluation.workers import OnProgress, run_here, run_processes

JOB = "job.json"
ONE_PROCESS = ExecutionOptions()


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def begin(job: Job, run: Path, on_progress: OnProgress = _silent) -> None:
    """Check the inputs of a job and make its folder; nothing to do where that was done before.

    Args:
        job: what will be scored.
        run: the run's folder: new, or of the same job.
        on_progress: called now and then with what is checked and what is to be checked.

    Raises:
        EvaluationError: the folder belongs to another job, or a truth can't be compared.
        SegPerceptionError: as the inputs have it.
    """
    with _alone(run):
        _begin(job, run, on_progress)


def evaluate(
    job: Job,
    run: Path,
    execution: ExecutionOptions = ONE_PROCESS,
    *,
    command: str = "",
    on_progress: OnProgress = _silent,
) -> Results:
    """Do what of a job is not done yet, and put the results together.

    Args:
        job: what is scored.
        run: the run's folder: new, or of the same job.
        execution: what does the work.
        command: how it was started, for the record.
        on_progress: called now and then with what is done and what is to be done.

    Raises:
        EvaluationError: the folder belongs to another job, or a truth can't be compared.
        SegPerceptionError: as the inputs or the model have it.
    """
    start = time.perf_counter()
    with _alone(run):
        _begin(job, run, _silent)
        if (run / RESULTS).is_file():
            return Results.read(run)
        _score(job, run, execution, on_progress)
        results = assemble(job, run, time.perf_counter() - start, command)
        results.write(run)
        shutil.rmtree(run / SHARDS)
    return results


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Be the only process that works on a run; a folder that stays empty is removed again.

    Raises:
        EvaluationError: another one does, or the folder can't be made or written.
    """
    with unwritable(run, EvaluationError):
        run.mkdir(parents=True, exist_ok=True)
    with working_in(run, EvaluationError):
        try:
            with full_disk(run, EvaluationError):
                yield
        finally:
            with suppress(OSError):
                run.rmdir()


def _begin(job: Job, run: Path, on_progress: OnProgress) -> None:
    if _is_new(job, run):
        check_job(job, on_progress)
        check_ids(job)
        write_file(run / JOB, job.model_dump_json(), EvaluationError)


def _score(job: Job, run: Path, execution: ExecutionOptions, on_progress: OnProgress) -> None:
    """Do the shards that are not done."""
    missing = [shard for shard in job.shards if not is_done(run, shard)]
    if execution.pieces == 1:
        _do(job, missing, run, execution, on_progress)
        return
    check_pieces(job)
    units = {shard.number: cut_shard(job, shard, execution.pieces) for shard in missing}
    left = [unit for some in units.values() for unit in some if not is_done(run, unit)]
    _do(job, left, run, execution, on_progress)
    for shard in missing:
        pieces = units[shard.number]
        if len(pieces) > 1 and (reason := join(job, run, shard, pieces)):
            _do(job, [shard], run, execution, on_progress)
            note_whole(run, shard, reason)


def _do(
    job: Job,
    shards: Sequence[Shard],
    run: Path,
    execution: ExecutionOptions,
    on_progress: OnProgress,
) -> None:
    """Do shards, or pieces of them, by whatever is to do the work."""
    if execution.address:
        cluster = Cluster(execution.address, execution.cpus, execution.gpus)
        run_cluster(job, shards, run, on_progress, cluster)
    elif execution.processes > 1 and len(shards) > 1:
        run_processes(job, shards, run, on_progress, execution.processes)
    else:
        run_here(job, shards, run, on_progress, execution.keep)


def _is_new(job: Job, run: Path) -> bool:
    """Whether the run is still to be begun; else its folder is this job's."""
    path = run / JOB
    if not path.is_file():
        if run.is_dir() and any(run.iterdir()):
            msg = f"{run}: expected a new or empty folder, or one of the same run; choose another"
            raise EvaluationError(msg)
        return True
    try:
        same = Job.model_validate_json(path.read_bytes()).fingerprint == job.fingerprint
    except ValidationError:
        same = False
    if not same:
        msg = f"{run}: holds another run; choose another folder (-o), or remove it"
        raise EvaluationError(msg)
    return False

"""Shards of a job on the machines of a Ray cluster (extra `cluster`).

Bags and data sets have to lie under the same paths everywhere; results come back as bytes.
A worker that is lost costs only its own shards: Ray gives them to another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seg_perception.core.errors import EvaluationError, SegPerceptionError
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.shards import run_packed, unpack
from seg_perception.evaluation.workers import OnProgress

LOCAL = "local"
_RETRIES = 3
# Shards in flight for each worker: results wait in the object store until they are unpacked.
_AHEAD = 2


def run_cluster(
    job: Job,
    shards: Sequence[Shard],
    run: Path,
    on_progress: OnProgress,
    address: str,
    cpus: float = 1,
    gpus: float = 0,
) -> None:
    """Have all shards done by a cluster.

    Args:
        job: what is scored.
        shards: those that are still to be done.
        run: the run's folder, on this machine.
        on_progress: told what is done after each shard.
        address: of the cluster, `auto` for the one this machine belongs to, or `local` for
            one that is started here and ends with this call.
        cpus, gpus: what a shard needs; may be a fraction.

    Raises:
        EvaluationError: Ray is not installed, there is no such cluster, or a shard was lost
            too often.
        SegPerceptionError: of the first shard that can't be done.
    """
    ray = _import_ray()
    started = _connect(ray, address)
    try:
        _run_all(ray, job, shards, run, on_progress, cpus, gpus)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, SegPerceptionError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        msg = f"a shard was lost {_RETRIES + 1} times ({error}); start again, the run goes on"
        raise EvaluationError(msg) from error
    finally:
        if started:
            ray.shutdown()


def _run_all(
    ray: Any,
    job: Job,
    shards: Sequence[Shard],
    run: Path,
    on_progress: OnProgress,
    cpus: float,
    gpus: float,
) -> None:
    remote = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=_RETRIES)(run_packed)
    # The shards of a data set name every file: each is sent what it needs, and no more.
    common = ray.put(job.model_copy(update={"shards": ()}))
    total = sum(shard.size for shard in job.shards)
    done = total - sum(shard.size for shard in shards)
    limit = max(1, int(ray.cluster_resources().get("CPU", 1) / max(cpus, 1e-3))) * _AHEAD
    waiting: dict[Any, Shard] = {}
    left = list(reversed(shards))
    while left or waiting:
        while left and len(waiting) < limit:
            shard = left.pop()
            waiting[remote.remote(common, shard)] = shard
        ready, _ = ray.wait(list(waiting), num_returns=1)
        shard = waiting.pop(ready[0])
        unpack(run, shard, ray.get(ready[0]))
        done += shard.size
        on_progress(done, total)


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        msg = "Ray is not installed: pip install ray"
        raise EvaluationError(msg) from error
    return ray


def _connect(ray: Any, address: str) -> bool:
    """Whether a connection was made that has to be ended."""
    if ray.is_initialized():
        return False
    # A cluster that is there has decided about its dashboard.
    more = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, **more)
    except (ConnectionError, ValueError) as error:
        msg = f"no Ray cluster at {address!r} ({error}); start one with `ray start --head`"
        raise EvaluationError(msg) from error
    return True

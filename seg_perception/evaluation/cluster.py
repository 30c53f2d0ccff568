"""Shards of a job on the machines of a Ray cluster; results come back as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seg_perception.core.errors import EvaluationError
from seg_perception.core.ray_cluster import Cluster, run_on_cluster
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.shards import run_packed, unpack
from seg_perception.evaluation.workers import OnProgress


def run_cluster(
    job: Job, shards: Sequence[Shard], run: Path, on_progress: OnProgress, cluster: Cluster
) -> None:
    """Have all shards done by a cluster.

    Args:
        job: what is scored.
        shards: those that are still to be done.
        run: the run's folder, on this machine.
        on_progress: told what is done after each shard.
        cluster: whose machines do it.

    Raises:
        EvaluationError: Ray is not installed, there is no such cluster, or a shard was lost
            too often.
        SegPerceptionError: of the first shard that can't be done.
    """
    total = sum(shard.size for shard in job.shards)
    done = total - sum(shard.size for shard in shards)

    def take(shard: Shard, packed: bytes) -> None:
        nonlocal done
        unpack(run, shard, packed)
        done += shard.size
        on_progress(done, total)

    # The shards of a data set name every file: each is sent what it needs, and no more.
    common = job.model_copy(update={"shards": ()})
    run_on_cluster(cluster, run_packed, common, shards, take, EvaluationError)

"""The same job on a local Ray of two workers: the same digits, and a lost worker costs nothing."""

import json
import os
import signal
import sys

import numpy as np
import pytest

from seg_perception.core.errors import EvaluationError
from seg_perception.core.types import LabelMap
from seg_perception.evaluation.evaluate import evaluate
from seg_perception.evaluation.options import EvaluateOptions, ExecutionOptions
from seg_perception.evaluation.plan import plan
from seg_perception.io.images import encode_labels

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def job(world):
    """Four short drives whose right half is wrong."""
    bags = []
    for drive in range(4):
        events = world.events(2 + drive)
        for n in range(2 + drive):
            at = world.start_ns + n * 100 * world.ms
            labels = np.full((48, 64), world.red, np.uint8)
            truth = encode_labels(LabelMap("front", labels, labels, at, "camera_optical"))
            events.append((at + 2 * world.ms, "/camera/front/truth", truth))
        ordered = sorted(events, key=lambda event: event[0])
        bags.append(world.bag(ordered, f"drive_{drive}.mcap"))
    settings = {"segmentation.bundle": str(world.bundle)}
    return plan(bags, EvaluateOptions(settings=settings))


def without_times(run):
    document = json.loads((run / "results.json").read_text())
    for key in ("timing", "created", "seconds", "name", "command"):
        del document[key]
    return document, (run / "frames.jsonl").read_bytes()


def test_two_workers_give_the_same_to_the_last_digit(job, ray, tmp_path):
    seen = []
    evaluate(job, tmp_path / "here")
    evaluate(
        job,
        tmp_path / "cluster",
        ExecutionOptions(address="auto"),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert without_times(tmp_path / "here") == without_times(tmp_path / "cluster")
    assert len(seen) == 4
    assert seen[-1][0] == seen[-1][1]
    pictures = [
        sorted(p.name for p in (tmp_path / r / "pictures").iterdir()) for r in ("here", "cluster")
    ]
    assert pictures[0] == pictures[1] != []


@pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")
def test_the_bags_of_a_lost_worker_are_done_again(job, ray, ray_workers, tmp_path):
    killed = []

    def kill_a_worker(done, total):
        if not killed and done < total:
            killed.extend(ray_workers("run_packed")[:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    evaluate(job, tmp_path / "here")
    evaluate(job, tmp_path / "lost", ExecutionOptions(address="auto"), on_progress=kill_a_worker)
    assert killed
    assert without_times(tmp_path / "here") == without_times(tmp_path / "lost")


def test_a_mistake_in_a_worker_is_told_as_it_is(job, ray, tmp_path):
    shard = job.shards[0].model_copy(update={"path": str(tmp_path / "gone.mcap")})
    broken = job.model_copy(update={"shards": (shard,)})
    from seg_perception.core.errors import BagError
    from seg_perception.core.ray_cluster import Cluster
    from seg_perception.evaluation.cluster import run_cluster

    with pytest.raises(BagError, match="no such file"):
        run_cluster(broken, broken.shards, tmp_path, lambda *_: None, Cluster("auto"))


def test_without_ray_the_extra_is_named(job, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EvaluationError, match=r"Ray is not installed: pip install ray"):
        evaluate(job, tmp_path / "run", ExecutionOptions(address="auto"))

"""Runs from a job to results: on several processes, stopped, repeated, refused."""

import json
import os

from full_disk import full_disk

from seg_perception.core.errors import EvaluationError
from seg_perception.core.locks import working_in
from seg_perception.evaluation.results import Results

from .conftest import with_truth


def without_times(out):
    document = json.loads((out / "results.json").read_text())
    for key in ("timing", "created", "seconds", "name", "command"):
        del document[key]
    return document, (out / "frames.jsonl").read_bytes()


def test_several_processes_give_the_same_to_the_last_digit(world, run):
    bags = [world.bag(with_truth(world, n), f"drive_{n}.mcap") for n in (3, 5)]
    done, one = run(*bags, folder="one")
    assert done.exit_code == 0, done.stderr
    done, two = run(*bags, folder="two", options=["-j", "2"])
    assert done.exit_code == 0, done.stderr
    assert without_times(one) == without_times(two)
    results = Results.read(one)
    assert results.source.sequences == ("drive_3", "drive_5")
    miou = results.streams[0].class_mappings[0].metrics[0]
    assert (miou.low, miou.high) == (25, 25)
    sequences = [s.value for s in results.streams[0].slices if s.dimension == "sequence"]
    assert sequences == ["drive_3", "drive_5"]


def test_a_run_that_was_stopped_goes_on(world, run, monkeypatch):
    from seg_perception.evaluation import shards

    bags = [world.bag(with_truth(world, n), f"drive_{n}.mcap") for n in (3, 5)]
    _, whole = run(*bags, folder="whole")
    done_shards = []
    original = shards.run_bag

    def dies_at_the_second(job, shard, *arguments):
        if shard.number == 1 and "again" not in done_shards:
            raise KeyboardInterrupt
        done_shards.append(shard.number)
        original(job, shard, *arguments)

    monkeypatch.setitem(shards._RUNS, "bag", dies_at_the_second)
    stopped, out = run(*bags)
    assert stopped.exit_code != 0
    assert not (out / "results.json").exists()
    done_shards.append("again")
    again, _ = run(*bags)
    assert again.exit_code == 0, again.stderr
    assert done_shards == [0, "again", 1]
    assert without_times(out) == without_times(whole)


def test_two_runs_into_one_folder_are_told_apart(world, run):
    bag = world.bag(with_truth(world))
    folder = world.folder / "run"
    folder.mkdir()
    with working_in(folder, EvaluationError):
        second, _ = run(bag)
    assert second.exit_code == 2
    assert "another process works in it; wait for its end" in second.stderr
    assert list(folder.iterdir()) == []
    assert run(bag)[0].exit_code == 0


def test_a_full_disk_ends_a_run_with_one_sentence_and_it_goes_on(world, run):
    bag = world.bag(with_truth(world))
    with full_disk(2000):
        failed, out = run(bag)
    assert failed.exit_code == 2, failed.output
    assert "can't be written" in failed.stderr
    assert not (out / "results.json").exists()
    assert run(bag)[0].exit_code == 0


def test_a_finished_run_is_not_done_twice_and_another_one_is_refused(world, run):
    bag = world.bag(with_truth(world))
    _, out = run(bag)
    before = (out / "results.json").stat().st_mtime_ns
    assert run(bag)[0].exit_code == 0
    assert (out / "results.json").stat().st_mtime_ns == before
    other, _ = run(bag, options=["--tolerance", "0.001"])
    assert other.exit_code == 2
    assert "holds another run" in other.stderr


def test_empty_bags_and_bags_without_truth_are_refused(world, run):
    empty = world.bag([], "empty.mcap")
    done, _ = run(empty)
    assert (done.exit_code, "holds no message" in done.stderr) == (2, True)
    done, _ = run(world.bag(world.events(), "plain.mcap"))
    assert done.exit_code == 2
    assert "no truth found for camera.front, lidar.top" in done.stderr
    done, _ = run(world.folder / "nowhere.mcap")
    assert (done.exit_code, "not found" in done.stderr) == (2, True)


def test_a_process_that_dies_costs_only_its_own_bag(world, tmp_path):
    """A worker is ended by the system once; its bag is done again."""
    from seg_perception.evaluation.evaluate import evaluate
    from seg_perception.evaluation.options import EvaluateOptions, ExecutionOptions
    from seg_perception.evaluation.plan import plan

    bags = [world.bag(with_truth(world, n), f"drive_{n}.mcap") for n in (3, 4)]
    options = EvaluateOptions(settings={"segmentation.bundle": str(world.bundle)})
    job = plan(bags, options)
    killed = []

    def kill_a_child(done, total):
        import multiprocessing

        if not killed:
            for child in multiprocessing.active_children():
                killed.append(child.pid)
                os.kill(child.pid, 9)
                return

    results = evaluate(
        job, tmp_path / "killed", ExecutionOptions(processes=2), on_progress=kill_a_child
    )
    assert killed
    assert results.streams[0].pairing.paired == 7


def test_a_bag_is_indexed_once_for_all_of_an_evaluation(world, run, monkeypatch):
    from seg_perception.io import mcap_reader

    read, calls = mcap_reader.read_summary, []
    monkeypatch.setattr(mcap_reader, "read_summary", lambda file: calls.append(file) or read(file))
    done, _ = run(world.bag(with_truth(world, 3)), folder="one")
    assert done.exit_code == 0, done.stderr
    assert len(calls) == 1

"""Bags scored end to end: figures by hand, after the fact, on several processes, and refusals."""

import json
import os

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.evaluation.frame_score import read_frames
from seg_perception.evaluation.results import Results
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_labels
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.replay import replay

TRUTH, CLOUD_TRUTH = "/camera/front/truth", "/lidar/top/truth"
RED, GREEN, UNKNOWN = 0, 1, 255


def label_image(labels, stamp_ns):
    array = np.asarray(labels, np.uint8)
    return encode_labels(LabelMap("front", array, array, stamp_ns, "camera_optical"))


def label_cloud(xyz, labels, stamp_ns, visible=None):
    layout = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("label", "u1")]
    layout += [] if visible is None else [("visible", "u1")]
    points = np.zeros((1, len(xyz)), layout)
    for column, name in enumerate("xyz"):
        points[name] = [point[column] for point in xyz]
    points["label"] = labels
    if visible is not None:
        points["visible"] = visible
    return encode_cloud(PointCloud(points, stamp_ns, "lidar"))


def with_truth(world, count=4, **changes):
    """The image's left half is red, the right half green; the truth calls all of it red."""
    size = changes.get("size", (48, 64))
    shift_ns = changes.get("shift_ms", 0) * world.ms
    events = world.events(count)
    for n in range(count):
        at = world.start_ns + n * 100 * world.ms
        image = label_image(np.full(size, changes.get("truth", RED)), at + shift_ns)
        events.append((at + 2 * world.ms, TRUTH, image))
        stamp_ns = at + 5 * world.ms
        cloud = label_cloud(
            ((10, 2, 0), (10, -2, 0), (-10, 0, 0)), (RED, RED, GREEN), stamp_ns, (1, 1, 0)
        )
        events.append((at + 12 * world.ms, CLOUD_TRUTH, cloud))
    return sorted(events, key=lambda event: event[0])


@pytest.fixture
def run(world):
    """Runs the command on bags, with the model of red, green and blue."""

    def invoke(*bags, folder="run", options=()):
        out = world.folder / folder
        command = ["evaluate", *map(str, bags), "-o", str(out), "--json", "--no-report", *options]
        command += ["--set", f"segmentation.bundle={world.bundle}"]
        done = CliRunner().invoke(app, command)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done, out

    return invoke


def values(metrics):
    return {metric.key: metric.value for metric in metrics}


def test_a_bag_by_hand(world, run):
    done, out = run(world.bag(with_truth(world)), options=["--report"])
    assert done.exit_code == 0, done.stderr
    assert (out / "report.html").stat().st_size > 10_000
    results = Results.read(out)
    camera, lidar = results.streams
    fine = camera.class_mappings[0]
    # All is red: half of it was called green, which the truth lacks.
    assert values(fine.metrics)["accuracy"] == 50
    assert values(fine.metrics)["miou"] == 25
    assert {c.name: c.iou for c in fine.classes} == {"red": 50, "green": 0, "blue": None}
    assert fine.absent == ("green", "blue")
    assert fine.confusion.counts[0] == (4 * 24 * 64, 4 * 24 * 64, 0, 0, 0)
    assert camera.pairing.paired == 4
    regions = {s.value: s.metrics[1].value for s in camera.slices if s.dimension == "region"}
    assert regions["top left"] == 100
    assert regions["bottom right"] == 0
    # Of three points the camera sees two; one of them is right.
    assert values(lidar.metrics)["purity"] == 50
    assert values(lidar.metrics)["coverage"] == pytest.approx(200 / 3)
    near = next(s for s in lidar.slices if s.dimension == "range" and s.value == "10-20 m")
    assert near.metrics[1].value == 50
    assert values(lidar.metrics)["time_agreement"] == 100
    timing = {entry.stream: entry for entry in results.timing.streams}
    assert (timing["camera.front"].received, timing["camera.front"].missed) == (4, 0)
    assert timing["camera.front"].rate_hz == pytest.approx(10)
    assert all(entry.balanced for entry in timing.values())
    assert {"segment", "score", "decode image"} <= {stage.stage for stage in results.timing.stages}


def test_frames_and_pictures_lie_beside_the_document(world, run):
    _, out = run(world.bag(with_truth(world)), options=["--pictures", "1"])
    frames = list(read_frames(out))
    assert len(frames) == 8
    assert {frame.accuracy for frame in frames} == {50}
    results = Results.read(out)
    kept = [file for s in results.streams for f in s.frames for file in f.files.values()]
    # A worst one, a typical one, and the two others by lot.
    assert len(kept) == 4 * 3 + 4 * 1
    assert sorted(kept) == sorted(f"pictures/{p.name}" for p in (out / "pictures").iterdir())
    assert [f.role for f in results.streams[0].frames] == ["worst", "typical", "", ""]


def test_the_same_labels_scored_after_the_fact(world, run):
    bag = world.bag(with_truth(world))
    _, now = run(bag, folder="now")
    labelled = world.folder / "labelled.mcap"
    replay(bag, labelled, world.config())
    done, later = run(labelled, folder="later", options=["--truth-bag", str(bag)])
    assert done.exit_code == 0, done.stderr
    first, second = Results.read(now), Results.read(later)
    assert second.source.kind == "labelled bag"
    assert second.model.ontology.ids == {"red": 0, "green": 1, "blue": 2}
    for ours, theirs in zip(first.streams, second.streams, strict=True):
        assert [u.pairs for u in ours.units] == [u.pairs for u in theirs.units]
        assert values(ours.metrics) == values(theirs.metrics)
    stages = {stage.stage for stage in second.timing.stages}
    assert "stamp to recording, /camera/front/semantic/label_image" in stages


def test_replay_and_evaluate_in_one_pass_keep_the_bag(world, run):
    bag, kept = world.bag(with_truth(world)), world.folder / "kept.mcap"
    done, _ = run(bag, options=["--keep", str(kept)])
    assert done.exit_code == 0, done.stderr
    replayed = world.folder / "replayed.mcap"
    command = ["replay", str(bag), "-o", str(replayed)]
    setting = f"segmentation.bundle={world.bundle}"
    assert CliRunner().invoke(app, [*command, "--set", setting]).exit_code == 0
    assert kept.read_bytes() == replayed.read_bytes()


def test_the_kept_bag_has_the_map_and_the_colours_that_a_replay_writes(world, run):
    bag, kept, replayed = (world.folder / f"{name}.mcap" for name in ("in", "kept", "replayed"))
    world.bag(with_truth(world))
    wishes = {"map.enabled": True, "map.frame": "base_link", "map.period_s": 0.2}
    wishes["output.colors"] = ["red=#010203"]
    settings = [f"{name}={json.dumps(value)}" for name, value in wishes.items()]
    options = [word for setting in settings for word in ("--set", setting)]
    done, _ = run(bag, options=["--keep", str(kept), *options])
    assert done.exit_code == 0, done.stderr
    replay(bag, replayed, world.config(**wishes))
    assert world.topics(kept)["/perception_node/map"] == 1
    assert kept.read_bytes() == replayed.read_bytes()


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


def test_a_finished_run_is_not_done_twice_and_another_one_is_refused(world, run):
    bag = world.bag(with_truth(world))
    _, out = run(bag)
    before = (out / "results.json").stat().st_mtime_ns
    assert run(bag)[0].exit_code == 0
    assert (out / "results.json").stat().st_mtime_ns == before
    other, _ = run(bag, options=["--tolerance", "0.001"])
    assert other.exit_code == 2
    assert "holds another run" in other.stderr


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({"size": (24, 32)}, [], "expected a truth of the image's size 64x48, got 32x24"),
        ({"truth": 7}, [], r"ids [7] are not in ontology colours"),
        ({"shift_ms": 30}, [], "none of the first 4 has a truth within 0.005 s"),
        ({}, ["--truth", "/nowhere"], "has no topic /nowhere"),
        ({}, ["--truth", "camera.rear=/camera/front/truth"], "no stream camera.rear"),
        (
            {},
            ["--truth-ontology", "rellis"],
            "does not fit the truth's rellis in class mapping fine",
        ),
        ({}, ["--class-mapping", "coarse"], "no class mapping 'coarse'"),
        ({}, ["--protocol", "nothing"], "expected a protocol's .yaml file"),
    ],
)
def test_what_does_not_fit_is_said_before_the_work(world, run, changes, options, sentence):
    done, out = run(world.bag(with_truth(world, **changes)), options=options)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert not out.exists()


def test_empty_bags_and_bags_without_truth_are_refused(world, run):
    empty = world.bag([], "empty.mcap")
    done, _ = run(empty)
    assert (done.exit_code, "holds no message" in done.stderr) == (2, True)
    done, _ = run(world.bag(world.events(), "plain.mcap"))
    assert done.exit_code == 2
    assert "no truth found for camera.front, lidar.top" in done.stderr
    done, _ = run(world.folder / "nowhere.mcap")
    assert (done.exit_code, "not found" in done.stderr) == (2, True)


def test_unpaired_labels_and_truths_are_counted(world, run):
    events = [
        e
        for e in with_truth(world, 6)
        if not (e[1] == TRUTH and e[0] < world.start_ns + 250_000_000)
    ]
    at = world.start_ns + 10 * 100 * world.ms
    events.append((at, TRUTH, label_image(np.zeros((48, 64)), at)))
    done, out = run(world.bag(events))
    assert done.exit_code == 0, done.stderr
    pairing = Results.read(out).streams[0].pairing
    assert (pairing.paired, pairing.without_truth, pairing.without_labels) == (3, 3, 1)
    assert Results.read(out).streams[0].metrics[0].value == 50


def test_a_truth_that_turns_bad_midway_is_counted_and_named(world, run):
    events = with_truth(world, 20)
    at = world.start_ns + 20 * 100 * world.ms
    events += [
        (at, world.image_topic, world.image(at)),
        (at + 1, TRUTH, label_image(np.full((48, 64), 9), at)),
    ]
    done, out = run(world.bag(events))
    assert done.exit_code == 2
    results = Results.read(out)
    assert results.streams[0].pairing.refused == {"unknown_ids": 1}
    assert "1 frames can't be compared" in done.stderr
    assert results.streams[0].pairing.paired == 20


def test_a_truth_that_can_not_be_read_costs_only_itself(world, run):
    whole, path = world.bag(with_truth(world, 20)), world.folder / "bad.mcap"
    with BagReader(whole) as reader, BagWriter(path) as writer:
        seen = 0
        for message in reader.messages():
            seen += message.topic == TRUTH
            if message.topic == TRUTH and seen == 15:
                message.raw = bytes(message.raw[:30])
            writer.copy(message)
    done, out = run(path)
    assert done.exit_code == 2
    pairing = Results.read(out).streams[0].pairing
    assert (pairing.paired, pairing.without_truth, pairing.refused) == (19, 1, {"bad_bag": 1})


def test_within_the_tolerance_the_nearest_truth_is_taken(world, run):
    done, out = run(world.bag(with_truth(world, shift_ms=30)), options=["--tolerance", "0.04"])
    assert done.exit_code == 0, done.stderr
    assert Results.read(out).streams[0].pairing.paired == 4


def test_other_labels_than_the_models_count_as_wrong_where_asked_for(world, run):
    done, out = run(
        world.bag(with_truth(world)), options=["--truth-ontology", "rellis", "--partial"]
    )
    # Red is no class of RELLIS, whose void (0) does not count; nothing is left.
    assert done.exit_code == 0, done.stderr
    assert Results.read(out).streams[0].class_mappings[0].metrics[0].n == 0


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


def test_the_drops_of_a_slow_machine_are_imitated(world, run):
    """With 250 ms a frame at 10 Hz, frames are superseded; clouds get what there is in time."""
    done, out = run(world.bag(with_truth(world, 10)), options=["--latency", "250"])
    assert done.exit_code == 0, done.stderr
    results = Results.read(out)
    timing = results.timing.streams[0]
    assert timing.dropped == {"superseded": timing.received - timing.published}
    assert timing.published < 6
    pairing = results.streams[0].pairing
    assert (pairing.paired, pairing.without_labels) == (timing.published, 10 - timing.published)


def test_cuboids_are_the_truth_of_clouds(world, run):
    from seg_perception.geometry.transforms import StampedTransform
    from seg_perception.io.transforms import encode_tf

    cuboid = {
        "id": 1,
        "category_id": 1,
        "position": {"x": 110, "y": 2, "z": 0},
        "dimensions": {"x": 1, "y": 1, "z": 1},
        "rotation": {"qw": 1, "qx": 0, "qy": 0, "qz": 0},
    }
    sample = {"labels": {"ground-truth": {"attributes": {"annotations": [cuboid]}}}}
    file = world.folder / "cuboids.json"
    file.write_text(json.dumps({"dataset": {"samples": [sample]}}))
    pose = np.eye(4)
    pose[0, 3] = 100
    events = world.events()
    for n in range(-2, 8):
        at = world.start_ns + n * 100 * world.ms
        edge = StampedTransform("map", "base_link", at, pose)
        events.append((max(at, world.start_ns), "/tf", encode_tf([edge])))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    done, out = run(
        bag,
        options=[
            "--cuboids",
            str(file),
            "--protocol",
            "viking_hill",
            "--partial",
            "--class-mapping",
            "fine",
            "--set",
            "transforms.fixed_frame=map",
        ],
    )
    assert done.exit_code == 0, done.stderr
    (lidar,) = Results.read(out).streams
    assert lidar.truth == str(file)
    # The left point lies in the trunk, the right one on the ground; red and green are neither.
    assert {c.name: c.truth for c in lidar.class_mappings[0].classes if c.truth} == {
        "ground": 5,
        "trunk": 5,
    }


def test_recorded_points_without_a_label_have_none_whatever_their_cloud_calls_them(world, run):
    """Viking Hill's clouds call them ignore (8)."""
    from seg_perception.core.ontology import Ontology
    from seg_perception.outputs.legend import legend

    xyz = ((10, 2, 0), (10, -2, 0), (-10, 0, 0))
    events = []
    for n in range(3):
        at = world.start_ns + n * 100 * world.ms
        events += [
            (at, "/lidar/top/semantic/points", label_cloud(xyz, (1, 2, 8), at)),
            (at, CLOUD_TRUTH, label_cloud(xyz, (1, 1, 1), at)),
        ]
    events.append(
        (world.start_ns, "/perception_node/legend", legend(Ontology.load("viking_hill"), 0))
    )
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    done, out = run(bag, options=["--protocol", "viking_hill", "--class-mapping", "fine"])
    assert done.exit_code == 0, done.stderr
    (lidar,) = Results.read(out).streams
    assert values(lidar.metrics)["purity"] == 50
    assert values(lidar.metrics)["coverage"] == pytest.approx(200 / 3)
    assert lidar.class_mappings[0].excluded_predictions == 0


@pytest.mark.skipif(os.name != "posix", reason="bags of the real world are read on Linux")
def test_the_rellis_bag(shared_data, tmp_path):
    bag = shared_data / "real" / "rellis_goose_style_db3"
    command = ["evaluate", str(bag), "-o", str(tmp_path / "run"), "--json"]
    done = CliRunner().invoke(
        app, [*command, "--protocol", "rellis", "--class-mapping", "category"]
    )
    assert done.exit_code == 0, done.stderr
    results = Results.read(tmp_path / "run")
    assert {s.name: s.pairing.paired for s in results.streams} == {
        "camera.windshield": 1,
        "lidar.vls128_roof": 1,
    }
    mapping = results.streams[0].class_mappings[0]
    # 1920 x 1200 pixels, of which void does not count.
    assert sum(map(sum, mapping.confusion.counts)) + mapping.excluded_truth == 1920 * 1200
    assert "vegetation" in {c.name for c in mapping.classes if (c.iou or 0) > 50}


def test_the_simulated_bag(tmp_path):
    """Short: two seconds, a small camera, few beams."""
    pytest.importorskip("embreex", reason="the simulator's ray caster is not installed")
    from seg_perception.simulation.bag import write_bag
    from seg_perception.simulation.config import SimulationConfig

    bag = tmp_path / "forest.mcap"
    write_bag(
        bag,
        SimulationConfig(
            duration_s=2, camera_width=320, camera_height=180, lidar_beams=16, lidar_columns=512
        ),
    )
    out = tmp_path / "run"
    done = CliRunner().invoke(app, ["evaluate", str(bag), "-o", str(out), "--json"])
    assert done.exit_code == 0, done.stderr
    results = Results.read(out)
    assert [s.name for s in results.streams] == ["camera.front", "lidar.top", "radar.front"]
    assert [s.pairing.paired for s in results.streams] == [20, 20, 30]
    for stream in results.streams:
        assert stream.class_mappings[0].metrics[1].value > 40
        assert stream.calibration is not None
        assert sum(map(sum, stream.class_mappings[0].confusion.counts)) > 0


def test_a_bag_of_several_publishers_is_written_in_any_order(world, run):
    """The truth may be recorded long after the labels, within the window."""
    events = [
        (at + (400 * world.ms if topic == TRUTH else 0), topic, message)
        for at, topic, message in with_truth(world, 6)
    ]
    path = world.folder / "late.mcap"
    with BagWriter(path) as writer:
        for at, topic, message in sorted(events, key=lambda event: event[0]):
            writer.write(topic, message, at, latched=topic == "/tf_static")
    done, out = run(path)
    assert done.exit_code == 0, done.stderr
    assert Results.read(out).streams[0].pairing.paired == 6

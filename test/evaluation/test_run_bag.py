"""Bags scored end to end: figures by hand, after the fact, and of real recordings."""

import json
import os

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.evaluation.frame_score import read_frames
from seg_perception.evaluation.results import Results
from seg_perception.replay import replay
from test.fixtures.depth_cameras import HEIGHT as REALSENSE_HEIGHT
from test.fixtures.depth_cameras import REALSENSE
from test.fixtures.depth_cameras import WIDTH as REALSENSE_WIDTH

from .conftest import CLOUD_TRUTH, label_cloud, label_image, values, with_truth


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


def test_a_bag_under_other_names_scores_the_same(world, run):
    _, plain = run(world.bag(with_truth(world)), folder="plain")
    events = [(at, f"/a200{topic}", message) for at, topic, message in with_truth(world)]
    topics = sorted({topic.removeprefix("/a200") for _, topic, _ in events})
    rules = [f"--remap={topic}:=/a200{topic}" for topic in topics]
    done, renamed = run(world.bag(events, "renamed.mcap"), folder="renamed", options=rules)
    assert done.exit_code == 0, done.stderr
    ours, theirs = Results.read(plain), Results.read(renamed)
    assert len(ours.streams) == 2
    for first, second in zip(ours.streams, theirs.streams, strict=True):
        assert values(first.metrics) == values(second.metrics)
        assert [u.pairs for u in first.units] == [u.pairs for u in second.units]


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
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import write_bag

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


def test_depth_cameras_pictures_are_scored_and_their_depths_accounted_for(world, run):
    truth = np.zeros((REALSENSE_HEIGHT, REALSENSE_WIDTH), np.uint8)
    truth[:, REALSENSE_WIDTH // 2 :] = 1
    events = list(REALSENSE.events(4))
    for at, topic, _ in tuple(events):
        if topic == REALSENSE.image:
            message = label_image(truth, at - world.ms)
            message.header.frame_id = REALSENSE.frame
            events.append((at, "/camera/camera/color/truth", message))
    done, out = run(world.bag(sorted(events, key=lambda event: event[0])))
    assert done.exit_code == 0, done.stderr
    results = Results.read(out)
    (camera,) = results.streams
    assert values(camera.class_mappings[0].metrics)["accuracy"] == 100
    timing = {entry.stream: entry for entry in results.timing.streams}
    (depth,) = [name for name in timing if name.startswith("depth.")]
    assert timing[depth].received == 4
    assert timing[depth].balanced

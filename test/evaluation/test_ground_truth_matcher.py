"""Truths that come late, are missing, damaged, or no topic at all."""

import json

import numpy as np

from seg_perception.evaluation.results import Results
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter

from .conftest import TRUTH, label_image, with_truth


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

"""A recording in pieces of time: the bytes and counts of the whole, or the whole itself."""

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import ReplayOptions, replay
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.time_pieces import cut, lead_s

ODOMETRY_MS = 20


def drive(world, seconds=12):
    """A robot that drives at 1 m/s; some images and clouds are damaged or come out of step."""
    events = [(world.start_ns, "/tf_static", world.mounting())]
    for ms in range(-100, 1000 * seconds + 100, ODOMETRY_MS):
        T = np.eye(4)
        T[0, 3] = ms / 1000
        at = world.start_ns + ms * world.ms
        moved = StampedTransform("odom", "base_link", at, T)
        events.append((max(at, world.start_ns) + 5 * world.ms, "/tf", encode_tf([moved])))
    for n in range(10 * seconds):
        at = world.start_ns + n * 100 * world.ms
        colors = (world.red, world.green) if n % 3 else (world.blue,)
        events.append((at, world.lens_topic, world.lens(at)))
        if n % 17:
            events.append((at + 3 * world.ms, world.image_topic, world.image(at, colors)))
        # A cloud waits for the image after it.
        points = [(10 + n % 5, 2, 0), (10, -2, 0.1 * (n % 7)), (-10, 0, 0)]
        cloud = world.points(at + 60 * world.ms, points)
        if n % 23 == 0:
            cloud.data = cloud.data[:-1]
        events.append((at + 70 * world.ms, world.points_topic, cloud))
    return world.bag(sorted(events, key=lambda event: event[0]), "drive.mcap")


def config(world, **more):
    """Without what remembers pictures for longer than the recording takes."""
    chosen = {"transforms__fixed_frame": "odom", "transforms__buffer_s": 1.0, **more}
    return world.config(**{"pictures__watch": False, **chosen})


@pytest.fixture
def bag(world):
    return drive(world)


def facts(summary):
    """All of a summary but how long it took."""
    document = summary.to_json()
    return {
        key: document[key]
        for key in ("streams", "points", "written", "issues", "notes", "problems", "disputed")
    } | {
        "map": document.get("map"),
        "stages": {k: v["count"] for k, v in document["stages"].items()},
    }


@pytest.mark.parametrize("with_inputs", [False, True])
def test_pieces_give_the_bytes_and_counts_of_the_whole(world, bag, with_inputs):
    found = []
    for pieces in (1, 2, 3):
        out = world.folder / str(pieces) / "out.mcap"
        options = ReplayOptions(with_inputs=with_inputs, pieces=pieces, threads=1)
        summary = replay(bag, out, config(world), options)
        assert "in_one_piece" not in {issue.code for issue in summary.issues}
        found.append((out.read_bytes(), facts(summary)))
    assert found[0][1]["streams"]["lidar.top"]["dropped"]
    assert found[0][1]["issues"] == found[1][1]["issues"] == found[2][1]["issues"]
    assert found[0][1] == found[1][1] == found[2][1]
    assert found[0][0] == found[1][0] == found[2][0]


def test_the_map_of_pieces_is_that_of_the_whole(world, bag):
    found = []
    for pieces in (1, 3):
        folder = world.folder / str(pieces)
        folder.mkdir()
        options = ReplayOptions(map_file=folder / "map.ply", pieces=pieces, threads=1)
        chosen = config(world, map__min_scans=1, map__half_life_scans=3)
        summary = replay(bag, folder / "out.mcap", chosen, options)
        found.append(((folder / "map.ply").read_bytes(), facts(summary)["map"] | {"file": ""}))
    assert found[0][1]["voxels"] > 20
    assert found[0] == found[1]


def test_what_remembers_more_than_a_piece_knows_is_labelled_in_one_piece_and_said_so(world):
    """A camera_info that comes again once, in the middle, and never after that."""
    events = [(world.start_ns, "/tf_static", world.mounting())]
    for n in range(120):
        at = world.start_ns + n * 100 * world.ms
        if n in {0, 20}:
            events.append((at, world.lens_topic, world.lens(at, 32.0 if n == 0 else 20.0)))
        events.append((at + world.ms, world.image_topic, world.image(at)))
        events.append((at + 10 * world.ms, world.points_topic, world.points(at + 5 * world.ms)))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    chosen = world.config(transforms__buffer_s=1.0, pictures__watch=False)
    whole, cut_up = world.folder / "a" / "out.mcap", world.folder / "b" / "out.mcap"
    replay(bag, whole, chosen, ReplayOptions(threads=1))
    summary = replay(bag, cut_up, chosen, ReplayOptions(threads=1, pieces=2))
    assert whole.read_bytes() == cut_up.read_bytes()
    (said,) = [issue for issue in summary.issues if issue.code == "in_one_piece"]
    assert "would not have begun with what was known" in said.sentence


@pytest.mark.parametrize(
    ("parameters", "options", "name"),
    [
        ({"map__enabled": True}, {}, "map.enabled"),
        ({"memory__enabled": True}, {}, "memory.enabled"),
        ({}, {"latency_ms": 50}, "--latency"),
    ],
)
def test_what_remembers_the_whole_recording_is_refused(world, bag, parameters, options, name):
    chosen = config(world, **parameters)
    with pytest.raises(ConfigError, match=f"the whole gives with {name}"):
        replay(bag, world.folder / "out.mcap", chosen, ReplayOptions(pieces=2, **options))
    assert not (world.folder / "out.mcap").exists()


def test_pieces_meet_and_a_short_recording_is_one(world, bag):
    with BagReader(bag) as reader:
        inputs = find_inputs(reader, config(world))
        before_s = lead_s(reader, inputs, config(world))
        pieces = cut(reader, 3, before_s, 1.0)
        assert [piece.number for piece in pieces] == [0, 1, 2]
        assert pieces[0].start_ns == reader.start_ns
        assert [piece.end_ns for piece in pieces[:-1]] == [p.start_ns for p in pieces[1:]]
        assert pieces[-1].is_last
        # Two waits and gaps of 0.55 s, a second that is watched, and half a second more.
        assert pieces[1].start_ns - pieces[1].sensors_ns == 2_600 * world.ms
        assert pieces[1].sensors_ns - pieces[1].state_ns == 1_000 * world.ms
        assert len(cut(reader, 100, before_s, 1.0)) == 4
        # Pictures are remembered for 22 s, and a second is watched, and half a second more.
        assert lead_s(reader, inputs, config(world, pictures__watch=True)) == 23.5

"""A bag scored in pieces of time: every digit of the whole, or the whole itself."""

import json

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.evaluation.evaluate import evaluate
from seg_perception.evaluation.options import EvaluateOptions, ExecutionOptions
from seg_perception.evaluation.plan import plan
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.images import encode_labels
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import replay

TRUTH, POINT_TRUTH = "/camera/front/truth", "/lidar/top/truth"
SECONDS = 24


def point_truth(stamp_ns, labels):
    layout = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("label", "<u2")])
    points = np.zeros((1, len(labels)), layout)
    points["x"], points["label"] = 10, labels
    return encode_cloud(PointCloud(points, stamp_ns, "lidar"))


def drive(world):
    """Truths come late or never, some without labels; the robot drives on."""
    random = np.random.default_rng(0)
    events = [(world.start_ns, "/tf_static", world.mounting())]
    for ms in range(-100, 1000 * SECONDS + 100, 50):
        T, at = np.eye(4), world.start_ns + ms * world.ms
        T[0, 3] = ms / 1000
        moved = StampedTransform("odom", "base_link", at, T)
        events.append((max(at, world.start_ns) + 5 * world.ms, "/tf", encode_tf([moved])))
    for n in range(10 * SECONDS):
        at = world.start_ns + n * 100 * world.ms
        events.append((at, world.lens_topic, world.lens(at)))
        if n % 13:
            events.append((at + 3 * world.ms, world.image_topic, world.image(at)))
        if n % 7:
            labels = random.integers(0, 3, (48, 64)).astype(np.uint8)
            truth = encode_labels(LabelMap("front", labels, labels, at, "camera_optical"))
            events.append((at + (190 if n % 5 else 2) * world.ms, TRUTH, truth))
        stamp = at + 60 * world.ms
        events.append((at + 70 * world.ms, world.points_topic, world.points(stamp)))
        if n % 11:
            found = point_truth(stamp, random.integers(0, 3, 3))
            events.append((at + 75 * world.ms, POINT_TRUTH, found))
    return world.bag(sorted(events, key=lambda event: event[0]), "drive.mcap")


@pytest.fixture
def bag(world):
    return drive(world)


def scored(job, run, pieces, processes=1):
    """Everything that a run found, without what tells times and places."""
    evaluate(job, run, ExecutionOptions(processes=processes, pieces=pieces))
    document = json.loads((run / "results.json").read_text())
    for key in ("created", "seconds", "name", "command"):
        del document[key]
    timing = document.pop("timing")
    counts = {stage["stage"]: stage["count"] for stage in timing["stages"]}
    pictures = {p.name: p.read_bytes() for p in (run / "pictures").iterdir()}
    frames = (run / "frames.jsonl").read_text()
    return document, counts, timing["streams"], frames, pictures


def job_of(world, bags, **more):
    # Pictures would be remembered for longer than the recording takes.
    parameters = {"transforms.fixed_frame": "odom", "transforms.buffer_s": 2.0,
                  "pictures.watch": False}  # fmt: skip
    settings = {"segmentation.bundle": str(world.bundle), **parameters, **more}
    return plan(bags, EvaluateOptions(settings=settings, same_ids=True))


def test_pieces_give_every_digit_of_the_whole(world, bag, tmp_path):
    job = job_of(world, [bag])
    assert {entry.stream for entry in job.streams} == {"camera.front", "lidar.top"}
    whole = scored(job, tmp_path / "1", 1)
    image, cloud = whole[0]["streams"]
    assert image["pairing"]["without_truth"] > 20
    assert image["pairing"]["without_labels"] > 10
    assert cloud["pairing"]["paired"] > 200
    for pieces, processes in ((2, 1), (3, 2)):
        found = scored(job, tmp_path / str(pieces), pieces, processes)
        assert not [note for note in found[0]["notes"] if "in one piece" in note]
        for one, other in zip(found, whole, strict=True):
            assert one == other
        assert not (tmp_path / str(pieces) / "shards").exists()


def test_a_bag_that_was_labelled_before_is_scored_in_pieces_too(world, bag, tmp_path):
    labelled = tmp_path / "labelled.mcap"
    replay(bag, labelled, world.config(transforms__fixed_frame="odom"))
    options = EvaluateOptions(truth_bag=bag, same_ids=True)
    job = plan([labelled], options)
    assert job.kind == "labelled bag"
    whole, cut_up = (scored(job, tmp_path / str(n), n) for n in (1, 3))
    assert not [note for note in cut_up[0]["notes"] if "in one piece" in note]
    assert whole == cut_up


def test_a_bag_whose_pieces_do_not_fit_is_scored_in_one_and_that_is_said(world, tmp_path):
    """A camera_info that comes again once, and never after that."""
    events = [(world.start_ns, "/tf_static", world.mounting())]
    for n in range(200):
        at = world.start_ns + n * 100 * world.ms
        if n in {0, 15}:
            events.append((at, world.lens_topic, world.lens(at, 32.0 if n == 0 else 200.0)))
        events.append((at + world.ms, world.image_topic, world.image(at)))
        events.append((at + 10 * world.ms, world.points_topic, world.points(at + 5 * world.ms)))
        truth = point_truth(at + 5 * world.ms, [world.red, world.green, world.blue])
        events.append((at + 12 * world.ms, POINT_TRUTH, truth))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    job = job_of(world, [bag], **{"transforms.fixed_frame": ""})
    whole, cut_up = (scored(job, tmp_path / str(n), n) for n in (1, 2))
    notes = [note for note in cut_up[0]["notes"] if "in one piece" in note]
    assert len(notes) == 1
    cut_up[0]["notes"] = [note for note in cut_up[0]["notes"] if note not in notes]
    assert cut_up == whole


@pytest.mark.parametrize("name", ["map.enabled", "memory.enabled"])
def test_what_remembers_the_whole_recording_is_refused(world, bag, tmp_path, name):
    job = job_of(world, [bag], **{name: True})
    with pytest.raises(ConfigError, match=f"the whole gives with {name}"):
        evaluate(job, tmp_path / "run", ExecutionOptions(pieces=2))

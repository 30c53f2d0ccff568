"""A bag that was labelled before, scored against another bag or itself."""

import numpy as np
import pytest

from seg_perception.core.errors import BagError, EvaluationError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.evaluation.assemble import count
from seg_perception.evaluation.job import Job, Shard, StreamGroundTruth
from seg_perception.evaluation.protocol import OWN, Protocol
from seg_perception.evaluation.scores import LabelCounts
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_labels
from seg_perception.io.messages import PointCloud2
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.replay import replay


def job(bag, truth_bag, stream, *names):
    classes = [{"id": n, "name": name, "color": "#000000"} for n, name in enumerate(names)]
    ontology = Ontology.parse({"name": "test", "classes": classes}, "test")
    return Job(
        kind="labelled bag",
        protocol=Protocol.load(OWN),
        truth_ontology=ontology,
        model_ontology=ontology,
        model_name="test",
        streams=(stream,),
        shards=(Shard(number=0, path=str(bag), truth_path=str(truth_bag), size=1),),
    )


def clouds(bag):
    stream = StreamGroundTruth(stream="lidar.top", kind="lidar", labels="/ours", truth="/true")
    return job(bag, bag, stream, "tree")


def test_a_labelled_bag_is_scored_by_stamp(world):
    # The truth calls the right half red, too: half of the pixels, one of two labelled points.
    labelled = world.folder / "out.mcap"
    events = world.events()
    for n in (4, 0, 1, 2, 3):
        at = world.start_ns + n * 100 * world.ms
        labels = np.full((48, 64), world.red, np.uint8)
        image = encode_labels(LabelMap("front", labels, labels, at, "camera_optical"))
        events.append((at + 2 * world.ms, "/truth", image))
    replay(world.bag(events), labelled, world.config())
    topic = "/camera/front/semantic/label_image"
    stream = StreamGroundTruth(stream="camera.front", kind="image", labels=topic, truth="/truth")
    todo = job(labelled, world.folder / "in.mcap", stream, "red", "green", "blue")
    found = LabelCounts.of(todo.mapped_classes[0].fold(count(todo)["camera.front"].pairs))
    assert found.expected == 5 * 48 * 64
    assert (found.coverage, found.purity) == (100, 50)


def semantic_points(number: int, name: str) -> PointCloud2:
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), (name, "<u4")]
    return encode_cloud(PointCloud(np.zeros((1, number), fields), 5, "lidar"))


@pytest.mark.parametrize(
    ("ours", "truth", "sentence"),
    [
        (semantic_points(2, "ring"), semantic_points(2, "label"), "/ours.* label.* got .*'ring'"),
        (semantic_points(2, "label"), semantic_points(2, "ring"), "/true.* label.* got .*'ring'"),
        (semantic_points(1, "label"), semantic_points(2, "label"), "2 points.* got 1"),
    ],
    ids=["no labels", "no truth", "other points"],
)
def test_clouds_that_can_not_be_compared_are_refused(tmp_path, ours, truth, sentence):
    bag = tmp_path / "both.mcap"
    with BagWriter(bag) as writer:
        writer.write("/ours", ours, 5)
        writer.write("/true", truth, 5)
    with pytest.raises(EvaluationError, match=sentence):
        count(clouds(bag))


@pytest.mark.parametrize(("there", "lacking"), [("/ours", "/true"), ("/true", "/ours")])
def test_a_topic_that_a_bag_lacks_is_refused(tmp_path, there, lacking):
    bag = tmp_path / "one.mcap"
    with BagWriter(bag) as writer:
        writer.write(there, semantic_points(1, "label"), 5)
    with pytest.raises(BagError, match=rf"'{there}'.*got .*'{lacking}'"):
        count(clouds(bag))

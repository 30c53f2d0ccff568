"""How the frames of a stream are counted."""

import numpy as np
import pytest
from scored_runs import example_ontology

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout, UnknownIdsError
from seg_perception.evaluation.protocol import ClassMapping, Protocol
from seg_perception.evaluation.samples import CloudSample, FrameId, ImageSample
from seg_perception.evaluation.scorer import Scorer, SizeError

PROTOCOL = Protocol(name="test", title="test", class_mappings=(ClassMapping(name="fine"),))
LAYOUT = ConfusionLayout(example_ontology(), example_ontology())
MAPPED = map_classes(PROTOCOL, LAYOUT)[0]
SECOND = 1_000_000_000


def scorer():
    return Scorer("camera.front", PROTOCOL, MAPPED, LAYOUT, boundary=True)


def cloud(n, labels, truth=(0, 1, 2), visible=None, **changes):
    xyz = np.array([[5, 0, 0], [15, 0, 0], [70, 0, 0]], np.float32)
    return CloudSample(
        frame=FrameId("drive", "drive", str(n), n * SECOND),
        truth=np.array(truth, np.uint8),
        predicted=np.array(labels, np.uint8),
        confidence=np.array([1.0, 0.5, 0.0], np.float32),
        xyz=changes.get("xyz", xyz),
        visible=None if visible is None else np.array(visible, bool),
        T_fixed_cloud=changes.get("pose", np.eye(4)),
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_ids_outside_of_the_ontology_are_refused_and_nothing_is_counted(dtype):
    known, unknown = np.zeros((6, 6), dtype), np.full((6, 6), 4, dtype)
    one = scorer()
    frame = FrameId("drive", "drive", "0", 0)
    for truth, predicted, what in ((unknown, known, "truth"), (known, unknown, "labels")):
        with pytest.raises(UnknownIdsError, match=rf"{what}: ids \[4\].*0 to 3, 255"):
            one.add(ImageSample(frame, truth, predicted, None, lambda: None))
    assert not one.statistics.slices
    assert one.statistics.paired == 0


def test_images_are_counted_by_how_familiar_they_are_where_that_is_known():
    one, labels = scorer(), np.zeros((6, 6), np.uint8)
    for number, distance in enumerate((0.4, 1.0, 1.2, 2.0, None)):
        frame = FrameId("drive", "drive", str(number), number)
        sure = np.full((6, 6), 100, np.uint8)
        one.add(ImageSample(frame, labels, labels, sure, lambda: None, distance=distance))
    pixels = {
        value: int(pairs.sum())
        for (dimension, value), pairs in one.statistics.slices.items()
        if dimension == "familiarity"
    }
    assert pixels == {"known": 72, "1 to 1.5": 36, "over 1.5": 36}
    levels = one.statistics.slice_levels["familiarity", "known"]
    assert levels[100].tolist() == [0, 72]


def test_a_cloud_of_another_size_is_refused():
    with pytest.raises(SizeError, match="3 points, got 2"):
        scorer().add(cloud(0, (0, 1)))
    assert issubclass(SizeError, EvaluationError)


def test_points_without_a_label():
    one = scorer()
    # The second point is seen by a camera and got no label, the third is not seen.
    one.add(cloud(0, (0, 255, 255), visible=(1, 1, 0)))
    pairs = one.statistics.pairs
    assert (pairs[0, 0], pairs[1, LAYOUT.no_label], pairs[2, LAYOUT.not_seen]) == (1, 1, 1)
    assert sorted(one.statistics.slices) == sorted(
        ("range", name)
        for name in ("0-10 m", "10-20 m", "20-30 m", "30-50 m", "50-100 m", "over 100 m")
    )
    assert one.statistics.slices["range", "50-100 m"][2, LAYOUT.not_seen] == 1


def test_points_that_are_no_measurement_do_not_count():
    xyz = np.array([[0, 0, 0], [np.nan, 1, 1], [5, 5, 0]], np.float32)
    one = scorer()
    one.add(cloud(0, (0, 1, 2), xyz=xyz))
    assert one.statistics.pairs.sum() == 1


def test_places_that_keep_their_label():
    one = scorer()
    for n, labels in enumerate(((0, 1, 2), (0, 1, 3))):
        one.add(cloud(n, labels))
    assert (one.statistics.compared, one.statistics.same) == (3, 2)
    assert (one.statistics.true_compared, one.statistics.true_same) == (3, 3)
    # Where the pose is not known nothing is compared, nor with the next one.
    one.add(cloud(2, (0, 1, 2), pose=None))
    one.add(cloud(3, (0, 1, 2)))
    assert one.statistics.compared == 3


def test_a_robot_that_moved_sees_the_same_places():
    moved = np.eye(4)
    moved[0, 3] = 5
    one = scorer()
    one.add(cloud(0, (0, 1, 2)))
    one.add(cloud(1, (0, 1, 2), pose=moved))
    # Only the point at 15 m was seen before from where 10 m are now: none of these.
    assert one.statistics.compared == 0
    one = scorer()
    near = np.array([[10, 0, 0], [20, 0, 0], [75, 0, 0]], np.float32)
    one.add(cloud(0, (0, 1, 2), xyz=near + np.float32(0.05)))
    one.add(cloud(1, (0, 1, 2), xyz=near - [5, 0, 0] + np.float32(0.05), pose=moved))
    assert (one.statistics.compared, one.statistics.same) == (3, 3)

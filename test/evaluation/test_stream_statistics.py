"""What is counted of a stream: parts add up, stamps pair, cells agree, pictures are kept."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.bootstrap import MOST, BootstrapBlocks
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionCounter, ConfusionLayout, UnknownIdsError
from seg_perception.evaluation.frame_samples import FrameSamples, choose
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.protocol import ClassMapping, Protocol
from seg_perception.evaluation.samples import CloudSample, FrameId, ImageSample
from seg_perception.evaluation.scorer import Scorer, SizeError
from seg_perception.evaluation.stamp_pairer import StampPairer
from seg_perception.evaluation.stream_statistics import StreamStatistics
from seg_perception.evaluation.time_agreement import compare_cells, to_cells

from .conftest import example_ontology

PROTOCOL = Protocol(name="test", title="test", class_mappings=(ClassMapping(name="fine"),))
LAYOUT = ConfusionLayout(example_ontology(), example_ontology())
MAPPED = map_classes(PROTOCOL, LAYOUT)[0]
SECOND = 1_000_000_000


def scorer():
    return Scorer("camera.front", PROTOCOL, MAPPED, LAYOUT, boundary=True)


def image(n, seed=0):
    random = np.random.default_rng(seed + n)
    blocks = random.integers(0, 4, (2, 6, 8)).astype(np.uint8)
    truth, predicted = np.kron(blocks, np.ones((1, 4, 4), np.uint8))
    truth[:3] = 255
    confidence = random.integers(0, 256, predicted.shape).astype(np.uint8)
    frame = FrameId(f"drive {n % 2}", f"drive {n % 2}", str(n), n * SECOND)
    return ImageSample(frame, truth, predicted, confidence, lambda: None)


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


@given(st.lists(st.integers(0, 2), min_size=6, max_size=6))
@settings(max_examples=15, deadline=None)
def test_parts_add_up_to_the_whole_whoever_did_them(owners):
    whole, parts = scorer(), [scorer() for _ in range(3)]
    for n, owner in enumerate(owners):
        whole.add(image(n))
        parts[owner].add(image(n))
    merged = StreamStatistics(LAYOUT, MAPPED.size)
    for part in parts:
        text = json.dumps(part.statistics.to_json())
        merged.merge(StreamStatistics.from_json(json.loads(text), LAYOUT, MAPPED.size))
    assert (merged.pairs == whole.statistics.pairs).all()
    assert (merged.levels == whole.statistics.levels).all()
    assert (merged.boundaries == whole.statistics.boundaries).all()
    assert merged.median_miou == whole.statistics.median_miou
    assert {k: v.frames for k, v in merged.units.items()} == {
        k: v.frames for k, v in whole.statistics.units.items()
    }
    for key, pairs in whole.statistics.slices.items():
        assert (merged.slices[key] == pairs).all()


def test_ids_of_eight_and_of_sixteen_bits_are_counted_alike():
    counter = ConfusionCounter(LAYOUT)
    sample = image(1)
    narrow = counter.count(sample.truth, sample.predicted)
    wide = counter.count(sample.truth.astype(np.uint16), sample.predicted.astype(np.uint16))
    assert (narrow == wide).all()
    assert narrow.sum() == sample.truth.size
    assert narrow[LAYOUT.no_truth].sum() == 3 * 32


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


def test_the_majority_of_a_cell_votes_and_the_lower_label_wins_a_draw():
    xyz = np.array([[0.01, 0, 0], [0.02, 0, 0], [0.03, 0, 0], [1, 1, 1], [1.01, 1, 1]])
    cells = to_cells(xyz, np.array([2, 2, 1, 3, 0], np.uint8))
    assert cells.labels.tolist() == [2, 0]
    assert compare_cells(cells, cells) == (2, 2)
    empty = to_cells(np.zeros((0, 3)), np.zeros(0, np.uint8))
    assert compare_cells(cells, empty) == (0, 0)


def pairs_of(pairer, events):
    found = []
    for kind, stamp in events:
        add = pairer.add_labels if kind == "labels" else pairer.add_truth
        found += [(p.labels, p.truth) for p in add(stamp, stamp)]
    return found + [(p.labels, p.truth) for p in pairer.reset()]


@pytest.mark.parametrize("first", ["labels", "truth"])
def test_stamps_pair_whichever_comes_first(first):
    second = "truth" if first == "labels" else "labels"
    events = [(kind, n * 100) for n in range(5) for kind in (first, second)]
    pairer = StampPairer(10)
    assert pairs_of(pairer, events) == [(n * 100, n * 100) for n in range(5)]
    assert (pairer.without_truth, pairer.without_labels) == (0, 0)


def test_the_nearest_truth_is_waited_for():
    pairer = StampPairer(40)
    events = [("truth", 70), ("labels", 100), ("truth", 105), ("truth", 300)]
    assert pairs_of(pairer, events) == [(100, 105)]
    assert (pairer.without_truth, pairer.without_labels) == (0, 2)


def test_those_without_a_partner_are_counted_and_do_not_pile_up():
    pairer = StampPairer(10, window=4)
    assert pairs_of(pairer, [("labels", n * 100) for n in range(50)]) == []
    assert pairer.without_truth == 50
    assert pairs_of(pairer, [("truth", n * 100) for n in range(50)]) == []
    assert pairer.without_labels == 50


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=25),
    st.lists(st.integers(0, 40), unique=True, max_size=25),
)
def test_every_message_is_paired_once_or_counted(labels, truths):
    pairer = StampPairer(2)
    merged = sorted([(n, "labels") for n in labels] + [(n, "truth") for n in truths])
    found = pairs_of(pairer, [(kind, n) for n, kind in merged])
    assert len(found) + pairer.without_truth == len(labels)
    assert len(found) + pairer.without_labels == len(truths)
    assert all(abs(a - b) <= 2 for a, b in found)
    assert len({b for _, b in found}) == len(found)


def test_a_drive_has_a_bounded_number_of_blocks():
    short = BootstrapBlocks("drive", 35)
    assert short.name(5 * SECOND) == "drive 0-10 s"
    assert short.name(34 * SECOND) == "drive 20-30 s"
    long = BootstrapBlocks("drive", 36_000)
    names = {long.name(n * SECOND) for n in range(0, 36_000, 7)}
    assert MOST <= len(names) <= MOST + 1


def frame(n, miou):
    return FrameScore(
        stream="camera.front",
        sequence="drive",
        name=str(n),
        stamp_ns=n,
        n=10,
        accuracy=50.0,
        miou=miou,
    )


def test_the_worst_frames_keep_their_pictures_and_the_others_lose_them(tmp_path):
    samples = FrameSamples(tmp_path, 2)
    scores = np.random.default_rng(0).permutation(60)
    for n, score in enumerate(scores.tolist()):
        samples.offer(frame(n, float(score)), image(n))
    kept = choose(samples.frames, 2, 30.0)
    assert [f.miou for f in kept if f.role == "worst"] == [0, 1]
    assert len([f for f in kept if f.role == "typical"]) == 2
    files = {file for f in samples.frames for file in f.files.values()}
    assert {f"pictures/{path.name}" for path in (tmp_path / "pictures").iterdir()} == files
    assert len(files) <= 2 * (2 + 16 + 2)


def test_shards_choose_the_frames_that_one_process_chooses(tmp_path):
    scores = np.random.default_rng(1).integers(0, 100, 90).tolist()
    whole = FrameSamples(tmp_path / "whole", 3)
    parts = [FrameSamples(tmp_path / f"part{n}", 3) for n in range(3)]
    for n, score in enumerate(scores):
        whole.offer(frame(n, float(score)), image(0))
        parts[n % 3].offer(frame(n, float(score)), image(0))
    together = [f for part in parts for f in part.frames]
    names = [[(f.name, f.role) for f in choose(fs, 3, 50.0)] for fs in (whole.frames, together)]
    assert names[0] == names[1]

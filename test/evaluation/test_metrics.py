"""Scores against the field's own tools, and by hand where those have none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.bootstrap import draw, interval
from seg_perception.evaluation.boundary import (
    boundary_f,
    boundary_iou,
    count_boundaries,
    zone_width,
)
from seg_perception.evaluation.calibration import calibration, count_levels, levels
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout, count_pairs
from seg_perception.evaluation.protocol import ClassMapping, Mean, Protocol
from seg_perception.evaluation.rate_statistics import RateStatistics
from seg_perception.evaluation.scores import ClassCounts

EXACT = 1e-12
SEEDS = st.integers(0, 2**32 - 1)


def ontology(*names, ignore=(), **groups):
    classes = [{"id": n, "name": name, "color": "#101010"} for n, name in enumerate(names)]
    grouping = [
        {"name": name, "color": "#202020", "classes": members} for name, members in groups.items()
    ]
    data = {"name": "test", "classes": classes, "ignore": list(ignore)}
    return Ontology.parse({**data, "groupings": {"group": grouping}}, "test")


def protocol(*class_mappings, **more):
    return Protocol(name="test", title="test", class_mappings=class_mappings, **more)


def pairs_of(layout, truth, predicted):
    """A matrix of pairs of ids; -1 is what is not seen, None no label or truth."""
    pairs = np.zeros(layout.shape, np.int64)
    places = {-1: layout.not_seen, None: layout.no_label}
    for row, column in zip(truth, predicted, strict=True):
        pairs[layout.no_truth if row is None else row, places.get(column, column)] += 1
    return pairs


def plain_counts(truth, predicted, classes):
    """Every class counts."""
    folded = np.zeros((classes + 1, classes + 3), np.int64)
    folded[:classes, :classes] = count_pairs(truth, predicted, classes)
    return folded


def random_labels(seed, classes):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, 400).astype(np.uint8)
    guess = random.integers(0, classes, 400).astype(np.uint8)
    return truth, np.where(random.random(400) < random.random(), truth, guess)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=30, deadline=None)
def test_as_scikit_learn(seed, classes):
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, predicted = random_labels(seed, classes)
    everything = list(range(classes))
    table = sklearn.confusion_matrix(truth, predicted, labels=everything)
    assert (count_pairs(truth, predicted, classes) == table).all()
    counts = ClassCounts.of(plain_counts(truth, predicted, classes))
    known = np.union1d(truth, predicted)
    iou = sklearn.jaccard_score(truth, predicted, labels=known, average=None, zero_division=0)
    assert counts.iou[known] == pytest.approx(100 * iou, abs=100 * EXACT)
    assert counts.mean_iou(Mean(name="m")) == pytest.approx(100 * iou.mean(), abs=100 * EXACT)
    weighted = sklearn.jaccard_score(truth, predicted, average="weighted", zero_division=0)
    assert counts.frequency_weighted_iou == pytest.approx(100 * weighted, abs=100 * EXACT)
    accuracy = sklearn.accuracy_score(truth, predicted)
    assert counts.accuracy == pytest.approx(100 * accuracy, abs=100 * EXACT)
    true = np.unique(truth)
    recall = sklearn.recall_score(truth, predicted, labels=true, average=None, zero_division=0)
    assert counts.mean_accuracy == pytest.approx(100 * recall.mean(), abs=100 * EXACT)
    precision = sklearn.precision_score(
        truth, predicted, labels=np.unique(predicted), average=None, zero_division=0
    )
    assert counts.precision[np.unique(predicted)] == pytest.approx(100 * precision, abs=100 * EXACT)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=10, deadline=None)
def test_as_torchmetrics(seed, classes):
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    truth, predicted = random_labels(seed, classes)
    tensors = torch.from_numpy(predicted.astype(np.int64)), torch.from_numpy(truth.astype(np.int64))
    table = metrics.multiclass_confusion_matrix(*tensors, num_classes=classes)
    assert (count_pairs(truth, predicted, classes) == table.numpy()).all()
    counts = ClassCounts.of(plain_counts(truth, predicted, classes))
    # torchmetrics divides in float32.
    iou = metrics.multiclass_jaccard_index(*tensors, num_classes=classes)
    assert float(counts.mean_iou(Mean(name="m"))) == pytest.approx(100 * float(iou), rel=1e-6)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_calibration_error_as_torchmetrics(seed):
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    random = np.random.default_rng(seed)
    # Confidence on a limit of the bins, where the rounding of the limits decides, and certainty,
    # which torchmetrics gives a bin of its own, are defined differently.
    inside = np.array([level for level in range(255) if level % 17], np.uint8)
    confidence = random.choice(inside, 500)
    right = random.random(500) < confidence / 300
    ours = calibration(count_levels(confidence, right, np.ones(500, bool)))
    theirs = metrics.binary_calibration_error(
        torch.from_numpy(confidence / 255.0), torch.from_numpy(right.astype(np.int64)), n_bins=15
    )
    assert ours.metrics[0].key == "ece"
    assert ours.metrics[0].value == pytest.approx(100 * float(theirs), abs=100 * EXACT)


def test_reliability_as_scikit_learn():
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    random = np.random.default_rng(1)
    confidence = random.integers(0, 256, 3000).astype(np.uint8)
    right = random.random(3000) < confidence / 255
    bins = calibration(count_levels(confidence, right, np.ones(3000, bool)), bins=4).bins
    accuracy, surety = curve(right, confidence / 255, n_bins=4)
    assert [b.accuracy for b in bins] == pytest.approx(accuracy, abs=EXACT)
    assert [b.confidence for b in bins] == pytest.approx(surety, abs=EXACT)


def test_calibration_by_hand():
    # Ten at 204/255 = 0.8, of which six are right; five certain ones that do not count.
    confidence = np.array([204] * 10 + [255] * 5, np.uint8)
    right = np.array([True] * 6 + [False] * 9)
    found = calibration(count_levels(confidence, right, np.arange(15) < 10))
    values = {metric.key: metric.value for metric in found.metrics}
    assert values["ece"] == pytest.approx(20)
    assert values["overconfidence"] == pytest.approx(20)
    assert [b.count for b in found.bins if b.count] == [10]
    assert calibration(np.zeros((256, 2), np.int64)).metrics[0].value is None


def test_confidence_of_clouds_is_rounded_to_levels():
    assert levels(np.array([0.0, 0.5, 1.0, 2.0], np.float32)).tolist() == [0, 128, 255, 255]


def boundaries_by_definition(truth, predicted, classes, width):
    """Class by class, with SciPy's morphology."""
    ndimage = pytest.importorskip("scipy.ndimage")
    square = np.ones((3, 3), bool)
    ious, fs = [], []
    counted = truth < classes
    for c in range(classes):
        zones, contours = [], []
        for labels in (truth, predicted):
            mask = labels == c
            inner = ndimage.binary_erosion(mask, square, iterations=width, border_value=0)
            zones.append(mask & ~inner & counted)
            edge = ndimage.binary_erosion(mask, square, border_value=1)
            contours.append(mask & ~edge & counted)
        union = (zones[0] | zones[1]).sum()
        ious.append(100 * (zones[0] & zones[1]).sum() / union if union else np.nan)
        met = []
        for mine, other in (contours, contours[::-1]):
            near = ndimage.binary_dilation(other, square, iterations=width)
            met.append((mine & near).sum() / mine.sum() if mine.any() else 0.0)
        either = contours[0].any() or contours[1].any()
        f = 200 * met[0] * met[1] / sum(met) if sum(met) else 0.0
        fs.append(f if either else np.nan)
    return ious, fs


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_boundaries_by_their_definition(seed, width):
    random = np.random.default_rng(seed)
    classes = 4
    blocks = random.integers(0, classes + 1, (4, 5)).astype(np.uint8)
    truth = np.kron(blocks, np.ones((7, 6), np.uint8))
    predicted = np.roll(truth, random.integers(-3, 4, 2), (0, 1))
    counts = count_boundaries(truth, predicted, classes, width)
    ious, fs = boundaries_by_definition(truth, predicted, classes, width)
    assert boundary_iou(counts) == pytest.approx(ious, abs=100 * EXACT, nan_ok=True)
    assert boundary_f(counts) == pytest.approx(fs, abs=100 * EXACT, nan_ok=True)


def test_more_classes_than_bits():
    truth = np.arange(80, dtype=np.uint8).repeat(9).reshape(20, 36)
    counts = count_boundaries(truth, truth, 80, 1)
    assert np.nanmin(boundary_iou(counts)) == np.nanmin(boundary_f(counts)) == 100


def test_the_zone_is_a_share_of_the_diagonal():
    assert zone_width((1024, 2048), 0.005) == 11
    assert zone_width((3, 4), 0.005) == 1


def test_ignored_truth_and_predictions_of_an_excluded_class():
    labels = ontology("tree", "road", "void", ignore=["void"])
    layout = ConfusionLayout(labels, labels)
    #            ok  ok  missed  excluded guess  no label  ignored truth  no truth  not seen
    truth = [0, 1, 0, 0, 0, 2, None, 0]
    guess = [0, 1, 1, 2, None, 0, 0, -1]
    pairs = pairs_of(layout, truth, guess)
    (wrong,) = map_classes(protocol(ClassMapping(name="fine")), layout)
    assert (wrong.names, wrong.excluded) == (("tree", "road"), ("void",))
    counts = ClassCounts.of(wrong.fold(pairs))
    assert counts.truth.tolist() == [4, 1]
    assert counts.predicted.tolist() == [1, 2]
    assert counts.iou.tolist() == [25, 50]
    assert wrong.fold(pairs)[:, wrong.excluded_column].tolist() == [1, 0, 0]
    assert wrong.fold(pairs)[-1].sum() == 2
    (dropped,) = map_classes(
        protocol(ClassMapping(name="fine", excluded_prediction="dropped")), layout
    )
    assert ClassCounts.of(dropped.fold(pairs)).truth.tolist() == [3, 1]


def test_the_four_means():
    # tree 1/2; road absent but predicted once; car and sky occur nowhere.
    table = np.zeros((5, 7), np.int64)
    table[0, :2] = 1, 1
    counts = ClassCounts.of(table)
    means = {over: float(counts.mean_iou(Mean(name="m", over=over))) for over in OVER}
    assert means == {"union": 25, "truth": 50, "all": 12.5, "nonzero": 50}


OVER = ("union", "truth", "all", "nonzero")


def test_nothing_at_all_is_not_a_number():
    counts = ClassCounts.of(np.zeros((4, 6), np.int64))
    assert math.isnan(counts.mean_iou(Mean(name="m")))
    assert math.isnan(counts.accuracy)


def test_goose_composite_of_the_documented_example():
    """The example of docs/how_to/evaluation.md, where it is worked out on paper."""
    goose = Ontology.load("goose")
    rules = Protocol.load("goose_2026")
    layout = ConfusionLayout(goose, goose)
    fine, coarse = map_classes(rules, layout)
    assert (fine.size, coarse.size) == (56, 11)
    ids = goose.ids
    table = {
        ("soil", "soil"): 6,
        ("soil", "gravel"): 2,
        ("low_grass", "low_grass"): 5,
        ("low_grass", "soil"): 1,
        ("ego_vehicle", "ego_vehicle"): 3,
        ("ego_vehicle", "car"): 1,
        ("person", "outlier"): 1,
        ("person", "person"): 1,
        ("bikeway", "soil"): 4,
    }
    pairs = np.zeros(layout.shape, np.int64)
    for (true, guess), count in table.items():
        pairs[ids[true], ids[guess]] = count
    mean = Mean(name="miou")
    # fine: soil 6/9, gravel 0/2, low_grass 5/6, ego_vehicle 3/4, car 0/1, person 1/2
    assert float(ClassCounts.of(fine.fold(pairs)).mean_iou(mean)) == pytest.approx(
        100 * (6 / 9 + 0 + 5 / 6 + 3 / 4 + 0 + 1 / 2) / 6
    )
    # coarse: terrain 8/9, vegetation 5/6, vehicle 4/4, human 1/2
    assert float(ClassCounts.of(coarse.fold(pairs)).mean_iou(mean)) == pytest.approx(
        100 * (8 / 9 + 5 / 6 + 1 + 1 / 2) / 4
    )


def test_a_model_of_other_classes_is_refused_before_anything_is_scored():
    truth, model = ontology("tree", "road"), ontology("tree", "dragon")
    layout = ConfusionLayout(truth, model)
    with pytest.raises(ConfigError, match=r"lacks road, the truth lacks dragon; .*--partial"):
        map_classes(protocol(ClassMapping(name="fine")), layout)
    (mapped,) = map_classes(protocol(ClassMapping(name="fine")), layout, partial=True)
    counts = ClassCounts.of(mapped.fold(pairs_of(layout, [0, 0, 1], [0, 1, 1])))
    assert counts.iou.tolist() == [50, 0]


def test_groups_match_ontologies_of_different_classes():
    truth = ontology("oak", "fir", "lawn", tree=["oak", "fir"], grass=["lawn"])
    model = ontology("grass", "tree", grass=["grass"], tree=["tree"])
    layout = ConfusionLayout(truth, model)
    (mapped,) = map_classes(protocol(ClassMapping(name="coarse", grouping="group")), layout)
    counts = ClassCounts.of(mapped.fold(pairs_of(layout, [0, 1, 2, 2], [1, 1, 0, 1])))
    assert dict(zip(mapped.names, counts.iou.tolist(), strict=True)) == {
        "tree": pytest.approx(200 / 3),
        "grass": 50,
    }


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        (ClassMapping(name="fine", excluded_classes=("unicorn",)), "no classes.*unicorn"),
        (ClassMapping(name="fine", grouping="colour"), "no grouping 'colour'.*group"),
        (ClassMapping(name="fine", grouping="group", excluded_groups=("air",)), "no groups.*air"),
    ],
)
def test_what_an_ontology_lacks_is_named(mapping, sentence):
    labels = ontology("tree", tree=["tree"])
    with pytest.raises(ConfigError, match=sentence):
        map_classes(protocol(mapping), ConfusionLayout(labels, labels))


def test_a_space_that_the_protocol_lacks_is_named():
    labels = ontology("tree")
    with pytest.raises(ConfigError, match=r"no class mapping 'coarse'.*fine"):
        map_classes(
            protocol(ClassMapping(name="fine")), ConfusionLayout(labels, labels), ["coarse"]
        )


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of many sets of 30 sequences, about 95 % of the intervals hold the real accuracy."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        units = np.zeros((30, 3, 5), np.int64)
        rates = random.beta(8, 2, 30)
        units[:, 0, 0] = random.binomial(200, rates)
        units[:, 0, 1] = 200 - units[:, 0, 0]
        drawn = draw(units)
        assert drawn is not None
        low, high = interval(drawn.accuracy)
        assert low is not None
        held += low <= 80 <= high
    assert 85 <= held <= 99


def test_one_sequence_has_no_interval():
    assert draw(np.ones((1, 3, 5), np.int64)) is None


def test_rate_jitter_and_missed_stamps_by_hand():
    rate = RateStatistics()
    for ms in (0, 100, 200, 500, 600, 700, 650, 750):
        rate.add(ms * 1_000_000)
    # Gaps of 100 100 300 100 100, one step back, 100.
    assert rate.rate_hz == pytest.approx(6 / 0.8)
    assert rate.jitter_s == pytest.approx(np.std([0.1, 0.1, 0.3, 0.1, 0.1, 0.1]))
    assert (rate.missed, rate.backward) == (2, 1)
    again = RateStatistics.from_json(rate.to_json())
    again.merge(rate)
    assert (again.count, again.missed, again.rate_hz) == (12, 4, rate.rate_hz)
    assert RateStatistics().rate_hz is None
    assert RateStatistics().jitter_s is None
    assert RateStatistics().missed == 0

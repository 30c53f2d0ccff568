"""The demo's scores by hand."""

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.demo.scores import TopicScores
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionCounter, ConfusionLayout
from seg_perception.evaluation.protocol import OWN, Protocol


def ontology(*names):
    classes = [{"id": n, "name": name, "color": "#000000"} for n, name in enumerate(names)]
    return Ontology.parse({"name": "test", "classes": classes}, "test")


def scores(true, predicted, truth, labels):
    layout = ConfusionLayout(true, predicted)
    pairs = ConfusionCounter(layout).count(np.array(truth, "u1"), np.array(labels, "u1"))
    return TopicScores.of(pairs, map_classes(Protocol.load(OWN), layout, partial=True)[0])


def test_scores_by_hand():
    # truth tree tree tree road road; predicted tree tree (none) road tree
    found = scores(
        ontology("tree", "road"), ontology("road", "tree"), [0, 0, 0, 1, 1], [1, 1, 255, 0, 1]
    )
    assert found.count == 5
    assert found.labelled == 4 / 5
    assert found.accuracy == 3 / 4
    assert found.iou == {"tree": 2 / 4, "road": 1 / 2}
    assert found.mean_iou == 0.5


def test_a_class_that_the_truth_lacks_is_wrong_and_unknown_truth_does_not_count():
    found = scores(ontology("tree", "road"), ontology("tree", "dragon"), [0, 0, 255], [1, 0, 0])
    assert (found.count, found.accuracy) == (2, 0.5)
    assert found.iou == {"tree": 0.5}

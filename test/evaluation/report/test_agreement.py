"""Which pixels are right, wrong, without a label, or not counted."""

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.protocol import Protocol
from seg_perception.evaluation.report.agreement import Agreement, Outcome


def ontology(*names, ignore=(), groups=None):
    classes = [{"id": n, "name": name, "color": "#123456"} for n, name in enumerate(names)]
    data = {"name": "own", "classes": classes, "ignore": list(ignore), "groupings": groups or {}}
    return Ontology.parse(data, "test")


def one_mapping(**mapping):
    data = {"name": "own", "title": "own", "class_mappings": [{"name": "only", **mapping}]}
    return Protocol.model_validate(data)


def test_outcomes_go_by_names():
    truth = ontology("void", "sky", "trail", ignore=["void"])
    predicted = ontology("trail", "sky", "water")
    agreement = Agreement(one_mapping(), ConfusionLayout(truth, predicted))
    outcomes = agreement.of(np.array([0, 1, 2, 2, 2, 255]), np.array([1, 1, 0, 2, 255, 1]))
    assert outcomes.tolist() == [
        *(Outcome.UNCOUNTED, Outcome.RIGHT, Outcome.RIGHT),
        *(Outcome.WRONG, Outcome.MISSING, Outcome.UNCOUNTED),
    ]


def test_outcomes_of_a_grouping_are_its_groups():
    groups = {"kind": [{"name": "plant", "color": "#00ff00", "classes": ["grass", "bush"]}]}
    both = ontology("grass", "bush", "stone", groups=groups)
    agreement = Agreement(one_mapping(grouping="kind"), ConfusionLayout(both, both))
    outcomes = agreement.of(np.array([0, 0, 2]), np.array([1, 2, 2]))
    assert outcomes.tolist() == [Outcome.RIGHT, Outcome.WRONG, Outcome.UNCOUNTED]

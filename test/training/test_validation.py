# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import LabelledImage
from seg_perception.datasets.mapping import LabelMapping, TargetSpace
from seg_perception.training.config import METRICS
from seg_perception.training.models.network import NetworkOutput
from seg_perception.training.validation import Validator, metric_value, score_tables

FIELD = Ontology.load("field")
IDS = FIELD.ids
CLASSES = {
    1: {"name": "tree", "as": ["high_vegetation", "trunk"]},
    2: {"name": "sky", "as": ["sky"]},
    3: {"name": "anything", "as": ["obstacle", "person"]},
}
MAPPING = LabelMapping.model_validate({"source": "s", "ontology": "field", "classes": CLASSES})


class Fixed(torch.nn.Module):
    """Scores that make given labels win, whatever the image."""

    def __init__(self, labels):
        super().__init__()
        self.labels = torch.from_numpy(np.asarray(labels)).long()

    def forward(self, _image):
        scores = torch.nn.functional.one_hot(self.labels, FIELD.id_count).permute(2, 0, 1)
        return NetworkOutput(scores=10 * scores[None].float())


class OneImage:
    def __init__(self, targets):
        self.targets = targets

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return LabelledImage("a", np.zeros((*self.targets.shape, 3), np.uint8), self.targets)


def scores(true, predicted, ontology=FIELD):
    space = TargetSpace.build(ontology, [MAPPING])
    targets = space.lookup(MAPPING, FIELD)[np.array(true, np.uint8)]
    size = (targets.shape[1], targets.shape[0])
    labels = np.array([[IDS[name] for name in row] for row in predicted])
    return Validator(space, ontology, size).run(Fixed(labels), OneImage(targets))


def test_any_member_of_a_set_is_right_and_counts_as_the_first() -> None:
    result = scores([[1, 1, 1, 2]], [["high_vegetation", "trunk", "sky", "sky"]])
    assert result.classes == pytest.approx({"high_vegetation": 2 / 3, "sky": 1 / 2})
    assert result.pixel_accuracy == pytest.approx(3 / 4)


def test_categories_leave_out_sets_that_span_several() -> None:
    result = scores([[3, 3, 2, 1]], [["sky", "person", "sky", "grass"]])
    # Grass is the right category for a tree; the two pixels of "anything" are left out.
    assert result.categories == pytest.approx({"sky": 1.0, "vegetation": 1.0})
    assert result.classes == pytest.approx(
        {"obstacle": 1 / 2, "sky": 1 / 2, "high_vegetation": 0.0}
    )
    assert result.mean_iou == pytest.approx(1 / 3)


def test_without_the_grouping_there_are_no_categories_and_the_classes_are_the_same() -> None:
    plain = FIELD.model_copy(update={"groupings": {}})
    seen = ([[1, 1, 1, 2]], [["high_vegetation", "trunk", "sky", "sky"]])
    result = scores(*seen, plain)
    assert result.classes == scores(*seen).classes
    assert result.categories == {}
    assert "category" in score_tables({"a": scores(*seen)})
    assert "category" not in score_tables({"a": result})
    assert metric_value({"a": result}, METRICS[0]) == pytest.approx(7 / 12)

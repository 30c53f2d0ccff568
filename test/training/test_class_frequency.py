import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.mapping import TargetSpace
from seg_perception.training.class_frequency import ClassFrequency, expect_every_class
from seg_perception.training.data import TrainingData

# Classes 0, 1, 2; target 3 is {1, 2} and counts as class 1.
SPACE = TargetSpace(
    np.array(
        [[True, False, False], [False, True, False], [False, False, True], [False, True, True]]
    ),
    np.array([0, 1, 2, 1]),
)


def frequency(*rows: list[int]) -> ClassFrequency:
    return ClassFrequency(SPACE, {"a": np.array(rows)})


def test_pixels_of_real_masks_are_counted(tiny_data: TrainingData) -> None:
    taken = ClassFrequency.take(tiny_data.space, tiny_data.train, workers=2)
    counted = taken.class_pixels({"stripes": 1.0})
    assert counted.sum() == 6 * 64 * 64
    names = {tiny_data.ontology.names[int(i)] for i in np.flatnonzero(counted)}
    assert names == {"sky", "high_vegetation", "rough_trail"}


def test_a_set_counts_as_its_first_class() -> None:
    assert frequency([5, 0, 0, 7]).class_pixels({"a": 1.0}).tolist() == [5, 7, 0]


def test_sources_are_scaled_to_their_share_of_the_draws() -> None:
    both = ClassFrequency(SPACE, {"a": np.array([[30, 0, 0, 0]]), "b": np.array([[0, 10, 0, 0]])})
    # 40 pixels in all: three quarters from b.
    assert both.class_pixels({"a": 1.0, "b": 3.0}).tolist() == [10, 30, 0]


def test_a_source_that_is_not_named_does_not_count() -> None:
    both = ClassFrequency(SPACE, {"a": np.array([[30, 0, 0, 0]]), "b": np.array([[0, 10, 0, 0]])})
    assert both.class_pixels({"b": 3.0}).tolist() == [0, 10, 0]


def test_a_class_may_be_impossible_or_never_certain() -> None:
    some = frequency([5, 0, 0, 7])
    assert some.never_possible().tolist() == []
    assert some.never_certain().tolist() == [1, 2]
    assert frequency([5, 7, 0, 0]).never_possible().tolist() == [2]


def test_images_of_a_rare_class_are_repeated_by_the_root_of_the_ratio() -> None:
    rows = [[9, 0, 0, 0]] * 15 + [[9, 1, 0, 0]]
    factors = frequency(*rows).repeat_factors("a", below=0.25)
    # Class 1 is in 1 of 16 images: sqrt(0.25 * 16) = 2.
    assert factors.tolist() == [1.0] * 15 + [2.0]
    assert frequency(*rows).repeat_factors("a", below=0.0).tolist() == [1.0] * 16


def test_images_that_hold_a_target_are_found() -> None:
    assert frequency([0, 3, 0, 0], [1, 0, 0, 9], [0, 1, 0, 0]).images_with("a", 1).tolist() == [
        0,
        2,
    ]


def test_a_class_that_is_never_seen_stops_unless_it_is_accepted() -> None:
    ontology = Ontology.load("field")
    space = TargetSpace(np.eye(18, dtype=bool), np.arange(18))
    seen = np.ones((1, 18), np.int64)
    seen[0, ontology.ids["water"]] = 0
    some = ClassFrequency(space, {"a": seen})
    with pytest.raises(DatasetError, match=r"no training pixel is water \(mappings m.yaml\): add"):
        expect_every_class(some, ontology, (), ["m.yaml"])
    expect_every_class(some, ontology, ("water",), ["m.yaml"])

"""The answers of counts to questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.model_card.counts import Counts
from bench.model_card.questions import Question
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.mapping import LabelMapping, TargetSpace
from seg_perception.training.validation import (
    categories_of_classes,
    categories_of_targets,
    category_names,
    iou_by_name,
)

_GROUPING = "traversability"


def figure(
    question: Question,
    counted: Sequence[tuple[LabelMapping, Counts]],
    ontology: Ontology,
) -> float:
    """The answer, from each set's counts; not a number where nothing was asked.

    Args:
        question: what is asked.
        counted: of each of its sets, int64 (256, classes).
        ontology: of the bundle.

    Raises:
        DatasetError: it asks for what no mapping names.
    """
    if question.measure == "category_mean_iou":
        means = [_category_mean_iou(mapping, counts, ontology) for mapping, counts in counted]
        return float(np.mean(means))
    _expect_known(question, [mapping for mapping, _ in counted])
    answer = _answer(question, ontology)
    hits = asked = wrong = 0
    for mapping, counts in counted:
        true = [i for i, name in mapping.names.items() if name in question.of]
        others = _never(mapping, answer, ontology)
        hits += int(counts[true][:, answer].sum())
        asked += int(counts[true].sum())
        wrong += int(counts[others][:, answer].sum())
    total = asked + (wrong if question.measure == "iou" else 0)
    return hits / total if total else float("nan")


def _expect_known(question: Question, mappings: Sequence[LabelMapping]) -> None:
    known = {name for mapping in mappings for name in mapping.names.values()}
    if unknown := sorted({*question.of} - known):
        msg = f"{question.name}: {unknown[0]} is no class of {', '.join(question.sets)}: expected "
        raise DatasetError(msg + ", ".join(sorted(known)))


def _answer(question: Question, ontology: Ontology) -> NDArray[np.bool_]:
    """Which classes count, bool (classes,)."""
    answer = np.zeros(ontology.id_count, np.bool_)
    ids = {name: number for number, name in ontology.names.items()}
    answer[[ids[name] for name in question.classes]] = True
    names = ontology.group_names(_GROUPING)
    groups = ontology.group_ids(_GROUPING)[: ontology.id_count]
    for group in question.groups:
        answer |= groups == names.index(group)
    return answer


def _never(mapping: LabelMapping, answer: NDArray[Any], ontology: Ontology) -> list[int]:
    """Ids that stand for classes none of which is the answer: there it is wrong."""
    sets = mapping.sets(ontology)
    return [i for i, classes in sets.items() if classes and not answer[list(classes)].any()]


def _category_mean_iou(mapping: LabelMapping, counts: Counts, ontology: Ontology) -> float:
    """As training counts it: ids whose classes span several categories are left out."""
    space = TargetSpace.build(ontology, [mapping])
    given, names = categories_of_classes(ontology), [*category_names(ontology), "none"]
    true = categories_of_targets(space, ontology)
    by_group = np.zeros((len(names), len(names)), np.int64)
    for number, target in enumerate(space.lookup(mapping, ontology)):
        if target < len(true) and true[target] >= 0:
            np.add.at(by_group[true[target]], given, counts[number])
    return float(np.mean(list(iou_by_name(by_group, names).values())))

"""The answers of counts to questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.familiarity import auroc
from bench.model_card.counts import Counted, Counts
from bench.model_card.questions import Question
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.mapping import LabelMapping, TargetSpace
from seg_perception.evaluation.calibration import calibration, risk_coverage_area
from seg_perception.training.validation import (
    categories_of_classes,
    categories_of_targets,
    category_names,
    iou_by_name,
)

_GROUPING = "traversability"


def figure(
    question: Question,
    counted: Sequence[tuple[LabelMapping, Counted]],
    ontology: Ontology,
    known: Sequence[Counted] = (),
) -> float:
    """The answer, from each set's counts; not a number where nothing was asked.

    Args:
        question: what is asked.
        counted: of each of its sets.
        ontology: of the bundle.
        known: of the sets that familiarity should know, as they are.

    Raises:
        DatasetError: it asks for what no mapping names.
    """
    everything = [found for _, found in counted]
    pixels = [(mapping, found.pixels) for mapping, found in counted]
    match question.measure:
        case "category_mean_iou":
            means = [_category_mean_iou(*each, ontology) for each in pixels]
            return float(np.mean(means))
        case "ece" | "aurc":
            return _confidence(question.measure, sum(found.levels for found in everything))
        case "beyond":
            return _beyond(_distances(everything))
        case "auroc":
            return _told(_distances(everything), _distances(known))
        case _:
            return _share(question, pixels, ontology)


def _distances(counted: Sequence[Counted]) -> NDArray[np.float64]:
    return np.concatenate([found.distances for found in counted])


def _beyond(distances: NDArray[np.float64]) -> float:
    return float("nan") if np.isnan(distances).any() else float(np.mean(distances > 1))


def _told(strange: NDArray[np.float64], known: NDArray[np.float64]) -> float:
    is_known = not np.isnan([*strange, *known]).any()
    return auroc(strange, known) if is_known else float("nan")


def _confidence(measure: str, levels: Counts) -> float:
    if measure == "aurc":
        return risk_coverage_area(levels)
    values = {metric.key: metric.value for metric in calibration(levels).metrics}
    return float("nan") if (ece := values["ece"]) is None else ece


def _share(
    question: Question, counted: Sequence[tuple[LabelMapping, Counts]], ontology: Ontology
) -> float:
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

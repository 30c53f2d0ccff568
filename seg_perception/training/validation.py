"""Per-class agreement with held-out images, in the way that the bundle serves them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import interpolate

from seg_perception.core.errors import TrainingError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import LabelledImage
from seg_perception.datasets.mapping import IGNORE, TargetSpace
from seg_perception.inference.preprocessing import Resize, make_preprocessing
from seg_perception.training.config import CATEGORIES, METRICS
from seg_perception.training.data import Dataset
from seg_perception.training.models.network import normalise
from seg_perception.training.processes import Processes


@dataclass(frozen=True)
class Scores:
    """Intersection over union of one data set.

    Attributes:
        classes: by class name, for the classes that the truth holds.
        categories: by name of the ontology's `goose_category` group; pixels whose
            label spans several categories are left out. Empty where the ontology has no such
            grouping.
        pixel_accuracy: share of the labelled pixels.
    """

    classes: dict[str, float]
    categories: dict[str, float]
    pixel_accuracy: float

    @property
    def mean_iou(self) -> float:
        """Over the classes."""
        return _mean(self.classes)

    @property
    def category_mean_iou(self) -> float:
        """Over the categories; not a number where there are none."""
        return _mean(self.categories)


def category_names(ontology: Ontology) -> tuple[str, ...]:
    """The coarse categories of an ontology; none where it has no such grouping."""
    return ontology.group_names(CATEGORIES) if CATEGORIES in ontology.groupings else ()


def categories_of_classes(ontology: Ontology) -> NDArray[np.int64]:
    """Category of each class, int64 (classes,); their number where a class has none."""
    count = len(category_names(ontology))
    if not count:
        return np.zeros(ontology.id_count, np.int64)
    return np.minimum(ontology.group_ids(CATEGORIES)[: ontology.id_count].astype(np.int64), count)


def categories_of_targets(space: TargetSpace, ontology: Ontology) -> NDArray[np.int64]:
    """Category of each target, int64 (targets,); -1 where its classes are of several."""
    of_class = categories_of_classes(ontology)
    groups = [np.unique(of_class[members]) for members in space.members]
    return np.array([g[0] if len(g) == 1 else -1 for g in groups], np.int64)


def metric_value(scores: Mapping[str, Scores], metric: str) -> float:
    """The number by which the best checkpoint is chosen; 0 where nothing is validated.

    Args:
        scores: by source.
        metric: mean_iou, category_mean_iou, pixel_accuracy, or a class's name.

    Raises:
        TrainingError: no source has it.
    """
    if not scores:
        return 0.0
    values = [
        score.classes.get(metric) if metric not in METRICS else float(getattr(score, metric))
        for score in scores.values()
    ]
    known = [value for value in values if value is not None]
    if not known:
        held = sorted({name for score in scores.values() for name in score.classes})
        msg = f"metric {metric!r}: expected one of {[*METRICS, *held]}, what validation measures"
        raise TrainingError(msg)
    return float(np.mean(known))


class Validator:
    """Counts predicted against true classes.

    A prediction inside a pixel's target set counts as the set's first class.

    Args:
        space: sets and classes.
        ontology: names and categories.
        size: width, height of the network.
    """

    def __init__(self, space: TargetSpace, ontology: Ontology, size: tuple[int, int]) -> None:
        """Prepare the tables."""
        self._space = space
        self._ontology = ontology
        self._size = size
        self._preprocessing = make_preprocessing(size, Resize())
        self._groups = [*category_names(ontology), "none"]
        self._group_of = categories_of_classes(ontology)
        self._group_of_target = categories_of_targets(space, ontology)

    def run(
        self, network: nn.Module, dataset: Dataset, processes: Processes | None = None
    ) -> Scores:
        """Predict every image of a data set, each process its share, and score it."""
        processes = processes or Processes.alone()
        classes = self._space.class_count
        by_class: NDArray[np.int64] = np.zeros((classes, classes), np.int64)
        groups = len(self._groups)
        by_group: NDArray[np.int64] = np.zeros((groups, groups), np.int64)
        for index in range(processes.rank, len(dataset), processes.count):
            sample = dataset[index]
            predicted = self.predict(network, sample)
            by_class += self._confusion(sample.targets, predicted)
            by_group += self._group_confusion(sample.targets, predicted)
        by_class, by_group = processes.sum(by_class), processes.sum(by_group)
        names = [self._ontology.names[i] for i in range(classes)]
        accuracy = float(by_class.trace() / max(by_class.sum(), 1))
        categories = iou_by_name(by_group, self._groups) if len(self._groups) > 1 else {}
        return Scores(iou_by_name(by_class, names), categories, accuracy)

    @torch.no_grad()
    def predict(self, network: nn.Module, sample: LabelledImage) -> NDArray[np.int64]:
        """int64 (H, W) class ids at the image's own size."""
        image = self._preprocessing.prepare(sample.image)
        device = next(network.parameters(), torch.empty(0)).device
        pixels = torch.from_numpy(image)[None].to(device)
        scores = network(normalise(pixels)).semantic_scores()
        scores = interpolate(scores.float(), self._size[::-1], mode="bilinear", align_corners=False)
        labels = scores.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()
        height, width = sample.targets.shape
        return cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.int64)

    def _confusion(
        self, targets: NDArray[np.uint8], predicted: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        labelled = targets != IGNORE
        wanted, got = targets[labelled].astype(np.int64), predicted[labelled]
        true = self._space.primary[wanted]
        got = np.where(self._space.members[wanted, got], true, got)
        return _count(true, got, self._space.class_count)

    def _group_confusion(
        self, targets: NDArray[np.uint8], predicted: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        labelled = targets != IGNORE
        wanted = targets[labelled].astype(np.int64)
        true, got = self._group_of_target[wanted], self._group_of[predicted[labelled]]
        clear = true >= 0
        return _count(true[clear], got[clear], len(self._groups))


def _count(true: NDArray[np.int64], got: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.bincount(true * size + got, minlength=size * size).reshape(size, size)


def iou_by_name(confusion: NDArray[np.int64], names: list[str]) -> dict[str, float]:
    """Intersection over union of what the truth holds; confusion int64 (n, n), truth by rows."""
    hits = confusion.diagonal()
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    present = np.flatnonzero(confusion.sum(axis=1))
    return {names[i]: float(hits[i] / union[i]) for i in present}


def score_tables(scores: Mapping[str, Scores], never_certain: Sequence[str] = ()) -> str:
    """One table per class and one per category: a column for each data set.

    Args:
        scores: by data set.
        never_certain: classes that no training pixel names for certain.
    """
    parts = [_table("class", {name: score.classes for name, score in scores.items()})]
    if any(score.categories for score in scores.values()):
        parts.append(_table("category", {name: s.categories for name, s in scores.items()}))
    if never_certain:
        parts.append(f"No training pixel names for certain: {', '.join(never_certain)}.")
    return "\n\n".join(parts)


def _table(what: str, columns: Mapping[str, Mapping[str, float]]) -> str:
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    lines = [f"| {what} | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    lines += [
        f"| {row} | {' | '.join(_cell(column.get(row)) for column in columns.values())} |"
        for row in rows
    ]
    means = (f"**{_mean(column):.3f}**" for column in columns.values())
    return "\n".join([*lines, f"| **mean** | {' | '.join(means)} |"])


def _mean(column: Mapping[str, float]) -> float:
    return float(np.mean(list(column.values()))) if column else math.nan


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"

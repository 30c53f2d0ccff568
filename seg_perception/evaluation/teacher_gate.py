"""Which classes a teacher may label: those that it tells better than the student, proven apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.bootstrap import DRAWS, intervals, resample
from seg_perception.evaluation.scores import ClassCounts, Floats

# A teacher that is no better gets any class at all in at most so many gates.
CHANCE = 0.05
_SEED = 20261201


@dataclass(frozen=True)
class ClassVerdict:
    """Whether a class takes a teacher's labels.

    Attributes:
        name: of the class.
        teacher, student: IoU on the held-out units, percent.
        gain: of the teacher, points.
        low, high: bounds of the gain's 95 % interval, points; None with fewer than two units.
        units: held-out units on which the two do not say the same of this class.
        chance: that a teacher who is no better looks at least as good.
        takes: whether it takes them.
    """

    name: str
    teacher: float
    student: float
    gain: float
    low: float | None
    high: float | None
    units: int
    chance: float
    takes: bool

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def __str__(self) -> str:
        """The verdict in words."""
        head = "takes the teacher's labels" if self.takes else "keeps the student's"
        bounds = (
            f", 95 % interval {self.low:+.1f} to {self.high:+.1f}"
            if self.low is not None and self.high is not None
            else ""
        )
        return (
            f"{self.name} {head}: held-out IoU {self.teacher:.1f} % against {self.student:.1f} % "
            f"({self.gain:+.1f} points{bounds}; they differ on {self.units} frames)"
        )


def count_classes(
    frames: Iterable[tuple[NDArray[Any], NDArray[Any]]], class_count: int
) -> ClassCounts:
    """Counts of each held-out frame, (U, K).

    Args:
        frames: truth and labels of each, of one shape; truth of `class_count` or above is not known
            and does not count, labels so are none.
        class_count: K.
    """
    rows = []
    for truth, labels in frames:
        known = truth < class_count
        of_truth, said = truth[known].astype(np.int64), labels[known].astype(np.int64)
        right = of_truth[of_truth == said]
        some = (right, of_truth, said[said < class_count])
        rows.append([np.bincount(part, minlength=class_count) for part in some])
    counts = np.array(rows, np.int64).reshape(-1, 3, class_count)
    return ClassCounts(counts[:, 0], counts[:, 1], counts[:, 2])


def judge_teacher(
    names: Sequence[str], teacher: ClassCounts, student: ClassCounts
) -> list[ClassVerdict]:
    """Judge a teacher class by class, on units that neither teacher nor student was fitted to.

    Where the teacher is no better, it might as well have been the student: exchanging the two on
    any of the units gives gains as likely as the one that was found (a permutation test, exact for
    any number of units). A class takes the teacher's labels where at most `CHANCE`, divided by the
    number of classes that are judged, of the exchanges gain as much.

    Args:
        names: of the K classes.
        teacher, student: counts of the same units, (U, K): frames, or stretches of a drive where
            frames resemble each other. Pixels, or points with their weights.

    Returns:
        A verdict for each class that the held-out truth has; the others take nothing.
    """
    judged = np.flatnonzero(np.asarray(student.truth).sum(axis=0) > 0)
    some = [_of_classes(counts, judged) for counts in (teacher, student)]
    means = [_iou(_total(counts)) for counts in some]
    gains = means[0] - means[1]
    low, high = _bounds(*some)
    chances = _chances(some[0], some[1], gains)
    units = _differing(*some)
    return [
        ClassVerdict(
            name=names[number],
            teacher=float(means[0][place]),
            student=float(means[1][place]),
            gain=float(gains[place]),
            low=low[place],
            high=high[place],
            units=int(units[place]),
            chance=float(chances[place]),
            takes=bool(gains[place] > 0 and chances[place] <= CHANCE / len(judged)),
        )
        for place, number in enumerate(judged.tolist())
    ]


def _of_classes(counts: ClassCounts, judged: NDArray[np.intp]) -> ClassCounts:
    return ClassCounts(
        counts.correct[:, judged], counts.truth[:, judged], counts.predicted[:, judged]
    )


def _total(counts: ClassCounts) -> ClassCounts:
    return ClassCounts(
        counts.correct.sum(axis=0), counts.truth.sum(axis=0), counts.predicted.sum(axis=0)
    )


def _iou(counts: ClassCounts) -> Floats:
    """IoU, percent; 0 where a draw has nothing of a class."""
    return np.nan_to_num(counts.iou)


def _bounds(
    teacher: ClassCounts, student: ClassCounts
) -> tuple[Sequence[float | None], Sequence[float | None]]:
    drawn = [resample(counts) for counts in (teacher, student)]
    if drawn[0] is None or drawn[1] is None:
        nothing: list[float | None] = [None] * teacher.correct.shape[1]
        return nothing, nothing
    return intervals(_iou(drawn[0]) - _iou(drawn[1]))


def _chances(teacher: ClassCounts, student: ClassCounts, gains: Floats) -> Floats:
    """How often two that are exchanged at random gain as much, (K,)."""
    swapped = np.random.default_rng(_SEED).integers(2, size=(DRAWS, len(teacher.correct)))
    one = _exchanged(teacher, student, swapped)
    other = _exchanged(student, teacher, swapped)
    # Sums of weights may round; what is found counts as one of the exchanges itself.
    as_good = (_iou(one) - _iou(other) >= gains - 1e-9).sum(axis=0)
    return np.asarray((1 + as_good) / (1 + DRAWS), np.float64)


def _exchanged(one: ClassCounts, other: ClassCounts, swapped: NDArray[np.int64]) -> ClassCounts:
    kept = 1 - swapped
    return ClassCounts(
        kept @ one.correct + swapped @ other.correct,
        kept @ one.truth + swapped @ other.truth,
        kept @ one.predicted + swapped @ other.predicted,
    )


def _differing(teacher: ClassCounts, student: ClassCounts) -> NDArray[np.int64]:
    differs = (teacher.correct != student.correct) | (teacher.predicted != student.predicted)
    return np.asarray(differs.sum(axis=0), np.int64)

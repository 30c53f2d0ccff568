from __future__ import annotations

import numpy as np
import pytest

from seg_perception.evaluation.scores import ClassCounts
from seg_perception.evaluation.teacher_gate import CHANCE, count_classes, judge_teacher

NAMES = ("grass", "log", "water")


def said(truth: np.ndarray, rates: tuple[float, ...], seed: int) -> np.ndarray:
    """Labels that are right with each class's rate, else the class after it."""
    rng = np.random.default_rng(seed)
    right = rng.uniform(size=truth.shape) < np.array(rates)[truth]
    return np.where(right, truth, (truth + 1) % len(rates))


def frames(count: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(3, size=(20, 20)) for _ in range(count)]


def counted(truths, rates, seed) -> ClassCounts:
    pairs = ((t, said(t, rates, seed + n)) for n, t in enumerate(truths))
    return count_classes(pairs, 3)


def test_counts_of_a_frame_are_those_worked_out_by_hand():
    truth = np.array([[0, 0, 1, 255]], np.uint8)
    labels = np.array([[0, 1, 1, 1]], np.uint8)
    counts = count_classes([(truth, labels)], 2)
    assert counts.correct.tolist() == [[1, 1]]
    assert counts.truth.tolist() == [[2, 1]]
    assert counts.predicted.tolist() == [[1, 2]], "what is not known does not count"
    assert counts.iou.tolist() == [[50.0, 50.0]]


def test_a_label_that_is_none_counts_for_no_class():
    counts = count_classes([(np.zeros((1, 4), np.uint8), np.array([[0, 255, 255, 0]]))], 2)
    assert counts.predicted.tolist() == [[2, 0]]
    assert counts.iou[0, 0] == 50.0


def test_only_the_classes_that_a_teacher_tells_better_take_its_labels():
    truths = frames(12)
    # Better on log, worse on water, grass as good; grass is mistaken for log more or less often.
    teacher = counted(truths, (0.7, 0.95, 0.4), 100)
    student = counted(truths, (0.7, 0.5, 0.9), 900)
    verdicts = {v.name: v for v in judge_teacher(NAMES, teacher, student)}
    assert verdicts["log"].takes
    assert verdicts["log"].low > 0
    assert not verdicts["water"].takes
    assert verdicts["water"].high < 0
    assert verdicts["log"].gain == pytest.approx(
        float(100 * teacher.correct[:, 1].sum() / _either(teacher, 1))
        - float(100 * student.correct[:, 1].sum() / _either(student, 1))
    )
    assert str(verdicts["log"]).startswith("log takes the teacher's labels: held-out IoU ")
    assert str(verdicts["water"]).startswith("water keeps the student's: held-out IoU ")


def _either(counts: ClassCounts, number: int) -> float:
    total = counts.truth[:, number].sum() + counts.predicted[:, number].sum()
    return float(total - counts.correct[:, number].sum())


def test_so_few_units_that_luck_would_do_take_nothing():
    # With four frames one exchange in sixteen is the one that was found: never below 1 in 60.
    few = frames(4)
    verdicts = judge_teacher(NAMES, counted(few, (0.99,) * 3, 1), counted(few, (0.3, 0.3, 0.3), 50))
    assert all(v.gain > 30 for v in verdicts)
    assert not any(v.takes for v in verdicts)
    many = frames(10)
    verdicts = judge_teacher(
        NAMES, counted(many, (0.99,) * 3, 1), counted(many, (0.3, 0.3, 0.3), 50)
    )
    assert all(v.takes for v in verdicts)


def test_one_that_is_no_better_gets_a_class_in_at_most_one_of_twenty_gates():
    passed = 0
    trials = 200
    for trial in range(trials):
        truths = frames(8, seed=trial)
        # Each frame is easy for one and hard for the other, by chance: gains have heavy tails.
        rng = np.random.default_rng(5000 + trial)
        rates = rng.choice([0.2, 0.95], size=(2, len(truths)))
        counts = [
            count_classes(
                (
                    (t, said(t, (rates[who, n],) * 3, 10_000 * who + 31 * trial + n))
                    for n, t in enumerate(truths)
                ),
                3,
            )
            for who in range(2)
        ]
        passed += any(v.takes for v in judge_teacher(NAMES, *counts))
    # Two deviations of so many trials above the chance.
    assert passed / trials <= CHANCE + 2 * (CHANCE * (1 - CHANCE) / trials) ** 0.5


def test_the_same_labels_give_nothing():
    truths = frames(12)
    counts = counted(truths, (0.6,) * 3, 3)
    verdicts = judge_teacher(NAMES, counts, counts)
    assert [v.gain for v in verdicts] == [0.0] * 3
    assert not any(v.takes for v in verdicts)
    assert all(v.units == 0 for v in verdicts)


def test_a_class_that_the_truth_lacks_is_not_judged():
    truths = [np.zeros((4, 4), np.int64) for _ in range(12)]
    verdicts = judge_teacher(NAMES, *[count_classes(((t, t) for t in truths), 3)] * 2)
    assert [v.name for v in verdicts] == ["grass"]


def test_without_held_out_units_nothing_is_taken():
    nothing = count_classes([], 3)
    assert judge_teacher(NAMES, nothing, nothing) == []


def test_one_unit_has_no_interval_and_takes_nothing():
    one = frames(1)
    verdicts = judge_teacher(NAMES, counted(one, (0.9,) * 3, 1), counted(one, (0.2,) * 3, 2))
    assert all(v.low is None and not v.takes for v in verdicts)
    assert "interval" not in str(verdicts[0])

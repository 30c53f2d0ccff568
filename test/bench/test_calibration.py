"""What the benchmark of the calibration plants, and what it counts as false and as right."""

from dataclasses import replace

import numpy as np
import pytest

from bench.calibration.planted import Case, Plant, at_random, grid, nothing, turned
from bench.calibration.report import markdown
from bench.calibration.worlds import STEP_S, STEPS, late
from seg_perception.alignment.rotation_search import turn
from seg_perception.calibration.clock_search import OFFSETS_S

CASE = Case(
    key="world 1: true",
    source="simulated",
    half="reported",
    moments=4,
    planted=(0.0,) * 7,
    left=(0.0,) * 7,
    interval=(0.1,) * 7,
    known=(),
    level="good",
    clock=False,
    seconds=1.0,
)


def case(planted, left=(), level="good", **changes):
    def filled(values):
        return (*map(float, values), *(0.0,) * (7 - len(values)))

    return replace(CASE, planted=filled(planted), left=filled(left), level=level, **changes)


@pytest.mark.parametrize(
    ("planted", "level", "is_false"),
    [
        ((1.0,), "good", True),
        ((0, 0, 2.0), "good", True),
        ((0.9, 0.9, 1.9), "good", False),
        ((0, 0, 0, 0.15), "good", True),
        ((0, 0, 0, 0.1, 0.1, 0.1, 0.02), "good", False),
        ((0, 0, 0, 0, 0, 0, -0.03), "good", True),
        ((3.0,), "off", False),
        ((3.0,), "undecided", False),
    ],
)
def test_good_is_false_from_a_degree_15_cm_and_30_ms_on(planted, level, is_false):
    assert case(planted, level=level).is_false_good == is_false


def test_good_with_a_word_of_the_clock_is_not_called_good():
    assert not case((0, 0, 0, 0, 0, 0, 0.06), clock=True).is_false_good


def test_the_true_pose_may_be_called_off_by_what_it_may_be_off_by():
    assert not case((0,), (0.5, 0, 1.4), "off").is_false_alarm
    assert case((0,), (0.8,), "off").is_false_alarm
    assert not case((0,), (0.8,), "undecided").is_false_alarm
    assert not case((2,), (0.8,), "off").is_false_alarm


def test_a_result_is_read_as_it_was_written():
    written = case((1, 2, 3), (0.1,), "off", known=("yaw", "clock"))
    assert Case.from_json(written.to_json()) == written


def test_the_same_errors_are_planted_again():
    assert not any(nothing().values)
    for plants in (grid, turned, lambda seed: [at_random(seed)]):
        assert [one.values for one in plants(3)] == [one.values for one in plants(3)]
    assert [np.abs(one.values[:3]).tolist() for one in turned(1)][1] == [1.0, 1.0, 1.0]
    # Of the grid, one thing at a time, up to 5 degrees, 20 cm and 60 ms.
    found = np.abs([one.values for one in grid(2)])
    assert (np.count_nonzero(found, axis=1) == 1).all()
    assert (found[:, :3].max(), found[:, 3:6].max(), found[:, 6].max()) == (5.0, 0.2, 0.06)


def test_late_stamps_are_mended_by_an_offset_that_undoes_them():
    class Seen:
        T_camera_lidar = np.stack([turn(np.array([0.0, k, 0.0])) for k in range(-STEPS, STEPS + 1)])

    (poses,) = (one.T_camera_lidar for one in _late(Seen(), 0.03))
    middle = len(OFFSETS_S) // 2
    assert len(poses) == len(OFFSETS_S)
    assert np.array_equal(poses[middle - round(0.03 / STEP_S)], np.eye(4))


def _late(seen, clock_s):
    from types import SimpleNamespace
    from unittest.mock import patch

    with patch("bench.calibration.worlds.replace", lambda _, **kept: SimpleNamespace(**kept)):
        return late([seen], clock_s, OFFSETS_S[-1])


def test_a_plant_without_offsets_leaves_the_clock(monkeypatch):
    monkeypatch.setattr(
        "bench.calibration.planted.replace", lambda _, T_camera_lidar: T_camera_lidar
    )

    class Seen:
        T_camera_lidar = np.eye(4)[None]

    (poses,) = Plant("moved", (0, 0, 0, 0.1, 0, 0, 0.05)).into([Seen()])
    assert poses[0][:3, 3] == pytest.approx([0.1, 0, 0])


def test_each_false_verdict_is_listed():
    cases = [case((0,)), case((2.0,), key="bad one"), case((1.0,), (0.1,), "off")]
    text = markdown(cases)
    assert "1 of 2" in text
    assert text.count("- false good: bad one: planted 2.00/0.00/0.00") == 1

from __future__ import annotations

import math

import numpy as np
import pytest

from seg_perception.teaching.gate import ODDS, GatePoint, evidence, judge, without_points


def points(new: int, old: int, neither: int = 0) -> list[GatePoint]:
    return [
        *[GatePoint(old_right=False, new_right=True)] * new,
        *[GatePoint(old_right=True, new_right=False)] * old,
        *[GatePoint(old_right=False, new_right=False)] * neither,
    ]


def test_the_bet_is_the_weighted_mean_of_likelihood_ratios():
    # With q = 2p - 1 and the density 6 q (1 - q): wins alone are the mean of (1 + q)^n, where q has
    # the mean 1/2 and q^2 the mean 3/10; losses alone are that of (1 - q)^n, 6 / (n + 2) / (n + 3).
    assert evidence(0, 0) == pytest.approx(1.0)
    assert evidence(1, 0) == pytest.approx(1.5, rel=1e-4)
    assert evidence(2, 0) == pytest.approx(1 + 1 + 3 / 10, rel=1e-4)
    assert evidence(0, 4) == pytest.approx(1 / 7, rel=1e-4)
    # A win and a loss: the mean of 1 - q^2.
    assert evidence(1, 1) == pytest.approx(7 / 10, rel=1e-4)


def test_a_model_that_is_right_more_often_goes_out():
    verdict = judge(points(12, 2, 6), 0.2, 60, 120)
    assert verdict.decision == "better"
    assert verdict.passed
    assert "12, the old one at 2" in str(verdict)
    assert verdict.low > 0


def test_a_model_that_is_right_less_often_does_not():
    assert judge(points(2, 12), 0.2, 60, 120).decision == "worse"
    assert not judge(points(2, 12), 0.2, 60, 120).passed


def test_too_few_points_ask_for_more_and_never_say_no():
    none = judge([], 0.2, 60, 120)
    assert (none.decision, none.more) == ("ask more", 12)
    few = judge(points(5, 2), 0.2, 60, 120)
    assert few.decision == "ask more"
    assert few.more == 5
    assert "answer 5 more points" in str(few)


def test_what_is_not_proven_within_the_most_points_is_refused():
    verdict = judge(points(24, 20, 16), 0.2, 60, 120)
    assert verdict.decision == "not proven"
    assert not verdict.passed


def test_what_can_not_be_asked_is_not_asked_for():
    few = judge(points(5, 2), 0.2, 60, 3)
    assert (few.decision, few.more) == ("ask more", 3)
    assert judge(points(5, 2), 0.2, 60, 0).decision == "not proven"
    assert judge([], 0.2, 60, 0).decision == "not proven", "nobody knows any of them"
    alike = judge([], 0.0, 60, 0)
    assert (alike.decision, alike.passed) == ("no difference", False)
    assert "says what the one before says; click on more errors" in str(alike)


def test_without_kept_aside_points_nothing_goes_out():
    assert not without_points().passed
    assert str(without_points()).endswith("give a longer drive or more images.")


def test_the_interval_is_of_all_pixels():
    # Where both differ on a tenth, no change of more than a tenth is possible.
    verdict = judge(points(20, 0), 0.1, 60, 120)
    assert 0 < verdict.low < verdict.gain < verdict.high <= 0.1


def passes(chances: tuple[float, float], draws: int, most: int = 60) -> float:
    """How often a model goes out that is right so often where it differs, asked one by one."""
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(draws):
        new = old = 0
        for _asked in range(most):
            drawn = rng.uniform()
            new += drawn < chances[0]
            old += chances[0] <= drawn < sum(chances)
            if evidence(new, old) >= ODDS:
                passed += 1
                break
            if evidence(old, new) >= ODDS:
                break
    return passed / draws


def test_a_harmful_model_is_refused_and_a_good_one_goes_out_whenever_one_looks():
    # The rates that prototypes had: harmful 43 against 45 % at the best, good 53 against 12 %.
    assert passes((0.43, 0.45), 400) <= 1 / ODDS + 2 * math.sqrt(0.05 * 0.95 / 400)
    assert passes((0.20, 0.52), 400) == 0
    assert passes((0.53, 0.12), 400) >= 0.95

"""Conditions of a CI on a comparison."""

import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.evaluation.compare import compare
from seg_perception.evaluation.regression_gate import Gate

from .conftest import counts, with_units


def test_gates_of_a_ci():
    before = with_units("old", [counts(60, 40), counts(80, 20)])
    after = with_units("new", [counts(59, 41), counts(79, 21)])
    comparison = compare(before, [after])
    assert Gate.parse("accuracy < -0.4").fired(comparison)
    assert not Gate.parse("accuracy < -0.6").fired(comparison)
    assert Gate.parse("camera.front:fine.iou.grass<=-1").fired(comparison)
    assert not Gate.parse("fine.iou.grass > 0").fired(comparison)
    with pytest.raises(ConfigError, match="nothing of that name"):
        Gate.parse("iou.unicorn < 0").fired(comparison)
    with pytest.raises(ConfigError, match="nothing of that name"):
        Gate.parse("lidar.top:miou < 0").fired(comparison)


@pytest.mark.parametrize("text", ["miou", "miou < low", "< 3", "miou = 3"])
def test_what_is_no_gate_is_refused(text):
    with pytest.raises(ConfigError, match="--fail-if"):
        Gate.parse(text)

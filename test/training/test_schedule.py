import pytest

from seg_perception.training.config import OptimizerConfig
from seg_perception.training.optimizer import learning_rate


def test_a_cosine_rises_then_falls_to_zero() -> None:
    config = OptimizerConfig(learning_rate=1.0, warmup_steps=10)
    assert learning_rate(0, 110, config) == pytest.approx(0.1)
    assert learning_rate(10, 110, config) == pytest.approx(1.0)
    assert learning_rate(60, 110, config) == pytest.approx(0.5)
    assert learning_rate(110, 110, config) == pytest.approx(0.0)


def test_poly_falls_by_a_power_of_what_is_left() -> None:
    config = OptimizerConfig(learning_rate=2.0, warmup_steps=0, schedule="poly", power=2)
    assert learning_rate(0, 100, config) == pytest.approx(2)
    assert learning_rate(50, 100, config) == pytest.approx(0.5)
    assert learning_rate(100, 100, config) == 0

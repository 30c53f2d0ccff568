# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.datasets.mapping import TargetSpace
from seg_perception.training.losses import PATCH, SetCrossEntropy, effective_number_weights

SPACE = TargetSpace(
    np.array(
        [[True, False, False], [False, True, False], [False, False, True], [False, True, True]]
    ),
    np.array([0, 1, 2, 1]),
)


def loss(logits: list[float], target: int, weights: tuple[float, ...] = (1, 1, 1)) -> float:
    scores = torch.tensor(logits).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    targets = torch.full((1, 2, 2), target, dtype=torch.uint8)
    return float(SetCrossEntropy(SPACE, np.array(weights, float))(scores, targets))


def test_a_single_class_is_plain_cross_entropy() -> None:
    assert loss([0.0, math.log(2), 0.0], 1) == pytest.approx(-math.log(2 / 4))


def test_a_set_asks_for_the_sum_of_its_members() -> None:
    # Shares 1/8, 2/8, 5/8: the set of the last two has 7/8.
    assert loss([0.0, math.log(2), math.log(5)], 3) == pytest.approx(-math.log(7 / 8))


def test_a_set_does_not_mind_which_member_wins() -> None:
    assert loss([0.0, 3.0, -1.0], 3) == pytest.approx(loss([0.0, -1.0, 3.0], 3))


def test_ignored_pixels_count_nothing() -> None:
    assert loss([5.0, 0.0, 0.0], 255) == 0
    scores = torch.tensor([0.0, math.log(2), 0.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    targets = torch.full((1, 4, 4), 255, dtype=torch.uint8)
    targets[0, 0, 0] = 1
    assert float(SetCrossEntropy(SPACE, np.ones(3))(scores, targets)) == pytest.approx(math.log(2))


def test_weights_average_over_the_labelled_pixels() -> None:
    scores = torch.zeros(1, 3, 2, 4)
    scores[:, 0, :, 2:] = math.log(4)
    targets = torch.tensor([[0, 0, 1, 1]] * 2, dtype=torch.uint8)[None]
    # A grid of every other pixel sees columns 0 (target 0, share 1/3) and 2 (target 1, share 1/6).
    value = float(SetCrossEntropy(SPACE, np.array([3.0, 1.0, 1.0]))(scores, targets))
    assert value == pytest.approx((3 * math.log(3) + math.log(6)) / 4)


def test_effective_number_of_one_patch_and_of_many() -> None:
    weights = effective_number_weights(np.array([PATCH, 1000 * PATCH, 0]), beta=0.99)
    # One patch: effective number 1; a thousand: (1 - 0.99^1000) / 0.01 = 99.9957.
    assert weights[0] / weights[1] == pytest.approx((1 - 0.99**1000) / 0.01)
    assert weights[2] == 1
    pixels = np.array([1, 1000])
    assert (weights[:2] * pixels).sum() / pixels.sum() == pytest.approx(1)

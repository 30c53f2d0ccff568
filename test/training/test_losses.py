# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.datasets.mapping import TargetSpace
from seg_perception.training.losses import (
    PATCH,
    SegmentationLoss,
    SetCrossEntropy,
    SetLovasz,
    effective_number_weights,
)

SPACE = TargetSpace(
    np.array(
        [[True, False, False], [False, True, False], [False, False, True], [False, True, True]]
    ),
    np.array([0, 1, 2, 1]),
)


def log_shares(*logits: list[float]) -> torch.Tensor:
    """One row of pixels, (1, 3, 1, W)."""
    return torch.tensor(logits).T.reshape(1, 3, 1, -1).log_softmax(dim=1)


def loss(logits: list[float], target: int, weights: tuple[float, ...] = (1, 1, 1)) -> float:
    return float(
        SetCrossEntropy(SPACE, np.array(weights, float))(
            log_shares(logits), torch.tensor([[[target]]])
        )
    )


def test_a_single_class_is_plain_cross_entropy() -> None:
    assert loss([0.0, math.log(2), 0.0], 1) == pytest.approx(-math.log(2 / 4))


def test_a_set_asks_for_the_sum_of_its_members() -> None:
    # Shares 1/8, 2/8, 5/8: the set of the last two has 7/8.
    assert loss([0.0, math.log(2), math.log(5)], 3) == pytest.approx(-math.log(7 / 8))


def test_a_set_does_not_mind_which_member_wins() -> None:
    assert loss([0.0, 3.0, -1.0], 3) == pytest.approx(loss([0.0, -1.0, 3.0], 3))


def test_ignored_pixels_count_nothing() -> None:
    assert loss([5.0, 0.0, 0.0], 255) == 0
    pixels = [[0.0, math.log(2), 0.0]] * 4
    targets = torch.tensor([[[1, 255, 255, 255]]])
    value = float(SetCrossEntropy(SPACE, np.ones(3))(log_shares(*pixels), targets))
    assert value == pytest.approx(math.log(2))


def test_weights_average_over_the_labelled_pixels() -> None:
    pixels = [[0.0, 0.0, 0.0], [math.log(4), 0.0, 0.0]]
    # Shares of the targets: 1/3 of class 0, 1/6 of class 1.
    value = float(
        SetCrossEntropy(SPACE, np.array([3.0, 1.0, 1.0]))(
            log_shares(*pixels), torch.tensor([[[0, 1]]])
        )
    )
    assert value == pytest.approx((3 * math.log(3) + math.log(6)) / 4)


def test_lovasz_of_hard_answers_is_one_minus_iou() -> None:
    hard = 50.0
    answers = [[hard, 0.0, 0.0], [hard, 0.0, 0.0], [hard, 0.0, 0.0], [0.0, hard, 0.0]]
    # Class 0: 2 of 3 in common; class 1: 1 of 2.
    targets = torch.tensor([[[0, 0, 1, 1]]])
    value = float(SetLovasz(SPACE)(log_shares(*answers), targets))
    assert value == pytest.approx(((1 - 2 / 3) + (1 - 1 / 2)) / 2)


def test_lovasz_takes_any_member_of_a_set_as_its_first_class() -> None:
    answers = [[0.0, 0.0, 50.0], [0.0, 50.0, 0.0]]
    assert float(SetLovasz(SPACE)(log_shares(*answers), torch.tensor([[[3, 3]]]))) == pytest.approx(
        0, abs=1e-6
    )
    assert float(SetLovasz(SPACE)(log_shares(*answers), torch.tensor([[[255, 255]]]))) == 0


def test_one_pixel_of_four_is_compared_another_in_each_image() -> None:
    scores = torch.zeros(4, 3, 2, 2)
    targets = torch.full((4, 4, 4), 255, dtype=torch.uint8)
    for image, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        targets[image, row, column] = 0
    loss_of_all = SegmentationLoss(SPACE, np.ones(3), lovasz=0.0)
    assert float(loss_of_all(scores, targets)) == pytest.approx(math.log(3))
    assert float(loss_of_all(scores, targets.roll(1, dims=0))) == 0


@pytest.mark.parametrize("kind", [SetCrossEntropy, SetLovasz])
def test_gradients_are_what_finite_differences_say(
    kind: type[SetCrossEntropy] | type[SetLovasz],
) -> None:
    weights = [np.array([3.0, 1.0, 2.0])] if kind is SetCrossEntropy else []
    loss_of = kind(SPACE, *weights).double()
    torch.manual_seed(0)
    scores = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([[[0, 1, 3], [2, 255, 3]], [[1, 1, 0], [3, 2, 255]]])
    assert torch.autograd.gradcheck(lambda s: loss_of(s.log_softmax(dim=1), targets), scores)


def test_lovasz_is_added_with_its_share() -> None:
    torch.manual_seed(0)
    scores = torch.randn(2, 3, 4, 4)
    targets = torch.randint(0, 4, (2, 16, 16), dtype=torch.uint8)
    plain, half, whole = (
        float(SegmentationLoss(SPACE, np.ones(3), lovasz=share)(scores, targets))
        for share in (0.0, 0.5, 1.0)
    )
    assert half - plain == pytest.approx((whole - plain) / 2, rel=1e-5)
    assert whole > plain


def test_effective_number_of_one_patch_and_of_many() -> None:
    weights = effective_number_weights(np.array([PATCH, 1000 * PATCH, 0]), beta=0.99)
    # One patch: effective number 1; a thousand: (1 - 0.99^1000) / 0.01 = 99.9957.
    assert weights[0] / weights[1] == pytest.approx((1 - 0.99**1000) / 0.01)
    assert weights[2] == 1
    pixels = np.array([1, 1000])
    assert (weights[:2] * pixels).sum() / pixels.sum() == pytest.approx(1)

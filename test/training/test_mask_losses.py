# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import math
from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.datasets.mapping import TargetSpace
from seg_perception.training.config import LossConfig
from seg_perception.training.mask_losses import (
    MaskLosses,
    Segments,
    cross_entropy,
    dice_loss,
    sample_ids,
    sample_maps,
)
from seg_perception.training.models.network import MaskLayer

SPACE = TargetSpace(
    np.array(
        [[True, False, False], [False, True, False], [False, False, True], [False, True, True]]
    ),
    np.array([0, 1, 2, 1]),
)
CONFIG = LossConfig(points=256)
SURE = 30.0


def halves(left: int, right: int) -> torch.Tensor:
    targets = torch.full((1, 8, 8), left, dtype=torch.uint8)
    targets[..., 4:] = right
    return targets


def layer(classes: list[int], left: list[bool]) -> MaskLayer:
    """Queries that are sure of a class (3 is "no object") and of the left or the right half."""
    class_logits = torch.zeros(1, len(classes), 4)
    masks = torch.full((1, len(classes), 8, 8), -SURE)
    for query, (index, at_left) in enumerate(zip(classes, left, strict=True)):
        class_logits[0, query, index] = SURE
        masks[0, query, :, slice(0, 4) if at_left else slice(4, 8)] = SURE
    return MaskLayer(class_logits, masks)


def losses(answer: MaskLayer, targets: torch.Tensor) -> dict[str, float]:
    torch.manual_seed(0)
    parts = MaskLosses(SPACE, np.ones(3), CONFIG)((answer,), targets)
    return {name: float(value) for name, value in parts.items()}


def test_segments_are_the_targets_of_each_image() -> None:
    targets = torch.cat([halves(2, 0), halves(255, 3)])
    segments = Segments.of(targets)
    assert segments.ids.tolist() == [[0, 2], [3, 255]]
    assert segments.real.tolist() == [[True, True], [True, False]]


def test_a_perfect_answer_costs_nothing_in_any_order() -> None:
    for classes, left in (([0, 1, 3], [True, False, True]), ([3, 1, 0], [True, False, True])):
        parts = losses(layer(classes, left), halves(0, 1))
        assert parts["class"] == pytest.approx(0, abs=1e-4)
        # Bilinear masks are in uncertainty along the border alone.
        assert parts["mask"] < 0.1
        assert parts["dice"] < 0.1


def test_any_member_of_a_set_is_right() -> None:
    for member in (1, 2):
        assert losses(layer([0, member], [True, False]), halves(0, 3))["class"] == pytest.approx(
            0, abs=1e-4
        )
    assert losses(layer([0, 0], [True, False]), halves(0, 3))["class"] > 1


def test_a_query_on_ignored_pixels_may_be_anything() -> None:
    answer = layer([0, 1], [True, False])
    assert losses(answer, halves(0, 255))["class"] == pytest.approx(0, abs=1e-2)
    # Without the second segment, but on labelled ground, it should be no object.
    assert losses(answer, halves(0, 0))["class"] > 1


def test_an_image_without_labels_has_a_gradient_of_zero() -> None:
    answer = MaskLayer(
        torch.randn(1, 3, 4, requires_grad=True), torch.randn(1, 3, 8, 8, requires_grad=True)
    )
    parts = MaskLosses(SPACE, np.ones(3), CONFIG)((answer,), halves(255, 255))
    torch.stack(list(parts.values())).sum().backward()
    assert answer.mask_logits.grad is not None
    assert float(answer.mask_logits.grad.abs().sum()) == 0


def test_cross_entropy_and_dice_of_numbers_worked_out_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0), -math.log(3.0), 9.0]])
    truth = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    valid = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    # Shares 1/2, 3/4, 1/4; the last point is not valid.
    want = -(math.log(0.5) + 2 * math.log(0.75)) / 3
    assert float(cross_entropy(logits, truth, valid)) == pytest.approx(want)
    assert float(dice_loss(logits, truth, valid)) == pytest.approx(
        1 - (2 * 1.25 + 1) / (1.5 + 2 + 1)
    )


@pytest.mark.parametrize("loss_of", [cross_entropy, dice_loss])
def test_gradients_are_what_finite_differences_say(
    loss_of: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 8, dtype=torch.float64, requires_grad=True)
    truth, valid = torch.rand(2, 3, 8, dtype=torch.float64).round()
    assert torch.autograd.gradcheck(lambda x: loss_of(x, truth, valid), logits)


def test_points_name_the_same_place_in_maps_and_masks() -> None:
    maps = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 4, 8)
    targets = torch.arange(8, dtype=torch.uint8).view(1, 1, 8).expand(1, 4, 8)
    # The middle of column i lies at (i + 1/2) / 8.
    points = torch.tensor([[[(i + 0.5) / 8, 0.6] for i in range(8)]])
    assert sample_ids(targets, points)[0].tolist() == list(range(8))
    assert sample_maps(maps, points)[0, 0].tolist() == pytest.approx(list(range(8)))


def test_every_layer_counts() -> None:
    answer = layer([1, 0], [True, False])
    torch.manual_seed(0)
    objective = MaskLosses(SPACE, np.ones(3), CONFIG)
    once = float(objective((answer,), halves(0, 1))["class"])
    twice = float(objective((answer, answer), halves(0, 1))["class"])
    assert twice == pytest.approx(2 * once)

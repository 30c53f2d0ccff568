# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.datasets.mapping import TargetSpace
from seg_perception.training.config import LossConfig
from seg_perception.training.criterion import CoarseLoss, Criterion
from seg_perception.training.models.network import MaskLayer, NetworkOutput

# Classes 0 and 1 are of category 0, class 2 of category 1; target 3 is {0, 1}, target 4 is {1, 2}.
SPACE = TargetSpace(
    np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]], bool),
    np.array([0, 1, 2, 0, 1]),
)
GROUP_OF = np.array([0, 0, 1])


def coarse(target: int) -> tuple[float, float]:
    """Loss of "category 0 is there, 1 is not" at even odds and when it is sure."""
    targets = torch.full((1, 2, 2), target, dtype=torch.uint8)
    loss = CoarseLoss(SPACE, GROUP_OF, 2)
    return (
        float(loss(torch.zeros(1, 2), targets)),
        float(loss(torch.tensor([[30.0, -30.0]]), targets)),
    )


@pytest.mark.parametrize("target", [0, 3])
def test_a_target_within_one_category_is_certain_of_it(target: int) -> None:
    even, sure = coarse(target)
    assert even == pytest.approx(math.log(2))
    assert sure == pytest.approx(0, abs=1e-6)


def test_a_category_that_is_only_possible_is_left_out() -> None:
    assert coarse(4) == (0, 0)


def test_an_image_without_labels_holds_no_category() -> None:
    assert coarse(255)[0] == pytest.approx(math.log(2))


def test_what_a_network_answers_decides_what_is_compared() -> None:
    objective = Criterion(SPACE, np.ones(3), GROUP_OF, 2, LossConfig(points=64))
    targets = torch.zeros(2, 8, 8, dtype=torch.uint8)
    scores = torch.zeros(2, 3, 4, 4)
    layers = (MaskLayer(torch.zeros(2, 5, 4), torch.zeros(2, 5, 4, 4)),)
    plain = objective(NetworkOutput(scores=scores), targets)
    assert plain.keys() == {"pixels"}
    assert float(plain["pixels"]) == pytest.approx(math.log(3))
    masks = objective(
        NetworkOutput(layers=layers, coarse_logits=torch.zeros(2, 2), auxiliary=scores), targets
    )
    assert masks.keys() == {"class", "mask", "dice", "auxiliary", "coarse"}
    assert float(masks["auxiliary"]) == pytest.approx(math.log(3))
    assert float(masks["coarse"]) == pytest.approx(0.1 * math.log(2))


def test_a_class_of_no_category_is_in_none() -> None:
    # Class 2 has no category: its pixels surely hold neither, {1, 2} leaves category 0 open.
    loss = CoarseLoss(SPACE, np.array([0, 0, 2]), 2)
    alone, either = (torch.full((1, 2, 2), target, dtype=torch.uint8) for target in (2, 4))
    sure = torch.tensor([[-30.0, -30.0]])
    assert float(loss(sure, alone)) == pytest.approx(0, abs=1e-6)
    assert float(loss(torch.tensor([[30.0, -30.0]]), alone)) == pytest.approx(15)
    assert float(loss(torch.tensor([[30.0, -30.0]]), either)) == pytest.approx(0, abs=1e-6)

# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")

from seg_perception.training.models.network import MaskLayer, NetworkOutput


def layer() -> MaskLayer:
    """Two queries, two classes: the first sees class 0 on the left, the second is no object."""
    class_logits = torch.tensor([[[3.0, 1.0, 0.0], [0.0, 0.0, 9.0]]])
    mask_logits = torch.tensor([[[[2.0, -2.0]], [[5.0, 5.0]]]])
    return MaskLayer(class_logits, mask_logits)


def test_semantic_scores_are_shares_times_masks() -> None:
    shares = np.exp([[3.0, 1.0, 0.0], [0.0, 0.0, 9.0]])
    shares = (shares / shares.sum(axis=1, keepdims=True))[:, :2]
    masks = 1 / (1 + np.exp([[-2.0, 2.0], [-5.0, -5.0]]))
    want = np.einsum("qc,qx->cx", shares, masks)
    assert NetworkOutput(layers=(layer(),)).semantic_scores()[0, :, 0].numpy() == pytest.approx(
        want, abs=1e-6
    )


def test_masks_are_enlarged_before_they_are_weighed() -> None:
    enlarged = layer().semantic_scores((1, 4))
    # Half-pixel centres: the outer pixels keep the value, the inner ones are a quarter away.
    shares = layer().class_shares()[0]
    masks = torch.sigmoid(torch.tensor([[2.0, 1.0, -1.0, -2.0], [5.0, 5.0, 5.0, 5.0]]))
    assert torch.allclose(enlarged[0, :, 0], shares.T @ masks, atol=1e-6)


def test_probabilities_sum_to_one_where_something_is_claimed() -> None:
    total = NetworkOutput(scores=torch.randn(1, 3, 2, 2)).probabilities().sum(dim=1)
    assert torch.allclose(total, torch.ones_like(total))
    twice = MaskLayer(torch.tensor([[[9.0, 0, 0], [9.0, 0, 0]]]), torch.full((1, 2, 1, 2), 9.0))
    assert NetworkOutput(layers=(twice,)).probabilities().sum(dim=1).tolist() == [
        [pytest.approx([1, 1])]
    ]


def test_what_no_mask_claims_stays_improbable() -> None:
    nothing = MaskLayer(torch.tensor([[[9.0, 0.0, 0.0]]]), torch.full((1, 1, 1, 2), -9.0))
    assert NetworkOutput(layers=(nothing,)).probabilities().max() < 2e-4


def test_neither_or_both_are_refused() -> None:
    with pytest.raises(ValueError, match="either scores or layers"):
        NetworkOutput()
    with pytest.raises(ValueError, match="either scores or layers"):
        NetworkOutput(scores=torch.zeros(1, 2, 1, 1), layers=(layer(),))

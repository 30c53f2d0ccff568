# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")
pytest.importorskip("transformers", reason="the networks need transformers: the extra [train]")

from transformers.models.mask2former.modeling_mask2former import Mask2FormerSinePositionEmbedding

from seg_perception.training.models.config import VitConfig
from seg_perception.training.models.dinov3 import make_vit
from seg_perception.training.models.position_embedding import FixedSine, rope_tables


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 112)])
def test_fixed_angles_are_those_of_transformers(height, width) -> None:
    model = make_vit(VitConfig(size="tiny", depth=1)).eval()
    image = torch.zeros(1, 3, height, width)
    got, want = model.rope_embeddings(image), model.rope_embeddings.original(image)
    for mine, theirs in zip(got, want, strict=True):
        assert mine.shape == theirs.shape == (height * width // 256, 64)
        assert torch.allclose(mine, theirs, atol=2e-6)


def test_angles_by_hand() -> None:
    """A grid of 1 x 2: rows at 0, columns at -1/2 and 1/2; periods 1 and 10 of 8 channels."""
    cosines, sines = rope_tables((1, 2), 8, 100.0)
    column = 2 * np.pi * 0.5 / np.array([1, 10])
    assert cosines[1] == pytest.approx([1, 1, *np.cos(column)] * 2, abs=1e-6)
    assert sines[0] == pytest.approx([0, 0, *np.sin(-column)] * 2, abs=1e-6)


def test_training_varies_the_angles() -> None:
    model = make_vit(VitConfig(size="tiny", depth=1)).train()
    image = torch.zeros(1, 3, 32, 32)
    assert not torch.equal(model.rope_embeddings(image)[0], model.rope_embeddings(image)[0])


def test_fixed_positions_are_those_of_transformers() -> None:
    original = Mask2FormerSinePositionEmbedding(num_position_features=16, normalize=True)
    asked = ((2, 7, 5, 9), torch.device("cpu"), torch.float32)
    assert torch.allclose(FixedSine(32)(*asked), original(*asked), atol=1e-5)

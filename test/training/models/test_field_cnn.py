# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")

from seg_perception.training.models.config import FieldCnnConfig
from seg_perception.training.models.field_cnn import FieldCnn, pooling_matrix
from seg_perception.training.models.network import normalise


@pytest.mark.parametrize(("length", "bins"), [(18, 6), (32, 6), (7, 3), (4, 6), (5, 1)])
def test_pooling_matrix_is_torch_adaptive_pooling(length: int, bins: int) -> None:
    values = torch.randn(2, 3, length)
    want = torch.nn.functional.adaptive_avg_pool1d(values, bins)
    assert torch.allclose(values @ pooling_matrix(length, bins).T, want, atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (96, 48)])
def test_scores_are_a_quarter_of_the_image(width: int, height: int) -> None:
    network = FieldCnn(
        5, FieldCnnConfig(stem=8, middle=16, deep=16, dilations=(1, 2), decoder=16)
    ).eval()
    assert network(torch.zeros(2, 3, height, width)).scores.shape == (2, 5, height // 4, width // 4)


def test_default_network_stays_within_the_size_of_a_bundle() -> None:
    bytes_fp32 = 4 * sum(p.numel() for p in FieldCnn(18, FieldCnnConfig()).parameters())
    assert bytes_fp32 < 7_500_000


def test_prior_sets_the_bias_to_the_share_of_the_pixels() -> None:
    network = FieldCnn(3, FieldCnnConfig(stem=8, middle=16, deep=16, decoder=16))
    network.start_from_prior(np.array([75, 25, 0]))
    assert network.classifier.bias is not None
    shares = network.classifier.bias.detach().exp().tolist()
    assert shares == pytest.approx([0.75, 0.25, 1e-4])


def test_normalise_takes_rgb_bytes_channels_last() -> None:
    image = torch.zeros(1, 2, 3, 3, dtype=torch.uint8)
    image[..., 0] = 182
    normal = normalise(image)
    assert normal.shape == (1, 3, 2, 3)
    assert normal[0, :, 0, 0].tolist() == pytest.approx(
        [(182 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375]
    )

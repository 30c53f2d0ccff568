# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")
pytest.importorskip("transformers", reason="the networks need transformers: the extra [train]")

from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerPixelDecoderEncoderMultiscaleDeformableAttention as OriginalAttention,
)
from transformers.models.mask2former.modeling_mask2former import multi_scale_deformable_attention

from seg_perception.training.models.deformable import (
    DeformableAttention,
    PixelDecoderAttention,
    centres,
    set_sampling,
    weighted_gather,
    weighted_grid_sample,
)

SAMPLERS = [weighted_grid_sample, weighted_gather]
SHAPES = [(3, 5), (2, 3)]


def by_hand(maps, points, weights):
    """Bilinear interpolation between pixel centres, pixel by pixel; nothing outside."""
    count, channels, height, width = maps.shape
    result = np.zeros((count, channels, points.shape[1]))
    for n, q, p in np.ndindex(*points.shape[:3]):
        x, y = points[n, q, p] * (width, height) - 0.5
        for row in range(height):
            for column in range(width):
                share = max(0, 1 - abs(x - column)) * max(0, 1 - abs(y - row))
                result[n, :, q] += weights[n, q, p] * share * maps[n, :, row, column]
    return result


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_samples_are_those_worked_out_pixel_by_pixel(sampler, spread) -> None:
    """With a spread of 3 many points lie outside."""
    rng = np.random.default_rng(0)
    maps = rng.standard_normal((2, 3, 4, 6))
    points = (rng.random((2, 5, 4, 2)) - 0.5) * spread + 0.5
    weights = rng.random((2, 5, 4))
    got = sampler(*(torch.from_numpy(a).float() for a in (maps, points, weights)))
    assert got.numpy() == pytest.approx(by_hand(maps, points, weights), abs=1e-5)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_edges_and_corners(sampler) -> None:
    """Points on pixel centres, on the border, half a pixel outside, far outside."""
    maps = torch.arange(1.0, 7).view(1, 1, 2, 3)
    places = [[0.5 / 3, 0.25], [1.0, 1.0], [-0.5 / 3, 0.25], [9.0, -9.0]]
    points = torch.tensor([places])[:, :, None]
    got = sampler(maps, points, torch.ones(1, 4, 1))
    # The corner lies half-way between the last pixel and three zeros.
    assert got[0, 0].tolist() == pytest.approx([1.0, 6 / 4, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("sampling", ["grid_sample", "gather"])
def test_attention_is_the_one_of_transformers(sampling) -> None:
    torch.manual_seed(0)
    original = OriginalAttention(embed_dim=16, num_heads=4, n_levels=2, n_points=3)
    torch.nn.init.normal_(original.sampling_offsets.weight, std=0.3)
    torch.nn.init.normal_(original.sampling_offsets.bias, std=2.0)
    ours = PixelDecoderAttention(16, 4, 2, 3)
    ours.load_state_dict(original.state_dict())
    assert set_sampling(ours, sampling) == 1
    count = sum(h * w for h, w in SHAPES)
    asked = {
        "hidden_states": torch.randn(2, count, 16),
        "encoder_hidden_states": torch.randn(2, count, 16),
        "position_embeddings": torch.randn(2, count, 16),
        "reference_points": centres(SHAPES, torch.zeros(1)).expand(2, -1, 2, -1),
        "spatial_shapes_list": SHAPES,
    }
    with torch.no_grad():
        assert torch.allclose(ours(**asked)[0], original(**asked)[0], atol=1e-5)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_levels_add_up_as_in_transformers(sampler) -> None:
    torch.manual_seed(1)
    value = torch.randn(2, sum(h * w for h, w in SHAPES), 4, 5)
    places, weights = torch.rand(2, 7, 4, 2, 3, 2) * 1.4 - 0.2, torch.rand(2, 7, 4, 2, 3)
    want = multi_scale_deformable_attention(value, SHAPES, places, weights)
    parts = value.permute(0, 2, 3, 1).flatten(0, 1).split([h * w for h, w in SHAPES], dim=2)
    points = places.transpose(1, 2).flatten(0, 1)
    shares = weights.transpose(1, 2).flatten(0, 1)
    got = sum(
        sampler(part.unflatten(2, shape), points[:, :, level], shares[:, :, level])
        for level, (part, shape) in enumerate(zip(parts, SHAPES, strict=True))
    )
    assert torch.allclose(got.view(2, -1, 7).transpose(1, 2), want, atol=1e-5)


def test_both_forms_have_the_same_gradients() -> None:
    torch.manual_seed(2)
    maps, points, weights = torch.randn(1, 2, 3, 4), torch.rand(1, 5, 2, 2), torch.rand(1, 5, 2)
    gradients = []
    for sampler in SAMPLERS:
        leaves = [t.clone().requires_grad_() for t in (maps, points, weights)]
        sampler(*leaves).square().sum().backward()
        gradients.append([leaf.grad for leaf in leaves])
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_value_width_may_differ_from_the_width() -> None:
    attention = DeformableAttention(12, 2, 1, 4, value_width=6)
    places = torch.full((1, 5, 1, 2), 0.5)
    assert attention(torch.randn(2, 5, 12), places, torch.randn(2, 6, 12), [(2, 3)]).shape == (
        2,
        5,
        12,
    )

# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")
pytest.importorskip("transformers", reason="the networks need transformers: the extra [train]")

from torch.nn.functional import grid_sample, scaled_dot_product_attention

from seg_perception.training.models.config import EomtConfig, Mask2FormerConfig, VitConfig
from seg_perception.training.models.cost import count_cost
from seg_perception.training.models.devices import Device, DeviceFile, Operator, roofline_ms
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.network import normalise
from seg_perception.training.models.presets import presets


class Each(torch.nn.Module):
    """One operator of each kind, on an image of 8 x 4 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.linear = torch.nn.Linear(4, 6)

    def forward(self, image):
        maps = self.convolution(image.permute(0, 3, 1, 2).float())
        tokens = maps.flatten(2).transpose(1, 2)
        read = scaled_dot_product_attention(tokens[:, None], tokens[:, None], tokens[:, None])
        sampled = grid_sample(maps, torch.zeros(1, 5, 1, 2).to(maps), align_corners=False)
        return self.linear(tokens), read, sampled


def test_each_operator_is_counted_as_by_hand() -> None:
    cost = count_cost(Each, (8, 4))
    assert cost.parameters == 3 * 4 * 9 + 4 + 4 * 6 + 6
    assert cost.operators == (
        Operator(2 * 32 * 4 * 3 * 9, 3 * 32 + 3 * 4 * 9 + 4 + 4 * 32),
        # 32 x 32 products of 4 channels, twice; queries, keys, values and result.
        Operator(2 * 2 * 32 * 32 * 4, 4 * 32 * 4),
        Operator(8 * 4 * 5, 4 * 32 + 5 * 2 + 4 * 5),
        # The bias is added apart, as a sum is no product.
        Operator(2 * 32 * 4 * 6, 32 * 4 + 4 * 6 + 32 * 6),
    )
    assert cost.flops == sum(operator.flops for operator in cost.operators)


def test_attention_of_a_transformer_is_in_the_sum() -> None:
    """Depth 1 to 2 adds one block: 12 N d^2 multiply-adds, and 2 N^2 d of attention."""

    def make(depth: int):
        config = EomtConfig(
            backbone=VitConfig(size="tiny", depth=depth), queries=10, query_blocks=1
        )

        class Whole(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.network = build_network(config, 5, 0, (96, 64))

            def forward(self, image):
                return self.network(normalise(image)).layers[-1].mask_logits

        return Whole

    more = count_cost(make(2), (96, 64)).flops - count_cost(make(1), (96, 64)).flops
    tokens, width = 24 + 5, 192
    assert more == 2 * (12 * tokens * width**2 + 2 * tokens**2 * width)


def test_roofline_takes_the_slower_of_arithmetic_and_memory_operator_by_operator() -> None:
    device = Device(about="", tflops=1, gbytes_per_s=100, source="")
    operators = [Operator(2 * 10**9, 10), Operator(10, 10**8)]
    assert roofline_ms(operators, device) == pytest.approx(2.0 + 2.0)


def test_the_shipped_devices_and_measurements_are_of_known_names() -> None:
    known = DeviceFile.load()
    assert {"orin", "thor", "rtx4090", "h100"} <= known.devices.keys()
    assert {m.device for m in known.measured} <= known.devices.keys()
    assert {m.network for m in known.measured} <= presets().keys()


def test_the_table_s_mask2former_l_has_the_known_size() -> None:
    config = presets()["mask2former L, head 2048"]
    assert isinstance(config, Mask2FormerConfig)
    with torch.device("meta"):
        network = build_network(config, 64, 0, (512, 512))
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(994.8, abs=1)

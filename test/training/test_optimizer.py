# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.training.config import OptimizerConfig
from seg_perception.training.models.config import FieldLiteConfig
from seg_perception.training.models.field_lite import FieldLite
from seg_perception.training.optimizer import (
    FrozenLayers,
    layer_of,
    learning_rate,
    parameter_groups,
)


@pytest.fixture(scope="module")
def network() -> FieldLite:
    return FieldLite(3, FieldLiteConfig(family="field_lite", blocks=12, decoder=16))


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("encoder._conv_stem.weight", 0),
        ("encoder._blocks.0._bn1.bias", 1),
        ("encoder._blocks.11._bn1.bias", 12),
        ("backbone.encoder._blocks.11._bn1.bias", 12),
        ("backbone.vit.model.embeddings.cls_token", 0),
        ("backbone.vit.model.model.layer.3.norm1.weight", 4),
        ("backbone.model.stages.2.layers.5.gamma", 3),
        ("backbone.vit.model.norm.weight", 13),
        ("backbone.model.layer_norm.bias", 13),
        ("backbone.interactions.3.extractor.norm.weight", 13),
        ("model.layers.11.norm1.weight", 12),
        ("model.mask_head.fc1.weight", 13),
        ("classifier.bias", 13),
        ("decoder.layers.2.weight", 13),
    ],
)
def test_layers_count_up_from_the_image(name: str, layer: int) -> None:
    assert layer_of(name, depth=13) == layer


def test_the_rate_falls_towards_the_image(network: FieldLite) -> None:
    config = OptimizerConfig(layer_decay=0.5, weight_decay=0.1)
    rate_of = {
        id(parameter): (group["rate"], group["weight_decay"])
        for group in parameter_groups(network, config)
        for parameter in group["params"]  # type: ignore[attr-defined]
    }
    assert len(rate_of) == len(list(network.parameters()))
    assert rate_of[id(network.classifier.weight)] == (1, 0.1)
    assert rate_of[id(network.classifier.bias)] == (1, 0)
    assert rate_of[id(network.encoder._conv_stem.weight)] == (0.5**13, 0.1)
    assert rate_of[id(network.encoder._blocks[11]._bn2.weight)] == (0.5, 0)


def test_frozen_layers_keep_weights_and_statistics() -> None:
    network = FieldLite(3, FieldLiteConfig(family="field_lite", blocks=12, decoder=16))
    frozen = FrozenLayers(network, 2)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.train()
    frozen.keep()
    scores = network(torch.randn(2, 3, 64, 64)).scores
    scores.square().mean().backward()
    torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1).step()
    changed = {
        name.split(".")[2] if "_blocks" in name else "other"
        for name, tensor in network.state_dict().items()
        if not torch.equal(tensor, before[name])
    }
    assert changed == {*map(str, range(2, 12)), "other"}
    assert torch.equal(network.encoder._bn0.running_mean, before["encoder._bn0.running_mean"])


def test_more_frozen_layers_than_blocks_are_refused(network: FieldLite) -> None:
    with pytest.raises(TrainingError, match=r"expected at most 12 frozen_layers.*got 13"):
        FrozenLayers(network, 13)


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

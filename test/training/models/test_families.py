# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")
pytest.importorskip("transformers", reason="the networks need transformers: the extra [train]")

from transformers import EomtDinov3ForUniversalSegmentation

from seg_perception.training.models.config import (
    ConvNextConfig,
    EomtConfig,
    Mask2FormerConfig,
    VitConfig,
)
from seg_perception.training.models.deformable import set_sampling
from seg_perception.training.models.dinov3 import make_vit
from seg_perception.training.models.eomt import _original_config
from seg_perception.training.models.factory import build_network

MEMBERS = ["mask2former", "injector", "convnext", "lite0", "eomt"]


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize(("width", "height"), [(64, 64), (96, 64)])
def test_masks_are_a_quarter_of_the_image(tiny_presets, name, width, height) -> None:
    network = build_network(tiny_presets[name], 5, 3, (width, height)).eval()
    with torch.no_grad():
        output = network(torch.randn(2, 3, height, width))
    (layer,) = output.layers
    assert layer.class_logits.shape == (2, 6, 6)
    assert layer.mask_logits.shape == (2, 6, height // 4, width // 4)
    assert output.coarse_logits.shape == (2, 3)
    assert output.semantic_scores().shape == (2, 5, height // 4, width // 4)


@pytest.mark.parametrize(("name", "layers"), [("injector", 4), ("convnext", 4), ("eomt", 2)])
def test_every_layer_answers_in_training_and_every_weight_learns(
    tiny_presets, name, layers
) -> None:
    torch.manual_seed(0)
    network = build_network(tiny_presets[name], 5, 3, (64, 64)).train()
    output = network(torch.randn(2, 3, 64, 64))
    assert len(output.layers) == layers
    parts = [output.coarse_logits, *(layer.class_logits for layer in output.layers)]
    parts += [layer.mask_logits for layer in output.layers]
    if output.auxiliary is not None:
        assert output.auxiliary.shape == (2, 5, 16, 16)
        parts.append(output.auxiliary)
    sum(part.square().mean() for part in parts).backward()
    idle = {n for n, p in network.named_parameters() if p.requires_grad and p.grad is None}
    # No patch is hidden, and ConvNeXt's own image token is not a weight.
    assert {n for n in idle if "mask_token" not in n} == set()


def test_a_size_of_16_but_not_of_32_has_maps_of_every_stride(tiny_presets) -> None:
    network = build_network(tiny_presets["mask2former"], 5, 0, (80, 48)).eval()
    with torch.no_grad():
        maps = network.backbone(torch.zeros(1, 3, 48, 80)).maps
    assert [tuple(m.shape[2:]) for m in maps] == [(12, 20), (6, 10), (3, 5), (2, 3)]


@pytest.mark.parametrize("name", ["mask2former", "injector", "convnext"])
def test_both_samplings_agree(tiny_presets, name) -> None:
    torch.manual_seed(0)
    network = build_network(tiny_presets[name], 5, 0, (96, 64)).eval()
    image = torch.randn(1, 3, 64, 96)
    answers = []
    for sampling in ("grid_sample", "gather"):
        assert set_sampling(network, sampling) >= 1
        with torch.no_grad():
            answers.append(network(image).layers[-1])
    assert torch.allclose(answers[0].mask_logits, answers[1].mask_logits, atol=1e-5)
    assert torch.allclose(answers[0].class_logits, answers[1].class_logits, atol=1e-5)


def test_a_frozen_backbone_neither_learns_nor_varies(tiny_presets) -> None:
    config = tiny_presets["mask2former"]
    frozen = config.model_copy(
        update={"backbone": config.backbone.model_copy(update={"frozen": True})}
    )
    network = build_network(frozen, 5, 2, (64, 64)).train()
    vit = network.backbone.vit.model
    assert not vit.training
    assert not any(p.requires_grad for p in vit.parameters())
    assert all(p.requires_grad for p in network.head.parameters())
    network(torch.randn(2, 3, 64, 64)).coarse_logits.sum().backward()


def test_an_injector_starts_without_effect(tiny_presets) -> None:
    torch.manual_seed(0)
    network = build_network(tiny_presets["injector"], 5, 0, (64, 64)).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        first = network(image).layers[-1].mask_logits
        for interaction in network.backbone.interactions:
            interaction.injector = None
        assert torch.equal(network(image).layers[-1].mask_logits, first)


@pytest.mark.parametrize("masked", [False, True])
def test_eomt_is_the_one_of_transformers(tiny_presets, masked) -> None:
    torch.manual_seed(0)
    config = tiny_presets["eomt"].model_copy(update={"query_blocks": 2})
    network = build_network(config, 5, 0, (64, 64))
    original = EomtDinov3ForUniversalSegmentation(_original_config(config, 5))
    original.load_state_dict(network.model.state_dict())
    original.grid_size = (4, 4)
    image = torch.randn(2, 3, 64, 64)
    torch.nn.init.constant_(original.attn_mask_probs, float(masked))
    network.train(mode=masked)
    original.train(mode=masked)
    outputs = []
    for model in (network, original):
        torch.manual_seed(3)
        with torch.no_grad():
            outputs.append(model(image))
    layer, want = outputs[0].layers[-1], outputs[1]
    assert torch.allclose(layer.mask_logits, want.masks_queries_logits, atol=1e-5)
    assert torch.allclose(layer.class_logits, want.class_queries_logits, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "millions"),
    [
        (VitConfig(size="S"), 21.6),
        (VitConfig(size="S+"), 28.7),
        (VitConfig(size="B"), 85.7),
        (VitConfig(size="L"), 303.1),
        (VitConfig(size="H+"), 840.5),
    ],
)
def test_sizes_are_those_that_were_published(config, millions) -> None:
    with torch.device("meta"):
        count = sum(p.numel() for p in make_vit(config).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.1)


def test_interactions_end_with_each_quarter() -> None:
    ends = Mask2FormerConfig(backbone=VitConfig(size="L")).adapter.ends
    assert ends(24) == (4, 11, 17, 23)
    assert ends(12) == (2, 5, 8, 11)
    assert ends(2) == (0, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"adapter": {"interactions": [3, 2, 11]}}, "ascending blocks that end with the last"),
        ({"backbone": {"kind": "vit", "size": "S", "width": 100}}, "multiple of four times"),
        ({"head": {"width": 48}}, "multiple of 32"),
        ({"adapter": {"heads": 7}}, "no multiple of 7 heads"),
    ],
)
def test_sizes_that_do_not_divide_are_refused(values, message) -> None:
    with pytest.raises(ValueError, match=message):
        Mask2FormerConfig.model_validate({"family": "mask2former", **values})


def test_more_query_blocks_than_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="query_blocks: expected at most 2"):
        EomtConfig(backbone=VitConfig(size="S", depth=2))


def test_overrides_have_no_published_weights() -> None:
    assert VitConfig(size="L").shape.hub.endswith("vitl16-pretrain-lvd1689m")
    assert VitConfig(size="L", depth=2).shape.hub == ""
    assert ConvNextConfig(size="micro").shape.hub == ""


def test_masks_of_eomt_are_annealed_block_by_block(tiny_presets) -> None:
    config = tiny_presets["eomt"].model_copy(update={"query_blocks": 2})
    network = build_network(config, 5, 0, (64, 64))
    for done, want in (
        (0.0, (1, 1)),
        (0.25, (1, 1)),
        (0.375, (0.5**0.9, 1)),
        (0.5, (0, 1)),
        (0.625, (0, 0.5**0.9)),
        (0.75, (0, 0)),
        (1.0, (0, 0)),
    ):
        network.set_progress(done)
        assert network.mask_probabilities == pytest.approx(want)


def test_other_networks_do_not_mind_the_progress(tiny_presets) -> None:
    build_network(tiny_presets["convnext"], 5, 0, (64, 64)).set_progress(0.5)

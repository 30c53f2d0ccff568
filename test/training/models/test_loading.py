# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")
pytest.importorskip("transformers", reason="the networks need transformers: the extra [train]")

import huggingface_hub
from huggingface_hub import errors
from safetensors.torch import save_file
from transformers import (
    DINOv3ConvNextConfig,
    DINOv3ViTConfig,
    DINOv3ViTModel,
    EomtDinov3ForUniversalSegmentation,
    Mask2FormerForUniversalSegmentation,
)
from transformers import Mask2FormerConfig as OriginalConfig

from seg_perception.core.errors import TrainingError
from seg_perception.training.models.config import VitConfig
from seg_perception.training.models.eomt import _original_config
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.loading import (
    load_backbone,
    load_head,
    load_pretrained,
    load_weights,
    save_weights,
)

SIZE = (64, 64)


def original_vit(*, gated: bool = False) -> DINOv3ViTModel:
    """The backbone of the small networks, as `transformers` makes it."""
    torch.manual_seed(1)
    model = DINOv3ViTModel(
        DINOv3ViTConfig(
            hidden_size=64,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_register_tokens=4,
            use_gated_mlp=gated,
            hidden_act="silu" if gated else "gelu",
        )
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def as_on_the_hub(model: DINOv3ViTModel) -> dict:
    return {n.replace("model.layer.", "layer."): t.clone() for n, t in model.state_dict().items()}


def as_meta_has_it(model: DINOv3ViTModel) -> dict:
    """The names and shapes of Meta's .pth, written down by hand."""
    state = model.state_dict()
    own = {
        "cls_token": state["embeddings.cls_token"],
        "storage_tokens": state["embeddings.register_tokens"],
        "mask_token": state["embeddings.mask_token"][0],
        "patch_embed.proj.weight": state["embeddings.patch_embeddings.weight"],
        "patch_embed.proj.bias": state["embeddings.patch_embeddings.bias"],
        "rope_embed.periods": torch.ones(8),
        "norm.weight": state["norm.weight"],
        "norm.bias": state["norm.bias"],
    }
    gated = "model.layer.0.mlp.gate_proj.weight" in state
    names = {"w1": "gate_proj", "w2": "up_proj", "w3": "down_proj"}
    for index in range(2):
        theirs, mine = f"model.layer.{index}", f"blocks.{index}"
        for kind in ("weight", "bias"):
            for norm in ("norm1", "norm2"):
                own[f"{mine}.{norm}.{kind}"] = state[f"{theirs}.{norm}.{kind}"]
            own[f"{mine}.attn.proj.{kind}"] = state[f"{theirs}.attention.o_proj.{kind}"]
            parts = [state.get(f"{theirs}.attention.{p}_proj.{kind}") for p in "qkv"]
            parts = [torch.zeros_like(parts[0]) if p is None else p for p in parts]
            own[f"{mine}.attn.qkv.{kind}"] = torch.cat(parts)
            for name, module in (
                names if gated else {"fc1": "up_proj", "fc2": "down_proj"}
            ).items():
                own[f"{mine}.mlp.{name}.{kind}"] = state[f"{theirs}.mlp.{module}.{kind}"]
        own[f"{mine}.attn.qkv.bias_mask"] = torch.ones(192)
        for scale in (1, 2):
            own[f"{mine}.ls{scale}.gamma"] = state[f"{theirs}.layer_scale{scale}.lambda1"]
    return own


def gated_vit() -> VitConfig:
    return VitConfig(size="S+", width=64, heads=2, depth=2)


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("layout", ["hub", "meta"])
@pytest.mark.parametrize("family", ["mask2former", "eomt"])
def test_a_published_backbone_is_loaded(tiny_presets, tmp_path, layout, family, gated) -> None:
    model = original_vit(gated=gated)
    config = tiny_presets[family]
    if gated:
        config = config.model_copy(update={"backbone": gated_vit()})
    if layout == "hub":
        path = tmp_path / "hub" / "model.safetensors"
        path.parent.mkdir()
        save_file(as_on_the_hub(model), path)
        path = path.parent
    else:
        path = tmp_path / "dinov3_vits16_pretrain.pth"
        torch.save(as_meta_has_it(model), path)
    network = build_network(config, 5, 0, SIZE).eval()
    load_backbone(network, path)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        want = model(image).last_hidden_state
        if family == "mask2former":
            vit = network.backbone.vit
            tokens, angles = vit.embed(image)
            got = vit.model.norm(vit.run(tokens, angles, range(2)))
        else:
            inner = network.model
            tokens, angles = inner.embeddings(image), inner.rope_embeddings(image)
            for layer in inner.layers:
                tokens = layer(tokens, position_embeddings=angles)
            got = inner.layernorm(tokens)
    # The norms of EoMT have an epsilon of 1e-6, those of DINOv3 one of 1e-5.
    assert torch.allclose(got, want, atol=1e-5 if family == "mask2former" else 1e-3)


def test_metas_convnext_is_loaded(tiny_presets, tmp_path) -> None:
    network = build_network(tiny_presets["convnext"], 5, 2, SIZE)
    state = {n: torch.randn_like(t) for n, t in network.backbone.model.state_dict().items()}
    own = {}
    for name, tensor in state.items():
        meta = name.replace("model.stages.", "stages.").replace("depthwise_conv", "dwconv")
        meta = meta.replace("pointwise_conv", "pwconv").replace("layer_norm", "norm")
        parts = meta.split(".")
        if "downsample_layers" in parts:
            meta = ".".join(["downsample_layers", parts[1], *parts[3:]])
        own[meta.replace(".layers.", ".")] = tensor
    own["norms.3.weight"], own["norms.3.bias"] = own["norm.weight"], own["norm.bias"]
    torch.save({"model": own}, tmp_path / "convnext.pth")
    load_backbone(network, tmp_path / "convnext.pth")
    for name, tensor in network.backbone.model.state_dict().items():
        assert torch.equal(tensor, state[name]), name


@pytest.fixture
def original_mask2former() -> Mask2FormerForUniversalSegmentation:
    """Mask2Former of `transformers` over its DINOv3 ConvNeXt, of the small network's size."""
    torch.manual_seed(2)
    backbone = DINOv3ConvNextConfig(
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        layer_scale_init_value=0.5,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return Mask2FormerForUniversalSegmentation(
        OriginalConfig(
            backbone_config=backbone,
            feature_size=32,
            mask_feature_size=32,
            hidden_dim=32,
            num_queries=6,
            num_attention_heads=2,
            encoder_layers=1,
            encoder_feedforward_dim=32,
            decoder_layers=4,
            dim_feedforward=32,
            num_labels=5,
        )
    ).eval()


def test_a_mask2former_of_transformers_gives_the_same_logits(
    tiny_presets, tmp_path, original_mask2former
) -> None:
    torch.save(original_mask2former.state_dict(), tmp_path / "pytorch_model.bin")
    network = build_network(tiny_presets["convnext"], 5, 0, (96, 64)).eval()
    load_weights(network, tmp_path)
    image = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        got, want = network(image).layers[-1], original_mask2former(image)
    assert torch.allclose(got.class_logits, want.class_queries_logits, atol=1e-5)
    assert torch.allclose(got.mask_logits, want.masks_queries_logits, atol=1e-5)


def test_its_head_is_loaded_alone(tiny_presets, tmp_path, original_mask2former) -> None:
    torch.save(original_mask2former.state_dict(), tmp_path / "head.pth")
    network = build_network(tiny_presets["convnext"], 5, 3, SIZE).eval()
    load_head(network, tmp_path / "head.pth")
    maps = [torch.randn(1, c, 16 // 2**n, 16 // 2**n) for n, c in enumerate((8, 16, 24, 32))]
    original = original_mask2former.model
    with torch.no_grad():
        decoded = original.pixel_level_module.decoder(maps)
        want = original.transformer_module(decoded.multi_scale_features, decoded.mask_features)
        layers, _ = network.head(maps)
    assert torch.allclose(layers[-1].mask_logits, want.masks_queries_logits[-1], atol=1e-5)


def test_a_head_for_other_classes_is_refused(tiny_presets, tmp_path, original_mask2former) -> None:
    torch.save(original_mask2former.state_dict(), tmp_path / "head.pth")
    network = build_network(tiny_presets["convnext"], 7, 0, SIZE)
    with pytest.raises(
        TrainingError,
        match=r"head.pth: does not fit.*2 of another shape: class_predictor.bias 6 instead of 8, "
        r"class_predictor.weight 6x32 instead of 8x32",
    ):
        load_head(network, tmp_path / "head.pth")


def test_an_eomt_of_transformers_gives_the_same_logits(tiny_presets, tmp_path) -> None:
    config = tiny_presets["eomt"]
    torch.manual_seed(3)
    original = EomtDinov3ForUniversalSegmentation(_original_config(config, 5)).eval()
    torch.nn.init.zeros_(original.attn_mask_probs)
    original.grid_size = (4, 4)
    save_file(original.state_dict(), tmp_path / "model.safetensors")
    network = build_network(config, 5, 0, SIZE).eval()
    load_weights(network, tmp_path)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        got, want = network(image).layers[-1], original(image)
    assert torch.allclose(got.mask_logits, want.masks_queries_logits, atol=1e-5)


@pytest.mark.parametrize("family", ["mask2former", "convnext", "lite0", "eomt"])
def test_our_own_safetensors_come_back(tiny_presets, tmp_path, family) -> None:
    config = tiny_presets[family]
    network, other = (build_network(config, 5, 2, SIZE) for _ in range(2))
    save_weights(network, config, tmp_path / "a" / "own.safetensors")
    load_weights(other, tmp_path / "a" / "own.safetensors")
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name


def test_every_missing_and_unexpected_key_is_listed(tiny_presets, tmp_path) -> None:
    state = as_on_the_hub(original_vit())
    del state["norm.weight"], state["layer.1.norm2.bias"]
    state["layer.2.norm1.bias"] = torch.zeros(64)
    save_file(state, tmp_path / "a.safetensors")
    network = build_network(tiny_presets["mask2former"], 5, 0, SIZE)
    before = {n: t.clone() for n, t in network.state_dict().items()}
    with pytest.raises(
        TrainingError,
        match=r"a.safetensors: does not fit the network; 2 missing: model.layer.1.norm2.bias, "
        r"norm.weight; 1 unexpected: model.layer.2.norm1.bias. Choose the size",
    ):
        load_backbone(network, tmp_path / "a.safetensors")
    assert all(torch.equal(t, before[n]) for n, t in network.state_dict().items())


def test_code_in_a_pickle_is_not_run(tiny_presets, tmp_path) -> None:
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "touched",))

    torch.save({"cls_token": Evil()}, tmp_path / "evil.pth")
    network = build_network(tiny_presets["mask2former"], 5, 0, SIZE)
    with pytest.raises(TrainingError, match=r"evil.pth: not a file of weights"):
        load_backbone(network, tmp_path / "evil.pth")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.safetensors", b"nothing", "a.safetensors: not a file of weights"),
        ("a.pth", b"", "a.pth: not a file of weights"),
        ("folder/readme.txt", b"", "folder not found: expected a file, or a folder with"),
    ],
)
def test_other_files_are_refused(tiny_presets, tmp_path, name, content, message) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    network = build_network(tiny_presets["mask2former"], 5, 0, SIZE)
    with pytest.raises(TrainingError, match=message):
        load_backbone(network, file if file.parent == tmp_path else file.parent)


def test_a_pth_without_tensors_is_refused(tiny_presets, tmp_path) -> None:
    torch.save({"step": 3}, tmp_path / "a.pth")
    network = build_network(tiny_presets["mask2former"], 5, 0, SIZE)
    with pytest.raises(TrainingError, match=r"a.pth: expected tensors by name, got dict"):
        load_backbone(network, tmp_path / "a.pth")


def hub_preset(tiny_presets, source: str, **shape):
    backbone = VitConfig(size="S", pretrained=source, **shape)
    return tiny_presets["mask2former"].model_copy(update={"backbone": backbone})


class Response:
    status_code, headers, request = 401, {}, None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            errors.GatedRepoError("401", response=Response()),
            r"its licence must be accepted first: open https://huggingface.co/facebook/dinov3-vits16",
        ),
        (errors.LocalEntryNotFoundError("no net"), "is this machine offline.*give its path as"),
        (errors.OfflineModeIsEnabled("offline"), "is this machine offline"),
        (errors.RepositoryNotFoundError("404", response=Response()), "the hub has no model.safe"),
    ],
)
def test_what_the_hub_refuses_is_said_with_the_mend(
    tiny_presets, monkeypatch, error, message
) -> None:
    def refuse(name: str, file: str) -> None:
        assert (name, file) == ("facebook/dinov3-vits16-pretrain-lvd1689m", "model.safetensors")
        raise error

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    config = hub_preset(tiny_presets, "hub")
    with pytest.raises(TrainingError, match=message):
        load_pretrained(build_network(tiny_presets["mask2former"], 5, 0, SIZE), config)


def test_the_hub_has_no_network_of_ones_own_making(tiny_presets) -> None:
    config = hub_preset(tiny_presets, "hub", depth=2)
    with pytest.raises(TrainingError, match="no published weights of the vit size S"):
        load_pretrained(build_network(tiny_presets["mask2former"], 5, 0, SIZE), config)


def test_a_local_path_needs_no_hub(tiny_presets, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", None)
    model = original_vit()
    save_file(as_on_the_hub(model), tmp_path / "a.safetensors")
    config = tiny_presets["mask2former"]
    backbone = config.backbone.model_copy(update={"pretrained": str(tmp_path / "a.safetensors")})
    network = build_network(config, 5, 0, SIZE)
    load_pretrained(network, config.model_copy(update={"backbone": backbone}))
    loaded = network.backbone.vit.model.state_dict()
    assert torch.equal(loaded["norm.weight"], model.state_dict()["norm.weight"])


def test_a_network_without_such_a_backbone_says_so(tiny_presets, tmp_path) -> None:
    from seg_perception.training.models.config import FieldCnnConfig

    save_file(as_on_the_hub(original_vit()), tmp_path / "a.safetensors")
    network = build_network(FieldCnnConfig(), 5, 0, SIZE)
    with pytest.raises(TrainingError, match="FieldCnn has no DINOv3 backbone"):
        load_backbone(network, tmp_path / "a.safetensors")
    load_pretrained(network, FieldCnnConfig())

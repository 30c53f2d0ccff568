"""Where a network can come from: the hub, this project, lightly-train; what is no network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import ImportModelError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import huggingface_hub  # noqa: E402 (comes with transformers)
import published_networks as published  # noqa: E402 (needs torch)
from huggingface_hub import errors  # noqa: E402


def import_from(source: object, output: Path, **options: Any) -> Bundle:
    from seg_perception.importing.options import ImportOptions
    from seg_perception.importing.source import import_source

    chosen = ImportOptions(**{"name": "tiny", **options})
    return import_source(str(source), output, lambda w, h: published.frames((w, h)), chosen)


class Response:
    status_code, headers, request = 401, {}, None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            errors.GatedRepoError("401", response=Response()),
            r"licence must be accepted first: open https://huggingface.co/owner/name",
        ),
        (errors.LocalEntryNotFoundError("no net"), "is this machine offline.*into a folder here"),
        (errors.RepositoryNotFoundError("404", response=Response()), "nor a model that the hub"),
    ],
)
def test_what_the_hub_refuses_is_said_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def refuse(name: str, **_: Any) -> None:
        assert name == "owner/name"
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ImportModelError, match=message):
        import_from("owner/name", tmp_path / "tiny")


def test_a_model_of_the_hub_comes_with_configuration_weights_and_licence_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.save("segformer", tmp_path / "hub", published.frames((64, 32)))
    (tmp_path / "hub" / "LICENSE").write_text("do as you like")
    asked: list[str] = []

    def download(name: str, allow_patterns: list[str]) -> str:
        asked.extend(allow_patterns)
        return str(tmp_path / "hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    bundle = import_from("owner/name", tmp_path / "tiny")
    assert (bundle.width, bundle.height) == (64, 32), "the authors' size"
    assert "*.safetensors" in asked
    assert not [pattern for pattern in asked if pattern.endswith((".bin", ".py"))]
    assert (bundle.folder / "LICENSE").read_text() == "do as you like"


def save(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dinov3_vits16.pth", {"blocks.0.norm1.weight": 0}, "give a linear head on it with --head"),
        ("model.safetensors.pt", {"model.layer.0.x": 0}, "a backbone of DINO without a head"),
        ("dinov3_vit7b16_ade20k_m2f_head.pth", {"x": 0}, "7 billion weights alone"),
        ("model.pt", {"layer.weight": 0}, "without a description of their network"),
        ("model.pt", [1], "expected weights by name, got list"),
        ("model.pt", Path("any"), "without running code of it"),
    ],
)
def test_files_that_are_no_network_are_refused_with_what_is_needed(
    tmp_path: Path, name: str, content: Any, message: str
) -> None:
    if isinstance(content, dict):
        content = {key: torch.zeros(1) for key in content}
    with pytest.raises(ImportModelError, match=message):
        import_from(save(tmp_path / name, content), tmp_path / "tiny")


def test_nobody_is_told_to_run_what_a_file_holds(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no weights")
    for file in (tmp_path / "text.pt", save(tmp_path / "code.pt", Path("any"))):
        with pytest.raises(ImportModelError, match=r"\((no file of weights|Unsupported)") as caught:
            import_from(file, tmp_path / "tiny")
        assert "weights_only" not in str(caught.value)


def test_a_name_that_is_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match="not found: expected the folder that"):
        import_from(tmp_path / "absent" / "model", tmp_path / "tiny")


def test_a_network_that_can_t_be_taken_is_not_asked_for_its_licence_first(tmp_path: Path) -> None:
    config = {"architectures": ["OneFormerForUniversalSegmentation"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ImportModelError, match="NonZero"):
        import_from(tmp_path, tmp_path / "tiny")


def test_a_model_without_one_size_asks_for_it(tmp_path: Path) -> None:
    network = published.MEMBERS["maskformer"].make()
    network.save_pretrained(tmp_path / "published")
    transformers.MaskFormerImageProcessorPil().save_pretrained(tmp_path / "published")
    with pytest.raises(ImportModelError, match=r"no one size: give --size WxH.*800"):
        import_from(tmp_path / "published", tmp_path / "tiny", licence="mit")


# Names of lightly-train's network, and of transformers' beside them.
LIGHTLY = [
    (r"^embeddings\.cls_token$", "backbone.cls_token"),
    (r"^embeddings\.register_tokens$", "backbone.storage_tokens"),
    (r"^embeddings\.patch_embeddings\.", "backbone.patch_embed.proj."),
    (r"^layernorm\.", "backbone.norm."),
    (r"^layers\.(\d+)\.attention\.o_proj\.", r"backbone.blocks.\1.attn.proj."),
    (r"^layers\.(\d+)\.layer_scale(\d)\.lambda1", r"backbone.blocks.\1.ls\2.gamma"),
    (r"^layers\.(\d+)\.mlp\.up_proj\.", r"backbone.blocks.\1.mlp.fc1."),
    (r"^layers\.(\d+)\.mlp\.down_proj\.", r"backbone.blocks.\1.mlp.fc2."),
    (r"^layers\.(\d+)\.norm", r"backbone.blocks.\1.norm"),
    (r"^query\.", "queries."),
    (r"^class_predictor\.", "class_head."),
    (r"^mask_head\.fc1\.", "mask_head.0."),
    (r"^mask_head\.fc2\.", "mask_head.2."),
    (r"^mask_head\.fc3\.", "mask_head.4."),
    (r"^upscale_block\.block\.(\d)\.layernorm2d\.", r"upscale.\1.norm."),
    (r"^upscale_block\.block\.", "upscale."),
]


def lightly(network: Any) -> dict[str, Any]:
    """The checkpoint that lightly-train would write of a network."""
    state = dict(network.state_dict())
    result = {"backbone.mask_token": torch.zeros(1, 128)}
    for index in range(2):
        parts = {part: f"layers.{index}.attention.{part}_proj." for part in "qkv"}
        weights = [state.pop(f"{parts[part]}weight") for part in "qkv"]
        query, value = (state.pop(f"{parts[part]}bias") for part in "qv")
        attention = f"backbone.blocks.{index}.attn.qkv."
        result[f"{attention}weight"] = torch.cat(weights)
        result[f"{attention}bias"] = torch.cat([query, torch.zeros_like(query), value])
        result[f"{attention}bias_mask"] = torch.ones(3 * len(query))
    for name, tensor in state.items():
        for pattern, replacement in LIGHTLY:
            renamed, count = re.subn(pattern, replacement, name)
            if count:
                result[renamed] = tensor
    return {
        "model_class_path": "lightly_train.task_model.DINOv3EoMTSemanticSegmentation",
        "model_init_args": {
            "model_name": "dinov3/vits16-eomt",
            "classes": {10 * n: f"class {n}" for n in range(published.CLASSES)},
            "image_size": (64, 64),
            "image_normalize": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
            "num_joint_blocks": 1,
        },
        "train_model": {f"model.{name}": tensor for name, tensor in result.items()},
    }


def test_eomt_of_lightly_train_answers_as_the_network_that_it_was(tmp_path: Path) -> None:
    network = transformers.EomtDinov3ForUniversalSegmentation(
        transformers.EomtDinov3Config(
            hidden_size=128,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=64,
            num_blocks=1,
            num_queries=24,
            num_labels=published.CLASSES,
            layer_norm_eps=1e-5,
        )
    ).eval()
    frames = published.frames((64, 64))
    processor = transformers.EomtImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 64})
    published.spread(network, [published.tensor(processor, frame) for frame in frames], seed=3)
    file = save(tmp_path / "eomt.ckpt", lightly(network))
    bundle = import_from(file, tmp_path / "tiny", licence="agpl-3.0")
    assert "lightly-train's" in str(bundle.manifest.training.details["authors_differ"])
    engine = create_engine(bundle, SegmentationConfig(bundle=str(bundle.folder)))
    for frame in frames:
        with torch.no_grad():
            output = network(pixel_values=published.tensor(processor, frame))
            masks = torch.nn.functional.interpolate(
                output.masks_queries_logits, (64, 64), mode="bilinear"
            )
            shares = output.class_queries_logits.softmax(dim=-1)[..., :-1]
            wanted = torch.einsum("bqc,bqhw->bchw", shares, masks.sigmoid()).argmax(dim=1)[0]
        assert np.mean(engine.infer(frame)[0] == wanted.numpy()) >= 0.999
    engine.close()
    assert len(np.unique(wanted)) > 1


def test_other_networks_of_lightly_train_are_refused(tmp_path: Path) -> None:
    given = {"model_class_path": "x.LTDETRObjectDetection", "model_init_args": {}}
    file = save(tmp_path / "detr.ckpt", {**given, "train_model": {}})
    with pytest.raises(ImportModelError, match=r"LTDETRObjectDetection of lightly-train, expected"):
        import_from(file, tmp_path / "tiny", licence="agpl-3.0")


def test_a_checkpoint_of_this_project_is_exported_under_its_licence(tmp_path: Path) -> None:
    from seg_perception.training.checkpoint import Checkpoint
    from seg_perception.training.config import TrainingConfig
    from seg_perception.training.models.factory import build_network

    settings = {
        "ontology": "field",
        "model": {"family": "field_cnn", "stem": 8, "middle": 8, "deep": 16, "decoder": 8},
        "sources": [{"name": "s", "folder": "s", "mapping": "m.yaml", "share": 1}],
        "steps": 1,
        "network_size": (64, 64),
    }
    config = TrainingConfig.model_validate(settings)
    torch.manual_seed(0)
    network = build_network(config.model, 18, 0, config.network_size)
    published.spread_weights(network, torch.Generator().manual_seed(0))
    state = network.state_dict()
    file = tmp_path / "best.pt"
    Checkpoint(
        config=config.model_dump_json(), step=1, network=state, average=state, optimizer={}
    ).save(file)
    with pytest.raises(ImportModelError, match=r"says nothing of a licence.*--licence"):
        import_from(file, tmp_path / "tiny")
    with pytest.raises(ImportModelError, match=r"brings the ontology that it was trained with"):
        import_from(file, tmp_path / "tiny", licence="mit", ontology=Ontology.load("goose"))
    bundle = import_from(file, tmp_path / "tiny", licence="mit")
    assert (bundle.width, bundle.height, bundle.manifest.licence) == (64, 64, "mit")
    assert bundle.ontology.name == "field"

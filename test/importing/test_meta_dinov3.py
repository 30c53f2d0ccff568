"""Meta's backbone and the head of its training: one network, equal to DINOv3 of transformers."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import ConfigError, ImportModelError, TrainingError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import published_networks as published  # noqa: E402 (needs torch)

SIZE, WIDTH, DEPTH, CLASSES = (96, 64), 128, 8, 19
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
# Meta's names, and those of transformers beside them.
NAMES = [
    (r"^embeddings\.(cls_token|mask_token)$", r"\1"),
    (r"^embeddings\.register_tokens$", "storage_tokens"),
    (r"^embeddings\.patch_embeddings\.", "patch_embed.proj."),
    (r"^model\.layer\.(\d+)\.attention\.o_proj\.", r"blocks.\1.attn.proj."),
    (r"^model\.layer\.(\d+)\.layer_scale(\d)\.lambda1", r"blocks.\1.ls\2.gamma"),
    (r"^model\.layer\.(\d+)\.mlp\.up_proj\.", r"blocks.\1.mlp.fc1."),
    (r"^model\.layer\.(\d+)\.mlp\.down_proj\.", r"blocks.\1.mlp.fc2."),
    (r"^model\.layer\.(\d+)\.norm", r"blocks.\1.norm"),
]


@pytest.fixture(scope="module")
def backbone() -> Any:
    torch.manual_seed(4)
    network = transformers.DINOv3ViTModel(
        transformers.DINOv3ViTConfig(
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=DEPTH,
            num_attention_heads=WIDTH // 64,
            num_register_tokens=4,
        )
    ).eval()
    published.spread_weights(network, torch.Generator().manual_seed(4))
    return network


def meta_state(network: Any) -> dict[str, Any]:
    """The backbone's file as Meta publishes it."""
    state, result = dict(network.state_dict()), {}
    for block in range(DEPTH):
        parts = {part: f"model.layer.{block}.attention.{part}_proj." for part in "qkv"}
        weights = [state.pop(f"{parts[part]}weight") for part in "qkv"]
        query, value = (state.pop(f"{parts[part]}bias") for part in "qv")
        attention = f"blocks.{block}.attn.qkv."
        result[f"{attention}weight"] = torch.cat(weights)
        result[f"{attention}bias"] = torch.cat([query, torch.zeros_like(query), value])
        result[f"{attention}bias_mask"] = torch.ones(3 * WIDTH)
    for name, tensor in state.items():
        renamed = next((re.sub(a, b, name) for a, b in NAMES if re.search(a, name)), name)
        result[renamed] = tensor[0] if renamed == "mask_token" else tensor
    return {**result, "rope_embed.periods": torch.ones(16)}


def features(network: Any, frame: np.ndarray, blocks: tuple[int, ...], mean: Any = MEAN) -> Any:
    """Patch tokens after some blocks, each through the last norm, float (1, C, h, w)."""
    picture = (frame.astype(np.float32) - mean) / STD
    values = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None]
    grid = (frame.shape[0] // 16, frame.shape[1] // 16)
    states: list[Any] = []
    layers = [network.model.layer[block] for block in blocks]
    hooks = [
        layer.register_forward_hook(lambda _m, _i, tokens: states.append(tokens))
        for layer in layers
    ]
    with torch.no_grad():
        network(pixel_values=values)
        maps = [network.norm(tokens)[:, 5:].transpose(1, 2) for tokens in states]
    for hook in hooks:
        hook.remove()
    return torch.cat(maps, dim=1).unflatten(2, grid)


def make_head(network: Any, blocks: tuple[int, ...]) -> dict[str, Any]:
    """A head whose classes occur alike on the frames."""
    maps = torch.cat([features(network, frame, blocks) for frame in published.frames(SIZE)])
    channels, random = maps.shape[1], torch.Generator().manual_seed(2)
    return {
        "batchnorm_layer.weight": torch.rand(channels, generator=random) + 0.5,
        "batchnorm_layer.bias": torch.randn(channels, generator=random) / 10,
        "batchnorm_layer.running_mean": maps.mean(dim=(0, 2, 3)),
        "batchnorm_layer.running_var": maps.var(dim=(0, 2, 3)),
        "batchnorm_layer.num_batches_tracked": torch.tensor(9),
        "conv.weight": torch.randn(CLASSES, channels, 1, 1, generator=random),
        "conv.bias": torch.zeros(CLASSES),
    }


def labels(head: dict[str, Any], maps: Any) -> np.ndarray:
    """By hand: the batch's statistics, one product, enlarged, the largest."""
    column = (slice(None), None, None)
    deviation = (head["batchnorm_layer.running_var"] + 1e-5).sqrt()[column]
    normal = (maps - head["batchnorm_layer.running_mean"][column]) / deviation
    normal = normal * head["batchnorm_layer.weight"][column]
    normal = normal + head["batchnorm_layer.bias"][column]
    scores = torch.einsum("kc,bchw->bkhw", head["conv.weight"][..., 0, 0], normal)
    size = tuple(16 * length for length in maps.shape[2:])
    scores = torch.nn.functional.interpolate(scores, size, mode="bilinear")
    return np.asarray(scores.argmax(dim=1)[0])


def write(folder: Path, network: Any, head: dict[str, Any], config: str = "") -> tuple[Path, Path]:
    file, head_file = folder / "dinov3_tiny.pth", folder / "model_final.pth"
    torch.save(meta_state(network), file)
    named = {f"segmentation_model.1.{name}": tensor for name, tensor in head.items()}
    torch.save({"model": named, "optimizer": {}}, head_file)
    if config:
        (folder / "segmentation_config.yaml").write_text(config)
    return file, head_file


def import_from(file: Path, head: Path | None, **changes: Any) -> Bundle:
    from seg_perception.importing.options import ImportOptions
    from seg_perception.importing.source import import_source

    said = {"licence": "DINOv3 License", "ontology": Ontology.load("cityscapes_train")}
    options = ImportOptions(**{"name": "tiny", "size": SIZE, "head": head, **said, **changes})
    return import_source(
        str(file), file.parent / "tiny", lambda w, h: published.frames((w, h)), options
    )


@pytest.mark.parametrize(
    ("layers", "blocks"),
    [
        ("", (7,)),
        ("LAST", (7,)),
        ("FOUR_LAST", (4, 5, 6, 7)),
        ("FOUR_EVEN_INTERVALS", (1, 3, 5, 7)),
    ],
)
def test_backbone_and_head_answer_as_one_network(
    tmp_path: Path, backbone: Any, layers: str, blocks: tuple[int, ...]
) -> None:
    head = make_head(backbone, blocks)
    config = f"{{decoder_head: {{type: linear, backbone_out_layers: {layers}}}}}" if layers else ""
    bundle = import_from(*write(tmp_path, backbone, head, config))
    engine = create_engine(bundle, SegmentationConfig(bundle=str(bundle.folder)))
    for frame in published.frames(SIZE):
        wanted = labels(head, features(backbone, frame, blocks))
        assert np.mean(engine.infer(frame)[0] == wanted) >= 0.999
        assert len(np.unique(wanted)) >= 5
    engine.close()
    manifest = bundle.manifest
    assert (manifest.ontology.name, manifest.licence) == ("cityscapes_train", "DINOv3 License")
    assert [parity.label_agreement >= 0.999 for parity in manifest.parity] == [True, True]
    differs = str(manifest.training.details["authors_differ"])
    assert "overlapping squares of 512 pixels" in differs
    assert ("ImageNet's" in differs) == (not layers)


def test_pixels_are_those_of_the_heads_training(tmp_path: Path, backbone: Any) -> None:
    """Twice the mean subtracted: other labels than with ImageNet's."""
    head = make_head(backbone, (7,))
    mean = [2 * value for value in MEAN]
    config = f"{{transforms: {{mean: {mean}}}, eval: {{crop_size: 96}}}}"
    bundle = import_from(*write(tmp_path, backbone, head, config), size=None)
    assert (bundle.width, bundle.height) == (96, 96), "the squares of its evaluation"
    engine = create_engine(bundle, SegmentationConfig(bundle=str(bundle.folder)))
    frame = published.frames((96, 96))[0]
    answer = engine.infer(frame)[0]
    assert np.mean(answer == labels(head, features(backbone, frame, (7,), mean))) >= 0.999
    assert np.mean(answer == labels(head, features(backbone, frame, (7,)))) < 0.999
    engine.close()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ontology": None}, r"give --ontology \(of the head's 19 classes; .*cityscapes_train"),
        ({"licence": ""}, r"--licence \(of the weights; the backbone's is the DINOv3 License"),
        ({"head": None}, r"has no classes: give a linear head on it with --head"),
        ({"size": (100, 64)}, r"needs multiples of 16; the nearest is 96x64"),
    ],
)
def test_what_neither_file_says_is_asked_for(
    tmp_path: Path, backbone: Any, changes: dict[str, Any], sentence: str
) -> None:
    file, head = write(tmp_path, backbone, make_head(backbone, (7,)))
    with pytest.raises(ImportModelError, match=sentence):
        import_from(file, **{"head": head, **changes})


@pytest.mark.parametrize(
    ("state", "config", "sentence"),
    [
        ({"predictor.query.weight": (1,)}, "", r"Mask2Former head of Meta's.*What works: a linear"),
        ({"decode_head.conv.weight": (1,)}, "", r"got decode_head\.conv\.weight.*: export"),
        ({"conv.weight": (3, 512, 1, 1)}, "", r"may be the last four.*segmentation_config\.yaml"),
        ({"conv.weight": (3, 384, 1, 1)}, "", r"reads 384 channels, 1 blocks .* have 128"),
        ({}, "{decoder_head: {backbone_out_layers: ALL}}", r"backbone_out_layers: Input should"),
        ({}, "{", r"segmentation_config\.yaml is not what Meta's training writes"),
    ],
)
def test_other_heads_are_refused_with_what_works(
    tmp_path: Path, backbone: Any, state: dict[str, Any], config: str, sentence: str
) -> None:
    head = make_head(backbone, (7,)) | {n: torch.zeros(shape) for n, shape in state.items()}
    with pytest.raises(ImportModelError, match=sentence):
        import_from(*write(tmp_path, backbone, head, config))


def test_a_convnext_and_a_backbone_of_seven_billion_are_refused(
    tmp_path: Path, backbone: Any
) -> None:
    file, head = write(tmp_path, backbone, make_head(backbone, (7,)))
    torch.save({"downsample_layers.0.0.weight": torch.zeros(1)}, file)
    with pytest.raises(ImportModelError, match=r"is a ConvNeXt.*What works: a vision transformer"):
        import_from(file, head)
    file.write_bytes(b"")
    os.truncate(file, 27 * 10**9)  # a sparse file: it takes no place on the disk
    with pytest.raises(ImportModelError, match=r"has 27\.0 GB, more than one ONNX file holds"):
        import_from(file, head)


def test_weights_that_lack_a_block_are_refused(tmp_path: Path, backbone: Any) -> None:
    file, head = write(tmp_path, backbone, make_head(backbone, (7,)))
    state = {n: t for n, t in torch.load(file).items() if n != "blocks.2.norm1.weight"}
    torch.save(state, file)
    with pytest.raises(TrainingError, match=r"1 missing: model\.layer\.2\.norm1\.weight"):
        import_from(file, head)


def test_a_head_alone_and_a_head_for_a_whole_network_are_refused(
    tmp_path: Path, backbone: Any
) -> None:
    from seg_perception.cli.import_onnx import expect_no_head

    _, head = write(tmp_path, backbone, make_head(backbone, (7,)))
    with pytest.raises(ImportModelError, match="a head of DINOv3 without its backbone"):
        import_from(head, None)
    with pytest.raises(ImportModelError, match=r"--head .*is no backbone of Meta's"):
        import_from(tmp_path, head)
    with pytest.raises(ConfigError, match=r"model\.onnx is a whole network: leave it out"):
        expect_no_head("model.onnx", head)

# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the export needs torch: install the extra [train]")
onnx = pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")
pytest.importorskip("transformers", reason="these networks need transformers: [train]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the parity needs onnxruntime")

from pydantic import TypeAdapter

from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.onnx.precision import count_islands, to_precision
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.export.bundle import ExportOptions, export_bundle, load_network
from seg_perception.training.export.onnx_graph import (
    NetworkAnswer,
    export_onnx,
    run_onnx,
    run_torch,
)
from seg_perception.training.export.parity import measure_parity
from seg_perception.training.export.release_file import ReleaseFile
from seg_perception.training.export.serving import ServingGraph
from seg_perception.training.models.config import (
    EomtConfig,
    Mask2FormerConfig,
    ModelConfig,
    VitConfig,
)
from seg_perception.training.models.deformable import set_sampling
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.network import MaskLayer

RELEASE = ReleaseFile(name="tiny", licence="none", licence_text="", command="none", datasets=())
MEMBERS = {
    "mask2former": {
        "family": "mask2former",
        "backbone": {"kind": "vit", "size": "tiny", "width": 64, "heads": 2, "depth": 2},
        "adapter": {"prior_width": 8, "heads": 4},
        "head": {
            "width": 32,
            "queries": 8,
            "heads": 2,
            "encoder_layers": 1,
            "encoder_feedforward": 32,
            "decoder_layers": 2,
            "decoder_feedforward": 32,
        },
    },
    "eomt": {
        "family": "eomt",
        "backbone": {"kind": "vit", "size": "tiny", "width": 64, "heads": 2, "depth": 2},
        "query_blocks": 1,
        "queries": 8,
    },
}


def frames(width: int, height: int) -> list[np.ndarray]:
    """Stripes and noise, so that masks have something to tell apart."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    ramp = np.linspace(0, 255, width)[None, :, None] * np.array([1.0, 0.5, 0.2])
    return [noise, np.broadcast_to(ramp, (height, width, 3)).astype(np.uint8)]


def run(file: Path, image: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["labels", "confidence"]
    return session.run(["labels"], {"image": image[None]})[0][0]


def expect_proven(bundle: Bundle) -> None:
    """Every file answers as the golden labels say, and they are of several classes."""
    for variant in bundle.manifest.variants:
        assert variant.parity.label_agreement >= 0.999
        for frame in bundle.golden:
            assert len(np.unique(frame.labels)) > 1
            assert (run(bundle.folder / variant.file, frame.image) == frame.labels).mean() >= 0.999


@pytest.mark.parametrize("size", [(64, 64), (96, 64)])
def test_mask2former_is_exported_in_both_variants(
    write_checkpoint: Callable[..., Path], tmp_path: Path, size: tuple[int, int]
) -> None:
    path = write_checkpoint(MEMBERS["mask2former"])
    bundle = export_bundle(path, tmp_path / "tiny", RELEASE, frames, ExportOptions(size))
    assert [v.name for v in bundle.manifest.variants] == ["grid_sample_fp32", "gather_fp32"]
    assert all(v.parity.max_abs_error < 1e-3 for v in bundle.manifest.variants)
    expect_proven(bundle)
    operators = [
        {node.op_type for node in onnx.load(bundle.folder / variant.file).graph.node}
        for variant in bundle.manifest.variants
    ]
    assert "GridSample" in operators[0]
    assert "GridSample" not in operators[1]
    # What engine builders choke on: data-dependent shapes, control flow, shapes worked out late.
    for found in operators:
        assert not found & {"NonZero", "Loop", "Scan", "If", "ScatterND", "Shape"}
    assert count_islands(to_precision(bundle.model_path.read_bytes(), "fp16_islands")) > 80


def scores_of(answer: NetworkAnswer) -> np.ndarray:
    """Class scores, float32 (classes, H, W), that an answer's labels are the arg-max of."""
    layer = MaskLayer(*(torch.from_numpy(logits)[None].float() for logits in answer.logits))
    return layer.semantic_scores(answer.labels.shape)[0].numpy()


@pytest.mark.parametrize("size", [(64, 64), (96, 64)])
def test_half_precision_moves_a_label_only_between_classes_as_near_as_its_rounding(
    write_checkpoint: Callable[..., Path], size: tuple[int, int]
) -> None:
    path = write_checkpoint(MEMBERS["mask2former"])
    network = load_network(Checkpoint.load(path), Ontology.load("field"), path, size)
    graph, images = ServingGraph(network), frames(*size)
    half = to_precision(export_onnx(graph, size), "fp16_islands")
    for whole, rounded in zip(run_torch(graph, images), run_onnx(half, images), strict=True):
        for want, got in zip(whole.logits, rounded.logits, strict=True):
            # Half a unit in the last of eleven bits is 2^-11 of a value; a few of them add up.
            assert np.abs(want - got).max() < 2**-9 * np.abs(want).max()
        scores = scores_of(whole)
        error = np.abs(scores - scores_of(rounded)).max()
        taken = np.take_along_axis(scores, rounded.labels[None].astype(np.int64), axis=0)[0]
        # The scores are worked out once more here, in another order of sums.
        assert (scores.max(axis=0) - taken).max() <= 2 * error + 1e-5


@pytest.mark.parametrize("size", [(64, 64), (96, 64)])
def test_eomt_is_exported_without_masking(
    write_checkpoint: Callable[..., Path], tmp_path: Path, size: tuple[int, int]
) -> None:
    path = write_checkpoint(MEMBERS["eomt"])
    bundle = export_bundle(path, tmp_path / "tiny", RELEASE, frames, ExportOptions(size))
    assert [v.name for v in bundle.manifest.variants] == ["none_fp32"]
    expect_proven(bundle)
    operators = {node.op_type for node in onnx.load(bundle.model_path).graph.node}
    # Angles are constants, and no query is held to its mask.
    assert not operators & {"Sin", "Cos", "Where", "Greater", "If", "Shape"}


def test_a_cheaper_head_agrees_as_far_as_the_manifest_says(
    write_checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_checkpoint(MEMBERS["eomt"])
    bundle = export_bundle(path, tmp_path / "tiny", RELEASE, frames, ExportOptions(head="quarter"))
    _, late, quarter = bundle.manifest.parity
    assert late.label_agreement >= quarter.label_agreement
    labels = run(bundle.model_path, bundle.golden[0].image)
    # Each label is repeated four times in both directions.
    assert np.array_equal(labels, labels[::4, ::4].repeat(4, axis=0).repeat(4, axis=1))


def test_queries_whose_mask_is_empty_do_not_spoil_the_answer() -> None:
    """No pixel is inside any mask: each query then sees all of them, in torch and in ONNX."""
    config = TypeAdapter(ModelConfig).validate_python(MEMBERS["mask2former"])
    torch.manual_seed(0)
    graph = ServingGraph(build_network(config, 18, 0, (64, 64)))
    state = dict(graph.named_parameters())
    with torch.no_grad():
        for name, value in (("mask_embedder.2.0", -1.0), ("mask_projection", 1.0)):
            for kind in ("weight", "bias"):
                (key,) = (n for n in state if n.endswith(f"{name}.{kind}"))
                state[key].fill_(value if kind == "bias" else 0.0)
    images = frames(64, 64)
    want, got = run_torch(graph, images), run_onnx(export_onnx(graph, (64, 64)), images)
    for one, other in zip(want, got, strict=True):
        classes, masks = one.logits
        # Minus one times one, in 32 channels.
        assert np.allclose(masks, -32)
        assert np.isfinite(classes).all()
        assert np.allclose(other.logits[0], classes, atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("family", ["mask2former", "eomt"])
@pytest.mark.timeout(1800)
def test_size_s_at_512(family: str) -> None:
    config: Mask2FormerConfig | EomtConfig
    if family == "mask2former":
        config = Mask2FormerConfig(backbone=VitConfig(size="S"))
    else:
        config = EomtConfig(backbone=VitConfig(size="S"))
    torch.manual_seed(0)
    graph = ServingGraph(build_network(config, 18, 0, (512, 512)))
    for name, parameter in graph.named_parameters():
        if name.endswith(("class_predictor.weight", "fc3.weight", "mask_projection.weight")):
            torch.nn.init.normal_(parameter, std=0.5)
    images = frames(512, 512)
    reference = run_torch(graph, images)
    for sampling in ("grid_sample", "gather") if family == "mask2former" else (None,):
        if sampling:
            set_sampling(graph, sampling)
        answers = run_onnx(export_onnx(graph, (512, 512)), images)
        parity = measure_parity(reference, answers, ("torch", f"onnxruntime {sampling}"))
        assert parity.max_abs_error < 5e-2

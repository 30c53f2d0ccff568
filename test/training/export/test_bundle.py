# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the export needs torch: install the extra [train]")
pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the parity needs onnxruntime")

from seg_perception.core.errors import BundleError, ConfigError, TrainingError
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.config import TrainingConfig
from seg_perception.training.export import bundle as export
from seg_perception.training.export import variants as module
from seg_perception.training.export.bundle import ExportOptions, export_bundle
from seg_perception.training.export.onnx_graph import NetworkAnswer, run_torch
from seg_perception.training.export.release_file import ReleaseFile
from seg_perception.training.export.serving import ServingGraph
from seg_perception.training.models.config import FieldCnnConfig
from seg_perception.training.models.field_cnn import FieldCnn

RELEASE = ReleaseFile(
    name="tiny",
    licence="none",
    licence_text="No licence.",
    notice="Only a test.",
    command="none",
    datasets=(),
)
TINY = {
    "stem": 8,
    "stem_blocks": 1,
    "middle": 16,
    "deep": 16,
    "middle_blocks": 1,
    "dilations": [2],
    "decoder": 16,
}
SOURCE = {"name": "s", "folder": "s", "mapping": "m.yaml", "share": 1}


def frames(_width: int, _height: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40, 56, 3)).astype(np.uint8) for _ in range(2)]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A two-block network with random weights whose classes are well mixed."""
    config = TrainingConfig.model_validate(
        {
            "ontology": "field",
            "model": TINY,
            "sources": [SOURCE],
            "steps": 1,
            "network_size": (64, 48),
        }
    )
    torch.manual_seed(0)
    network = FieldCnn(18, config.model)
    torch.nn.init.normal_(network.classifier.weight, std=3.0)
    with torch.no_grad():
        network.train()(torch.randn(4, 3, 48, 64))
    state = network.state_dict()
    path = tmp_path / "last.pt"
    Checkpoint(
        config=config.model_dump_json(), step=1, network=state, average=state, optimizer={}
    ).save(path)
    return path


@pytest.mark.parametrize("size", [None, (96, 96), (80, 48)])
def test_a_bundle_answers_as_torch_does(
    checkpoint: Path, tmp_path: Path, size: tuple[int, int] | None
) -> None:
    bundle = export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames, ExportOptions(size))
    assert (bundle.width, bundle.height) == (size or (64, 48))
    parity = bundle.manifest.parity[0]
    assert parity.label_agreement >= 0.999
    assert parity.max_abs_error < 1e-3
    assert parity.frames == 2
    assert bundle.manifest.opset == 17
    session = onnxruntime.InferenceSession(
        str(bundle.model_path), providers=["CPUExecutionProvider"]
    )
    assert [output.name for output in session.get_outputs()] == ["labels", "confidence"]
    for frame in bundle.golden:
        labels, confidence = session.run(["labels", "confidence"], {"image": frame.image[None]})
        assert labels.dtype == confidence.dtype == np.uint8
        assert labels.shape == confidence.shape == (1, bundle.height, bundle.width)
        assert (labels[0] == frame.labels).mean() >= 0.999
        assert len(np.unique(labels)) > 1


def test_bytes_are_cast_before_they_are_transposed(checkpoint: Path, tmp_path: Path) -> None:
    import onnx

    bundle = export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames)
    operators = [node.op_type for node in onnx.load(bundle.model_path).graph.node]
    assert operators.index("Cast") < operators.index("Transpose")


def test_confidence_is_the_share_of_the_winner(checkpoint: Path) -> None:
    loaded = Checkpoint.load(checkpoint)
    network = export.load_network(loaded, export.Ontology.load("field"), checkpoint)
    image = np.full((48, 64, 3), 90, np.uint8)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.zero_()
        network.classifier.bias[4] = np.log(51.0)
    (answer,) = run_torch(ServingGraph(network), [image])
    # 17 classes of weight 1 and one of weight 51: three quarters, 191.25 of 255.
    assert (answer.labels == 4).all()
    assert (answer.confidence == 191).all()


def test_the_forms_and_heads_that_were_measured_are_recorded(
    checkpoint: Path, tmp_path: Path
) -> None:
    options = ExportOptions(precisions=("fp16_islands", "fp32", "fp16_islands_fp32_attention"))
    manifest = export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames, options).manifest
    assert [(v.name, v.file) for v in manifest.variants] == [
        ("none_fp16_islands", "model.onnx"),
        ("none_fp32", "model_none_fp32.onnx"),
        ("none_fp16_islands_fp32_attention", "model_none_fp16_islands_fp32_attention.onnx"),
    ]
    half, single, _ = (variant.parity for variant in manifest.variants)
    assert half.label_agreement >= 0.995
    assert half.candidate.endswith("fp16_islands, rounding emulated")
    assert single.max_abs_error < half.max_abs_error
    assert manifest.parity[0] == half
    late, quarter = manifest.parity[1:]
    assert late.candidate == "late head, torch"
    # Per-pixel scores have no masks whose order of enlarging could matter.
    assert late.label_agreement == 1
    assert 0.2 < quarter.label_agreement < 1


def test_a_graph_that_disagrees_writes_no_bundle(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = module.run_onnx

    def shifted(model: bytes, images: list[np.ndarray]) -> list[NetworkAnswer]:
        return [
            NetworkAnswer((answer.labels + 1) % 18, answer.confidence)
            for answer in honest(model, images)
        ]

    monkeypatch.setattr(module, "run_onnx", shifted)
    with pytest.raises(
        TrainingError, match=r"agrees with torch .* on 0.000% of the labels.*no bundle is written"
    ):
        export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames)
    assert not (tmp_path / "tiny").exists()


def test_a_folder_in_use_is_left_alone(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match="exists: expected a new folder"):
        export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames)
    assert (tmp_path / "tiny" / "notes.txt").read_text() == "mine"


def test_a_size_that_does_not_fit_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"size 100x48: expected multiples of 16"):
        export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames, ExportOptions((100, 48)))
    assert not (tmp_path / "tiny").exists()


def test_weights_of_another_architecture_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    loaded = Checkpoint.load(checkpoint)
    other = loaded.training_config.model_copy(update={"model": FieldCnnConfig()})
    loaded.model_copy(update={"config": other.model_dump_json()}).save(checkpoint)
    with pytest.raises(TrainingError, match=r"last.pt: its weights are of another architecture"):
        export_bundle(checkpoint, tmp_path / "tiny", RELEASE, frames)
    assert not (tmp_path / "tiny").exists()

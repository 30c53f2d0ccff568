# ruff: noqa: E402  (torch, which may be absent, is looked for first)
"""A checkpoint as an engine, and in the benchmark of engines."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the export needs torch: install the extra [train]")
pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")

from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.self_test import Thresholds, self_test
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.config import TrainingConfig
from seg_perception.training.export.bundle import export_bundle
from seg_perception.training.export.release_file import ReleaseFile
from seg_perception.training.export.torch_engine import TorchEngine
from seg_perception.training.models.field_cnn import FieldCnn

MODEL = {"stem": 8, "middle": 16, "deep": 16, "dilations": [2], "decoder": 16}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bundle]:
    """A checkpoint with random weights, and its bundle."""
    folder = tmp_path_factory.mktemp("exported")
    source = {"name": "s", "folder": "s", "mapping": "m.yaml", "share": 1}
    data = {"ontology": "field", "model": MODEL, "sources": [source], "steps": 1}
    config = TrainingConfig.model_validate({**data, "network_size": (64, 48)})
    torch.manual_seed(0)
    network = FieldCnn(18, config.model)
    torch.nn.init.normal_(network.classifier.weight, std=3.0)
    with torch.no_grad():
        network.train()(torch.randn(4, 3, 48, 64))
    state = network.state_dict()
    document = config.model_dump_json()
    path = folder / "last.pt"
    Checkpoint(config=document, step=1, network=state, average=state, optimizer={}).save(path)
    release = ReleaseFile(
        name="tiny", licence="none", licence_text="None.", notice="", command="", datasets=()
    )
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3)).astype(np.uint8)
    return path, export_bundle(path, folder / "tiny", release, lambda *_: list(images))


def test_golden_frames_carry_the_confidence_and_torch_gives_both(
    exported: tuple[Path, Bundle],
) -> None:
    path, bundle = exported
    engine = TorchEngine(bundle, path, "cpu")
    for frame in bundle.golden:
        labels, confidence, _ = engine.infer(frame.image)
        np.testing.assert_array_equal(labels, frame.labels)
        np.testing.assert_array_equal(confidence, frame.confidence)
    strict = Thresholds(min_agreement=1.0, max_confidence_error=0.0)
    assert self_test(engine, strict).validated
    engine.close()


def test_a_device_that_torch_cannot_use_is_named(exported: tuple[Path, Bundle]) -> None:
    if torch.cuda.is_available():
        pytest.skip("torch can use a device here")
    with pytest.raises(EngineError, match="can't use cuda:0"):
        TorchEngine(exported[1], exported[0], "cuda:0")


def test_the_benchmark_measures_torch_beside_onnx_runtime(
    exported: tuple[Path, Bundle],
) -> None:
    path, bundle = exported
    arguments = ["engine", "bench", str(bundle.folder), "--checkpoint", str(path)]
    limits = ["--duration", "0.2", "--rate", "20", "--json"]
    chain = ["--set", "segmentation.chain=[onnxruntime/CPUExecutionProvider]"]
    done = CliRunner().invoke(app, [*arguments, *limits, *chain])
    assert done.exit_code == 0, done.output
    measured = {
        r["name"]: r["throughput"] for r in json.loads(done.stdout)["results"] if r["throughput"]
    }
    assert {"torch/cpu", "onnxruntime/CPUExecutionProvider"} <= set(measured)
    assert all(throughput["frames_sent"] == 4 for throughput in measured.values())

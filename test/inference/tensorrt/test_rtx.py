"""TensorRT for RTX reads and builds the project's networks; it needs no device for that."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.inference import tensorrt_engine
from seg_perception.inference.tensorrt import checks
from seg_perception.inference.tensorrt.build_supervisor import BuildSupervisor, BuildTimeouts
from seg_perception.inference.tensorrt.builder_pipe import BuildRequest, Progress, Tensor

if TYPE_CHECKING:
    from seg_perception.training.models.config import ModelConfig

pytest.importorskip(
    "tensorrt_rtx",
    reason="TensorRT for RTX has wheels for Linux on x86_64 alone",
    exc_type=ImportError,
)

SIZE = (64, 64)
CLASSES = 4


@pytest.fixture(autouse=True)
def no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tensorrt_engine, checks):
        monkeypatch.setattr(module, "find_device", str)


def engine(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["engine", *map(str, arguments)])


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture
def settings(engines: Path) -> list[str]:
    return ["--set", f"tensorrt.cache={engines}", "--set", "tensorrt.module=tensorrt_rtx"]


@pytest.fixture
def built(settings: list[str]) -> Any:
    chain = ["--set", "segmentation.chain=[tensorrt/fp32]"]
    done = engine("build", "field_tiny", *settings, *chain, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def states(checks: Any, entry: str) -> dict[str, str]:
    return {c["statement"]: c["state"] for c in checks["checks"] if c["entry"] == entry}


WHOLE = "the engine is whole and was built from this model"
TENSORS = "inputs and outputs are those of the manifest"
LABELS = "it gives the golden labels on this device"


def test_the_default_bundle_builds_and_nothing_is_said_of_its_labels(built: Any) -> None:
    assert states(built, "tensorrt/fp32") == {
        WHOLE: "validated",
        TENSORS: "validated",
        LABELS: "not validated",
    }
    (tensors,) = [c["detail"] for c in built["checks"] if c["statement"] == TENSORS]
    # A bundle with familiarity has one output more.
    assert tensors.removesuffix(", statistics float32 [1, 64, 3, 4]") == (
        "image uint8 [1, 288, 512, 3], labels uint8 [1, 288, 512], confidence uint8 [1, 288, 512]"
    )


def test_half_precision_is_derived_where_the_bundle_has_none(
    built: Any, settings: list[str]
) -> None:
    chain = ["--set", "segmentation.chain=[tensorrt/fp16_islands]"]
    done = engine("build", "field_tiny", *settings, *chain, "--json")
    assert done.exit_code == 0, done.output
    assert states(json.loads(done.stdout), "tensorrt/fp16_islands")[TENSORS] == "validated"
    engines = json.loads(engine("list", *settings, "--json").stdout)["engines"]
    sizes = {e["metadata"]["key"]["variant"]: e["metadata"]["plan_bytes"] for e in engines}
    # Most of the plan is weights, and those of products have half the size.
    assert sizes["none_fp32_to_fp16_islands"] < 0.8 * sizes["none_fp32"]
    assert len({e["metadata"]["key"]["model_sha256"] for e in engines}) == 2


def test_verify_says_what_was_not_proven(built: Any, settings: list[str]) -> None:
    done = engine("verify", "field_tiny", *settings, "--json")
    assert done.exit_code == 0, done.output
    checks = json.loads(done.stdout)
    assert states(checks, "tensorrt/fp32")[LABELS] == "not validated"
    (why,) = {c["detail"] for c in checks["checks"] if c["statement"] == LABELS}
    assert why == "no NVIDIA device here: the engine was built and never run"
    cpu = states(checks, "onnxruntime/CPUExecutionProvider")
    assert cpu == {"it gives the golden labels on this CPU": "validated"}


def test_list_shows_it_and_clean_keeps_it(built: Any, settings: list[str]) -> None:
    engines = json.loads(engine("list", *settings, "--json").stdout)["engines"]
    (found,) = [e for e in engines if e["metadata"]["key"]["variant"] == "none_fp32"]
    assert found["problem"] == ""
    key = found["metadata"]["key"]
    assert (key["module"], key["gpu"], key["variant"]) == ("tensorrt_rtx", "none", "none_fp32")
    assert found["metadata"]["strongly_typed"] is True
    assert json.loads(engine("clean", *settings, "--json").stdout)["kept"] == len(engines)
    plan = Path(found["plan"])
    plan.write_bytes(plan.read_bytes()[:-1])
    table = engine("list", *settings).stdout
    assert "it was cut" in " ".join(table.replace("│", " ").split())
    removed = json.loads(engine("clean", *settings, "--json").stdout)["removed"]
    assert list(removed) == [plan.name]
    assert not plan.exists()


def build(
    tmp_path: Path,
    model: bytes,
    precision: Any,
    input_shape: tuple[int, ...] = (1, SIZE[1], SIZE[0], 3),
) -> tuple[Any, list[str]]:
    """What the project's builder says of a network, and the phases that it went through."""
    file = tmp_path / "model.onnx"
    file.write_bytes(model)
    request = BuildRequest(
        module="tensorrt_rtx",
        device=None,
        model=str(file),
        plan=str(tmp_path / "plan"),
        timing_cache=str(tmp_path / "timing"),
        input_shape=input_shape,
        precision=precision,
        workspace_mib=0,
        optimization_level=3,
    )
    phases: list[str] = []

    def note(progress: Progress) -> None:
        phases.append(progress.phase)

    return BuildSupervisor(BuildTimeouts(300, 120), note).build(request), phases


def open_network() -> bytes:
    """A convolution, enlarged to the size of its input, which the graph asks for when it runs."""
    from onnx import TensorProto, helper, numpy_helper

    info = helper.make_tensor_value_info
    numbers = [numpy_helper.from_array(np.array([n], np.int64), f"n{n}") for n in (0, 2, 4)]
    kernel = numpy_helper.from_array(np.ones((5, 3, 3, 3), np.float32), "kernel")
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["small"], pads=[1] * 4, strides=[4, 4]),
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "n2", "n4"], ["size"]),
        helper.make_node("Shape", ["small"], ["small_shape"]),
        helper.make_node("Slice", ["small_shape", "n0", "n2"], ["begin"]),
        helper.make_node("Concat", ["begin", "size"], ["sizes"], axis=0),
        helper.make_node("Resize", ["small", "", "", "sizes"], ["logits"], mode="linear"),
    ]
    graph = helper.make_graph(
        nodes,
        "open",
        [info("x", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [info("logits", TensorProto.FLOAT, ["batch", 5, "height", "width"])],
        [kernel, *numbers],
    )
    opset = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def test_open_axes_get_one_size_and_no_profile_is_asked_for(tmp_path: Path) -> None:
    result, _ = build(tmp_path, open_network(), "fp32", input_shape=(1, 3, 64, 96))
    assert result.inputs == (Tensor(name="x", shape=(1, 3, 64, 96), dtype="float32"),)
    assert result.outputs == (Tensor(name="logits", shape=(1, 5, 64, 96), dtype="float32"),)


def member(family: str) -> ModelConfig:
    """Two transformer blocks, and the family's head around them."""
    from seg_perception.training.models import config as models

    vit = models.VitConfig(size="tiny", width=64, heads=2, depth=2)
    if family == "eomt":
        return models.EomtConfig(backbone=vit, query_blocks=1, queries=6)
    head = models.MaskHeadConfig(
        width=32,
        queries=6,
        heads=2,
        encoder_layers=1,
        encoder_feedforward=32,
        decoder_layers=1,
        decoder_feedforward=32,
    )
    adapter = models.AdapterConfig(prior_width=8, heads=4)
    return models.Mask2FormerConfig(backbone=vit, adapter=adapter, head=head)


@cache
def traced(config: ModelConfig, sampling: Any, size: tuple[int, int]) -> bytes:
    """Float32 ONNX of a network with random weights."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from seg_perception.training.export.onnx_graph import export_onnx
    from seg_perception.training.export.serving import ServingGraph
    from seg_perception.training.models.deformable import set_sampling
    from seg_perception.training.models.factory import build_network

    torch.manual_seed(7)
    graph = ServingGraph(build_network(config, CLASSES, 0, size))
    if sampling != "none":
        assert set_sampling(graph, sampling) > 0
    return export_onnx(graph, size)


QUICK = ["fp32", "fp16_islands"]
SLOW = ["fp16_islands_fp32_attention", "bf16_islands"]
VARIANTS = [("mask2former", "grid_sample"), ("mask2former", "gather"), ("eomt", "none")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "precision", [*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in SLOW)]
)
@pytest.mark.parametrize(("family", "sampling"), VARIANTS)
def test_two_blocks_of_each_family_build_in_each_form(
    tmp_path: Path, family: str, sampling: str, precision: Any
) -> None:
    expect_built(tmp_path, traced(member(family), sampling, SIZE), precision, SIZE)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_smallest_public_backbone_builds_with_its_whole_head(tmp_path: Path) -> None:
    from seg_perception.training.models.config import Mask2FormerConfig, VitConfig

    config = Mask2FormerConfig(backbone=VitConfig(size="S"))
    expect_built(tmp_path, traced(config, "gather", (256, 256)), "fp16_islands", (256, 256))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("family", "sampling"), VARIANTS)
def test_int8_builds(tmp_path: Path, family: str, sampling: str) -> None:
    """Most products go through 8 bits, and the strongly typed builder takes them as they are."""
    from seg_perception.inference.onnx.graph import keep_outputs
    from seg_perception.inference.onnx.quantization import count_quantised, quantize
    from seg_perception.training.export.onnx_graph import OUTPUTS

    frame = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    model = quantize(keep_outputs(traced(member(family), sampling, SIZE), OUTPUTS), [frame])
    assert count_quantised(model) > 10
    expect_built(tmp_path, model, "int8", SIZE)


def expect_built(tmp_path: Path, model: bytes, precision: Any, size: tuple[int, int]) -> None:
    from seg_perception.inference.onnx.graph import keep_outputs
    from seg_perception.inference.onnx.precision import to_precision
    from seg_perception.training.export.onnx_graph import OUTPUTS

    model = keep_outputs(to_precision(model, precision), OUTPUTS)
    result, phases = build(tmp_path, model, precision)
    assert result.strongly_typed
    width, height = size
    assert result.inputs == (Tensor(name="image", shape=(1, height, width, 3), dtype="uint8"),)
    assert result.outputs == tuple(
        Tensor(name=name, shape=(1, height, width), dtype="uint8")
        for name in ("labels", "confidence")
    )
    assert "Building engine" in phases
    assert (tmp_path / "plan").stat().st_size > 0

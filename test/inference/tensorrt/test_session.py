"""The whole runtime on a simulated device: buffers, order of calls, what is asked of a builder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.manifest import NetworkInput
from seg_perception.inference.onnxruntime_engine import CPU_PROVIDER, OnnxRuntimeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeBundle, Stripes
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine

    from seg_perception.inference.bundle_writer import BundleSource


def test_one_upload_and_two_bytes_a_pixel_back(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    engine = machine.create(make_bundle())
    assert engine.refused == ()
    assert engine.description.startswith(
        "tensorrt 10.3.0, Simulated GPU, plain: tiny 1 (16x8), loaded in"
    )
    machine.device.calls.clear()
    labels, confidence, _ = engine.infer(stripes[0])
    np.testing.assert_array_equal(labels, stripes[1])
    np.testing.assert_array_equal(confidence, np.full_like(labels, 200))
    assert machine.device.calls == [
        "cudaSetDevice",
        "cudaMemcpyHostToDevice",
        "execute_async_v3",
        "cudaMemcpyDeviceToHost",
        "cudaMemcpyDeviceToHost",
        "cudaStreamSynchronize",
    ]


def test_memory_is_taken_at_load_and_comes_back(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    """16 x 8 pixels: 384 bytes up, 128 + 128 down, each on both sides."""
    engine = machine.create(make_bundle())
    sizes = sorted(len(block) for block in machine.device.memory.values())
    assert sizes == [128, 128, 128, 128, 384, 384]
    taken = set(machine.device.memory)
    first = engine.infer(stripes[0])[0]
    engine.infer(stripes[0][:, ::-1])
    assert set(machine.device.memory) == taken
    np.testing.assert_array_equal(first, stripes[1])  # the second run did not touch it
    engine.close()
    assert machine.device.memory == {}
    assert machine.device.queues == {}


@pytest.mark.parametrize(("integrated", "memory"), [(1, "auto"), (0, "mapped")])
def test_where_memory_is_shared_nothing_is_copied(
    make_bundle: MakeBundle,
    stripes: Stripes,
    machine: SimulatedMachine,
    integrated: int,
    memory: str,
) -> None:
    machine.device.attributes[18] = integrated
    engine = machine.create(make_bundle(), machine.config(memory=memory))
    assert len(machine.device.memory) == 3
    machine.device.calls.clear()
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    assert machine.device.calls == ["cudaSetDevice", "execute_async_v3", "cudaStreamSynchronize"]
    engine.close()
    assert machine.device.memory == {}


def test_an_engine_is_built_once(make_bundle: MakeBundle, machine: SimulatedMachine) -> None:
    bundle = make_bundle()
    for _ in range(2):
        machine.create(bundle).close()
    assert machine.builds == 1


def test_another_driver_needs_another_engine(
    make_bundle: MakeBundle, machine: SimulatedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cuda.bindings import runtime

    bundle = make_bundle()
    machine.create(bundle).close()
    monkeypatch.setattr(runtime, "cudaDriverGetVersion", lambda: (0, 13000))
    machine.create(bundle).close()
    assert machine.builds == 2


def test_outputs_that_nobody_reads_stay_on_the_device(
    make_bundle: MakeBundle, foreign: BundleSource, machine: SimulatedMachine
) -> None:
    """A network with logits: float32 in and out."""
    engine = machine.create(make_bundle(foreign))
    assert engine.self_test.detail == "not validated: no golden frames"
    labels, *_ = engine.infer(np.full((8, 16, 3), (9, 200, 9), np.uint8))
    assert (labels == 1).all()


@pytest.mark.parametrize(
    ("version", "flags"),
    [
        # EXPLICIT_BATCH is bit 0, STRONGLY_TYPED bit 1.
        ("8.6.1", "built 1 ['not TF32'] [None, None]"),
        ("10.3.0", "built 3 ['not TF32'] [None, None]"),
    ],
)
def test_types_are_strong_where_the_version_knows_them(
    make_bundle: MakeBundle,
    machine: SimulatedMachine,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    flags: str,
) -> None:
    monkeypatch.setenv("SIMULATED_VERSION", version)
    machine.create(make_bundle()).close()
    assert machine.log.read_text().strip() == flags


def test_an_old_version_is_told_by_flags_which_layers_may_be_half(
    make_bundle: MakeBundle,
    native: BundleSource,
    machine: SimulatedMachine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from seg_perception.inference.bundle_writer import VariantSource

    monkeypatch.setenv("SIMULATED_VERSION", "8.6.1")
    variant = VariantSource(native.model, "gather", "fp16_islands")
    engine = machine.create(make_bundle(variants=[variant]), chain=["tensorrt/fp16_islands"])
    assert "gather_fp16_islands: tiny" in engine.description
    # Of the two layers the convolution may be half, the softmax may not.
    assert machine.log.read_text().strip() == (
        "built 1 ['not TF32', 'FP16', 'OBEY_PRECISION_CONSTRAINTS'] [None, <DataType.FLOAT: 0>]"
    )


def test_int8_is_judged_by_what_it_was_measured_to_reach(
    make_bundle: MakeBundle, native: BundleSource, machine: SimulatedMachine
) -> None:
    """Measured at 90 % on the worst frame: 89.5 % of the golden labels are enough, 89 are not."""
    from seg_perception.inference.bundle_writer import VariantSource
    from seg_perception.inference.manifest import Parity

    parity = Parity(
        reference="torch",
        candidate="int8",
        frames=2,
        label_agreement=0.95,
        least_agreement=0.9,
        max_abs_error=None,
    )
    bundle = make_bundle(
        variants=[
            VariantSource(native.model, "none", "int8", parity),
            VariantSource(native.model, "none", "fp16_islands", parity),
        ]
    )

    def wrong(count: int) -> Any:
        def change(_: Any, outputs: dict[str, Any]) -> dict[str, Any]:
            labels = outputs["labels"].copy()
            labels.ravel()[:count] = (labels.ravel()[:count] + 1) % 3
            return {**outputs, "labels": labels}

        return change

    machine.faults.outputs = wrong(13)  # of 128 pixels: 89.84 % are right
    engine = machine.create(bundle, chain=["tensorrt/int8"])
    assert "none_int8: tiny" in engine.description
    assert engine.validation.startswith("89.84% equal labels")
    engine.close()
    with pytest.raises(EngineError, match=r"89\.84% equal labels .* expected 99\.50%"):
        machine.create(bundle, chain=["tensorrt/fp16_islands"])
    machine.faults.outputs = wrong(14)  # 89.06 %
    with pytest.raises(EngineError, match=r"89\.06% equal labels .* expected 89\.50%"):
        machine.create(bundle, chain=["tensorrt/int8"])


def test_no_builder_makes_int8_of_float32(
    make_bundle: MakeBundle, machine: SimulatedMachine
) -> None:
    with pytest.raises(EngineError, match=r"no variant int8, it has .*; export it with"):
        machine.create(make_bundle(), chain=["tensorrt/int8"])


def test_what_is_asked_of_the_builder_reaches_it(
    make_bundle: MakeBundle, machine: SimulatedMachine
) -> None:
    machine.create(make_bundle(), machine.config(workspace_mib=2)).close()
    assert "'WORKSPACE 2097152'" in machine.log.read_text()


def test_measurements_of_one_build_serve_the_next(
    make_bundle: MakeBundle, machine: SimulatedMachine
) -> None:
    bundle = make_bundle()
    for level in (1, 2):
        machine.create(bundle, machine.config(optimization_level=level)).close()
    (cache,) = machine.cache.glob("timing_*.cache")
    assert cache.read_bytes() == b"measuredmeasured"
    cache.write_bytes(b"foreign")
    machine.create(bundle, machine.config(optimization_level=4)).close()
    assert cache.read_bytes() == b"measured"


def open_axes(model: bytes, *axes: int) -> bytes:
    """A model that leaves axes of its input open, and all of its outputs."""
    proto = onnx.load_from_string(model)
    for axis in axes:
        proto.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = f"axis_{axis}"
    for output in proto.graph.output:
        for size in output.type.tensor_type.shape.dim:
            size.dim_param = "open"
    return bytes(proto.SerializeToString())


@pytest.mark.parametrize("axes", [(0,), (0, 1, 2)])
def test_open_axes_get_the_manifest_s_size(
    make_bundle: MakeBundle,
    native: BundleSource,
    stripes: Stripes,
    machine: SimulatedMachine,
    axes: tuple[int, ...],
) -> None:
    engine = machine.create(make_bundle(model=open_axes(native.model, *axes)))
    assert engine.refused == ()
    assert "tensorrt" in engine.description
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])


def half_model() -> bytes:
    """float16 NCHW in, logits of float16 out, the channels themselves."""
    shape = [1, 3, 8, 16]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT16, shape) for n in ("x", "logits")]
    node = helper.make_node("Identity", ["x"], ["logits"])
    graph = helper.make_graph([node], "half", ends[:1], ends[1:])
    opset = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def test_tensors_of_16_bits_can_be_declared(
    make_bundle: MakeBundle, foreign: BundleSource, stripes: Stripes, machine: SimulatedMachine
) -> None:
    half = NetworkInput(name="x", width=16, height=8, dtype="float16", layout="NCHW")
    bundle = make_bundle(foreign, model=half_model(), input=half)
    for engine in (machine.create(bundle), OnnxRuntimeEngine(bundle, [CPU_PROVIDER])):
        labels, confidence, _ = engine.infer(stripes[0])
        np.testing.assert_array_equal(labels, stripes[1])
        # exp(200/255) / (exp(200/255) + 2) = 0.5228 of 255.
        assert confidence[0, 0] == 133


@pytest.mark.parametrize(
    ("version", "precision", "flags"),
    [
        ("8.6.1", "fp32", "['not TF32', 'INT8']"),
        ("8.6.1", "fp16_islands", "['not TF32', 'INT8', 'FP16', 'OBEY_PRECISION_CONSTRAINTS']"),
        ("10.3.0", "fp32", "['not TF32']"),
    ],
)
def test_an_old_version_is_told_that_bytes_are_multiplied(
    make_bundle: MakeBundle,
    native: BundleSource,
    machine: SimulatedMachine,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    precision: str,
    flags: str,
) -> None:
    monkeypatch.setenv("SIMULATED_VERSION", version)
    proto = onnx.load_from_string(native.model)
    first = proto.graph.node[1].input[0]
    proto.graph.node[1].input[0] = "pixels_dq"
    for place, (kind, given, made) in enumerate(
        [("QuantizeLinear", first, "pixels_q"), ("DequantizeLinear", "pixels_q", "pixels_dq")]
    ):
        proto.graph.node.insert(1 + place, helper.make_node(kind, [given, "one", "zero"], [made]))
    proto.graph.initializer.append(helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]))
    proto.graph.initializer.append(helper.make_tensor("zero", TensorProto.UINT8, [], [0]))
    bundle = make_bundle(model=proto.SerializeToString())
    machine.create(bundle, chain=[f"tensorrt/{precision}"]).close()
    built = machine.log.read_text()
    assert flags in built
    assert built.strip().endswith("None]")  # QUANTIZE, the last layer, is told nothing


def test_half_precision_is_made_of_weights_beside_the_model(
    make_bundle: MakeBundle,
    native: BundleSource,
    machine: SimulatedMachine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not of a file of the same name in the current folder."""
    proto = onnx.load_from_string(native.model)
    (floor,) = (w for w in proto.graph.initializer if w.name == "floor")
    floor.CopyFrom(numpy_helper.from_array(np.float32(0), "floor"))
    folder = make_bundle(model=proto.SerializeToString()).folder
    where = {"save_as_external_data": True, "location": "model.onnx.data", "size_threshold": 0}
    onnx.save(proto, str(folder / "model.onnx"), **where)
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in ("model.onnx", "model.onnx.data"):
        manifest["files"][name] = sha256(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "model.onnx.data").write_bytes(np.float32([255]).tobytes())
    monkeypatch.chdir(tmp_path)
    bundle = Bundle.load(folder)
    engine = machine.create(bundle, chain=["tensorrt/fp16_islands"])
    # With the other file's floor every pixel's confidence would be 255.
    assert set(engine.infer(bundle.golden[0].image)[1].ravel().tolist()) == {200}

"""Whatever is wrong with the engine or the device: right labels from another engine, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from waiting import wait_until

from seg_perception.core.errors import EngineError

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine

    from seg_perception.inference.bundle_writer import BundleSource

Outputs = dict[str, Any]
OUT_OF_MEMORY = 2


def changed(outputs: Outputs) -> Outputs:
    return {**outputs, "labels": (outputs["labels"] + 1) % 3}


def one_class(_image: Any, outputs: Outputs) -> Outputs:
    return {**outputs, "labels": np.ones_like(outputs["labels"])}


def every_frame(_image: Any, outputs: Outputs) -> Outputs:
    return changed(outputs)


def mirrored_frame(image: Any, outputs: Outputs) -> Outputs:
    """Wrong where the image begins with blue."""
    return changed(outputs) if image[0, 0, 0, 2] else outputs


def confidence_of_noise(_image: Any, outputs: Outputs) -> Outputs:
    return {**outputs, "confidence": outputs["confidence"] // 2}


def class_that_does_not_exist(_image: Any, outputs: Outputs) -> Outputs:
    return {**outputs, "labels": np.full_like(outputs["labels"], 7)}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (every_frame, "failed its self-test: 0.00% equal labels on the worst of 2 golden frames"),
        (mirrored_frame, "0.00% equal labels on the worst of 2 golden frames (golden/01.png)"),
        (one_class, "37.50% equal labels"),
        (confidence_of_noise, "but their confidence is off by 39.2%, expected at most 5.0%"),
        (class_that_does_not_exist, "the model gave class id 7, the ontology ends at 2"),
    ],
)
def test_what_golden_frames_can_see_ends_before_a_label_is_published(
    make_bundle: MakeBundle,
    stripes: Stripes,
    machine: SimulatedMachine,
    fault: Callable[..., Outputs],
    reason: str,
) -> None:
    image, labels = stripes
    sure = np.full_like(labels, 200)
    frames = [(image, labels, sure), (image[:, ::-1].copy(), labels[:, ::-1].copy(), sure)]
    machine.faults.outputs = fault
    engine = machine.create(make_bundle(golden=frames))
    assert "ONNX Runtime" in engine.engine.description
    assert reason in engine.refused[0]
    assert machine.reports[-1] == engine.refused[0]
    for frame, expected, _ in frames:
        np.testing.assert_array_equal(engine.infer(frame)[0], expected)
    assert machine.device.memory == {}


def test_the_self_test_stands_in_the_metadata_beside_the_engine(
    make_bundle: MakeBundle, machine: SimulatedMachine
) -> None:
    from seg_perception.inference.tensorrt.cache import EngineCache

    machine.faults.outputs = every_frame
    bundle = make_bundle()
    machine.create(bundle).close()
    (entry,) = EngineCache(machine.cache).entries()
    assert entry.metadata is not None
    assert entry.metadata.self_test is not None
    assert not entry.metadata.self_test.passed
    assert entry.metadata.self_test.agreement == 0.0
    machine.faults.outputs = lambda _, outputs: outputs
    machine.create(bundle).close()
    (entry,) = EngineCache(machine.cache).entries()
    assert entry.metadata is not None
    assert entry.metadata.self_test is not None
    assert entry.metadata.self_test.validated


def test_a_chain_without_another_engine_refuses(
    make_bundle: MakeBundle, machine: SimulatedMachine
) -> None:
    machine.faults.outputs = every_frame
    with pytest.raises(EngineError, match=r"no engine can run tiny 1 .*failed its self-test"):
        machine.create(make_bundle(), engine="tensorrt")


def test_values_that_are_not_finite_are_refused_at_load(
    make_bundle: MakeBundle, foreign: BundleSource, stripes: Stripes, machine: SimulatedMachine
) -> None:
    machine.faults.outputs = lambda _, outputs: {"logits": outputs["logits"] * np.nan}
    engine = machine.create(make_bundle(foreign))
    assert "tensor 'logits' is not finite" in engine.refused[0]
    assert "ONNX Runtime" in engine.description


def test_values_that_are_not_finite_later_are_not_published(
    make_bundle: MakeBundle, foreign: BundleSource, machine: SimulatedMachine
) -> None:
    engine = machine.create(make_bundle(foreign))
    machine.faults.outputs = lambda _, outputs: {"logits": outputs["logits"] * np.nan}
    labels, *_ = engine.infer(np.full((8, 16, 3), (9, 200, 9), np.uint8))
    assert (labels == 1).all()
    assert "failed while running: tensor 'logits' is not finite" in engine.refused[0]


@pytest.mark.parametrize("call", ["cudaMalloc", "cudaHostAlloc 0", "cudaStreamCreateWithFlags"])
def test_memory_that_runs_out_at_load(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine, call: str
) -> None:
    from cuda.bindings import runtime

    runtime.device.failing[call] = runtime.cudaError_t.cudaErrorMemoryAllocation
    engine = machine.create(make_bundle())
    name = call.partition(" ")[0]
    assert f"{name} failed with error 2 (cudaErrorMemoryAllocation)" in engine.refused[0]
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    assert machine.device.memory == {}


def test_no_working_space_at_load(make_bundle: MakeBundle, machine: SimulatedMachine) -> None:
    machine.faults.no_context = True
    engine = machine.create(make_bundle())
    assert "no memory for the engine's working space: out of memory" in engine.refused[0]
    assert "ONNX Runtime" in engine.description
    assert machine.device.memory == {}


def out_of_memory(machine: SimulatedMachine) -> None:
    machine.faults.refuse_run = True


def failing_kernel(machine: SimulatedMachine) -> None:
    from cuda.bindings import runtime

    machine.device.failed_work = runtime.cudaError_t.cudaErrorMemoryAllocation


def lost_device(machine: SimulatedMachine) -> None:
    machine.device.lost = True


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (out_of_memory, "TensorRT refused to run: out of memory"),
        (failing_kernel, "cudaStreamSynchronize failed with error 2"),
        (lost_device, "cudaSetDevice failed with error 719 (cudaErrorLaunchFailure)"),
    ],
)
def test_an_engine_that_fails_while_it_runs_is_replaced_and_the_frame_answered(
    make_bundle: MakeBundle,
    stripes: Stripes,
    machine: SimulatedMachine,
    fault: Callable[[Any], None],
    expected: str,
) -> None:
    engine = machine.create(make_bundle())
    engine.infer(stripes[0])
    fault(machine)
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    (reason,) = engine.refused
    assert reason.startswith("tensorrt/fp32: tensorrt 10.3.0, Simulated GPU")
    assert "failed while running" in reason
    assert expected in reason
    assert machine.reports[-1].startswith(
        "frames are now segmented by onnxruntime/CPUExecutionProvider"
    )
    assert "ONNX Runtime" in engine.engine.description


def test_a_replacement_that_would_have_to_be_built_is_passed_over(
    make_bundle: MakeBundle, native: BundleSource, stripes: Stripes, machine: SimulatedMachine
) -> None:
    from seg_perception.inference.bundle_writer import VariantSource

    chain = ["tensorrt/plain", "tensorrt/gather_fp32", "onnxruntime/CPUExecutionProvider"]
    bundle = make_bundle(variants=[VariantSource(native.model, "gather", "fp32")])
    engine = machine.create(bundle, chain=chain)
    out_of_memory(machine)
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    assert machine.builds == 1
    assert engine.refused[1].startswith("tensorrt/gather_fp32: there is no engine tiny_1_gather")
    assert engine.refused[1].endswith("seg-perception engine build tiny makes it")


def test_the_last_engine_of_the_chain_drops_frames_until_it_works_again(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    engine = machine.create(make_bundle(), engine="tensorrt")
    machine.faults.refuse_run = True
    with pytest.raises(EngineError, match="refused to run") as caught:
        engine.infer(stripes[0])
    assert caught.value.reason == "engine_failed"
    machine.faults.refuse_run = False
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])


def live_only(image: Any, outputs: Outputs) -> Outputs:
    """Right on the golden frame, whose brightest value is 200."""
    return changed(outputs) if image.max() > 200 else outputs


def test_wrong_on_live_frames_alone_is_caught_by_the_spot_check(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    machine.faults.outputs = live_only
    engine = machine.create(make_bundle(), spot_check_period_s=0.001)
    assert engine.refused == ()
    live = np.where(stripes[0] > 0, 255, 0).astype(np.uint8)
    assert (engine.infer(live)[0] != stripes[1]).all()
    wait_until(lambda: any("spot check" in line for line in machine.reports), "the spot check")
    np.testing.assert_array_equal(engine.infer(live)[0], stripes[1])
    (reason,) = engine.refused
    assert (
        "failed while running: spot check: 0.0% equal labels with ONNX Runtime on a live frame, "
        "expected 97.0%; the labels of the last 1 frames can't be trusted" in reason
    )
    engine.close()


def test_an_engine_that_was_wrong_on_a_live_frame_is_not_loaded_again(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    from seg_perception.inference.tensorrt.cache import EngineCache
    from seg_perception.inference.tensorrt.engine_manager import unusable

    machine.faults.outputs = live_only
    bundle = make_bundle()
    engine = machine.create(bundle, spot_check_period_s=0.001)
    live = np.where(stripes[0] > 0, 255, 0).astype(np.uint8)
    engine.infer(live)
    wait_until(lambda: any("spot check" in line for line in machine.reports), "the spot check")
    engine.infer(live)
    engine.close()
    again = machine.create(bundle, spot_check_period_s=0.001)
    assert "was wrong on a live frame before" in again.refused[0]
    np.testing.assert_array_equal(again.infer(live)[0], stripes[1])
    (entry,) = EngineCache(machine.cache).entries()
    assert unusable(entry, machine.config()).startswith("wrong on a live frame: ")


def test_a_failed_spot_check_without_another_engine_ends_in_refusals(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    machine.faults.outputs = live_only
    engine = machine.create(make_bundle(), engine="tensorrt", spot_check_period_s=0.001)
    live = np.where(stripes[0] > 0, 255, 0).astype(np.uint8)
    engine.infer(live)
    wait_until(lambda: any("spot check" in line for line in machine.reports), "the spot check")
    for _ in range(2):
        with pytest.raises(EngineError, match="no other engine can run tiny"):
            engine.infer(live)
    assert "spot check" in engine.quarantined


def test_a_passing_spot_check_is_part_of_the_proof(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    engine = machine.create(make_bundle(), spot_check_period_s=0.001)
    engine.infer(stripes[0])
    wait_until(lambda: "spot check: 100.0% equal labels" in engine.validation, "the spot check")
    assert engine.refused == ()
    engine.close()


def test_what_tensorrt_raises_is_a_reason(
    make_bundle: MakeBundle,
    stripes: Stripes,
    machine: SimulatedMachine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import tensorrt

    def fail(_: Any) -> Any:
        msg = "factory function returned nullptr"
        raise TypeError(msg)

    monkeypatch.setattr(tensorrt, "Runtime", fail)
    engine = machine.create(make_bundle())
    assert "TensorRT failed (factory function returned nullptr)" in engine.refused[0]
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    assert machine.device.memory == {}

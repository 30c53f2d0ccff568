"""Tiny graphs through ONNX Runtime."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seg_perception.core.errors import EngineError
from seg_perception.inference import onnxruntime_engine
from seg_perception.inference.manifest import LabelsOutput, LogitsOutput, NetworkInput
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine, available_providers

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes

    from seg_perception.inference.bundle_writer import BundleSource

CPU = ["CPUExecutionProvider"]


def test_a_native_model(make_bundle: MakeBundle, stripes: Stripes) -> None:
    engine = OnnxRuntimeEngine(make_bundle(), CPU)
    image, expected = stripes
    labels, confidence, _ = engine.infer(image)
    np.testing.assert_array_equal(labels, expected)
    assert labels.dtype == np.uint8
    assert confidence.shape == (8, 16)
    assert set(confidence.ravel().tolist()) == {200}


def test_a_foreign_model(make_bundle: MakeBundle, foreign: BundleSource, stripes: Stripes) -> None:
    engine = OnnxRuntimeEngine(make_bundle(foreign), CPU)
    labels, confidence, _ = engine.infer(stripes[0])
    np.testing.assert_array_equal(labels, stripes[1])
    # Pure red: logits 200/255, 0, 0, so exp(0.7843) / (exp(0.7843) + 2) = 0.5228 of 255.
    assert confidence[0, 0] == 133


def test_the_description_says_what_runs(make_bundle: MakeBundle) -> None:
    text = OnnxRuntimeEngine(make_bundle(), CPU, threads=1).description
    assert text.startswith("ONNX Runtime ")
    assert text.endswith(", CPU, 1 threads: tiny 1 (16x8)")


def test_threads_reach_the_session(make_bundle: MakeBundle) -> None:
    engine = OnnxRuntimeEngine(make_bundle(), CPU, threads=1)
    assert engine._session.get_session_options().intra_op_num_threads == 1


def test_a_provider_that_is_not_here_is_refused_and_the_others_named(
    make_bundle: MakeBundle,
) -> None:
    with pytest.raises(EngineError, match=r"provider NoneSuch is not .*'CPUExecutionProvider'"):
        OnnxRuntimeEngine(make_bundle(), ["NoneSuch", *CPU])


def test_an_empty_list_of_providers_is_refused(make_bundle: MakeBundle) -> None:
    with pytest.raises(EngineError, match=r"provider \(none\) is not available"):
        OnnxRuntimeEngine(make_bundle(), [])


def test_a_provider_that_fails_to_start_is_not_replaced_in_silence(
    make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime itself goes on with the CPU and warns in its log."""
    if "CUDAExecutionProvider" in available_providers():
        pytest.skip("this machine's ONNX Runtime has CUDA")
    both = ["CUDAExecutionProvider", *CPU]
    monkeypatch.setattr(onnxruntime_engine, "available_providers", lambda: both)
    with (
        pytest.warns(UserWarning, match="CUDA"),
        pytest.raises(EngineError, match=r"CUDA.* is not available"),
    ):
        OnnxRuntimeEngine(make_bundle(), both)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "name of the input": (
        {"input": NetworkInput(name="x", width=16, height=8, dtype="float32", layout="NCHW")},
        r"names the inputs \['x'\], the model has \['pixel_values'\]; correct the manifest's input",
    ),
    "name of the output": (
        {"output": LogitsOutput(kind="logits", name="y")},
        r"names the outputs \['y'\], the model has \['logits'\]",
    ),
    "size": (
        {
            "input": NetworkInput(
                name="pixel_values", width=32, height=8, dtype="float32", layout="NCHW"
            )
        },
        r"promises float32 \[1, 3, 8, 32\], the model has float32 \[1, 3, 8, 16\]",
    ),
    "type": (
        {"input": NetworkInput(name="pixel_values", width=16, height=8, layout="NCHW")},
        "promises uint8 .* the model has float32",
    ),
    "layout": (
        {"input": NetworkInput(name="pixel_values", width=16, height=8, dtype="float32")},
        r"promises float32 \[1, 8, 16, 3\]",
    ),
    "kind": ({"output": LabelsOutput(kind="labels", name="logits")}, "promises uint8 or uint16"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_manifest_that_does_not_fit_the_model_is_refused_at_load(
    make_bundle: MakeBundle, foreign: BundleSource, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        OnnxRuntimeEngine(make_bundle(replace(foreign, **changes)), CPU)


def test_bytes_that_are_no_model_are_refused(make_bundle: MakeBundle) -> None:
    with pytest.raises(EngineError, match=r"can't load .*model\.onnx") as caught:
        OnnxRuntimeEngine(make_bundle(model=b"no model"), CPU)
    assert "\n" not in str(caught.value)


def test_a_failure_while_running_is_an_engine_error(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    class Broken:
        def run(self, *_: object) -> None:
            msg = "CUDA failure 2: out of memory\nbacktrace"
            raise RuntimeError(msg)

    engine = OnnxRuntimeEngine(make_bundle(), CPU)
    engine._session = Broken()
    with pytest.raises(EngineError, match=r"failed on tiny 1 \(16x8\): CUDA failure 2: out of m"):
        engine.infer(stripes[0])


def test_an_image_of_another_size_is_refused(make_bundle: MakeBundle) -> None:
    engine = OnnxRuntimeEngine(make_bundle(), CPU)
    with pytest.raises(EngineError, match=r"expected uint8 \(8, 16, 3\), got uint8 \(16, 8, 3\)"):
        engine.infer(np.zeros((16, 8, 3), np.uint8))


def test_a_closed_engine_says_so(make_bundle: MakeBundle, stripes: Stripes) -> None:
    engine = OnnxRuntimeEngine(make_bundle(), CPU)
    engine.close()
    with pytest.raises(EngineError, match="the engine is closed"):
        engine.infer(stripes[0])


def test_without_onnx_runtime_the_mend_is_named(
    make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(EngineError, match="pip install onnxruntime"):
        OnnxRuntimeEngine(make_bundle(), CPU)

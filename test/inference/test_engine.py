"""The chain gives a validated engine, falls back, or refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference import onnxruntime_engine, tensorrt_engine
from seg_perception.inference.engine import create_engine
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes
    from numpy.typing import NDArray

    from seg_perception.inference.bundle_writer import BundleSource

GPU, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
ON_GPU, ON_CPU = f"onnxruntime/{GPU}", f"onnxruntime/{CPU}"


class WrongOnGpu(OnnxRuntimeEngine):
    """Runs on the CPU whatever is asked, and is silently wrong as a GPU."""

    def __init__(self, bundle: Any, providers: Any, threads: int = 0, *_: Any) -> None:
        super().__init__(bundle, [CPU], threads)
        self.provider = providers[0]
        self.wrong = self.provider == GPU
        self.description = f"engine on {self.provider}"

    def infer(self, image: NDArray[np.uint8]) -> Any:
        labels, confidence, _ = super().infer(image)
        return (labels * 0 if self.wrong else labels), confidence


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, no_device: None) -> None:
    monkeypatch.setattr(onnxruntime_engine, "OnnxRuntimeEngine", WrongOnGpu)
    monkeypatch.setattr(onnxruntime_engine, "find_device", lambda: "/dev/nvidiactl")


@pytest.fixture(autouse=True)
def no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has a device runs these tests, too."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(onnxruntime_engine, "find_device", str)
    monkeypatch.setattr(tensorrt_engine, "find_device", str)


@pytest.mark.parametrize("name", ["auto", "onnxruntime"])
def test_a_native_bundle_is_proven_on_onnx_runtime(
    make_bundle: MakeBundle, stripes: Stripes, name: Any
) -> None:
    bundle = make_bundle()
    engine = create_engine(bundle, SegmentationConfig(engine=name))
    assert engine.bundle is bundle
    assert engine.self_test.validated
    assert engine.refused == ()
    assert engine.load_s > 0
    assert "loaded in" in engine.description
    assert "100.00% equal labels" in engine.description
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer(stripes[0])


def test_a_foreign_bundle_runs_and_says_that_it_is_not_proven(
    make_bundle: MakeBundle, foreign: BundleSource
) -> None:
    engine = create_engine(make_bundle(foreign), SegmentationConfig())
    assert not engine.self_test.validated
    assert "not validated: no golden frames" in engine.description


def test_auto_never_imports_tensorrt(make_bundle: MakeBundle) -> None:
    program = (
        "import sys\n"
        "from seg_perception.config import SegmentationConfig\n"
        "from seg_perception.inference.bundle import Bundle\n"
        "from seg_perception.inference.engine import create_engine\n"
        "create_engine(Bundle.load(sys.argv[1]), SegmentationConfig())\n"
        "print({'tensorrt', 'tensorrt_rtx', 'torch'} & set(sys.modules))\n"
    )
    command = [sys.executable, "-c", program, str(make_bundle().folder)]
    hidden = dict(os.environ, CUDA_VISIBLE_DEVICES="")
    run = subprocess.run(command, env=hidden, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_auto_falls_back_from_a_gpu_that_is_silently_wrong(
    make_bundle: MakeBundle, stripes: Stripes, gpu: None
) -> None:
    config = SegmentationConfig(chain=[ON_GPU, ON_CPU])
    reports: list[str] = []
    engine = create_engine(make_bundle(), config, report=reports.append)
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    (reason,) = engine.refused
    assert reason.startswith(f"{ON_GPU}: engine on {GPU} failed its self-test: 31.25% equal labels")
    assert reports == [reason]


def test_what_onnx_runtime_lacks_is_refused_with_what_it_has(make_bundle: MakeBundle) -> None:
    config = SegmentationConfig(chain=["onnxruntime/NoneSuch", ON_CPU])
    engine = create_engine(make_bundle(), config)
    (reason,) = engine.refused
    assert reason.startswith(
        "onnxruntime/NoneSuch: ONNX Runtime provider NoneSuch is not available"
    )
    assert "CPU" in engine.description


def test_without_a_device_its_engines_are_no_fault(make_bundle: MakeBundle) -> None:
    engine = create_engine(make_bundle(), SegmentationConfig())
    assert engine.refused == ()
    assert [(a.entry, a.outcome) for a in engine.attempts] == [
        ("tensorrt/fp16_islands", "skipped"),
        ("tensorrt/fp16_islands_fp32_attention", "skipped"),
        ("tensorrt/fp32", "skipped"),
        (ON_GPU, "skipped"),
        ("onnxruntime/TensorrtExecutionProvider", "skipped"),
        (ON_CPU, "taken"),
    ]
    assert re.fullmatch(
        r"ONNX Runtime \S+, CPU, default threads: tiny 1 \(16x8\), loaded in \d\.\d\d s, "
        r"100\.00% equal labels on the worst of 1 golden frames; no NVIDIA device here",
        engine.description,
    )


def test_a_chain_of_one_entry_takes_it_or_refuses(make_bundle: MakeBundle, gpu: None) -> None:
    with pytest.raises(EngineError, match=r"no engine can run tiny 1 .* failed its self-test"):
        create_engine(make_bundle(), SegmentationConfig(chain=[ON_GPU]))


def test_an_engine_asked_for_by_name_takes_its_entries_alone(make_bundle: MakeBundle) -> None:
    config = SegmentationConfig(engine="tensorrt", chain=[ON_CPU])
    with pytest.raises(EngineError, match=r"segmentation\.chain has no tensorrt"):
        create_engine(make_bundle(), config)


def test_golden_labels_that_the_model_does_not_give_are_refused(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    image, labels = stripes
    bundle = make_bundle(golden=[(image, labels[:, ::-1].copy())])
    with pytest.raises(EngineError, match=r"expected 99\.50%"):
        create_engine(bundle, SegmentationConfig())


def test_the_fault_comes_before_what_this_machine_lacks(make_bundle: MakeBundle) -> None:
    with pytest.raises(EngineError, match="no engine can run") as caught:
        create_engine(make_bundle(model=b"no model"), SegmentationConfig())
    text = str(caught.value)
    assert text.index("can't load") < text.index("no NVIDIA device")
    assert text.count("no NVIDIA device") == 1

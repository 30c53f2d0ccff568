"""The factory gives a proven engine, falls back, or refuses."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.errors import EngineError
from seg_perception.inference import engine as engine_module
from seg_perception.inference.engine import create_engine
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes
    from numpy.typing import NDArray

    from seg_perception.inference.bundle_writer import BundleSource

GPU, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class WrongOnGpu(OnnxRuntimeEngine):
    """Runs on the CPU whatever is asked, and is silently wrong as a GPU."""

    def __init__(self, bundle: Any, providers: Any, threads: int = 0) -> None:
        super().__init__(bundle, [CPU], threads)
        self.wrong = providers[0] == GPU
        self.description = f"engine on {providers[0]}"

    def infer(self, image: NDArray[np.uint8]) -> Any:
        labels, confidence = super().infer(image)
        return (labels * 0 if self.wrong else labels), confidence


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "OnnxRuntimeEngine", WrongOnGpu)
    monkeypatch.setattr(engine_module, "available_providers", lambda: [GPU, CPU])


@pytest.mark.parametrize("name", ["auto", "onnxruntime"])
def test_a_native_bundle_is_proven_on_onnx_runtime(
    make_bundle: MakeBundle, stripes: Stripes, name: Any
) -> None:
    bundle = make_bundle()
    engine = create_engine(bundle, SegmentationConfig(engine=name))
    assert engine.bundle is bundle
    assert engine.verdict.proven
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
    assert not engine.verdict.proven
    assert engine.description.endswith("not proven: no golden frames")


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
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_auto_falls_back_from_a_gpu_that_is_silently_wrong(
    make_bundle: MakeBundle, stripes: Stripes, gpu: None
) -> None:
    engine = create_engine(make_bundle(), SegmentationConfig(providers=[GPU, CPU]))
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    (reason,) = engine.refused
    assert reason.startswith(f"engine on {GPU} failed its self-test: 31.25% equal labels")


def test_auto_leaves_out_what_is_not_available(make_bundle: MakeBundle) -> None:
    engine = create_engine(make_bundle(), SegmentationConfig(providers=["NoneSuch"]))
    assert engine.refused == ("NoneSuch is not available here",)
    assert "CPU" in engine.description


def test_an_engine_asked_for_by_name_is_refused_instead(make_bundle: MakeBundle, gpu: None) -> None:
    config = SegmentationConfig(engine="onnxruntime", providers=[GPU, CPU])
    with pytest.raises(EngineError, match=r"no engine can run tiny 1 .* failed its self-test"):
        create_engine(make_bundle(), config)


def test_golden_labels_that_the_model_does_not_give_are_refused(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    image, labels = stripes
    bundle = make_bundle(golden=[(image, labels[:, ::-1].copy())])
    with pytest.raises(EngineError, match=r"expected 99\.50%"):
        create_engine(bundle, SegmentationConfig())


def test_tensorrt_is_refused_with_what_to_use(make_bundle: MakeBundle) -> None:
    with pytest.raises(EngineError, match="set it to onnxruntime"):
        create_engine(make_bundle(), SegmentationConfig(engine="tensorrt"))

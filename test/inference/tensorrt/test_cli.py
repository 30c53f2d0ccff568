"""`seg-perception engine` on a machine with a simulated device."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.inference.benchmark import throughput as throughput_module
from seg_perception.inference.tensorrt import checks

if TYPE_CHECKING:
    from conftest import MakeBundle
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine

    from seg_perception.inference.bundle_writer import BundleSource

LABELS = "it gives the golden labels on this device"


@pytest.fixture
def engine(
    machine: SimulatedMachine, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, Any]]:
    """Run a command; the exit code and what it printed."""
    monkeypatch.setattr(checks, "find_device", lambda: "/dev/nvidiactl")
    chain = "[tensorrt/fp16_islands, tensorrt/fp32, onnxruntime/CPUExecutionProvider]"
    values = {
        "tensorrt.cache": machine.cache,
        "tensorrt.module": "tensorrt",
        "segmentation.chain": chain,
    }
    settings = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]

    def run(command: str, *arguments: object) -> tuple[int, Any]:
        words = ["engine", command, *map(str, arguments), *settings, "--json"]
        done = CliRunner().invoke(app, words)
        return done.exit_code, json.loads(done.stdout)

    return run


@pytest.fixture
def bundle(make_bundle: MakeBundle, native: BundleSource) -> Path:
    """Three variants that TensorRT may take, two of them in files of their own."""
    from seg_perception.inference.bundle_writer import VariantSource

    variants = [
        VariantSource(native.model, "gather", "fp16_islands"),
        VariantSource(native.model, "gather", "fp32"),
    ]
    return make_bundle(variants=variants).folder


def states(answer: Any) -> dict[str, str]:
    return {c["entry"]: c["state"] for c in answer["checks"] if c["statement"] == LABELS}


def test_build_stops_at_the_first_that_is_proven(
    engine: Callable[..., Any], bundle: Path, machine: SimulatedMachine
) -> None:
    code, answer = engine("build", bundle)
    assert (code, states(answer)) == (0, {"tensorrt/fp16_islands": "validated"})
    assert machine.builds == 1
    code, answer = engine("build", bundle, "--all")
    assert states(answer) == {"tensorrt/fp16_islands": "validated", "tensorrt/fp32": "validated"}
    assert machine.builds == 2


def test_verify_names_what_is_not_built(engine: Callable[..., Any], bundle: Path) -> None:
    code, answer = engine("verify", bundle)
    assert code == 2  # there is a device, and nothing is validated on it
    missing = [c for c in answer["checks"] if c["entry"] == "tensorrt/fp32"]
    assert [c["state"] for c in missing] == ["not validated"]
    assert "there is no engine tiny_1_gather_fp32" in missing[0]["detail"]
    engine("build", bundle)
    code, answer = engine("verify", bundle)
    assert (code, states(answer)) == (0, {"tensorrt/fp16_islands": "validated"})


def test_an_engine_that_is_wrong_fails_and_the_next_is_built(
    engine: Callable[..., Any], bundle: Path, machine: SimulatedMachine
) -> None:
    machine.faults.outputs = lambda _, outputs: {**outputs, "labels": outputs["labels"] * 0}
    code, answer = engine("build", bundle)
    assert (code, states(answer)) == (
        2,
        {"tensorrt/fp16_islands": "failed", "tensorrt/fp32": "failed"},
    )
    (entry, _) = engine("list")[1]["engines"]
    assert entry["metadata"]["self_test"]["passed"] is False


def test_a_builder_that_crashes_is_an_answer(
    engine: Callable[..., Any], bundle: Path, fault: Callable[[str], None]
) -> None:
    fault("crash")
    code, answer = engine("build", bundle)
    assert code == 2
    assert "the builder crashed (SIGABRT)" in answer["checks"][0]["detail"]


def test_clean_removes_what_another_driver_built(
    engine: Callable[..., Any],
    bundle: Path,
    machine: SimulatedMachine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cuda.bindings import runtime

    from seg_perception.inference.tensorrt.cache import EngineCache

    engine("build", bundle, "--all")
    assert engine("clean")[1]["removed"] == {}
    monkeypatch.setattr(runtime, "cudaDriverGetVersion", lambda: (0, 13000))
    engine("build", bundle)
    removed = engine("clean")[1]["removed"]
    assert len(removed) == 2
    expected = "built for Simulated GPU 8.7 12.6 12.6, here is Simulated GPU 8.7 13.0 12.6"
    assert set(removed.values()) == {expected}
    other = EngineCache(machine.cache).foreign_folder("onnxruntime_0123")
    assert engine("clean")[1]["foreign"] == 0
    cleaned = engine("clean", "--all")[1]
    assert (cleaned["kept"], cleaned["foreign"], other.exists()) == (0, 1, False)
    assert engine("list")[1]["engines"] == []


class Clock:
    """Each time it is asked 5 ms later; sleep takes as long as it should."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def perf_counter(self) -> float:
        self._now_s += 0.005
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        self._now_s += duration_s


def test_bench_measures_what_is_there_and_names_the_rest(
    engine: Callable[..., Any], bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput_module, "time", Clock())
    engine("build", bundle)
    code, answer = engine("bench", bundle, "--duration", "0.2", "--rate", "20")
    assert code == 0
    assert answer["device"]["name"] == "Simulated GPU"
    assert answer["versions"]["tensorrt"] == "tensorrt 10.3.0"
    results = {result["name"]: result for result in answer["results"]}
    measured = {name for name, result in results.items() if result["throughput"]}
    assert measured == {"tensorrt/fp16_islands", "onnxruntime/CPUExecutionProvider"}
    throughput = results["tensorrt/fp16_islands"]["throughput"]
    assert throughput["frames_sent"] == 4
    # The clock is asked once a frame, and twice where a frame has to be waited for.
    assert throughput["peak_rate_fps"] == pytest.approx(200)
    assert throughput["missed_frames"] == 0
    for percentile in (50, 95, 99):
        assert throughput[f"p{percentile}_latency_ms"] == pytest.approx(5)
    bound = results["tensorrt/fp16_islands"]["bound"]
    assert bound["peak_tflops"] == pytest.approx(42.6, rel=1e-3)
    assert "there is no engine" in results["tensorrt/fp32"]["missing"]
    assert "--checkpoint" in results["torch"]["missing"]

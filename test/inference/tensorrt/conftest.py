"""A machine with a simulated NVIDIA device and a simulated TensorRT."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.inference import onnxruntime_engine, tensorrt_engine
from seg_perception.inference.engine import ValidatedEngine, create_engine

if TYPE_CHECKING:
    from seg_perception.inference.bundle import Bundle

SIMULATED = Path(__file__).parent / "simulated"
CHAIN = ["tensorrt/fp32", "onnxruntime/CPUExecutionProvider"]


def _forget() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in ("tensorrt", "cuda")]:
        del sys.modules[name]


@dataclass
class SimulatedMachine:
    """The machine, and an engine on it.

    Attributes:
        cache: folder of the engines.
        log: what builders did, one line each.
        reports: what the chain told.
    """

    cache: Path
    log: Path
    reports: list[str] = field(default_factory=list)

    @property
    def device(self) -> Any:
        from cuda.bindings import runtime

        return runtime.device

    @property
    def faults(self) -> Any:
        import tensorrt

        return tensorrt.faults

    @property
    def builds(self) -> int:
        """How often something was built."""
        return len(self.log.read_text().splitlines()) if self.log.is_file() else 0

    def config(self, **changes: Any) -> TensorRtConfig:
        defaults = {"cache": str(self.cache), "module": "tensorrt", "build_silence_s": 60.0}
        return TensorRtConfig(**{**defaults, **changes})

    def create(
        self, bundle: Bundle, tensorrt: TensorRtConfig | None = None, **changes: Any
    ) -> ValidatedEngine:
        defaults = {"chain": CHAIN, "spot_check_period_s": 0.0}
        config = SegmentationConfig(**{**defaults, **changes})
        return create_engine(bundle, config, tensorrt or self.config(), report=self.reports.append)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedMachine]:
    """A machine whose device is free of faults; what the device lends must come back."""
    _forget()
    monkeypatch.syspath_prepend(SIMULATED)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("SIMULATED_LOG", str(tmp_path / "builds.log"))
    for module in (onnxruntime_engine, tensorrt_engine):
        monkeypatch.setattr(module, "find_device", lambda: "/dev/nvidiactl")
    yield SimulatedMachine(tmp_path / "engines", tmp_path / "builds.log")
    _forget()


@pytest.fixture
def let_build(
    tmp_path: Path, fault: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Builders wait in the middle of their work; the call lets the one go on that waits."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    monkeypatch.setenv("SIMULATED_GATE", str(gate))
    fault("held")

    def release() -> None:
        gate.write_bytes(b"go on")

    return release


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Say what goes wrong with the next builds."""
    return lambda name: monkeypatch.setenv("SIMULATED_BUILD", name)

"""What `seg-perception engine bench` measures, and how it is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from seg_perception.cli.progress import progress_bar
from seg_perception.cli.tables import console
from seg_perception.config import Config
from seg_perception.core.errors import EngineError
from seg_perception.inference.benchmark.cases import (
    device_facts,
    find_cases,
    library_versions,
)
from seg_perception.inference.benchmark.power_monitor import PowerMonitor
from seg_perception.inference.benchmark.run import (
    BenchmarkCase,
    BenchmarkConfig,
    Result,
    run_all,
    versions,
)
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.protocol import Engine
from seg_perception.inference.self_test import Thresholds
from seg_perception.inference.tensorrt.cuda import DeviceFacts


@dataclass(frozen=True)
class BenchReport:
    """One run.

    Attributes:
        bundle, versions, device: what was measured on what.
        results: one for each engine, measured or not.
    """

    bundle: str
    versions: dict[str, str]
    device: DeviceFacts | None
    results: tuple[Result, ...]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "bundle": self.bundle,
            "versions": self.versions,
            "device": asdict(self.device) if self.device else None,
            "results": [result.to_json() for result in self.results],
        }


def measure(
    name: str, config: Config, rate_hz: float, duration_s: float, checkpoint: Path | None
) -> BenchReport:
    """Run every engine of the chain, and torch.

    Raises:
        BundleError: the bundle can't be loaded, or has no golden frames to run.
    """
    bundle = Bundle.load(name)
    frames = [frame.image for frame in bundle.golden] or [_grey(bundle)]
    thresholds = Thresholds.of(config.segmentation)
    cases = find_cases(bundle, config.segmentation, config.tensorrt)
    cases += _torch(bundle, checkpoint)
    benchmark = BenchmarkConfig(frames, rate_hz, duration_s, thresholds)
    results = []
    with progress_bar("measuring") as advance:
        for done, result in enumerate(run_all(cases, benchmark, PowerMonitor()), start=1):
            results.append(result)
            advance(done, len(cases))
    return BenchReport(
        bundle=str(bundle),
        versions=versions(library_versions(config.tensorrt)),
        device=device_facts(config.tensorrt),
        results=tuple(results),
    )


def print_results(report: BenchReport) -> None:
    """A table, then what it was measured on, then what is missing."""
    out = console()
    titles = ("engine", "peak fps", "fps", "p50 ms", "p95 ms", "p99 ms", "max ms")
    table = Table(*titles, "jitter ms", "missed", "power W", "of roofline", title=report.bundle)
    for result in report.results:
        if result.throughput is not None:
            table.add_row(*_cells(result))
    out.print(table)
    for line in _lines(report):
        typer.echo(line)


def _cells(result: Result) -> list[str]:
    throughput = result.throughput
    if throughput is None:
        return [result.name]
    latencies = (
        throughput.p50_latency_ms,
        throughput.p95_latency_ms,
        throughput.p99_latency_ms,
        throughput.max_latency_ms,
    )
    power = result.power.power_w if result.power else {}
    share = result.roofline_share
    return [
        result.name,
        f"{throughput.peak_rate_fps:.1f}",
        f"{throughput.mean_frame_rate_fps:.1f} of {throughput.rate_fps:g}",
        *(f"{value:.1f}" for value in latencies),
        f"{throughput.mean_jitter_ms:.2f}",
        f"{throughput.missed_frames} of {throughput.frames_sent}",
        ", ".join(f"{rail} {watt:.1f}" for rail, watt in power.items()) or "not measured",
        "not known" if share is None else f"{share:.0%}",
    ]


def _lines(report: BenchReport) -> list[str]:
    device = report.device
    lines = [f"{name}: {value}" for name, value in report.versions.items()]
    lines.append(f"device: {device}" if device else "device: no NVIDIA device here")
    sources = {r.power.source: r.power.clock_mhz for r in report.results if r.power}
    lines += [f"power and clocks: {source} {clocks or ''}" for source, clocks in sources.items()]
    for result in report.results:
        if result.missing:
            lines.append(f"not measured: {result.name}: {result.missing}")
        elif result.self_test is not None:
            lines.append(f"{result.name}: {result.description}; {result.self_test.detail}")
    return lines


def _torch(bundle: Bundle, checkpoint: Path | None) -> list[BenchmarkCase]:
    """Torch on the CPU and, where it can, on the device."""
    if checkpoint is None:
        why = "a bundle holds no torch network; name its checkpoint with --checkpoint"
        return [BenchmarkCase("torch", _refuse(why))]
    return [
        BenchmarkCase(f"torch/{device}", partial(_load_torch, bundle, checkpoint, device))
        for device in ("cuda:0", "cpu")
    ]


def _load_torch(bundle: Bundle, checkpoint: Path, device: str) -> Engine:
    try:
        from seg_perception.training.export.torch_engine import TorchEngine
    # A build for CUDA whose libraries are missing raises OSError.
    except (ImportError, OSError) as error:
        msg = f"torch can't be imported ({error}); pip install torch"
        raise EngineError(msg) from error
    return TorchEngine(bundle, checkpoint, device)


def _refuse(why: str) -> Callable[[], Engine]:
    def make() -> Engine:
        raise EngineError(why)

    return make


def _grey(bundle: Bundle) -> Any:
    import numpy as np

    print("the bundle has no golden frames: a grey image is measured", file=sys.stderr)  # noqa: T201
    return np.full((bundle.height, bundle.width, 3), 128, np.uint8)

"""All engines of a bundle in one run, on one machine, one after the other."""

from __future__ import annotations

import gc
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from seg_perception.core.errors import EngineError
from seg_perception.inference.benchmark.power_monitor import PowerMonitor, PowerReport
from seg_perception.inference.benchmark.roofline import Roofline
from seg_perception.inference.benchmark.throughput import Frames, Throughput, measure_throughput
from seg_perception.inference.protocol import Engine
from seg_perception.inference.self_test import SelfTestResult, Thresholds, self_test

MakeEngine = Callable[[], Engine]


@dataclass(frozen=True)
class BenchmarkCase:
    """An engine that may be measured.

    Attributes:
        name: in the table.
        make: loads it; raises where it is not there.
        bound: the device's best for it; None where that is not known.
        agreement: share of the golden labels that its variant was measured to reach.
    """

    name: str
    make: MakeEngine
    bound: Roofline | None = None
    agreement: float = 1.0


@dataclass(frozen=True)
class Result:
    """What was found of one engine.

    Attributes:
        missing: why nothing was measured; empty where something was.
        self_test: a fast engine with wrong labels is no engine.
        roofline_share: best possible time over the time at the peak rate.
    """

    name: str
    missing: str
    description: str = ""
    self_test: SelfTestResult | None = None
    throughput: Throughput | None = None
    power: PowerReport | None = None
    bound: Roofline | None = None
    roofline_share: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return asdict(self)


@dataclass(frozen=True)
class BenchmarkConfig:
    """What every engine has to run.

    Attributes:
        frames: uint8 (H, W, 3) at the network's size, taken in turns.
        rate_hz, duration_s: as `measure_throughput`.
        thresholds: of the self-test that goes before.
    """

    frames: Frames
    rate_hz: float
    duration_s: float
    thresholds: Thresholds


def run_all(
    cases: list[BenchmarkCase], config: BenchmarkConfig, power: PowerMonitor
) -> Iterator[Result]:
    """Measure one after the other; each is freed before the next is loaded."""
    for case in cases:
        yield _run(case, config, power)
        gc.collect()


def versions(names: Mapping[str, str]) -> dict[str, str]:
    """What this machine is, beside the versions that are given."""
    return {
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **names,
    }


def _run(case: BenchmarkCase, config: BenchmarkConfig, power: PowerMonitor) -> Result:
    try:
        engine = case.make()
    except EngineError as error:
        return Result(case.name, str(error))
    try:
        return _measure(case, engine, config, power)
    except EngineError as error:
        return Result(case.name, f"failed while it ran: {error}", engine.description)
    finally:
        engine.close()


def _measure(
    case: BenchmarkCase, engine: Engine, config: BenchmarkConfig, power: PowerMonitor
) -> Result:
    result = self_test(engine, config.thresholds.less(case.agreement))
    if not result.passed:
        why = f"failed its self-test: {result.detail}"
        return Result(case.name, why, engine.description, result)
    with power.watched() as readings:
        throughput = measure_throughput(engine, config.frames, config.rate_hz, config.duration_s)
    bound = case.bound
    return Result(
        name=case.name,
        missing="",
        description=engine.description,
        self_test=result,
        throughput=throughput,
        power=power.report(readings),
        bound=bound,
        roofline_share=bound.best_ms * throughput.peak_rate_fps / 1e3 if bound else None,
    )

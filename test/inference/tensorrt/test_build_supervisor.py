"""A builder that refuses, crashes, is killed or hangs is an error, and nothing stays behind."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seg_perception.core.errors import EngineBuildingError, EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.tensorrt.engine_builder import (
    BackgroundEngineBuilder,
    BlockingEngineBuilder,
)

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("refuse", "could not build the engine; its log says why; it said: no tactic for node 7"),
        ("crash", "the builder crashed (SIGABRT)"),
        ("killed", "the builder was killed, most likely since memory ran out"),
    ],
)
def test_a_builder_that_fails_is_a_reason(
    make_bundle: MakeBundle,
    stripes: Stripes,
    machine: SimulatedMachine,
    fault: Callable[[str], None],
    name: str,
    reason: str,
) -> None:
    fault(name)
    engine = machine.create(make_bundle())
    assert reason in engine.refused[0]
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    assert [file.suffix for file in machine.cache.iterdir()] == [".lock"]


def test_a_builder_that_hangs_is_ended(
    make_bundle: MakeBundle, machine: SimulatedMachine, fault: Callable[[str], None]
) -> None:
    fault("hang")
    engine = machine.create(make_bundle(), machine.config(build_silence_s=1.0))
    assert "the builder gave no sign of life for 1 s and was ended" in engine.refused[0]
    assert "ONNX Runtime" in engine.description


def test_a_build_that_takes_too_long_is_ended(
    make_bundle: MakeBundle, machine: SimulatedMachine, fault: Callable[[str], None]
) -> None:
    fault("hang")
    engine = machine.create(make_bundle(), machine.config(build_timeout_s=1.0))
    assert "the builder took more than 1 s and was ended" in engine.refused[0]


def test_a_model_that_tensorrt_cannot_read_is_a_reason(
    make_bundle: MakeBundle, machine: SimulatedMachine
) -> None:
    from seg_perception.inference.bundle_writer import VariantSource

    bundle = make_bundle(variants=[VariantSource(b"no onnx", "none", "fp32")])
    engine = machine.create(bundle)
    assert "can't read model_none_fp32.onnx: node 3: unsupported" in engine.refused[0]


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, in this process and its children."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_for_the_plan(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    bundle = make_bundle()
    with disk_of(400):
        engine = machine.create(bundle)
    assert os.strerror(errno.EFBIG) in engine.refused[0]
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])
    assert list(machine.cache.glob("*.plan")) == []
    assert list(machine.cache.glob("*.draft*")) == []


def test_progress_and_log_are_told(make_bundle: MakeBundle, machine: SimulatedMachine) -> None:
    from seg_perception.config import SegmentationConfig
    from seg_perception.inference.engine import create_engine

    seen: list[tuple[str, float]] = []
    builds = BlockingEngineBuilder(
        machine.reports.append, lambda p: seen.append((p.phase, p.share))
    )
    config = SegmentationConfig(engine="tensorrt")
    create_engine(make_bundle(), config, machine.config(), builds).close()
    assert seen[0] == ("Building engine", 0.0)
    assert machine.reports[0].startswith("building engine tiny_1_plain_")
    assert machine.reports[-1].startswith("built in")


def test_who_does_not_wait_is_told_how_far_it_is(
    make_bundle: MakeBundle,
    machine: SimulatedMachine,
    let_build: Callable[[], None],
    wait_until: Callable[..., None],
) -> None:
    from seg_perception.config import SegmentationConfig
    from seg_perception.inference.engine import create_engine

    builds = BackgroundEngineBuilder(machine.reports.append)
    bundle: Bundle = make_bundle()

    engines = []

    def create() -> bool:
        config = SegmentationConfig(spot_check_period_s=0.0)
        engines.append(create_engine(bundle, config, machine.config(), builds))
        return True

    def is_built() -> bool:
        with suppress(EngineBuildingError):
            return create()
        return False

    for _ in range(2):
        with pytest.raises(EngineBuildingError, match=r"being built for \d+ s \(.*\); it is taken"):
            create()
    let_build()
    wait_until(is_built, "the engine")
    assert "Simulated GPU" in engines[0].description
    assert machine.builds == 1
    engines[0].close()


def test_a_build_that_failed_is_not_tried_again(
    make_bundle: MakeBundle,
    machine: SimulatedMachine,
    fault: Callable[[str], None],
    wait_until: Callable[..., None],
) -> None:
    from seg_perception.config import SegmentationConfig
    from seg_perception.inference.engine import create_engine

    fault("crash")
    builds = BackgroundEngineBuilder(machine.reports.append)
    bundle, config = make_bundle(), SegmentationConfig(chain=["tensorrt/fp32"])

    def failure() -> str:
        with pytest.raises(EngineError) as caught:
            create_engine(bundle, config, machine.config(), builds)
        return str(caught.value)

    wait_until(lambda: "is being built" not in failure(), "the end of the build")
    reason = failure()
    assert "the builder crashed (SIGABRT)" in reason
    assert failure() == reason
    assert machine.builds == 1


def test_a_builder_ends_with_the_process_that_asked(
    make_bundle: MakeBundle,
    machine: SimulatedMachine,
    fault: Callable[[str], None],
    wait_until: Callable[..., None],
) -> None:
    fault("hang")
    program = (
        "import sys\n"
        "from seg_perception.config import SegmentationConfig, TensorRtConfig\n"
        "from seg_perception.inference import tensorrt_engine\n"
        "from seg_perception.inference.bundle import Bundle\n"
        "from seg_perception.inference.engine import create_engine\n"
        "tensorrt_engine.find_device = lambda: '/dev/nvidiactl'\n"
        "tensorrt = TensorRtConfig(cache=sys.argv[2], module='tensorrt')\n"
        "create_engine(Bundle.load(sys.argv[1]), SegmentationConfig(), tensorrt)\n"
    )
    command = [sys.executable, "-c", program, str(make_bundle().folder), str(machine.cache)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asker = subprocess.Popen(command, env=environment)
    children = Path(f"/proc/{asker.pid}/task/{asker.pid}/children")
    wait_until(lambda: machine.builds, "the builder's first line")
    (builder,) = children.read_text().split()
    asker.kill()
    asker.wait()
    wait_until(lambda: has_ended(builder), "the builder's end")


def has_ended(process: str) -> bool:
    """Whether it is gone, or ended and nobody has asked for its exit code (state Z)."""
    try:
        status = Path("/proc", process, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_a_build_that_dies_of_a_fault_of_ours_is_no_finished_build(
    make_bundle: MakeBundle,
    machine: SimulatedMachine,
    wait_until: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from seg_perception.config import SegmentationConfig
    from seg_perception.inference.engine import create_engine
    from seg_perception.inference.tensorrt.engine_builder import Build

    def fail(*_args: object) -> None:
        msg = "plan"
        raise KeyError(msg)

    monkeypatch.setattr(Build, "run", fail)
    builds = BackgroundEngineBuilder(machine.reports.append)
    bundle, config = make_bundle(), SegmentationConfig(chain=["tensorrt/fp32"])

    def failure() -> str:
        with pytest.raises(EngineError) as caught:
            create_engine(bundle, config, machine.config(), builds)
        return str(caught.value)

    wait_until(lambda: "is being built" not in failure(), "the end of the build")
    assert "a fault of this program: KeyError: 'plan'" in failure()

"""How often live frames are compared, at what cost, and what becomes of a failure."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from waiting import wait_until

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference import spot_check
from seg_perception.inference.spot_check import SpotCheck

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGE = np.zeros((4, 25, 3), np.uint8)


class Clock:
    """Time that passes only while the reference works, or where a test moves it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(spot_check, "time", fake)
    return fake


class Reference:
    """Says class 0 everywhere, when it may, after so much time of a clock."""

    description = "reference"
    bundle: Any = None

    def __init__(self, clock: Clock | None = None, duration_s: float = 0.0) -> None:
        self.clock, self.duration_s = clock, duration_s
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.runs: list[str] = []
        self.closed = False

    def infer(self, image: NDArray[np.uint8]) -> Any:
        self.may_go_on.wait()
        if self.clock:
            self.clock.now_s += self.duration_s
        self.runs.append(threading.current_thread().name)
        labels = np.zeros(image.shape[:2], np.uint8)
        return labels, labels

    def close(self) -> None:
        self.closed = True


def labels_with(wrong: int) -> NDArray[np.uint8]:
    """100 labels, so many of them wrong."""
    labels = np.zeros(100, np.uint8)
    labels[:wrong] = 1
    return labels.reshape(4, 25)


def config(**changes: float) -> SegmentationConfig:
    defaults = {"spot_check_period_s": 0.001, "spot_check_max_load": 1.0}
    return SegmentationConfig(**{**defaults, **changes})


def offer(check: SpotCheck, wrong: int = 0) -> None:
    """Show a frame; where it is taken, wait for its comparison."""
    check.offer(IMAGE, labels_with(wrong))
    wait_until(lambda: check._sample is None, "the comparison")


@pytest.mark.parametrize(("wrong", "passed"), [(3, True), (4, False)])
def test_the_tolerance_is_the_share_of_equal_labels(wrong: int, *, passed: bool) -> None:
    reports: list[str] = []
    reference = Reference()
    check = SpotCheck(config(spot_check_min_agreement=0.97), lambda: reference, reports.append)
    offer(check, wrong)
    assert check.last is not None
    assert check.last.agreement == pytest.approx(1 - wrong / 100)
    assert (check.failure == "") is passed
    assert len(reports) == (not passed)
    check.close()
    assert reference.closed
    assert reference.runs == ["spot check"]


def test_a_failure_tells_how_many_frames_went_out_since_the_last_that_agreed(clock: Clock) -> None:
    check = SpotCheck(config(), Reference, lambda _: None)
    offer(check)
    assert check.last is not None
    assert check.last.passed
    clock.now_s += 0.01
    offer(check, wrong=50)
    assert check.failure == (
        "spot check: 50.0% equal labels with ONNX Runtime on a live frame, expected 97.0%; "
        "the labels of the last 1 frames can't be trusted"
    )
    check.close()


def test_the_period_is_kept(clock: Clock) -> None:
    reference = Reference()
    check = SpotCheck(config(spot_check_period_s=60.0), lambda: reference, lambda _: None)
    for _ in range(20):
        offer(check)
        clock.now_s += 3.0
    assert len(reference.runs) == 1
    offer(check)
    assert len(reference.runs) == 2
    check.close()


def test_a_slow_reference_rests_so_long_that_its_load_stays_in_bounds(clock: Clock) -> None:
    """50 s at 10 % of a core: the next one is due 450 s after the first ended."""
    reference = Reference(clock, duration_s=50.0)
    check = SpotCheck(config(spot_check_max_load=0.1), lambda: reference, lambda _: None)
    offer(check)
    clock.now_s += 449.0
    offer(check)
    assert len(reference.runs) == 1
    clock.now_s += 1.0
    offer(check)
    assert len(reference.runs) == 2
    check.close()


def test_the_engine_never_waits_for_the_comparison() -> None:
    reference = Reference()
    reference.may_go_on.clear()
    check = SpotCheck(config(), lambda: reference, lambda _: None)
    for _ in range(100):
        check.offer(IMAGE, labels_with(0))
    assert reference.runs == []  # and here we are
    reference.may_go_on.set()
    wait_until(lambda: check.last, "the comparison")
    check.close()


def test_a_frame_that_changes_later_is_compared_as_it_was() -> None:
    reference = Reference()
    reference.may_go_on.clear()
    check = SpotCheck(config(), lambda: reference, lambda _: None)
    labels = labels_with(0)
    check.offer(IMAGE, labels)
    labels[:] = 1
    reference.may_go_on.set()
    wait_until(lambda: check.last, "the comparison")
    assert check.failure == ""
    check.close()


def test_without_a_reference_it_says_so_once(clock: Clock) -> None:
    def make() -> Any:
        msg = "ONNX Runtime can't be imported"
        raise EngineError(msg)

    reports: list[str] = []
    check = SpotCheck(config(), make, reports.append)
    for _ in range(3):
        check.offer(IMAGE, labels_with(0))
        wait_until(lambda: check.unavailable, "that there is none")
        clock.now_s += 1.0
    check.close()
    assert reports == ["spot check: live frames can't be compared: ONNX Runtime can't be imported"]
    assert check.failure == ""


def test_a_reference_that_fails_in_any_way_ends_the_comparisons_and_is_named(clock: Clock) -> None:
    class Broken(Reference):
        def infer(self, image: NDArray[np.uint8]) -> Any:
            if self.runs:
                msg = "unsupported operand"
                raise TypeError(msg)
            return super().infer(image)

    reports: list[str] = []
    reference = Broken()
    check = SpotCheck(config(), lambda: reference, reports.append)
    offer(check)
    assert check.last is not None
    clock.now_s += 0.01
    offer(check)
    expected = (
        "spot check: live frames can't be compared: a fault of this program: "
        "TypeError: unsupported operand; report it with the traceback in the log"
    )
    wait_until(lambda: check.unavailable, "that it ended")
    assert check.unavailable == expected
    assert reports == [expected]
    check.close()
    assert reference.closed

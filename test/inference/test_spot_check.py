"""How often live frames are compared, at what cost, and what becomes of a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference.spot_check import SpotCheck

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGE = np.zeros((4, 25, 3), np.uint8)


class Reference:
    """Says class 0 everywhere, after some time."""

    description = "reference"
    bundle: Any = None

    def __init__(self, duration_s: float = 0.0) -> None:
        self.duration_s = duration_s
        self.runs: list[str] = []
        self.closed = False

    def infer(self, image: NDArray[np.uint8]) -> Any:
        time.sleep(self.duration_s)
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


def wait_until(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


@pytest.mark.parametrize(("wrong", "passed"), [(3, True), (4, False)])
def test_the_tolerance_is_the_share_of_equal_labels(wrong: int, *, passed: bool) -> None:
    reports: list[str] = []
    reference = Reference()
    check = SpotCheck(config(spot_check_min_agreement=0.97), lambda: reference, reports.append)
    check.offer(IMAGE, labels_with(wrong))
    wait_until(lambda: check.last)
    assert check.last is not None
    assert check.last.agreement == pytest.approx(1 - wrong / 100)
    assert (check.failure == "") is passed
    assert len(reports) == (not passed)
    check.close()
    assert reference.closed
    assert reference.runs == ["spot check"]


def test_a_failure_tells_how_many_frames_went_out_since_the_last_that_agreed() -> None:
    check = SpotCheck(config(), Reference, lambda _: None)
    check.offer(IMAGE, labels_with(0))
    wait_until(lambda: check.last and check.last.passed)
    time.sleep(0.01)
    check.offer(IMAGE, labels_with(50))
    wait_until(lambda: check.failure)
    assert check.failure == (
        "spot check: 50.0% equal labels with ONNX Runtime on a live frame, expected 97.0%; "
        "the labels of the last 1 frames can't be trusted"
    )
    check.close()


def test_the_period_is_kept() -> None:
    reference = Reference()
    check = SpotCheck(config(spot_check_period_s=60.0), lambda: reference, lambda _: None)
    for _ in range(20):
        check.offer(IMAGE, labels_with(0))
        time.sleep(0.005)
    wait_until(lambda: reference.runs)
    check.close()
    assert len(reference.runs) == 1


def test_a_slow_reference_rests_so_long_that_its_load_stays_in_bounds() -> None:
    """50 ms at 10 % of a core: the next one is due 450 ms after the first ended."""
    reference = Reference(duration_s=0.05)
    check = SpotCheck(config(spot_check_max_load=0.1), lambda: reference, lambda _: None)
    start_s = time.monotonic()
    while len(reference.runs) < 2:
        check.offer(IMAGE, labels_with(0))
        time.sleep(0.002)
        assert time.monotonic() - start_s < 20
    assert time.monotonic() - start_s > 0.5
    check.close()


def test_the_engine_never_waits_for_the_comparison() -> None:
    check = SpotCheck(config(), lambda: Reference(duration_s=0.5), lambda _: None)
    check.offer(IMAGE, labels_with(0))
    start_s = time.monotonic()
    for _ in range(100):
        check.offer(IMAGE, labels_with(0))
    assert time.monotonic() - start_s < 5  # waiting a hundred times would take 50 s
    check.close()


def test_a_frame_that_changes_later_is_compared_as_it_was() -> None:
    check = SpotCheck(config(), lambda: Reference(duration_s=0.05), lambda _: None)
    labels = labels_with(0)
    check.offer(IMAGE, labels)
    labels[:] = 1
    wait_until(lambda: check.last)
    assert check.failure == ""
    check.close()


def test_without_a_reference_it_says_so_once() -> None:
    def make() -> Any:
        msg = "ONNX Runtime can't be imported"
        raise EngineError(msg)

    reports: list[str] = []
    check = SpotCheck(config(), make, reports.append)
    for _ in range(3):
        check.offer(IMAGE, labels_with(0))
        time.sleep(0.02)
    wait_until(lambda: check.unavailable)
    assert reports == ["spot check: live frames can't be compared: ONNX Runtime can't be imported"]
    assert check.failure == ""
    check.close()

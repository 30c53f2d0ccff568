"""How a process is told to stop, whatever its main thread does just then."""

import os
import signal
import threading
import time

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")

from seg_perception.ros import runner
from seg_perception.ros.runner import NAP_S, StopSignal

pytestmark = pytest.mark.ros


@pytest.fixture
def stop():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield StopSignal()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_wait_without_end(stop, number):
    timer = threading.Timer(0.05, lambda: os.kill(os.getpid(), number))
    timer.start()
    assert stop.wait()
    assert stop.is_set()


def test_a_signal_that_python_handles_after_the_sleep_only_costs_a_nap(stop, monkeypatch):
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 3:
            stop.set()

    monkeypatch.setattr(runner.time, "sleep", sleep)
    assert stop.wait()
    assert naps == [NAP_S] * 3


def test_a_wait_takes_its_time_and_not_less(stop):
    start = time.monotonic()
    assert not stop.wait(2.5 * NAP_S)
    assert time.monotonic() - start >= 2.5 * NAP_S
    assert not stop.wait(0)


def test_the_handler_needs_no_lock_that_the_interrupted_thread_may_hold(stop):
    # As Python calls it: between any two steps of the main thread's own wait.
    stop._handle(signal.SIGTERM, None)
    stop._handle(signal.SIGTERM, None)
    assert stop.wait()

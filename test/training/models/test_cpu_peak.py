# ruff: noqa: E402  (torch, which may be absent, is looked for first)
"""What is measured here, by a clock that a test moves."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")

from seg_perception.training.models import cpu_peak
from seg_perception.training.models.cpu_peak import measure_ms, measure_peak


class Clock:
    """Each time it is asked 2 ms later."""

    def __init__(self) -> None:
        self._asked = itertools.count()

    def perf_counter(self) -> float:
        return 2e-3 * next(self._asked)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_peak, "time", Clock())


def test_peaks_are_what_is_done_in_the_time_of_a_product_and_of_a_copy() -> None:
    device = measure_peak("cpu")
    # 1024^3 multiplications and additions; 64 MiB that are read and written.
    assert device.tflops == pytest.approx(2 * 2**30 / 2e-3 / 1e12)
    assert device.gbytes_per_s == pytest.approx(2 * 2**26 / 2e-3 / 1e9)


def test_a_network_is_timed_in_milliseconds() -> None:
    assert measure_ms(torch.nn.Flatten(), (8, 4)) == pytest.approx(2.0)

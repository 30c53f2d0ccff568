"""The best that a device could do, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seg_perception.inference.benchmark.roofline import roofline
from seg_perception.inference.tensorrt.cuda import DeviceFacts

ORIN = DeviceFacts(
    name="Orin",
    compute_capability="8.7",
    driver="12.6",
    runtime="12.6",
    integrated=True,
    clock_mhz=1300.0,
    processors=16,
    memory_gb_s=204.8,
)


def test_half_precision_on_an_orin() -> None:
    """16 x 2048 x 1.3 GHz are 42.6 TFLOPS: 426 GFLOP take 10 ms."""
    found = roofline(ORIN, "fp16_islands", 426e9, 1e6)
    assert found is not None
    assert found.peak_tflops == pytest.approx(42.6, rel=1e-3)
    assert found.best_ms == pytest.approx(10.0, rel=1e-3)
    assert found.bound == "compute"


def test_float32_on_an_orin() -> None:
    """16 x 128 cores by two operations by 1.3 GHz are 5.3 TFLOPS."""
    found = roofline(ORIN, "fp32", 5.3248e9, 0)
    assert found is not None
    assert found.best_ms == pytest.approx(1.0)


def test_a_network_that_is_bound_by_memory() -> None:
    """409.6 MB by 204.8 GB/s take 2 ms."""
    found = roofline(ORIN, "fp32", 1e6, 409.6e6)
    assert found is not None
    assert (found.best_ms, found.bound) == (pytest.approx(2.0), "memory")


def test_a_device_whose_peaks_nobody_knows_has_none() -> None:
    assert roofline(replace(ORIN, compute_capability="77.0"), "fp32", 1, 1) is None
    assert roofline(replace(ORIN, clock_mhz=None), "fp32", 1, 1) is None

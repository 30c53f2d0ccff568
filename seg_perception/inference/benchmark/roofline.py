"""How much of what the device could do at best an engine uses."""

from __future__ import annotations

from dataclasses import dataclass

from seg_perception.inference.manifest import Precision
from seg_perception.inference.tensorrt.cuda import DeviceFacts

# Results of float32 multiply-adds for each clock and multiprocessor: CUDA C++ Programming
# Guide, "Throughput of Native Arithmetic Instructions".
_FLOAT_CORES = {
    "7.5": 64,
    "8.0": 64,
    "8.6": 128,
    "8.7": 128,
    "8.9": 128,
    "9.0": 128,
    "12.0": 128,
}
# Dense half precision operations for each clock and multiprocessor: NVIDIA's published peaks
# over multiprocessors and boost clock (T4 65, A100 312, RTX 3090 142, AGX Orin 42, RTX 4090
# 330, H100 SXM 989 TFLOPS).
_HALF_OPERATIONS = {"7.5": 1024, "8.0": 2048, "8.6": 1024, "8.7": 2048, "8.9": 1024, "9.0": 4096}


@dataclass(frozen=True)
class Roofline:
    """The bound of a device for a network.

    Attributes:
        best_ms: the time that a frame would need at the device's peaks.
        bound: which of them decides: `compute` or `memory`.
        peak_tflops, memory_gb_s: the peaks.
    """

    best_ms: float
    bound: str
    peak_tflops: float
    memory_gb_s: float


def roofline(
    facts: DeviceFacts, precision: Precision, operations: float, traffic_bytes: float
) -> Roofline | None:
    """The bound; None where a peak of the device is not known.

    Args:
        facts: the device.
        precision: of most operations.
        operations: of one frame, a multiply-add being two.
        traffic_bytes: that must be moved at least: weights, input and output.
    """
    if facts.clock_mhz is None or facts.processors is None or facts.memory_gb_s is None:
        return None
    if precision == "fp32":
        each = 2 * _FLOAT_CORES.get(facts.compute_capability, 0)
    else:
        # The same peaks are twice as high for INT8.
        each = _HALF_OPERATIONS.get(facts.compute_capability, 0) * (2 if precision == "int8" else 1)
    if not each:
        return None
    peak = each * facts.processors * facts.clock_mhz * 1e6
    compute_s, memory_s = operations / peak, traffic_bytes / (facts.memory_gb_s * 1e9)
    bound = "compute" if compute_s >= memory_s else "memory"
    return Roofline(1e3 * max(compute_s, memory_s), bound, peak / 1e12, facts.memory_gb_s)

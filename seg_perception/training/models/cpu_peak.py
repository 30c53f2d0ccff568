"""What this machine's processor can do, measured: one matrix product and one copy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from seg_perception.training.models.devices import Device

_SIDE = 1024
_COPIED = 2**24


def measure_cpu() -> Device:
    """Peaks in float32, with as many threads as torch uses."""
    left, right = torch.rand(_SIDE, _SIDE), torch.rand(_SIDE, _SIDE)
    source, target = torch.rand(_COPIED), torch.empty(_COPIED)
    product_s = _best(lambda: torch.mm(left, right))
    copy_s = _best(lambda: target.copy_(source))
    threads = torch.get_num_threads()
    return Device(
        about=f"this CPU, float32, {threads} threads",
        tflops=2 * _SIDE**3 / product_s / 1e12,
        gbytes_per_s=2 * 4 * _COPIED / copy_s / 1e9,
        bytes_per_value=4,
        source=f"measured here: product of {_SIDE}x{_SIDE} matrices, copy of 64 MiB",
    )


def measure_ms(network: nn.Module, size: tuple[int, int], repeats: int = 3) -> float:
    """Median time of one uint8 image of a width and height, torch in float32."""
    image = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8)
    with torch.no_grad():
        network(image)
        return 1e3 * statistics.median(_time(lambda: network(image)) for _ in range(repeats))


def _best(run: Callable[[], object]) -> float:
    run()
    return min(_time(run) for _ in range(20))


def _time(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start

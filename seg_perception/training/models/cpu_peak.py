"""What this machine's processor or GPU can do, measured: one matrix product and one copy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from seg_perception.core.errors import EngineError
from seg_perception.training.models.devices import Device

# Large enough to fill a GPU, and small enough for a processor.
_SIDES = {"cpu": 1024}
_GPU_SIDE = 8192
_COPIED = 2**24


def measure_peak(device: str) -> Device:
    """Peaks in float32: of this CPU with as many threads as torch uses, or of a GPU.

    Raises:
        EngineError: torch can't use the device.
    """
    side = _SIDES.get(device, _GPU_SIDE)
    try:
        torch.empty(1, device=device).item()
        left, right = (torch.rand(side, side, device=device) for _ in range(2))
        source, target = (torch.rand(_COPIED, device=device) for _ in range(2))
    except (RuntimeError, AssertionError) as error:
        msg = f"torch {torch.__version__} can't use {device} ({error}); take cpu or cuda"
        raise EngineError(msg) from error
    product_s = _best(lambda: torch.mm(left, right), device)
    copy_s = _best(lambda: target.copy_(source), device)
    return Device(
        about=f"{_name(device)}, float32",
        tflops=2 * side**3 / product_s / 1e12,
        gbytes_per_s=2 * 4 * _COPIED / copy_s / 1e9,
        bytes_per_value=4,
        source=f"measured here: product of {side}x{side} matrices, copy of 64 MiB",
    )


def measure_ms(
    network: nn.Module, size: tuple[int, int], device: str = "cpu", repeats: int = 3
) -> float:
    """Median time of one uint8 image of a width and height, torch in float32."""
    image = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8, device=device)
    network.to(device)
    with torch.no_grad():
        _time(lambda: network(image), device)
        times = [_time(lambda: network(image), device) for _ in range(repeats)]
        return 1e3 * statistics.median(times)


def _name(device: str) -> str:
    if device == "cpu":
        return f"this CPU, {torch.get_num_threads()} threads"
    return str(torch.cuda.get_device_name(device))


def _best(run: Callable[[], object], device: str) -> float:
    _time(run, device)
    return min(_time(run, device) for _ in range(20))


def _time(run: Callable[[], object], device: str) -> float:
    """Until the work is done, not until it is queued (second)."""
    start = time.perf_counter()
    run()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start

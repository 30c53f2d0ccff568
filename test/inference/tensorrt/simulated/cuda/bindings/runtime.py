"""A CUDA device of plain memory behind the interface of NVIDIA's `cuda.bindings.runtime`.

Work that is queued in a stream is done when somebody waits for the stream, not before:
who forgets to wait gets old memory.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import IntEnum
from typing import Any

INTEGRATED, MAJOR, MINOR = 18, 75, 76


class cudaError_t(IntEnum):
    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2
    cudaErrorSetOnActiveProcess = 708
    cudaErrorLaunchFailure = 719


class cudaDeviceAttr(IntEnum):
    cudaDevAttrClockRate = 13
    cudaDevAttrMultiProcessorCount = 16
    cudaDevAttrIntegrated = INTEGRATED
    cudaDevAttrMemoryClockRate = 36
    cudaDevAttrGlobalMemoryBusWidth = 37
    cudaDevAttrComputeCapabilityMajor = MAJOR
    cudaDevAttrComputeCapabilityMinor = MINOR


class cudaMemcpyKind(IntEnum):
    cudaMemcpyHostToDevice = 1
    cudaMemcpyDeviceToHost = 2


class Device:
    """What the device holds, did, and has wrong with it."""

    def __init__(self) -> None:
        self.name = b"Simulated GPU"
        self.attributes = {13: 1_300_000, 16: 16, 18: 0, 36: 3_200_000, 37: 256, 75: 8, 76: 7}
        self.calls: list[str] = []
        self.memory: dict[int, Any] = {}
        self.queues: dict[int, list[Callable[[], None]]] = {}
        self.failing: dict[str, cudaError_t] = {}
        self.lost = False
        self.failed_work: cudaError_t | None = None

    def begin(self, name: str) -> cudaError_t:
        self.calls.append(name)
        if self.lost:
            return cudaError_t.cudaErrorLaunchFailure
        return self.failing.get(name, cudaError_t.cudaSuccess)

    def allocate(self, size: int) -> int:
        block = (ctypes.c_uint8 * size)()
        address = ctypes.addressof(block)
        self.memory[address] = block
        return address

    def release(self, address: int) -> cudaError_t:
        if self.memory.pop(address, None) is None:
            return cudaError_t.cudaErrorInvalidValue
        return cudaError_t.cudaSuccess


device = Device()


def enqueue(stream: int, work: Callable[[], None]) -> None:
    device.queues[stream].append(work)


def cudaSetDevice(number: int) -> Any:
    code = device.begin("cudaSetDevice")
    return (code if number == 0 else cudaError_t.cudaErrorInvalidValue,)


def cudaSetDeviceFlags(flags: int) -> Any:
    return (device.begin(f"cudaSetDeviceFlags {flags}"),)


def cudaGetDeviceProperties(number: int) -> Any:
    class Properties:
        name = device.name

    return device.begin("cudaGetDeviceProperties"), Properties


def cudaDeviceGetAttribute(attribute: cudaDeviceAttr, number: int) -> Any:
    return device.begin("cudaDeviceGetAttribute"), device.attributes[int(attribute)]


def cudaDriverGetVersion() -> Any:
    return device.begin("cudaDriverGetVersion"), 12060


def cudaRuntimeGetVersion() -> Any:
    return device.begin("cudaRuntimeGetVersion"), 12060


def cudaGetErrorString(code: cudaError_t) -> Any:
    return cudaError_t.cudaSuccess, code.name.encode()


def cudaMalloc(size: int) -> Any:
    code = device.begin("cudaMalloc")
    return code, (device.allocate(size) if not code else None)


def cudaFree(address: int) -> Any:
    return (device.begin("cudaFree") or device.release(address),)


def cudaHostAlloc(size: int, flags: int) -> Any:
    code = device.begin(f"cudaHostAlloc {flags}")
    return code, (device.allocate(size) if not code else None)


def cudaFreeHost(address: int) -> Any:
    return (device.begin("cudaFreeHost") or device.release(address),)


def cudaHostGetDevicePointer(address: int, flags: int) -> Any:
    return device.begin("cudaHostGetDevicePointer"), address


def cudaStreamCreateWithFlags(flags: int) -> Any:
    code, stream = device.begin("cudaStreamCreateWithFlags"), len(device.queues) + 1
    device.queues[stream] = []
    return code, stream


def cudaStreamDestroy(stream: int) -> Any:
    code = device.begin("cudaStreamDestroy")
    if not code:
        del device.queues[stream]
    return (code,)


def cudaMemcpyAsync(target: int, source: int, size: int, kind: cudaMemcpyKind, stream: int) -> Any:
    code = device.begin(kind.name)
    enqueue(stream, lambda: ctypes.memmove(target, source, size))
    return (code,)


def cudaStreamSynchronize(stream: int) -> Any:
    code = device.begin("cudaStreamSynchronize")
    work, device.queues[stream] = device.queues.get(stream, []), []
    if not code:
        for step in work:
            step()
    failed, device.failed_work = device.failed_work, None
    return (code or failed or cudaError_t.cudaSuccess,)

"""The few CUDA calls that an engine needs, each of them checked."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Protocol

from seg_perception.core.errors import EngineError

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
_STREAM_NON_BLOCKING = 1
_HOST_PINNED, _HOST_MAPPED = 0, 2
_SUCCESS = 0
# cudaDeviceScheduleBlockingSync, and cudaErrorSetOnActiveProcess of CUDA before 12.
_BLOCKING_SYNC, _SET_TOO_LATE = 4, 708
# cudaDeviceProp begins with the name; no version of it is larger than this (byte).
_PROPERTIES_BYTES, _NAME_BYTES = 8192, 256
# enum cudaDeviceAttr
_CLOCK_KHZ, _PROCESSORS, _INTEGRATED, _MEMORY_CLOCK_KHZ, _BUS_BITS = 13, 16, 18, 36, 37
_MAJOR, _MINOR = 75, 76


class Api(Protocol):
    """The CUDA runtime as C functions: each returns an error code, results go to pointers."""

    def __getattr__(self, name: str) -> Any:
        """Find a function by its name."""
        ...


@dataclass(frozen=True)
class DeviceFacts:
    """What decides whether an engine that was built elsewhere or earlier may run.

    Attributes:
        name: as the driver says, for instance `Orin`.
        compute_capability: for instance `8.7`.
        driver: newest CUDA version that the driver knows, for instance `12.6`.
        runtime: version of the CUDA runtime.
        integrated: CPU and device share their memory.
        clock_mhz, processors, memory_gb_s: peak clock, multiprocessors, memory bandwidth; None
            where the driver does not tell.
    """

    name: str
    compute_capability: str
    driver: str
    runtime: str
    integrated: bool
    clock_mhz: float | None = None
    processors: int | None = None
    memory_gb_s: float | None = None


class Cuda:
    """CUDA on one device; addresses are integers.

    Attributes:
        facts: about the device.
    """

    def __init__(self, api: Api, device: int) -> None:
        """Choose the device for this thread.

        Raises:
            EngineError: no such device, or no driver that fits.
        """
        self._api = api
        self._device = device
        self.use()
        self._wait_without_spinning()
        self.facts = self._read_facts()

    def use(self) -> None:
        """Make the device that of the calling thread: CUDA remembers one for each."""
        self._call("cudaSetDevice", self._device)

    def _wait_without_spinning(self) -> None:
        """Let threads that wait for the device sleep; by default each of them fills a core.

        Set for the whole process, before anything makes the device's context. Where
        somebody made it already, CUDA 12 and newer change it, and older ones refuse: waiting
        then costs a core, and labels are the same.
        """
        self._call("cudaSetDeviceFlags", _BLOCKING_SYNC, allowed=_SET_TOO_LATE)

    def malloc(self, size: int) -> int:
        """Device memory of `size` bytes."""
        address = ctypes.c_void_p()
        self._call("cudaMalloc", ctypes.byref(address), ctypes.c_size_t(size))
        return int(address.value or 0)

    def free(self, address: int) -> None:
        """Give device memory back."""
        self._call("cudaFree", ctypes.c_void_p(address))

    def host_alloc(self, size: int, *, mapped: bool) -> int:
        """Host memory that the device can read and write without the CPU's help."""
        address = ctypes.c_void_p()
        flags = _HOST_MAPPED if mapped else _HOST_PINNED
        self._call("cudaHostAlloc", ctypes.byref(address), ctypes.c_size_t(size), flags)
        return int(address.value or 0)

    def free_host(self, address: int) -> None:
        """Give host memory back."""
        self._call("cudaFreeHost", ctypes.c_void_p(address))

    def device_address(self, host: int) -> int:
        """Where the device sees mapped host memory."""
        address = ctypes.c_void_p()
        self._call("cudaHostGetDevicePointer", ctypes.byref(address), ctypes.c_void_p(host), 0)
        return int(address.value or 0)

    def make_stream(self) -> int:
        """A queue of work that waits for no other."""
        stream = ctypes.c_void_p()
        self._call("cudaStreamCreateWithFlags", ctypes.byref(stream), _STREAM_NON_BLOCKING)
        return int(stream.value or 0)

    def destroy_stream(self, stream: int) -> None:
        """End a queue."""
        self._call("cudaStreamDestroy", ctypes.c_void_p(stream))

    def copy(self, target: int, source: int, size: int, kind: int, stream: int) -> None:
        """Queue a copy of `size` bytes."""
        self._call(
            "cudaMemcpyAsync",
            ctypes.c_void_p(target),
            ctypes.c_void_p(source),
            ctypes.c_size_t(size),
            kind,
            ctypes.c_void_p(stream),
        )

    def synchronize(self, stream: int) -> None:
        """Wait for everything in a queue; errors of its work are raised here."""
        self._call("cudaStreamSynchronize", ctypes.c_void_p(stream))

    def _call(self, name: str, *arguments: Any, allowed: int = _SUCCESS) -> None:
        function = getattr(self._api, name, None)
        if function is None:
            msg = f"this CUDA runtime has no {name}; install another version of it"
            raise EngineError(msg)
        code = int(function(*arguments))
        if code not in (_SUCCESS, allowed):
            raise EngineError(self._explain(name, code))

    def _explain(self, name: str, code: int) -> str:
        text = self._api.cudaGetErrorString(code)
        reason = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        return f"CUDA device {self._device}: {name} failed with error {code} ({reason})"

    def _read_facts(self) -> DeviceFacts:
        properties = ctypes.create_string_buffer(_PROPERTIES_BYTES)
        # CUDA 12 has it under both names, for two layouts that begin alike.
        names = ("cudaGetDeviceProperties", "cudaGetDeviceProperties_v2")
        name = next((n for n in names if getattr(self._api, n, None) is not None), names[0])
        self._call(name, properties, self._device)
        memory_khz = self._attribute(_MEMORY_CLOCK_KHZ)
        # Data moves on both edges of the memory's clock.
        memory_gb_s = 2 * memory_khz * self._attribute(_BUS_BITS) / 8 / 1e6
        return DeviceFacts(
            name=properties.raw[:_NAME_BYTES].split(b"\0", 1)[0].decode(errors="replace"),
            compute_capability=f"{self._attribute(_MAJOR)}.{self._attribute(_MINOR)}",
            driver=self._version("cudaDriverGetVersion"),
            runtime=self._version("cudaRuntimeGetVersion"),
            integrated=self._attribute(_INTEGRATED) == 1,
            clock_mhz=self._attribute(_CLOCK_KHZ) / 1e3 or None,
            processors=self._attribute(_PROCESSORS) or None,
            memory_gb_s=memory_gb_s or None,
        )

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self._call("cudaDeviceGetAttribute", ctypes.byref(value), number, self._device)
        return value.value

    def _version(self, name: str) -> str:
        value = ctypes.c_int()
        self._call(name, ctypes.byref(value))
        return f"{value.value // 1000}.{value.value % 1000 // 10}"

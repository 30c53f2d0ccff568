"""Memory that host and device both reach."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.inference.tensorrt.cuda import DEVICE_TO_HOST, HOST_TO_DEVICE, Cuda


class Buffer(Protocol):
    """The memory of one tensor.

    Attributes:
        device: its address on the device.
        host: the same tensor for the CPU.
    """

    device: int
    host: NDArray[Any]

    def __init__(self, cuda: Cuda, shape: tuple[int, ...], dtype: str) -> None:
        """Take the memory.

        Raises:
            EngineError: there is not enough.
        """

    def upload(self, array: NDArray[Any], stream: int) -> None:
        """Bring an array of the buffer's shape and dtype to the device."""

    def download(self, stream: int) -> None:
        """Bring the device's tensor to `host`; it is there when the stream is done."""

    def close(self) -> None:
        """Give the memory back."""


class PinnedBuffer:
    """Memory of the device, and page-locked memory of the host that it is copied from and to."""

    def __init__(self, cuda: Cuda, shape: tuple[int, ...], dtype: str) -> None:
        """Take both."""
        self._cuda = cuda
        self._size = _size(shape, dtype)
        self._host = cuda.host_alloc(self._size, mapped=False)
        try:
            self.device = cuda.malloc(self._size)
        except EngineError:
            cuda.free_host(self._host)
            raise
        self.host = _view(self._host, shape, dtype)

    def upload(self, array: NDArray[Any], stream: int) -> None:
        """Copy the tensor, shape and dtype as given, to page-locked memory; queue the copy on."""
        np.copyto(self.host, array)
        self._cuda.copy(self.device, self._host, self._size, HOST_TO_DEVICE, stream)

    def download(self, stream: int) -> None:
        """Queue the copy."""
        self._cuda.copy(self._host, self.device, self._size, DEVICE_TO_HOST, stream)

    def close(self) -> None:
        """Give both back; a lost device has taken its own."""
        with suppress(EngineError):
            self._cuda.free(self.device)
        with suppress(EngineError):
            self._cuda.free_host(self._host)


class MappedBuffer:
    """One piece of memory for both, where they share it: nothing is copied."""

    def __init__(self, cuda: Cuda, shape: tuple[int, ...], dtype: str) -> None:
        """Take it."""
        self._cuda = cuda
        self._host = cuda.host_alloc(_size(shape, dtype), mapped=True)
        self.device = cuda.device_address(self._host)
        self.host = _view(self._host, shape, dtype)

    def upload(self, array: NDArray[Any], stream: int) -> None:
        """Write the tensor, shape and dtype as given, where the device reads it."""
        del stream
        np.copyto(self.host, array)

    def download(self, stream: int) -> None:
        """It is there already."""

    def close(self) -> None:
        """Give it back."""
        with suppress(EngineError):
            self._cuda.free_host(self._host)


def _size(shape: tuple[int, ...], dtype: str) -> int:
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def _view(address: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    data = memoryview((ctypes.c_uint8 * _size(shape, dtype)).from_address(address))
    return np.frombuffer(data, np.dtype(dtype)).reshape(shape)

"""Finds the CUDA runtime: the C library, or NVIDIA's Python package of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from seg_perception.core.errors import EngineError
from seg_perception.core.foreign_modules import import_foreign
from seg_perception.inference.tensorrt.cuda import Api, Cuda

_MAJORS = (13, 12, 11)
_TOOLKITS = ("/usr/local/cuda/lib64", "/usr/local/cuda/targets/aarch64-linux/lib")


def open_cuda(device: int) -> Cuda:
    """CUDA on a device, with the first runtime that gets on with its driver.

    Raises:
        EngineError: no CUDA runtime, no driver, or no such device.
    """
    failures: dict[str, None] = {}
    for api in _apis(failures):
        try:
            return Cuda(api, device)
        except EngineError as error:  # noqa: PERF203 (a runtime newer than the driver)
            failures[str(error)] = None
    msg = "; ".join(failures) or (
        "neither cuda-python nor libcudart is here; install the CUDA runtime, "
        "for instance pip install nvidia-cuda-runtime-cu12"
    )
    raise EngineError(msg)


def _apis(failures: dict[str, None]) -> Iterator[Api]:
    """Every runtime that can be loaded; why others can't goes to `failures`."""
    try:
        bindings = import_foreign("cuda.bindings.runtime")
    except ModuleNotFoundError:
        pass  # no package of that name, or somebody else's `cuda`
    except ImportError as error:
        failures[f"the package cuda.bindings can't be imported ({error})"] = None
    else:
        yield PythonApi(bindings)
    for name in _library_names():
        library = _open_library(name, failures)
        if library is not None:
            yield library


def _open_library(name: str, failures: dict[str, None]) -> Api | None:
    """A library by its name or path; None where there is none, or it is something else."""
    try:
        library = ctypes.CDLL(name)
        library.cudaGetErrorString.restype = ctypes.c_char_p
    except OSError as error:
        if Path(name).is_file():
            failures[f"{name} can't be loaded ({error})"] = None
        return None
    except AttributeError:
        failures[f"{name} is no CUDA runtime"] = None
        return None
    return library


def _library_names() -> Iterator[str]:
    for major in _MAJORS:
        yield f"libcudart.so.{major}"
    for folder in _folders():
        yield from (str(file) for file in sorted(folder.glob("libcudart.so*"), reverse=True))


def _folders() -> Iterator[Path]:
    """Folders in which the loader does not look: toolkits, and pip's packages of them."""
    for root in _nvidia_packages():
        yield Path(root, "cuda_runtime", "lib")
        yield from sorted(Path(root).glob("cu1*/lib"), reverse=True)
    yield from map(Path, _TOOLKITS)


def _nvidia_packages() -> list[str]:
    """Folders of pip's `nvidia`, which is shared by its packages."""
    try:
        return list(getattr(import_foreign("nvidia"), "__path__", ()))
    except ImportError:
        return []


class PythonApi:
    """The functions of `cuda.bindings.runtime` called as those of the C library.

    There each function takes no pointers to results and returns the error code and the
    results as a tuple.
    """

    def __init__(self, bindings: Any) -> None:
        """Wrap the module."""
        self._bindings = bindings

    def __getattr__(self, name: str) -> Any:
        """A function of the C library.

        Raises:
            AttributeError: the package has none of that name.
        """
        getattr(self._bindings, name)
        special: dict[str, Callable[..., Any]] = {
            "cudaGetDeviceProperties": self._properties,
            "cudaGetErrorString": self._error_string,
            "cudaDeviceGetAttribute": self._attribute,
            "cudaMemcpyAsync": self._copy,
        }
        function = special.get(name, partial(self._forward, name))
        return partial(self._guarded, name, function)

    def _guarded(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call; without a driver, the package raises where the C library gives a code."""
        try:
            return function(*arguments)
        except Exception as error:
            msg = f"cuda-python: {name} failed ({error}); install the driver that it needs"
            raise EngineError(msg) from error

    def _forward(self, name: str, *arguments: Any) -> int:
        """Call with the values; write the one result, if any, to the leading pointer."""
        first, *rest = arguments
        writes = type(first).__name__ == "CArgObject"
        values = [_plain(value) for value in (rest if writes else arguments)]
        code, *results = getattr(self._bindings, name)(*values)
        if int(code) == 0 and writes:
            first._obj.value = int(results[0])  # noqa: SLF001 (what byref was made of)
        return int(code)

    def _attribute(self, result: Any, number: int, device: int) -> int:
        kind = self._bindings.cudaDeviceAttr(number)
        return self._forward("cudaDeviceGetAttribute", result, kind, device)

    def _copy(self, target: Any, source: Any, size: Any, kind: int, stream: Any) -> int:
        direction = self._bindings.cudaMemcpyKind(kind)
        return self._forward("cudaMemcpyAsync", target, source, size, direction, stream)

    def _properties(self, buffer: Any, device: int) -> int:
        code, properties = self._bindings.cudaGetDeviceProperties(device)
        if int(code) == 0:
            name = bytes(properties.name).split(b"\0", 1)[0]
            ctypes.memmove(buffer, name + b"\0", len(name) + 1)
        return int(code)

    def _error_string(self, code: int) -> bytes:
        _, text = self._bindings.cudaGetErrorString(self._bindings.cudaError_t(code))
        return bytes(text)


def _plain(value: Any) -> Any:
    return (value.value or 0) if isinstance(value, ctypes._SimpleCData) else value  # noqa: SLF001 (base of all C numbers)

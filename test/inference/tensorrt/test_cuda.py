"""The ctypes layer against a library with CUDA's C interface, and the same for cuda-python."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seg_perception.core.errors import EngineError
from seg_perception.inference.tensorrt import cuda_library
from seg_perception.inference.tensorrt.buffers import MappedBuffer, PinnedBuffer
from seg_perception.inference.tensorrt.cuda import Cuda, DeviceFacts

if TYPE_CHECKING:
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine

SOURCE = Path(__file__).parent / "libcudart.c"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    target = tmp_path_factory.mktemp("cuda") / "libcudart.so.12"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", target, SOURCE], check=True)
    return target


@pytest.fixture
def only_library(library: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """CUDA in C is the only one here."""
    monkeypatch.setitem(sys.modules, "cuda", None)
    monkeypatch.setattr(cuda_library, "_library_names", lambda: iter([str(library)]))
    opened = ctypes.CDLL(str(library))
    opened.forget_context()
    return opened


def test_facts_come_from_the_library(only_library: Any) -> None:
    """2 GHz on both edges by 128 bits are 64 GB/s."""
    assert cuda_library.open_cuda(0).facts == DeviceFacts(
        name="A device in C",
        compute_capability="8.7",
        driver="12.6",
        runtime="11.4",
        integrated=True,
        clock_mhz=1500.0,
        processors=8,
        memory_gb_s=64.0,
    )


@pytest.mark.parametrize("kind", [PinnedBuffer, MappedBuffer])
def test_a_tensor_goes_up_and_comes_back(only_library: Any, kind: Any) -> None:
    cuda = cuda_library.open_cuda(0)
    stream, array = cuda.make_stream(), np.arange(6, dtype=np.float32).reshape(2, 3)
    buffer = kind(cuda, (2, 3), "float32")
    buffer.upload(array, stream)
    seen = np.frombuffer((ctypes.c_uint8 * 24).from_address(buffer.device), np.float32)
    np.testing.assert_array_equal(seen, array.ravel())
    seen[:] = 7
    buffer.download(stream)
    cuda.synchronize(stream)
    np.testing.assert_array_equal(buffer.host, np.full((2, 3), 7))
    del seen
    buffer.close()
    cuda.destroy_stream(stream)
    assert only_library.lent() == 0


def test_an_error_names_call_code_and_cause(only_library: Any) -> None:
    cuda = cuda_library.open_cuda(0)
    expected = r"CUDA device 0: cudaMalloc failed with error 2 \(out of memory\)"
    with pytest.raises(EngineError, match=expected):
        cuda.malloc(2**34)


def test_a_device_that_does_not_exist_is_refused(only_library: Any) -> None:
    with pytest.raises(EngineError, match="CUDA device 3: cudaSetDevice failed with error 101"):
        cuda_library.open_cuda(3)


BLOCKING_SYNC = 4


def test_threads_sleep_while_they_wait_for_the_device(only_library: Any) -> None:
    """Said before the context is made; a context that CUDA 11 finds made keeps its way."""
    cuda = cuda_library.open_cuda(0)
    assert only_library.flags_of_device() == BLOCKING_SYNC
    cuda.free(cuda.malloc(8))
    only_library.forget_context()
    cuda.free(cuda.malloc(8))
    assert cuda_library.open_cuda(0).facts.name == "A device in C"
    assert only_library.flags_of_device() == 0


def test_the_python_package_is_told_before_anything_is_taken(machine: SimulatedMachine) -> None:
    cuda_library.open_cuda(0).malloc(8)
    calls = machine.device.calls
    assert calls[:2] == ["cudaSetDevice", f"cudaSetDeviceFlags {BLOCKING_SYNC}"]


def test_only_a_context_that_is_there_already_is_no_error(machine: SimulatedMachine) -> None:
    from cuda.bindings.runtime import cudaError_t

    call = f"cudaSetDeviceFlags {BLOCKING_SYNC}"
    machine.device.failing[call] = cudaError_t.cudaErrorSetOnActiveProcess
    assert cuda_library.open_cuda(0).facts.name == "Simulated GPU"
    machine.device.failing[call] = cudaError_t.cudaErrorLaunchFailure
    with pytest.raises(EngineError, match="cudaSetDeviceFlags failed with error 719"):
        cuda_library.open_cuda(0)


def test_libraries_that_are_no_cuda_runtime_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of another processor, and a C library of another kind."""
    monkeypatch.setitem(sys.modules, "cuda", None)
    wrong = tmp_path / "libcudart.so.12"
    wrong.write_bytes(b"no library")
    monkeypatch.setattr(cuda_library, "_library_names", lambda: iter([str(wrong), "libm.so.6"]))
    with pytest.raises(EngineError, match=r"can't be loaded .*; libm.so.6 is no CUDA runtime"):
        cuda_library.open_cuda(0)


def test_without_any_cuda_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda", None)
    monkeypatch.setattr(cuda_library, "_library_names", lambda: iter(["libnonesuch.so"]))
    with pytest.raises(EngineError, match="neither cuda-python nor libcudart is here; install"):
        cuda_library.open_cuda(0)


def test_a_runtime_that_its_driver_refuses_gives_way_to_another(
    machine: SimulatedMachine, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cuda.bindings import runtime

    monkeypatch.setattr(cuda_library, "_library_names", lambda: iter([str(library)]))
    runtime.device.lost = True
    assert cuda_library.open_cuda(0).facts.name == "A device in C"


def test_the_python_package_says_the_same(machine: SimulatedMachine) -> None:
    """3.2 GHz on both edges by 256 bits are 204.8 GB/s, as on an AGX Orin."""
    assert cuda_library.open_cuda(0).facts == DeviceFacts(
        name="Simulated GPU",
        compute_capability="8.7",
        driver="12.6",
        runtime="12.6",
        integrated=False,
        clock_mhz=1300.0,
        processors=16,
        memory_gb_s=204.8,
    )


def test_a_function_that_a_runtime_lacks_is_named() -> None:
    class Empty:
        """No function at all."""

    with pytest.raises(EngineError, match="this CUDA runtime has no cudaSetDevice; install"):
        Cuda(Empty(), 0)

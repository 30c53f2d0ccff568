"""Packages that are broken, or bear the name of one of NVIDIA's: ONNX Runtime runs all the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.core.foreign_modules import import_foreign
from seg_perception.inference import onnxruntime_engine, tensorrt_engine
from seg_perception.inference.engine import create_engine
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine
from seg_perception.inference.tensorrt import cuda_library
from seg_perception.inference.tensorrt.bindings import load_tensorrt

if TYPE_CHECKING:
    from conftest import MakeBundle

Plant = Callable[..., None]
ROOTS = ("cuda", "nvidia", "onnxruntime", "tensorrt", "tensorrt_rtx")
USABLE = "class Builder:\n    pass\n"


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Write files of packages in front of all others; {path: text}, empty folders without text."""
    monkeypatch.syspath_prepend(tmp_path / "planted")
    monkeypatch.setattr(
        cuda_library, "_library_names", lambda: [*cuda_library._folders()] and iter(())
    )
    for name in [n for n in sys.modules if n.partition(".")[0] in ROOTS]:
        monkeypatch.delitem(sys.modules, name)

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / "planted" / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.write_text(text)
        sys.path_importer_cache.clear()

    yield write
    for name in [n for n in sys.modules if n.partition(".")[0] in ROOTS]:
        del sys.modules[name]


@pytest.fixture
def with_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver made its files."""
    for module in (onnxruntime_engine, tensorrt_engine):
        monkeypatch.setattr(module, "find_device", lambda: "/dev/nvidiactl")


TENSORRT = {"tensorrt/__init__.py": f"__version__ = '10.3.0'\n{USABLE}"}
PARTS = {"cuda/__init__.py": "", "cuda/bindings/__init__.py": ""}
BROKEN_CUDA: dict[str, tuple[dict[str, str], str]] = {
    "module": ({"cuda.py": "threads = 128"}, "neither cuda-python nor libcudart is here"),
    "empty folder": ({"cuda/": ""}, "neither cuda-python nor libcudart is here"),
    "namespace": ({"cuda/core/__init__.py": ""}, "neither cuda-python nor libcudart is here"),
    "raises": (
        {"cuda/__init__.py": "raise RuntimeError('made for Python 2')"},
        r"cuda.bindings can't be imported \(RuntimeError: made for Python 2\)",
    ),
    "does not parse": (
        {"cuda/__init__.py": "print 'hello'"},
        r"cuda.bindings can't be imported \(SyntaxError: ",
    ),
    "bindings without their library": (
        {**PARTS, "cuda/bindings/runtime.py": "raise ImportError('libcuda.so.1: cannot open')"},
        r"cuda.bindings can't be imported \(libcuda.so.1: cannot open\)",
    ),
    "bindings without a part": (
        {**PARTS, "cuda/bindings/runtime.py": "import cuda.bindings.cydriver"},
        r"cuda.bindings can't be imported \(No module named 'cuda.bindings.cydriver'\)",
    ),
    "bindings of something else": (
        {**PARTS, "cuda/bindings/runtime.py": ""},
        "this CUDA runtime has no cudaSetDevice; install",
    ),
    "no driver": (
        {
            **PARTS,
            "cuda/bindings/runtime.py": "def cudaSetDevice(number):\n"
            "    raise RuntimeError('Failed to dlopen libcuda.so.1')\n",
        },
        r"cuda-python: cudaSetDevice failed \(Failed to dlopen libcuda.so.1\); install the driver",
    ),
    "nvidia is a module": ({"nvidia.py": ""}, "neither cuda-python nor libcudart is here"),
    "nvidia raises": (
        {"nvidia/__init__.py": "raise OSError('gone')"},
        "neither cuda-python nor libcudart is here",
    ),
}


@pytest.mark.parametrize(("files", "message"), BROKEN_CUDA.values(), ids=BROKEN_CUDA.keys())
def test_a_broken_cuda_costs_tensorrt_and_nothing_else(
    files: dict[str, str], message: str, plant: Plant, with_device: None, make_bundle: MakeBundle
) -> None:
    plant({**TENSORRT, **files})
    with pytest.raises(EngineError, match=message):
        cuda_library.open_cuda(0)
    engine = create_engine(make_bundle(), SegmentationConfig(), TensorRtConfig(module="tensorrt"))
    assert engine.attempts[-1].entry == "onnxruntime/CPUExecutionProvider"
    assert engine.attempts[-1].outcome == "taken"
    assert engine.validation.startswith("100.00% equal labels")
    engine.close()


BROKEN_TENSORRT: dict[str, tuple[dict[str, str], str]] = {
    "empty folder": ({"tensorrt/": ""}, "the module tensorrt in .* is not TensorRT's"),
    "its source": ({"tensorrt/python/setup.py": ""}, "the module tensorrt in .* is not TensorRT's"),
    "without libraries": (
        {"tensorrt/__init__.py": "raise OSError('libnvinfer.so.10: cannot open')"},
        r"tensorrt can't be imported \(OSError: libnvinfer.so.10: cannot open\)",
    ),
    "without its parts": (
        {"tensorrt/__init__.py": "import tensorrt.tensorrt"},
        r"tensorrt can't be imported \(No module named 'tensorrt.tensorrt'\)",
    ),
    "of another numpy": (
        {"tensorrt/__init__.py": "raise TypeError('numpy.bool')"},
        r"tensorrt can't be imported \(TypeError: numpy.bool\)",
    ),
    "too old": (
        {"tensorrt/__init__.py": f"__version__ = '8.4.1'\n{USABLE}"},
        "expected TensorRT 8.6 or newer, got 8.4.1",
    ),
}


@pytest.mark.parametrize(("files", "message"), BROKEN_TENSORRT.values(), ids=BROKEN_TENSORRT.keys())
def test_a_broken_tensorrt_gives_way(
    files: dict[str, str], message: str, plant: Plant, with_device: None, make_bundle: MakeBundle
) -> None:
    """To TensorRT for RTX where that is whole, else to ONNX Runtime."""
    plant({**files, "tensorrt_rtx/__init__.py": f"__version__ = '1.2.0'\n{USABLE}"})
    with pytest.raises(EngineError, match=message):
        load_tensorrt("tensorrt")
    assert load_tensorrt("auto").name == "tensorrt_rtx"
    engine = create_engine(make_bundle(), SegmentationConfig(), TensorRtConfig(module="tensorrt"))
    assert any("tensorrt" in reason for reason in engine.refused)
    assert engine.attempts[-1].outcome == "taken"
    engine.close()


def test_a_version_with_letters_is_read(plant: Plant) -> None:
    plant({"tensorrt/__init__.py": f"__version__ = '10.9rc2.post1'\n{USABLE}"})
    assert load_tensorrt("tensorrt").version == "10.9rc2.post1"


def test_half_of_onnx_runtime_is_named_with_the_mend(plant: Plant, make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    plant({"onnxruntime/__init__.py": ""})
    with pytest.raises(EngineError, match="is not whole; pip uninstall onnxruntime onnxruntime-g"):
        OnnxRuntimeEngine(bundle, ["CPUExecutionProvider"])


def test_an_onnx_runtime_that_raises_is_an_engine_error(
    plant: Plant, make_bundle: MakeBundle
) -> None:
    bundle = make_bundle()
    plant({"onnxruntime/__init__.py": "raise OSError('libcublas.so.12: cannot open')"})
    expected = r"can't be imported \(OSError: libcublas.so.12: cannot open\); pip install"
    with pytest.raises(EngineError, match=expected):
        OnnxRuntimeEngine(bundle, ["CPUExecutionProvider"])


def test_what_is_not_installed_differs_from_what_is_broken(plant: Plant) -> None:
    plant({"tensorrt/__init__.py": "import nonesuch"})
    with pytest.raises(ModuleNotFoundError):
        import_foreign("tensorrt_that_nobody_has.sub")
    with pytest.raises(ImportError, match="No module named 'nonesuch'") as caught:
        import_foreign("tensorrt")
    assert not isinstance(caught.value, ModuleNotFoundError)

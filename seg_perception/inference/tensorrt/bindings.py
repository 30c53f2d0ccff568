"""TensorRT's Python module, whichever of its two names and many versions it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seg_perception.core.errors import EngineError
from seg_perception.core.foreign_modules import import_foreign

# Tensors by name, execute_async_v3 and uint8 inputs are all there from this version on.
_OLDEST = (8, 6)
_MODULES = ("tensorrt", "tensorrt_rtx")
_NUMPY_NAMES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "BF16": "bfloat16",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
}


@dataclass(frozen=True)
class TensorRt:
    """The module.

    Attributes:
        trt: the module itself.
        name: `tensorrt` or `tensorrt_rtx`.
        version: of the module.
    """

    trt: Any
    name: str
    version: str

    @property
    def is_rtx(self) -> bool:
        """TensorRT for RTX: engines are compiled for the device when they are loaded."""
        return self.name == "tensorrt_rtx"

    def make_logger(self, write: Callable[[str, str], None]) -> Any:
        """A logger that hands severity and text on.

        Args:
            write: called from TensorRT's own threads, too.
        """
        trt = self.trt

        class Logger(trt.ILogger):  # type: ignore[misc,name-defined]
            def __init__(self) -> None:
                trt.ILogger.__init__(self)

            def log(self, severity: Any, text: str) -> None:
                write(_last_word(severity), text)

        return Logger()

    def numpy_name(self, dtype: Any) -> str:
        """The name of a tensor's type in numpy; TensorRT's own for what numpy lacks."""
        word = _last_word(dtype)
        return _NUMPY_NAMES.get(word, word.lower())


def load_tensorrt(wanted: str) -> TensorRt:
    """Import TensorRT.

    Args:
        wanted: `tensorrt`, `tensorrt_rtx`, or `auto` for the first that can be used.

    Raises:
        EngineError: it is not installed, can't be imported, or is too old.
    """
    names = _MODULES if wanted == "auto" else (wanted,)
    failures: list[str] = []
    for name in names:
        if (found := _find(name, failures)) is not None:
            return found
    if not failures:
        msg = f"{' and '.join(names)} not installed; docs/how_to/install_gpu.md says where from"
        raise EngineError(msg)
    msg = f"{'; '.join(failures)}; install it again as docs/how_to/install_gpu.md says"
    raise EngineError(msg)


def _find(name: str, failures: list[str]) -> TensorRt | None:
    """TensorRT under one of its names; None where it is not there, or can't be used."""
    try:
        return _expect_usable(name, import_foreign(name))
    except ModuleNotFoundError:
        return None
    except ImportError as error:
        failures.append(f"{name} can't be imported ({error})")
    except EngineError as error:
        failures.append(str(error))
    return None


def _expect_usable(name: str, trt: Any) -> TensorRt:
    """Refuse what is no TensorRT, such as a folder of that name, and what is too old."""
    version = getattr(trt, "__version__", None)
    if version is None or getattr(trt, "Builder", None) is None:
        place = getattr(trt, "__file__", None) or next(iter(getattr(trt, "__path__", ["?"])))
        msg = f"the module {name} in {place} is not TensorRT's"
        raise EngineError(msg)
    numbers = tuple(int(part) for part in re.findall(r"\d+", str(version))[:2])
    if name == "tensorrt" and numbers < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        msg = f"expected TensorRT {oldest} or newer, got {version}"
        raise EngineError(msg)
    return TensorRt(trt, name, str(version))


def _last_word(member: Any) -> str:
    """`UINT8` of `DataType.UINT8`."""
    return str(member).rpartition(".")[2]

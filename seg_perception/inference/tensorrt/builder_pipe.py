"""What a builder is asked, and what it says while it works: JSON between two processes."""

from __future__ import annotations

import os
import threading
import time
from typing import Literal

from pydantic import BaseModel, ConfigDict

from seg_perception.inference.manifest import Precision


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BuildRequest(_Part):
    """One engine to be built.

    Attributes:
        module: `tensorrt` or `tensorrt_rtx`.
        device: index of the CUDA device; None builds ahead of time, without one.
        model, plan, timing_cache: paths of the ONNX file, of the engine that is written, and of
            TensorRT's measurements, which make the next build faster.
        input_shape: of the one input, for a graph that leaves it open.
        precision: of the network.
        derived: the ONNX file is float32; the builder makes the islands.
    """

    module: str
    device: int | None
    model: str
    plan: str
    timing_cache: str
    input_shape: tuple[int, ...]
    precision: Precision
    derived: bool = False
    workspace_mib: int
    optimization_level: int


class Tensor(_Part):
    """An input or output of the network: name, shape, numpy's name of the type."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Progress(_Part):
    """How far TensorRT is.

    Attributes:
        phase: TensorRT's name of the outermost step that goes on.
        share: of it that is done, 0 to 1.
    """

    kind: Literal["progress"] = "progress"
    phase: str
    share: float


class LogLine(_Part):
    """A line of TensorRT's log; `VERBOSE` lines are signs of life without a text."""

    kind: Literal["log"] = "log"
    severity: str
    text: str


class BuildResult(_Part):
    """The plan is written."""

    kind: Literal["built"] = "built"
    strongly_typed: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class BuildFailure(_Part):
    """There is no plan."""

    kind: Literal["failed"] = "failed"
    reason: str


_QUIET = ("VERBOSE", "INTERNAL_VERBOSE")
_SIGN_OF_LIFE_S = 5.0
_PROGRESS_S = 0.1


class BuilderPipe:
    """Writes to the process that asked; TensorRT calls from several threads."""

    def __init__(self) -> None:
        """Keep standard output for this: libraries that print get standard error."""
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._alive_s = self._progress_s = 0.0

    def send(self, message: BaseModel) -> None:
        """Write one document."""
        with self._lock:
            self._stream.write(message.model_dump_json() + "\n")
            self._stream.flush()

    def progress(self, phase: str, share: float) -> None:
        """Tell how far TensorRT is, but not more often than somebody can read."""
        if time.monotonic() - self._progress_s > _PROGRESS_S:
            self._progress_s = time.monotonic()
            self.send(Progress(phase=phase, share=share))

    def log(self, severity: str, text: str) -> None:
        """Pass a line of the log on, and of the verbose ones that there was one."""
        if severity not in _QUIET:
            self.send(LogLine(severity=severity, text=text))
        elif time.monotonic() - self._alive_s > _SIGN_OF_LIFE_S:
            self._alive_s = time.monotonic()
            self.send(LogLine(severity=severity, text=""))

"""What a builder's process says to the one that asked."""

from __future__ import annotations

import os
import threading
import time

from pydantic import BaseModel

from seg_perception.inference.tensorrt.requests import LogLine, Progress

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

"""Builds an engine in a child process and watches over it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field, TypeAdapter, ValidationError

from seg_perception.core.errors import EngineError
from seg_perception.core.issue_kinds.engines import BUILDER_KILLED, BUILDER_SILENT
from seg_perception.core.threads import explain, start_thread
from seg_perception.inference.tensorrt.builder_pipe import (
    BuildFailure,
    BuildRequest,
    BuildResult,
    LogLine,
    Progress,
)

OnProgress = Callable[[Progress], None]
OnLog = Callable[[str], None]

_MODULE = "seg_perception.inference.tensorrt.build_process"
_Message = Annotated[Progress | LogLine | BuildResult | BuildFailure, Field(discriminator="kind")]
_MESSAGE: TypeAdapter[_Message] = TypeAdapter(_Message)
_FORWARDED = ("WARNING", "ERROR", "INTERNAL_ERROR")
_LAST_LINES = 5
_END_S = 10.0


@dataclass(frozen=True)
class BuildTimeouts:
    """How long a build may take, in all and without a sign of life (second)."""

    total_s: float
    silence_s: float


class BuildSupervisor:
    """Runs one build after the other, each in a process of its own."""

    def __init__(
        self,
        timeouts: BuildTimeouts,
        on_progress: OnProgress = lambda _: None,
        on_log: OnLog = lambda _: None,
    ) -> None:
        """Take note of whom to tell what."""
        self._timeouts = timeouts
        self._on_progress = on_progress
        self._on_log = on_log

    def build(self, request: BuildRequest) -> BuildResult:
        """Build an engine and write its plan.

        Raises:
            EngineError: the builder refused, crashed, was killed, or hangs.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=_environment(),
        )
        try:
            return self._follow(process, request)
        finally:
            _end(process)

    def _follow(self, process: subprocess.Popen[bytes], request: BuildRequest) -> BuildResult:
        last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        lines: queue.Queue[bytes] = queue.Queue()
        readers = [
            self._start(process.stdout, lines.put),
            self._start(process.stderr, lambda line: last_lines.append(_text(line))),
        ]
        _send(process, request)
        for message in self._messages(process, lines):
            if isinstance(message, BuildResult):
                return message
            if isinstance(message, BuildFailure):
                raise EngineError(message.reason + _quote(last_lines))
            self._tell(message, last_lines)
        for reader in readers:
            reader.join(_END_S)
        raise EngineError(_explain_end(process.wait()) + _quote(last_lines))

    def _messages(
        self, process: subprocess.Popen[bytes], lines: queue.Queue[bytes]
    ) -> Iterator[_Message]:
        """Everything that the builder says, until its end; raises where it says nothing."""
        end_s = time.monotonic() + self._timeouts.total_s
        while True:
            left_s = max(end_s - time.monotonic(), 0)
            try:
                line = lines.get(timeout=min(left_s, self._timeouts.silence_s))
            except queue.Empty:
                late = time.monotonic() >= end_s
                raise EngineError(self._explain_silence(late=late)) from None
            if not line:
                return
            try:
                yield _MESSAGE.validate_json(line)
            except ValidationError:
                self._on_log(f"the builder of process {process.pid} said {_text(line)!r}")

    def _start(self, stream: IO[bytes] | None, take: Callable[[bytes], None]) -> threading.Thread:
        def fail(error: BaseException) -> None:
            self._on_log(f"the builder can't be heard: {explain(error)}")

        return start_thread("engine builder's words", partial(_read_lines, stream, take), fail)

    def _tell(self, message: Progress | LogLine, last_lines: deque[str]) -> None:
        if isinstance(message, Progress):
            self._on_progress(message)
        elif message.severity in _FORWARDED:
            last_lines.append(message.text)
            self._on_log(f"TensorRT {message.severity.lower()}: {message.text}")

    def _explain_silence(self, *, late: bool) -> str:
        if late:
            return (
                f"the builder took more than {self._timeouts.total_s:.0f} s and was ended; "
                "raise tensorrt.build_timeout_s if it only needs longer"
            )
        return BUILDER_SILENT.sentence(silence_s=self._timeouts.silence_s)


def _environment() -> dict[str, str]:
    """This process's variables; the child finds the same modules."""
    folders = [folder for folder in sys.path if folder]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def _send(process: subprocess.Popen[bytes], request: BuildRequest) -> None:
    """Hand over the request; the pipe stays open as long as this process lives."""
    if process.stdin is None:
        return
    try:
        process.stdin.write(request.model_dump_json().encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return  # it ended already; its exit code says why


def _read_lines(stream: IO[bytes] | None, take: Callable[[bytes], None]) -> None:
    """Hand each line on, and at the end an empty one, whatever the end is."""
    try:
        for line in stream or ():
            take(line)
    finally:
        take(b"")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the builder with everything that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue


def _explain_end(code: int) -> str:
    if code == -signal.SIGKILL:
        return BUILDER_KILLED.sentence()
    if code < 0:
        return f"the builder crashed ({signal.Signals(-code).name})"
    return f"the builder ended with exit code {code} and without an engine"


def _quote(lines: deque[str]) -> str:
    text = " | ".join(line for line in lines if line)
    return f"; it said: {text}" if text else ""


def _text(line: bytes) -> str:
    return line.decode(errors="replace").strip()


def plan_size(plan: Path) -> int:
    """Size of a written plan (byte).

    Raises:
        EngineError: there is none, or it is empty.
    """
    size = plan.stat().st_size if plan.is_file() else 0
    if size == 0:
        msg = f"the builder wrote no engine to {plan}"
        raise EngineError(msg)
    return size

"""Rounds of training, each in a process of its own: clicking goes on, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from seg_perception.core.atomic_write import write_file
from seg_perception.core.disk_errors import unwritable
from seg_perception.core.errors import TeachingError
from seg_perception.core.json_document import dump_json

MODEL, PROGRESS, DONE, FAILED, REQUEST, LOG = (
    *("model.onnx", "progress.json", "done.json", "failed.json", "request.json"),
    "log.txt",
)
State = Literal["running", "done", "failed"]
_WORKER = "seg_perception.teaching.learning.worker"


@dataclass(frozen=True)
class RoundStatus:
    """How far a round is.

    Attributes:
        number: from 1.
        state: running, done or failed.
        done, total: steps.
        facts: what a finished round says of itself.
        reason: why it failed, a sentence.
    """

    number: int
    state: State
    done: int = 0
    total: int = 0
    facts: Mapping[str, Any] | None = None
    reason: str = ""


class Rounds:
    """The folder `rounds`, and the process that works on the last one."""

    def __init__(self, session_folder: Path, folder: Path) -> None:
        """Take a teaching's folder and that of its rounds."""
        self._session, self._folder = session_folder, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._status: dict[int, RoundStatus] = {}

    @property
    def count(self) -> int:
        """How many were begun."""
        return max((int(p.name) for p in self._folder.glob("[0-9]*")), default=0)

    @property
    def running(self) -> bool:
        """Whether one is at work."""
        return self._process is not None and self._process.poll() is None

    def place(self, number: int) -> Path:
        """A round's folder."""
        return self._folder / f"{number:03}"

    def start(self, clicks: int, teacher_classes: Sequence[str] = ()) -> int:
        """Train in another process.

        Args:
            clicks: on the first so many lines of the record.
            teacher_classes: that take the teacher's labels.

        Raises:
            TeachingError: one is at work, or the disk refuses.
        """
        if self.running:
            msg = "a training is at work: wait for its end, clicks of meanwhile count next time"
            raise TeachingError(msg)
        number = self.count + 1
        place = self.place(number)
        request = {"clicks": clicks, "teacher_classes": list(teacher_classes)}
        write_file(place / REQUEST, dump_json(request), TeachingError)
        command = [sys.executable, "-m", _WORKER, str(self._session), str(number)]
        with unwritable(place / LOG, TeachingError), (place / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return number

    def wait(self) -> None:
        """Wait for the one at work."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """End the one at work; its clicks stay."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def status(self, number: int) -> RoundStatus:
        """How far a round is."""
        if number in self._status:
            return self._status[number]
        status = self._read(number)
        if status.state != "running":
            self._status[number] = status
        return status

    def finished(self) -> list[int]:
        """Numbers of rounds that gave a model."""
        return [n for n in range(1, self.count + 1) if self.status(n).state == "done"]

    def _read(self, number: int) -> RoundStatus:
        place = self.place(number)
        # Asked first: a process may finish its files and end between the two questions.
        alive = number == self.count and self.running
        if facts := _document(place / DONE):
            return RoundStatus(number, "done", facts=facts)
        if failed := _document(place / FAILED):
            return RoundStatus(number, "failed", reason=str(failed.get("reason", "")))
        if not alive:
            reason = "the training ended before its end; no click is lost: train again"
            return RoundStatus(number, "failed", reason=reason)
        progress = _document(place / PROGRESS) or {}
        return RoundStatus(
            number, "running", int(progress.get("done", 0)), int(progress.get("total", 0))
        )


def _document(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None

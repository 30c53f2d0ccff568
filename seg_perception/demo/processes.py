"""Nodes as child processes that never outlive their parent's use of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from seg_perception.core.errors import SegPerceptionError

if TYPE_CHECKING:
    from typing_extensions import Self

_EXIT_TIMEOUT_S = 15.0
_POLL_S = 0.1
_NODES = "seg_perception.ros"


class ProcessError(SegPerceptionError):
    """A child process can't be started, or failed."""

    reason = "process_failed"


def expect_ros() -> None:
    """Check that nodes can be started.

    Raises:
        ProcessError: there is no ROS 2.
    """
    if find_spec("rclpy") is None:
        msg = "no ROS 2 here: run `make setup`, or source one; `seg-perception replay` needs none"
        raise ProcessError(msg)


class NodeProcess:
    """One node of ours; what it logs goes to a file, its last line of output is its report."""

    def __init__(
        self, module: str, arguments: list[str], environment: Mapping[str, str], log: Path
    ) -> None:
        """Start a module of `seg_perception.ros`, or one that is named in full."""
        self.module = module
        self._log_path = log
        self._log: IO[bytes] = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module if "." in module else f"{_NODES}.{module}", *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file of what it logs."""
        return self._log_path

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    def report(self) -> dict[str, Any]:
        """Wait for its end; the JSON that it printed last.

        Raises:
            ProcessError: it does not end, failed, or printed none.
        """
        try:
            output, _ = self._process.communicate(timeout=_EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            msg = f"{self.module} does not end; see {self._log_path}"
            raise ProcessError(msg) from error
        lines = output.decode().strip().splitlines()
        if self._process.returncode != 0 or not lines:
            raise ProcessError(self._failure())
        report: dict[str, Any] = json.loads(lines[-1])
        return report

    def stop(self) -> dict[str, Any]:
        """Ask it to end, and take its report.

        Raises:
            ProcessError: as `report`.
        """
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        return self.report()

    def expect_running(self) -> None:
        """Check that it lives.

        Raises:
            ProcessError: it does not.
        """
        if not self.is_running:
            raise ProcessError(self._failure())

    def kill(self) -> None:
        """End it by force, if it still lives."""
        if self.is_running:
            self._process.kill()
        self._process.communicate()
        self._log.close()

    def _failure(self) -> str:
        words = self._log_path.read_text(errors="replace").strip().splitlines()
        last = words[-1] if words else "it said nothing"
        code = self._process.returncode
        return f"{self.module} ended with code {code}: {last} (log: {self._log_path})"


class Nodes:
    """A group of node processes; at the end of the context none is left."""

    def __init__(self, variables: Mapping[str, str], logs: Path) -> None:
        """Prepare.

        Args:
            variables: are set in the processes' environment beside this one's.
            logs: existing folder for what they log.
        """
        self._environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
        self._logs = logs
        self._nodes: list[NodeProcess] = []

    def start(self, module: str, *arguments: object) -> NodeProcess:
        """Start a node by the name of its module."""
        log = self._logs / f"{module}.log"
        node = NodeProcess(module, [str(a) for a in arguments], self._environment, log)
        self._nodes.append(node)
        return node

    def wait_for(self, node: NodeProcess, timeout_s: float) -> None:
        """Wait until one ends, while all others live.

        Raises:
            ProcessError: another one ended, or the time is up.
        """
        deadline = time.monotonic() + timeout_s
        while node.is_running:
            for other in self._nodes:
                if other is not node:
                    other.expect_running()
            if time.monotonic() > deadline:
                msg = f"{node.module} did not end within {timeout_s:.0f} s"
                raise ProcessError(msg)
            time.sleep(_POLL_S)

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave no process behind."""
        for node in reversed(self._nodes):
            node.kill()

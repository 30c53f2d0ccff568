"""A ROS graph of its own, on loopback, for every test process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seg_perception.ros_environment import loopback_environment, reserved_domain_id

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")


@pytest.fixture(scope="session")
def ros_environment() -> Iterator[dict[str, str]]:
    """Variables for processes of this session's graph; also set in this process."""
    with reserved_domain_id() as domain_id:
        os.environ.update(loopback_environment(domain_id))
        yield dict(os.environ, PYTHONUNBUFFERED="1")


@pytest.fixture
def ros(ros_environment: dict[str, str]) -> Iterator[RosGraph]:
    """This process as a participant of the graph."""
    graph = RosGraph(ros_environment)
    try:
        yield graph
    finally:
        graph.close()


class RosGraph:
    """Nodes of this process, spun in the background, and child processes."""

    def __init__(self, environment: dict[str, str]) -> None:
        from rclpy.executors import SingleThreadedExecutor

        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self._environment = environment
        self._executor = SingleThreadedExecutor(context=self.context)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self._processes: list[Process] = []
        self._nodes: list[Any] = []

    def node(self, name: str, **options: Any) -> Any:
        return self.add(rclpy.create_node(name, context=self.context, **options))

    def add(self, node: Any) -> Any:
        self._executor.add_node(node)
        self._nodes.append(node)
        return node

    def start(self, module: str, *arguments: object) -> Process:
        process = Process(self._environment, module, *arguments)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=5.0)
        for node in self._nodes:
            node.destroy_node()
        rclpy.shutdown(context=self.context)

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException, ShutdownException

        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            return


class Process:
    """A node of ours in a process of its own."""

    def __init__(self, environment: dict[str, str], module: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"seg_perception.nodes.{module}", *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> tuple[int, str, str]:
        """Signal it (None: let it end by itself); exit code, standard output and error."""
        if number is not None:
            self._process.send_signal(number)
        out, err = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, out, err

    def kill(self) -> None:
        if self.is_running():
            self._process.kill()
            self._process.communicate()


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Poll until the condition holds; fail with `what` otherwise."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.02)


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., None]:
    return wait_until

"""A node whose model takes long: it answers, says what it does, and ends when it is told to."""

import json
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from lifecycle_msgs.srv import GetState
from waiting import PATIENCE_S

pytestmark = pytest.mark.ros

# Within the C library, without Python's lock, as engines load.
SLOW = """
import ctypes, sys, tempfile
from seg_perception.ros import semantic_node
def load(*_arguments):
    semantic_node.kept = tempfile.TemporaryDirectory(prefix="unpacked")
    ctypes.CDLL(None).sleep(600)
semantic_node.create_engine = load
from seg_perception.ros.perception_node import main
sys.exit(main())
"""


class SlowNode:
    """A node in a process of its own that has begun to load."""

    def __init__(self, robot, environment, file, folder):
        self.said = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
        self.folder = folder
        self._err = tempfile.TemporaryFile()  # noqa: SIM115 (closed by kill)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SLOW, "--ros-args", "--params-file", file],
            env=dict(environment, TMPDIR=str(folder)),
            stdout=subprocess.PIPE,
            stderr=self._err,
        )

    def is_loading(self):
        return bool(list(self.folder.glob("unpacked*")))

    def log(self):
        self._err.seek(0)
        return self._err.read().decode()

    def kill(self):
        self.process.kill()
        self.process.communicate()
        self._err.close()


@pytest.fixture
def slow_node(robot, ros_environment, parameters, tmp_path, wait_until):
    folder = tmp_path / "temporary"
    folder.mkdir()
    node = SlowNode(robot, ros_environment, parameters(), folder)
    wait_until(node.is_loading, "the load")
    yield node
    node.kill()


def test_what_a_node_does_that_loads_is_in_diagnostics_and_its_state_is_told(
    robot, slow_node, wait_until
):
    def sentences():
        return [s.message for array in list(slow_node.said) for s in array.status]

    wait_until(lambda: any("is being loaded and tested for" in s for s in sentences()), "it")
    get = robot.client(GetState, "/perception_node/get_state", GetState.Request())
    assert get.ask(GetState.Request()).current_state.label == "configuring"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_node_that_is_ended_while_it_loads_ends_in_order(slow_node, number):
    began_s = time.monotonic()
    slow_node.process.send_signal(number)
    out, _ = slow_node.process.communicate(timeout=PATIENCE_S)
    assert slow_node.process.returncode == 0, slow_node.log()
    assert json.loads(out)["streams"] == {}
    assert time.monotonic() - began_s < PATIENCE_S
    assert "Traceback" not in slow_node.log()
    assert not slow_node.is_loading()  # what was unpacked is gone


def test_a_session_that_drops_ends_the_node_with_its_account(start_node):
    node = start_node()
    node.step(0)
    code, out, log = node.process.end(signal.SIGHUP)
    assert code == 0, log
    account = json.loads([line for line in out.splitlines() if line[:1] == "{"][-1])
    assert account["streams"]["camera.front"]["published"] == 1


def test_last_words_that_nobody_hears_are_no_failure():
    script = "import sys; from seg_perception.ros.runner import say; sys.stdin.read(); say('x')"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    process.stdin.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0, err

"""Nodes as child processes, none of which is left behind."""

import os

import pytest

from seg_perception.demo.processes import Nodes, ProcessError


@pytest.fixture
def nodes(tmp_path):
    pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")
    with Nodes({}, tmp_path) as group:
        yield group


def test_a_node_that_fails_is_quoted(nodes):
    node = nodes.start("bag_player", "/nowhere.mcap")
    with pytest.raises(ProcessError, match=r"bag_player ended with code 2: .*check the path"):
        node.report()


def test_a_failure_ends_the_wait_for_another(nodes, tmp_path):
    nodes.start("bag_player", "/nowhere.mcap")
    recorder = nodes.start("bag_recorder", tmp_path / "out.mcap")
    with pytest.raises(ProcessError, match="bag_player ended"):
        nodes.wait_for(recorder, timeout_s=20)


def test_no_process_is_left_behind(tmp_path, ros_environment):
    with Nodes(ros_environment, tmp_path) as nodes:
        recorder = nodes.start("bag_recorder", tmp_path / "out.mcap")
        pid = recorder._process.pid
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)

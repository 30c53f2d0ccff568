"""Whether messages can be built: what `pip install .` asks."""

import importlib.util
import sys

import pytest


@pytest.fixture
def ament(repo):
    spec = importlib.util.spec_from_file_location("ament", repo / "tools" / "ament.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sourced(tmp_path, monkeypatch):
    """A ROS 2 with generators, and an interpreter that finds ament_package in it or does not."""
    for folder in ("share/ament_index/resource_index/packages", "share/rosidl_default_generators"):
        (tmp_path / "ros" / folder).mkdir(parents=True)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ros"))

    def interpreter(status):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\nexit {status}\n")
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))

    return interpreter


def test_a_sourced_ros_of_another_python_builds_no_messages(ament, sourced, monkeypatch):
    sourced(1)
    assert "is for another Python than this 3." in ament.missing()
    sourced(0)
    monkeypatch.setattr(ament, "_which", lambda tool: tool)
    assert ament.missing() is None


def test_what_a_build_lacks_is_named(ament, sourced, monkeypatch):
    sourced(0)
    monkeypatch.setattr(ament, "_which", {"make": "/usr/bin/make", "cc": "/usr/bin/cc"}.get)
    assert ament.missing() == "cmake, c++ not found"
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    monkeypatch.setattr(ament.sys, "prefix", "/nowhere")
    assert ament.missing() == "no ROS 2 with rosidl_default_generators is sourced or installed here"

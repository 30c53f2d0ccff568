"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seg_perception.ros_environment import loopback_environment, reserved_domain_id

ROOT = Path(__file__).resolve().parents[1]
ROS_FIXTURES = {"ros_environment", "ros"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs nodes."""
    for item in items:
        if ROS_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.ros)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded data that is not part of the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the recorded data is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def ros_environment() -> Iterator[dict[str, str]]:
    """Variables of a ROS graph on loopback, one for each test process; set here, too."""
    pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")
    with reserved_domain_id() as domain_id, pytest.MonkeyPatch.context() as patch:
        for name, value in loopback_environment(domain_id).items():
            patch.setenv(name, value)
        yield dict(os.environ, PYTHONUNBUFFERED="1")

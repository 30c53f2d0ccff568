"""ROS processes of the demo and the tests stay on this machine."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from seg_perception.core.ros_environment import (
    loopback_environment,
    reserved_domain_id,
    shared_memory_environment,
)


def test_two_reservations_never_share_a_domain():
    with reserved_domain_id() as first, reserved_domain_id() as second:
        assert first != second
        assert 1 <= min(first, second) <= max(first, second) <= 101


def test_a_domain_is_free_again_afterwards():
    with reserved_domain_id() as first:
        pass
    with reserved_domain_id() as second:
        assert first == second


NEW, OLD = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"


def absent(name):
    raise PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("wheel", "distro", "names"),
    [
        ("8.4.3", "kilted", {NEW, OLD}),
        ("9.3.3", "jazzy", {NEW}),
        ("", "humble", {NEW, OLD}),
        ("", "jazzy", {NEW, OLD}),
        ("", "kilted", {NEW}),
        ("", "rolling", {NEW}),
        ("", "", {NEW, OLD}),
    ],
)
def test_the_profiles_exist_under_the_names_that_the_release_reads(
    monkeypatch, wheel, distro, names
):
    version = (lambda _name: wheel) if wheel else absent
    monkeypatch.setattr("seg_perception.core.ros_environment.version", version)
    monkeypatch.setenv("ROS_DISTRO", distro)
    for environment in (loopback_environment(7), shared_memory_environment()):
        assert {NEW, OLD} & environment.keys() == names
        for name in names:
            assert "<type>SHM</type>" in Path(environment[name]).read_text(encoding="utf-8")


def test_a_domain_whose_ports_linux_gives_away_is_refused():
    with pytest.raises(ValueError, match="expected 1 to 101, got 102"):
        loopback_environment(102)

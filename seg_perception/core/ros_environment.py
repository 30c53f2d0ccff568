"""Environment variables under which ROS 2 processes are started; imports no ROS itself."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from seg_perception.core.resources import config_path

_PROFILE, _PROFILE_OF_FASTDDS_2 = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"
# Wheels do not name their release, but the middleware's version does.
_RMW_OF_KILTED = 9
# Above 101 the ports of a domain may fall into Linux's range of ephemeral ports.
DOMAIN_IDS = range(1, 102)


def loopback_environment(domain_id: int) -> dict[str, str]:
    """The variables that keep a group of ROS processes on this machine, apart from others.

    Raises:
        ValueError: a domain id that Linux can't hold safely.
    """
    if domain_id not in DOMAIN_IDS:
        msg = f"domain id: expected {DOMAIN_IDS[0]} to {DOMAIN_IDS[-1]}, got {domain_id}"
        raise ValueError(msg)
    return {
        **wheels_environment(),
        **fastdds_environment(config_path("dds", "fastdds_loopback.xml")),
        "ROS_DOMAIN_ID": str(domain_id),
        # The profile keeps traffic on loopback. LOCALHOST would undo that: it adds
        # transports whose sockets are bound on every interface.
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
        "ROS_STATIC_PEERS": "",
        # Deprecated, and ROS 2 warns of it, but an inherited 1 would win.
        **({"ROS_LOCALHOST_ONLY": "0"} if "ROS_LOCALHOST_ONLY" in os.environ else {}),
    }


def shared_memory_environment() -> dict[str, str]:
    """The variables for a robot: large messages through shared memory, the rest as it was."""
    return {**wheels_environment(), **fastdds_environment(config_path("dds", "fastdds_shm.xml"))}


def fastdds_environment(profile: Path) -> dict[str, str]:
    """The variables that select one Fast DDS profile."""
    chosen = dict.fromkeys(profile_variables(), str(profile))
    return {"RMW_IMPLEMENTATION": "rmw_fastrtps_cpp", **chosen}


def profile_variables() -> tuple[str, ...]:
    """The variables that may name a Fast DDS profile, for the ROS 2 that is here."""
    return (_PROFILE,) if _has_fastdds_3() else (_PROFILE, _PROFILE_OF_FASTDDS_2)


def _has_fastdds_3() -> bool:
    """Whether this is Kilted or later: it warns of the name that Fast DDS 2 reads."""
    try:
        wheel = version("ros-rmw-fastrtps-cpp")
    except PackageNotFoundError:
        return os.environ.get("ROS_DISTRO", "") >= "kilted"
    return int(wheel.partition(".")[0]) >= _RMW_OF_KILTED


def wheels_environment() -> dict[str, str]:
    """What ROS wheels in a virtual environment need; nothing where a ROS 2 is sourced."""
    if "AMENT_PREFIX_PATH" in os.environ or not Path(sys.prefix, "share", "ament_index").is_dir():
        return {}
    return {"AMENT_PREFIX_PATH": sys.prefix}


@contextmanager
def reserved_domain_id() -> Iterator[int]:
    """A domain id that no other process of this machine holds through this function.

    Raises:
        RuntimeError: all of them are held.
    """
    first = os.getpid() % len(DOMAIN_IDS)
    for domain_id in (*DOMAIN_IDS[first:], *DOMAIN_IDS[:first]):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as lock:
            try:
                lock.bind(f"\0seg_perception_domain_{domain_id}")
            except OSError:
                continue
            yield domain_id
            return
    msg = f"all ROS domain ids from {DOMAIN_IDS[0]} to {DOMAIN_IDS[-1]} are in use; end old runs"
    raise RuntimeError(msg)

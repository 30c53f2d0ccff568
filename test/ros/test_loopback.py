"""No socket of a process under the loopback profile can be reached from outside."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros

MULTICAST = "239.255.0.1"
SS = shutil.which("ss")


@pytest.mark.skipif(SS is None, reason="ss (iproute2) is not installed")
def test_every_udp_socket_is_bound_to_loopback(ros, tmp_path, wait_until):
    recorder = ros.start("bag_recorder", tmp_path / "out.mcap")
    node = ros.node("watcher")
    wait_until(lambda: "bag_recorder" in node.get_node_names(), "the recorder")
    table = subprocess.run([SS, "-uanpH"], capture_output=True, text=True, check=True).stdout
    mine = [line.split() for line in table.splitlines() if f"pid={recorder.pid}," in line]
    bound = {columns[3].rpartition(":")[0] for columns in mine}
    assert bound <= {"127.0.0.1", MULTICAST}
    assert not _outer_interfaces_in_group()
    assert recorder.end()[0] == 0


def _outer_interfaces_in_group() -> list[str]:
    """Interfaces other than lo that joined the discovery group, read from /proc/net/igmp."""
    group = "".join(f"{int(part):02X}" for part in reversed(MULTICAST.split(".")))
    interface, found = "", []
    for line in Path("/proc/net/igmp").read_text(encoding="ascii").splitlines()[1:]:
        if name := re.match(r"\d+\s+(\S+)", line):
            interface = name[1].rstrip(":")
        elif group in line and interface != "lo":
            found.append(interface)
    return found

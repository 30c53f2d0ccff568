"""The log is quiet when all is well, and says each kind of fault once when nothing is."""

import time
from dataclasses import replace

import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.ros.diagnostics_monitor import WINDOW_S
from seg_perception.ros.issue_logger import PERIOD_S

pytestmark = pytest.mark.ros

LOG = "rcl_interfaces/msg/Log"
WARN = 30


def stamp_of(status):
    """When the node published it, by its own clock (ns)."""
    return messages.stamp_to_ns(status.header.stamp)


def warnings(process):
    """Lines of a process's standard error that are warnings or worse."""
    lines = process.said()[1].splitlines()
    return [line for line in lines if not line.startswith("[INFO]")]


def test_a_healthy_run_says_nothing_but_how_it_began_and_ended(start_node, robot):
    told = robot.listen("/rosout", LOG)
    running = start_node()
    begin_ns = stamp_of(running.statuses[-1])
    # All causes are looked for after the window, by the node's own clock.
    while stamp_of(running.statuses[-1]) - begin_ns < (WINDOW_S + 1.0) * 1e9:
        stamp_ns = robot.now_ns()
        robot.step(stamp_ns)
        running.cloud_of(stamp_ns)
    assert running.statuses[-1].warnings == []
    assert warnings(running.process) == []
    assert [m.msg for m in told if m.level >= WARN] == []
    running.account()
    assert len(running.log.splitlines()) == 2


def test_when_every_message_is_faulty_each_kind_is_told_once_in_a_while(
    start_node, robot, wait_until
):
    running = start_node()
    begin_s = time.monotonic()
    number = 0

    def received():
        streams = running.statuses[-1].streams
        return min(s.received for s in streams)

    def send_faults():
        nonlocal number
        number += 1
        stamp_ns = running.start_ns + number
        broken = replace(robot.camera_info(stamp_ns), k=np.full(9, np.nan))
        robot.send("/front/camera_info", broken)
        robot.send("/front/image_raw", robot.image(stamp_ns, encoding="nv99"))
        robot.send("/top/points", replace(robot.cloud(stamp_ns), point_step=1))
        return received() > 200

    wait_until(send_faults, "two hundred faults of each")
    kinds = {"camera.front: image", "camera.front: camera_info", "lidar.top: cloud"}
    streams = running.account()
    told = warnings(running.process)
    at_most = len(kinds) * (1 + int((time.monotonic() - begin_s) / PERIOD_S))
    assert len(kinds) <= len(told) <= at_most
    for kind in kinds:
        assert any(kind in line for line in told)
    # What waits when the node is told to end is dropped as well, and said.
    clouds, images = (streams[name]["dropped"].keys() for name in ("lidar.top", "camera.front"))
    assert clouds <= {"bad_cloud", "queue_full", "shutdown"}
    assert images <= {"unknown_encoding", "superseded", "shutdown"}

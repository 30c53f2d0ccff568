"""A fleet on a local Ray of two workers: a worker that is killed in mid-bag changes no byte."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from seg_perception.core.ray_cluster import Cluster
from seg_perception.fleet.order import Order
from seg_perception.fleet.run import FleetOptions, run_fleet

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")
def test_a_worker_that_is_killed_in_mid_bag_changes_no_byte(world, ray, ray_workers):
    bags = [world.bag(world.events(200), f"drive_{n}.mcap") for n in range(3)]
    options = ("--set", f"segmentation.bundle={world.bundle}")
    here, lost = (
        Order(command="replay", options=options, folder=str(world.folder / n), working_folder="/")
        for n in ("here", "lost")
    )
    expected = run_fleet(here, bags, FleetOptions(), lambda _done, _total: None)

    killed, ended = [], threading.Event()

    def kill_a_worker_that_writes_a_bag():
        while not killed and not ended.is_set():
            if list(Path(lost.folder).glob("bags/.*/labelled.mcap")):
                killed.extend(ray_workers("do_bag")[:1])
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_a_worker_that_writes_a_bag)
    killer.start()
    try:
        found = run_fleet(
            lost, bags, FleetOptions(cluster=Cluster("auto")), lambda _done, _total: None
        )
    finally:
        ended.set()
        killer.join()
    assert killed
    # A camera whose pictures never change is a problem, with a worker lost or not.
    assert [outcome.state for outcome in found] == ["problems"] * 3
    assert [outcome.messages for outcome in found] == [each.messages for each in expected]
    for n in range(3):
        mine, theirs = (
            (Path(order.folder) / f"bags/drive_{n}/labelled.mcap").read_bytes()
            for order in (here, lost)
        )
        assert mine == theirs

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


@pytest.fixture
def ray(monkeypatch, repo):
    """A Ray of two workers on this machine, for one test."""
    found = pytest.importorskip("ray", reason="Ray is not installed: pip install .[cluster]")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    # Workers are processes of their own: they have to find the package and the fixtures' model.
    path = os.pathsep.join([str(repo), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)
    found.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=100_000_000,
        _node_ip_address="127.0.0.1",
    )
    yield found
    found.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")
def test_a_worker_that_is_killed_in_mid_bag_changes_no_byte(world, ray):
    bags = [world.bag(world.events(200), f"drive_{n}.mcap") for n in range(3)]
    options = ("--set", f"segmentation.bundle={world.bundle}")
    here, lost = (
        Order(command="replay", options=options, folder=str(world.folder / n), working_folder="/")
        for n in ("here", "lost")
    )
    run_fleet(here, bags, FleetOptions(), lambda _done, _total: None)

    killed, ended = [], threading.Event()

    def kill_a_worker_that_writes_a_bag():
        while not killed and not ended.is_set():
            if list(Path(lost.folder).glob("bags/.*/labelled.mcap")):
                killed.extend(workers()[:1])
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
    assert [outcome.state for outcome in found] == ["done"] * 3
    for n in range(3):
        mine, theirs = (
            (Path(order.folder) / f"bags/drive_{n}/labelled.mcap").read_bytes()
            for order in (here, lost)
        )
        assert mine == theirs


def workers():
    """Processes of this test's Ray that work on a bag now."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            title = (process / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if title.startswith("ray::do_bag"):
            found.append(int(process.name))
    return found

"""One bag through one node at a time, in turns, and what came out of each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.graph.cpu import CpuWatch
from bench.graph.figures import Key, Pair, Sent, pair
from bench.graph.listener import READY
from seg_perception.config import Config
from seg_perception.core.ros_environment import loopback_environment, reserved_domain_id
from seg_perception.demo.processes import NodeProcess, Nodes, ProcessError
from seg_perception.io.bag_reader import BagReader
from seg_perception.outputs.topics import CameraTopics, cloud_topic

_START_S, _DELAY_S, _TAIL_S, _END_S = 60.0, 2.0, 2.0, 30.0
_POLL_S = 0.1


@dataclass(frozen=True)
class System:
    """A node that takes the project's parameter file.

    Attributes:
        name: in the table.
        module: that is started.
        options: how it takes the file, which stands in place of `FILE`.
    """

    name: str
    module: str
    options: Sequence[str]

    def arguments(self, file: Path) -> list[str]:
        """The command line."""
        named = [str(file) if option == "FILE" else option for option in self.options]
        ros = [] if "--ros-args" in named else ["--ros-args"]
        return [*named, *ros, "-p", "use_sim_time:=true"]


OURS = System("seg_perception", "perception_node", ("--ros-args", "--params-file", "FILE"))
USUAL = System("usual node", "bench.graph.usual_node", ("FILE",))


@dataclass(frozen=True, eq=False)
class Trial:
    """One node through one bag once.

    Attributes:
        seconds: from the first to the last input.
        cpu_s: processor time of the node from the first input until everything was heard.
        images, clouds: inputs and their results.
        labels: by stamp, the labels of the points of each cloud.
        report: what the node printed at its end.
    """

    seconds: float
    cpu_s: float
    images: list[Pair]
    clouds: list[Pair]
    labels: dict[int, NDArray[np.uint8]]
    report: dict[str, Any]


def run_trial(system: System, bag: Path, file: Path, config: Config, folder: Path) -> Trial:
    """Play a bag in real time into a node; a listener hears all that it publishes.

    Raises:
        ProcessError: a process failed, or did not end in time.
        ValueError: a result of nothing that was sent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    topics = Topics(config)
    with (
        reserved_domain_id() as domain,
        Nodes(loopback_environment(domain), folder) as nodes,
    ):
        listener = nodes.start("bench.graph.listener", *topics.heard(folder))
        node = nodes.start(system.module, *system.arguments(file))
        _wait_for(folder / READY, (listener, node))
        watch = CpuWatch(node.pid)
        sent_file = folder / "sent.json"
        player = nodes.start("bench.graph.player", bag, *topics.played(sent_file))
        nodes.wait_for(player, _START_S + _duration_s(bag) + _END_S)
        player.report()
        watch.stop()
        report = node.stop()
        listener.stop()
    return _read(folder, topics, watch, report)


class Topics:
    """Which result belongs to which input."""

    def __init__(self, config: Config) -> None:
        """Read them from a configuration."""
        cameras = config.cameras.values()
        self.images = {
            CameraTopics.of(camera).label_image: camera.image_topic for camera in cameras
        }
        # Heard, so that they are made; not counted.
        self.pictures = [
            topic
            for camera in cameras
            for topic in (CameraTopics.of(camera).color, CameraTopics.of(camera).overlay)
        ]
        self.clouds = {cloud_topic(lidar): lidar.topic for lidar in config.lidars.values()}

    def heard(self, folder: Path) -> Iterator[object]:
        """Command line of the listener."""
        yield from ("--folder", folder)
        yield from ("--images", *self.images, *self.pictures, "--clouds", *self.clouds)

    def played(self, log: Path) -> Iterator[object]:
        """Command line of the player."""
        yield from ("--log", log, "--delay", _DELAY_S, "--tail", _TAIL_S)
        yield from ("--wait-for", *self.images.values(), *self.clouds.values())


def _wait_for(ready: Path, nodes: Sequence[NodeProcess]) -> None:
    """Nothing is played before what will come of it can be heard."""
    deadline = time.monotonic() + _START_S
    while not ready.exists():
        for node in nodes:
            node.expect_running()
        if time.monotonic() > deadline:
            msg = f"not every result was advertised within {_START_S:g} s; see {ready.parent}"
            raise ProcessError(msg)
        time.sleep(_POLL_S)


def _duration_s(bag: Path) -> float:
    with BagReader(bag) as reader:
        return reader.duration_s


def _read(folder: Path, topics: Topics, watch: CpuWatch, report: dict[str, Any]) -> Trial:
    sent = {
        (topic, stamp): Sent(at_ns, delay_ns)
        for topic, stamp, at_ns, delay_ns in json.loads((folder / "sent.json").read_text())
    }
    heard = [tuple(entry) for entry in json.loads((folder / "heard.json").read_text())]
    first_ns, last_ns = (f(entry.at_ns for entry in sent.values()) for f in (min, max))
    end_ns = max([last_ns, *(at_ns for _, _, at_ns in heard)])
    with np.load(folder / "labels.npz") as file:
        labels = {int(stamp): file[stamp] for stamp in file.files}
    return Trial(
        seconds=(last_ns - first_ns) * 1e-9,
        cpu_s=watch.used_s(first_ns, end_ns),
        images=_pairs(sent, heard, topics.images),
        clouds=_pairs(sent, heard, topics.clouds),
        labels=labels,
        report=report,
    )


def _pairs(
    sent: dict[Key, Sent], heard: list[tuple[Any, ...]], inputs: dict[str, str]
) -> list[Pair]:
    """Results and their inputs; `inputs` is by the topic of the result."""
    wanted = {key: entry for key, entry in sent.items() if key[0] in inputs.values()}
    results = [((inputs[t], stamp), at_ns) for t, stamp, at_ns in heard if t in inputs]
    return pair(wanted, results)

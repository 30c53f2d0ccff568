"""One system before one rig once: what was sent, what was heard, and when."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.graph.cpu import CpuWatch
from bench.graph.figures import percentiles
from bench.graph.listener import READY
from bench.live.drivers import WARM_UP_S
from bench.live.rig import Rig
from seg_perception.config import Config
from seg_perception.core.ros_environment import loopback_environment, reserved_domain_id
from seg_perception.core.types import NANOSECONDS
from seg_perception.demo.processes import NodeProcess, Nodes, ProcessError
from seg_perception.io.messages import Image, PointCloud2
from seg_perception.outputs.topics import CameraTopics, cloud_topic

# The modules of each system's nodes; the last one publishes what comes last.
NODES = {
    "pipeline": ("bench.live.pipeline_node",),
    "split": ("bench.live.segmentation_half", "seg_perception.ros.semantic_cloud_node"),
    "serial": ("bench.live.serial_node",),
}
# As it was before there were ways to choose from.
BASELINE = "serial"
_START_S, _END_S, _POLL_S = 60.0, 60.0, 0.1
# The last messages may still be on their way when the drivers end.
_LAST_S = 1.0


@dataclass(frozen=True)
class Flow:
    """One kind of result.

    Attributes:
        sent, heard: inputs, and those whose result came.
        rate_hz: results a second.
        age_s: p50, p95, p99 from the stamp to the listener.
    """

    sent: int
    heard: int
    rate_hz: float
    age_s: tuple[float, float, float]

    @property
    def lost(self) -> float:
        """Share of the inputs without a result."""
        return 1 - self.heard / self.sent if self.sent else 0.0


@dataclass(frozen=True)
class Trial:
    """What one run showed.

    Attributes:
        images, lidar, radar: the kinds of results.
        cpu: cores that its nodes kept busy.
        reports: what each of them printed at its end, by module.
    """

    images: Flow
    lidar: Flow
    radar: Flow
    cpu: float
    reports: dict[str, Any]


def run_trial(
    system: str, rig: Rig, seconds: float, folder: Path, settings: Mapping[str, Any]
) -> Trial:
    """Drive for a while; `settings` are parameters beside the rig's.

    Raises:
        ProcessError: a process failed, or did not end in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, config = _write_parameters({**rig.parameters(), **settings}, folder)
    outputs = _outputs(config)
    with reserved_domain_id() as domain, Nodes(loopback_environment(domain), folder) as nodes:
        heard = [f"{kind}:{topic}" for topic, (kind, _, _) in outputs.items()]
        listener = nodes.start("bench.live.listener", "--folder", folder, "--topics", *heard)
        ours = [nodes.start(n, "--ros-args", "--params-file", file) for n in NODES[system]]
        _wait_for(folder / READY, (listener, *ours))
        watches = [CpuWatch(node.pid) for node in ours]
        begin_ns = time.monotonic_ns()
        wanted = ("--cameras", rig.cameras, "--camera-hz", rig.camera_hz, "--seconds", seconds)
        drivers = nodes.start("bench.live.drivers", "--log", folder / "sent.json", *wanted)
        nodes.wait_for(drivers, _START_S + WARM_UP_S + seconds + _END_S)
        drivers.report()
        end_ns = time.monotonic_ns()
        for watch in watches:
            watch.stop()
        reports = {node.module: node.stop() for node in ours}
        listener.stop()
    used_s = sum(watch.used_s(begin_ns, end_ns) for watch in watches)
    return _read(folder, outputs, used_s / (1e-9 * (end_ns - begin_ns)), reports)


def _outputs(config: Config) -> dict[str, tuple[str, str, str]]:
    """By the topic of a result: its type, its kind, and the topic of its input."""
    found = {
        CameraTopics.of(camera).label_image: (Image.type_name, "images", camera.image_topic)
        for camera in config.cameras.values()
    }
    for kind, sensors in (("lidar", config.lidars), ("radar", config.radars)):
        for sensor in sensors.values():
            found[cloud_topic(sensor)] = (PointCloud2.type_name, kind, sensor.topic)
    return found


def _write_parameters(values: dict[str, Any], folder: Path) -> tuple[Path, Config]:
    file = folder / "parameters.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    return file, Config.from_parameters(values, str(file))


def _wait_for(ready: Path, nodes: Sequence[NodeProcess]) -> None:
    deadline_s = time.monotonic() + _START_S
    while not ready.exists():
        for node in nodes:
            node.expect_running()
        if time.monotonic() > deadline_s:
            msg = f"not every result was advertised within {_START_S:g} s; see {ready.parent}"
            raise ProcessError(msg)
        time.sleep(_POLL_S)


def _read(
    folder: Path, outputs: dict[str, tuple[str, str, str]], cpu: float, reports: dict[str, Any]
) -> Trial:
    sent = [(topic, stamp) for topic, stamp in json.loads((folder / "sent.json").read_text())]
    first_ns = min(stamp for _, stamp in sent) + round(WARM_UP_S * NANOSECONDS)
    last_ns = max(stamp for _, stamp in sent) - round(_LAST_S * NANOSECONDS)
    counted = {key for key in sent if first_ns <= key[1] <= last_ns}
    heard = json.loads((folder / "heard.json").read_text())
    flows = {}
    for kind in ("images", "lidar", "radar"):
        inputs = {topic: entry[2] for topic, entry in outputs.items() if entry[1] == kind}
        ages = {
            (inputs[topic], stamp): 1e-9 * (at_ns - stamp)
            for topic, stamp, at_ns in heard
            if topic in inputs and (inputs[topic], stamp) in counted
        }
        number = sum(topic in inputs.values() for topic, _ in counted)
        rate_hz = len(ages) / (1e-9 * (last_ns - first_ns))
        flows[kind] = Flow(number, len(ages), rate_hz, percentiles(list(ages.values())))
    return Trial(flows["images"], flows["lidar"], flows["radar"], cpu, reports)

"""Simulates a drive, sends it through the real graph, scores and draws the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seg_perception.config import Config, read_parameter_file
from seg_perception.demo.drive import Drive
from seg_perception.demo.latency import measure_latency
from seg_perception.demo.pictures import Painter
from seg_perception.demo.processes import Nodes, expect_ros
from seg_perception.demo.summary import DemoSummary, account
from seg_perception.evaluation.bag_truth import TruthTopic, score_bag
from seg_perception.inference.bundle import Bundle
from seg_perception.ontology import Ontology
from seg_perception.resources import config_path
from seg_perception.ros_environment import loopback_environment, reserved_domain_id
from seg_perception.simulation.bag import write_bag
from seg_perception.simulation.config import SimulationConfig
from seg_perception.topics import (
    LEGEND,
    NODE_NAME,
    STATUS,
    TF,
    TF_STATIC,
    CameraTopics,
    camera_info_topic,
    cloud_topic,
    private,
)

Step = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
_DISCOVERY_S = 2.0
_TAIL_S = 1.0
_START_S = 60.0
_SHARES = 1000
_RESULTS = (
    "simulated.mcap",
    "labelled.mcap",
    "summary.json",
    "demo.png",
    "overlay_*.png",
    "birds_eye_*.png",
)


@dataclass(frozen=True)
class DemoOptions:
    """What is shown.

    Attributes:
        output: folder of the results; files of an earlier demo in it are replaced.
        seconds: of the simulated drive.
        seed: of the forest.
        bundle: the model; empty for the platform's own.
        simulation: further values of `SimulationConfig`.
    """

    output: Path
    seconds: float = 30.0
    seed: int = 1
    bundle: str = ""
    simulation: dict[str, Any] = field(default_factory=dict)

    @property
    def simulated(self) -> Path:
        """The drive with its truth."""
        return self.output / "simulated.mcap"

    @property
    def labelled(self) -> Path:
        """What the graph made of it."""
        return self.output / "labelled.mcap"

    @property
    def logs(self) -> Path:
        """What the nodes logged."""
        return self.output / "logs"


def run_demo(options: DemoOptions, step: Step | None = None) -> DemoSummary:
    """Run everything; all traffic stays on this machine.

    Args:
        options: what is shown.
        step: makes a progress bar for a step by its name.

    Raises:
        ProcessError: ROS 2 is missing, or a node failed.
        SegPerceptionError: whatever else the steps need and lack.
    """
    progress = step or _silent
    expect_ros()
    config = _configuration(options)
    predicted = Bundle.load(config.segmentation.bundle).ontology
    _make_room(options)
    world = SimulationConfig.model_validate(
        {"seed": options.seed, "duration_s": options.seconds, **options.simulation}
    )
    with progress("simulating the drive") as advance:
        write_bag(options.simulated, world, lambda share: advance(round(_SHARES * share), _SHARES))
    with progress("driving in real time"):
        player, node, recorder = _drive(options, config)
    with progress("scoring and drawing"):
        true = Ontology.load(world.ontology)
        topics = list(_truth_topics(config, world))
        drive = Drive(options.labelled, options.simulated, config, world)
        summary = DemoSummary(
            options.labelled,
            Painter(drive, predicted, true).draw(options.output),
            player,
            node,
            recorder,
            account=account(config, player, node, recorder, options.seconds),
            latency=measure_latency(options.labelled, config),
            scores=score_bag(options.labelled, options.simulated, topics, predicted, true),
        )
    summary.write(options.output / "summary.json")
    return summary


def _silent(_name: str) -> AbstractContextManager[Callable[[int, int], None]]:
    return nullcontext(lambda _done, _total: None)


def _make_room(options: DemoOptions) -> None:
    """Remove what an earlier demo left, and nothing else."""
    options.output.mkdir(parents=True, exist_ok=True)
    for pattern in _RESULTS:
        for file in options.output.glob(pattern):
            file.unlink()
    options.logs.mkdir(exist_ok=True)


def _parameter_file() -> Path:
    return config_path("platforms", "simulated.yaml")


def _configuration(options: DemoOptions) -> Config:
    parameters = read_parameter_file(_parameter_file(), NODE_NAME)
    if options.bundle:
        parameters["segmentation.bundle"] = options.bundle
    return Config.from_parameters(parameters, str(_parameter_file()))


def _drive(
    options: DemoOptions, config: Config
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Player, perception and recorder as processes of their own; their reports."""
    inputs = list(_input_topics(config))
    with (
        reserved_domain_id() as domain,
        Nodes(loopback_environment(domain), options.logs) as nodes,
    ):
        clock = ["-p", "use_sim_time:=true"]
        bundle = ["-p", f"segmentation.bundle:={config.segmentation.bundle}"]
        recorder = nodes.start(
            "bag_recorder",
            options.labelled,
            *("--compression", "lz4"),
            "--topics",
            *_recorded_topics(config),
            "--ros-args",
            *clock,
        )
        perception = nodes.start(
            "perception_node", "--ros-args", "--params-file", _parameter_file(), *clock, *bundle
        )
        player = nodes.start(
            "bag_player",
            options.simulated,
            *("--topics", *inputs, TF, TF_STATIC, *_lens_topics(config)),
            *("--wait-for", *inputs, "--wait-timeout", _START_S),
            *("--clock", "--delay", _DISCOVERY_S, "--tail", _TAIL_S),
        )
        nodes.wait_for(player, options.seconds + _START_S + _DISCOVERY_S + _TAIL_S)
        return player.report(), perception.stop(), recorder.stop()


def _input_topics(config: Config) -> Iterator[str]:
    yield from (camera.image_topic for camera in config.cameras.values())
    yield from (sensor.topic for sensor in (*config.lidars.values(), *config.radars.values()))


def _lens_topics(config: Config) -> list[str]:
    return [camera_info_topic(camera) for camera in config.cameras.values()]


def _recorded_topics(config: Config) -> Iterator[str]:
    for camera in config.cameras.values():
        topics = CameraTopics.of(camera)
        yield from (
            topic for topic in topics if config.output.png or topic != topics.label_image_png
        )
    for sensor in (*config.lidars.values(), *config.radars.values()):
        yield cloud_topic(sensor)
    yield from (private(LEGEND), private(STATUS), TF, TF_STATIC, *_lens_topics(config))


def _truth_topics(config: Config, world: SimulationConfig) -> Iterator[TruthTopic]:
    for camera in config.cameras.values():
        yield TruthTopic(CameraTopics.of(camera).label_image, world.camera_truth_topic)
    for lidar in config.lidars.values():
        yield TruthTopic(cloud_topic(lidar), world.lidar_truth_topic)
    for radar in config.radars.values():
        yield TruthTopic(cloud_topic(radar), world.radar_truth_topic)

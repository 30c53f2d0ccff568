"""Simulates a drive, sends it through the real graph, scores and draws the result."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seg_perception.config import Config, read_parameter_file
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.demo.drive import Drive
from seg_perception.demo.latency import measure_latency
from seg_perception.demo.pictures import DemoRenderer
from seg_perception.demo.processes import expect_ros
from seg_perception.demo.ros_graph import RosGraph
from seg_perception.demo.scores import score_labels
from seg_perception.demo.summary import DemoSummary, account
from seg_perception.demo.video import draw_video
from seg_perception.inference.bundle import Bundle
from seg_perception.io.video_writer import check_video_file
from seg_perception.outputs.topics import NODE_NAME
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import write_bag

Step = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
_SHARES = 1000
_RESULTS = (
    "simulated.mcap",
    "labelled.mcap",
    "summary.json",
    "demo.png",
    "overlay_*.png",
    "birds_eye_*.png",
    "remembered.png",
    "demo.mp4",
)


@dataclass(frozen=True)
class DemoOptions:
    """What is shown.

    Attributes:
        output: folder of the results; files of an earlier demo in it are replaced.
        seconds: of the simulated drive.
        seed: of the forest.
        bundle: the model; empty for the platform's own.
        video: a new .mp4 file of the labelled drive; None: no video.
        simulation: further values of `SimulationConfig`.
    """

    output: Path
    seconds: float = 30.0
    seed: int = 1
    bundle: str = ""
    video: Path | None = None
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
    if options.video is not None:
        check_video_file(options.video)
    world = SimulationConfig.model_validate(
        {"seed": options.seed, "duration_s": options.seconds, **options.simulation}
    )
    with progress("simulating the drive") as advance:
        write_bag(options.simulated, world, lambda share: advance(round(_SHARES * share), _SHARES))
    with progress("driving in real time"):
        graph = RosGraph(config, _parameter_file(), options.logs)
        reports = graph.label(options.simulated, options.labelled, options.seconds)
    with progress("scoring and drawing"):
        true = Ontology.load(world.ontology)
        drive = Drive(options.labelled, options.simulated, config, world)
        summary = DemoSummary(
            options.labelled,
            DemoRenderer(drive, predicted, true).draw(options.output),
            reports,
            account=account(config, reports, options.seconds),
            latency=measure_latency(options.labelled, config),
            scores=score_labels(options.labelled, options.simulated, config, world, predicted),
            video=draw_video(drive, predicted, options.video) if options.video else None,
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

"""One soak run: node, robot, faults, samples."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from seg_perception.config import Config
from seg_perception.core.ros_environment import loopback_environment, reserved_domain_id
from seg_perception.demo.processes import NodeProcess, Nodes
from soak.account import Account, jumps, totals
from soak.process import look_at
from soak.record import Record, Sample
from soak.robot import DEPTH, Robot
from soak.schedule import Schedule
from soak.sensors import CAMERAS, JPEG_CAMERAS, RAW_CAMERAS, Extent
from soak.world import PATIENCE_S, World

# At pace 1; quicker faults leave shorter calm times.
_SAMPLE_S, _SHORTEST_SAMPLE_S = 1.0, 0.25
_LONGEST_NAP_S = 0.02
# The last fault ends so long before the end.
_TAIL_S = 4.0


@dataclass(frozen=True)
class Options:
    """What is run.

    Attributes:
        seconds: with faults.
        seed: of the faults' order and choices.
        model: bundle of the node.
        output: existing folder.
        pace: length of the faults, 1 is as long as in the field.
        warm_s: start of the judged time; None: when every fault has been once.
        reload_s: the model is loaded anew this often; None: when its turn comes.
        extent: what the sensors deliver.
    """

    seconds: float
    seed: int
    model: str
    output: Path
    pace: float = 1.0
    warm_s: float | None = None
    reload_s: float | None = None
    extent: Extent = field(default_factory=Extent)


def soak(options: Options, tell: Callable[[str], None] = lambda _text: None) -> Record:
    """Start the node among its sensors and let them fail.

    Raises:
        ProcessError: the node ended, or never listened.
    """
    with reserved_domain_id() as domain:
        variables = loopback_environment(domain)
        os.environ.update(variables)
        with Nodes(variables, options.output) as nodes:
            file, config = _parameters(options)
            process = nodes.start("perception_node", "--ros-args", "--params-file", file)
            return _drive(options, config, process, tell)


def _drive(
    options: Options, config: Config, process: NodeProcess, tell: Callable[[str], None]
) -> Record:
    import rclpy

    from seg_perception.ros.runner import Spinning

    rclpy.init()
    try:
        node, account = rclpy.create_node("robot"), Account()
        robot = Robot(node, config, options.extent, account)
        with Spinning(node):
            _wait(process, lambda: robot.is_heard and account.statuses > 0)
            world = World(robot, process, random.Random(options.seed), options.pace)  # noqa: S311
            schedule = Schedule(world, options.reload_s)
            samples = _play(options, world, schedule, tell)
            _wait(process, lambda: account.in_flight == 0 and account.is_still(1.0))
        process.stop()
        return _write_down(options, world, schedule, samples, account)
    finally:
        rclpy.try_shutdown()


def _play(
    options: Options, world: World, schedule: Schedule, tell: Callable[[str], None]
) -> list[Sample]:
    """Everything until the end of the time; the robot is silent then."""
    samples: list[Sample] = []
    robot, process, told = world.robot, world.process, 0
    due_s = period_s = max(_SHORTEST_SAMPLE_S, _SAMPLE_S * min(1.0, options.pace))
    while schedule.now_s < options.seconds:
        if schedule.now_s > options.seconds - _TAIL_S:
            schedule.close()
        else:
            schedule.step()
        robot.calm = schedule.is_calm
        nap_s = robot.step()
        if schedule.now_s >= due_s:
            due_s += period_s
            process.expect_running()
            usage = look_at(process.pid)
            samples.append(Sample(schedule.now_s, robot.calm, usage, robot.take_latencies()))
        for event in schedule.events[told:]:
            tell(f"{event.begin_s:7.1f} s  {event.name}, {event.end_s - event.begin_s:.1f} s")
        told = len(schedule.events)
        time.sleep(min(nap_s, _LONGEST_NAP_S))
    return samples


def _wait(process: NodeProcess, condition: Callable[[], Any]) -> None:
    """Wait for a condition, at most for a while."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline_s:
        process.expect_running()
        time.sleep(0.05)


def _write_down(
    options: Options, world: World, schedule: Schedule, samples: list[Sample], account: Account
) -> Record:
    log, robot = world.process.log, world.robot
    warm_s = options.warm_s if options.warm_s is not None else schedule.warm_s
    return Record(
        seconds=options.seconds,
        warm_s=warm_s or 0.0,
        samples=samples,
        events=schedule.events,
        streams=totals(log, account),
        sent={name: dict(channel.sent) for name, channel in robot.channels.items()},
        heard=robot.heard,
        planted={name: dict(reasons) for name, reasons in world.planted.items()},
        statuses=account.statuses,
        unbalanced=account.unbalanced,
        back_jumps=world.back_jumps,
        noticed_jumps=jumps(log),
        missing_warnings=[
            f"never said: {text}"
            for text in sorted(world.expected_warnings)
            if not account.has_warned(text)
        ],
        troubles=world.troubles,
    )


def _parameters(options: Options) -> tuple[Path, Config]:
    names = [stream.partition(".")[2] for stream in CAMERAS]
    suffixes = {**dict.fromkeys(RAW_CAMERAS, ""), **dict.fromkeys(JPEG_CAMERAS, "/compressed")}
    values: dict[str, Any] = {
        "cameras": names,
        **{
            f"{stream}.image_topic": f"/{name}/image_raw{suffixes[stream]}"
            for stream, name in zip(CAMERAS, names, strict=True)
        },
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
        "radars": ["bow"],
        "radar.bow.topic": "/bow/points",
        "segmentation.bundle": options.model,
        "segmentation.threads": 1,
        "map.enabled": True,
        # Full after a few seconds of driving: a map that still grows would look like a leak.
        "map.window_m": 15.0,
        "map.voxel_m": 0.4,
        "node.status_period_s": 0.5,
        # Nothing may be lost while the process is stopped, so that the account can be exact.
        "node.input_depth": DEPTH,
    }
    file = options.output / "soak.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    return file, Config.from_parameters(values, str(file))

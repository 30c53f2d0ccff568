"""`seg-perception replay`: a bag in, a labelled bag out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.fleet import ClusterAddress, Gpus, Machines, Processes, is_fleet, run
from seg_perception.cli.options import (
    AsJson,
    LatencyMs,
    LidarOdometry,
    Remap,
    RobotFile,
    Settings,
    Threads,
    VideoFile,
    configured,
    end,
    inspected,
    print_json,
    remapped,
)

if TYPE_CHECKING:
    from seg_perception.config import Config
    from seg_perception.io.remapped_bag import BagSource
    from seg_perception.replay import ReplayOptions, ReplaySummary


def command(  # noqa: PLR0913 (an option each)
    context: typer.Context,
    bags: Annotated[list[Path], typer.Argument(help="Bags: .mcap, .db3, ROS 1 .bag, or a folder.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="New .mcap file, or new folder; of several bags, the run's."
        ),
    ],
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    *,
    odometry: LidarOdometry = "",
    latency: LatencyMs = 0.0,
    with_inputs: Annotated[
        bool, typer.Option("--with-inputs", help="Copy all topics of the bag into the output.")
    ] = False,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="New .pcd or .ply file: the labelled map of the whole bag."),
    ] = None,
    video: VideoFile = None,
    threads: Threads = 0,
    pieces: Annotated[
        int, typer.Option(min=1, help="Cut a long bag by time, for so many processes.")
    ] = 1,
    processes: Processes = 1,
    cluster: ClusterAddress = "",
    gpus: Gpus = 0.0,
    as_json: AsJson = False,
) -> None:
    """Label a bag: label images, overlays and semantic clouds with the inputs' stamps.

    seg-perception replay forest.mcap -o labelled.mcap

    seg-perception replay forest.mcap -o labelled.mcap --config robot.yaml --set transfer.cell_px=4

    seg-perception replay forest.mcap -o labelled.mcap --map forest.ply --set map.voxel_m=0.1

    seg-perception replay forest.mcap -o labelled.mcap --video forest.mp4

    seg-perception replay forest.mcap -o labelled.mcap --odometry kiss-icp --set memory.enabled=true

    seg-perception replay monday/*.mcap -o monday_labelled --cluster auto

    Several bags, or a cluster: the folder has tables, a page, and a folder for each bag; a run that
    was stopped goes on in it.

    Exit code 2: an input came to nothing, or the bag is damaged; what could be labelled is kept.
    """
    from seg_perception.cli.tables import replay_summary
    from seg_perception.replay import ReplayOptions
    from seg_perception.replay.lidar_odometry import with_odometry

    if is_fleet(bags, output, cluster):
        machines = Machines(processes, cluster, gpus)
        run(context, "replay", bags, output, machines, ("--map", "--video"))
        return
    source = remapped(bags[0], remap)
    found = inspected(source, config)
    chosen = configured(source, config, settings, found)
    options = ReplayOptions(
        latency_ms=latency,
        with_inputs=with_inputs,
        map_file=map_file,
        video=video,
        threads=threads,
        pieces=pieces,
    )
    with with_odometry(source, chosen, odometry) as motion:
        guesses = found.guesses(motion.config) if found else None
        options = replace(options, motion=motion.issues, guesses=guesses)
        summary = _replay(motion.bag, output, motion.config, options)
    if as_json:
        print_json(summary.to_json())
    else:
        replay_summary(summary)
    end(summary.notes, summary.problems)


def _replay(bag: BagSource, output: Path, config: Config, options: ReplayOptions) -> ReplaySummary:
    from seg_perception.cli.progress import stoppable_bar
    from seg_perception.replay import replay

    with stoppable_bar("labelling") as advance:
        return replay(bag, output, config, options, on_progress=advance)

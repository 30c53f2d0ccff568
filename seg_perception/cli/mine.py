"""`seg-perception mine`: frames worth labelling; `corrections`: what annotators made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.fleet import ClusterAddress, Gpus, Machines, Processes, is_fleet, run
from seg_perception.cli.options import (
    AsJson,
    LidarOdometry,
    Remap,
    RobotFile,
    Settings,
    bag_config,
    end,
    parse_setting,
    print_json,
    remapped,
)

if TYPE_CHECKING:
    from seg_perception.active_learning import MiningConfig, MiningSummary


def command(  # noqa: PLR0913, PLR0917 (an option each)
    context: typer.Context,
    bags: Annotated[list[Path], typer.Argument(help="Bags: .mcap, .db3, ROS 1 .bag, or a folder.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="New folder; of several bags, the run's.")
    ],
    count: Annotated[int, typer.Option("--count", "-n", help="How many frames of a bag.")] = 50,
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    choose: Annotated[
        list[str] | None,
        typer.Option(
            "--choose", help="How to choose, as key=value, such as rarity=2 or min_gap_s=1."
        ),
    ] = None,
    odometry: LidarOdometry = "",
    pieces: Annotated[
        int, typer.Option(min=1, help="Cut a long bag by time, for so many processes.")
    ] = 1,
    processes: Processes = 1,
    cluster: ClusterAddress = "",
    gpus: Gpus = 0.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Choose the frames of a bag that are worth labelling, with labels to correct.

    seg-perception mine forest.mcap -n 50 -o to_label

    Several bags, or a cluster: the folder has tables, a page, and a folder for each bag; a run that
    was stopped goes on in it.

    Exit code 2: the bag is damaged; what was found until there is kept.
    """
    from seg_perception.active_learning import mine
    from seg_perception.cli.progress import stoppable_step
    from seg_perception.replay.lidar_odometry import with_odometry

    if is_fleet(bags, output, cluster):
        run(context, "mine", bags, output, Machines(processes, cluster, gpus))
        return
    source = remapped(bags[0], remap)
    chosen = bag_config(source, config, settings)
    with with_odometry(source, chosen, odometry) as motion:
        asked = _mining(count, choose or [])
        summary = mine(motion.bag, output, motion.config, asked, stoppable_step, pieces)
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary)
    end([*map(str, motion.issues), *summary.notes], summary.problems)


def corrections(
    folder: Annotated[Path, typer.Argument(help="Folder that `mine` wrote.")],
    archive: Annotated[Path, typer.Argument(help="CVAT's export: Segmentation mask 1.1.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Put masks that were corrected in CVAT back into the folder, for training."""
    from seg_perception.active_learning import take_corrections

    taken = take_corrections(folder, archive)
    if as_json:
        changed = {correction.name: correction.changed for correction in taken}
        print_json({"folder": str(folder), "changed": changed})
        return
    for correction in taken:
        typer.echo(f"{correction.name}: {correction.changed:.1%} of the pixels changed")


def _mining(count: int, settings: list[str]) -> MiningConfig:
    from seg_perception.active_learning import MiningConfig

    return MiningConfig.parse({"count": count, **dict(map(parse_setting, settings))})


def _print(summary: MiningSummary) -> None:
    from seg_perception.active_learning.summary import frame_name

    for rank, choice in enumerate(summary.choices, start=1):
        typer.echo(f"{rank:4} {frame_name(choice)}: {'; '.join(choice.reasons)}")
    typer.echo(f"written: {summary.output} (open {summary.output}/index.html)")

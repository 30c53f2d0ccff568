"""A command over many bags: the same command for each, on this machine or a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seg_perception.cli.options import end, print_json

if TYPE_CHECKING:
    from seg_perception.fleet.order import Command
    from seg_perception.fleet.work import Outcome

Processes = Annotated[
    int, typer.Option("--processes", "-j", min=1, help="So many bags at once on this machine.")
]
ClusterAddress = Annotated[
    str,
    typer.Option("--cluster", help="Ray cluster: its address, auto, or local. Needs `ray`."),
]
Gpus = Annotated[float, typer.Option("--gpus", min=0, help="GPUs that a bag needs of a cluster.")]
# As `fleet.run` calls it; that is not imported before it is needed.
FLEET = "fleet.json"
# What says who works on which bags, and where results go: not the same for each bag.
_OF_THE_FLEET = ("bags", "output", "processes", "cluster", "gpus", "as_json")


def is_fleet(bags: Sequence[Path], output: Path, cluster: str) -> bool:
    """Whether bags are a fleet's: there are several, a cluster works on them, or a run goes on."""
    return len(bags) > 1 or bool(cluster) or (output / FLEET).is_file()


@dataclass(frozen=True)
class Machines:
    """What works on a fleet: processes of this machine, or a cluster, with GPUs for each bag."""

    processes: int
    cluster: str
    gpus: float


def run(
    context: typer.Context,
    command: Command,
    bags: Sequence[Path],
    output: Path,
    machines: Machines,
    refused: Sequence[str] = (),
) -> None:
    """Run the command that was asked for over its bags.

    Args:
        context: of the command; its options are those for each bag.
        command: its name.
        bags: of the fleet.
        output: folder of the run.
        machines: what works on it.
        refused: options that name one file, which can't be that of many bags.

    Raises:
        FleetError: as `run_fleet`, or one of those options was given.
        typer.Exit: bags failed, or something came to nothing.
    """
    from seg_perception.cli.progress import progress_bar
    from seg_perception.core.errors import FleetError
    from seg_perception.core.ray_cluster import Cluster
    from seg_perception.fleet.order import Order
    from seg_perception.fleet.run import FleetOptions, run_fleet

    options = tuple(_options(context))
    if named := [option for option in refused if option in options]:
        msg = f"{named[0]}: expected one bag, got {len(bags)}, and one file is not that of all"
        raise FleetError(msg)
    folder = str(output.absolute())
    order = Order(command=command, options=options, folder=folder, working_folder=str(Path.cwd()))
    cluster = Cluster(machines.cluster, gpus=machines.gpus) if machines.cluster else None
    with progress_bar("bags") as advance:
        found = run_fleet(order, bags, FleetOptions(machines.processes, cluster), advance)
    _finish(found, output, as_json=context.params["as_json"])


def _options(context: typer.Context) -> Iterator[str]:
    """The options of a command line that hold for each of its bags, as they are written."""
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in _OF_THE_FLEET or parameter.param_type_name != "option":
            continue
        if source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        if isinstance(value, bool):
            yield parameter.opts[0] if value else parameter.secondary_opts[0]
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            yield from (parameter.opts[0], _text(one))


def _text(value: Any) -> str:
    return str(value.absolute()) if isinstance(value, Path) else str(value)


def _finish(found: Sequence[Outcome], output: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"output": str(output), "bags": [one.model_dump(mode="json") for one in found]})
    else:
        done = sum(outcome.state != "failed" for outcome in found)
        typer.echo(f"written: {output}, {done} of {len(found)} bags (open {output}/index.html)")
    end((), list(_problems(found)))


def _problems(found: Sequence[Outcome]) -> Iterator[str]:
    for outcome in found:
        if outcome.state != "done":
            said = outcome.messages[-1] if outcome.messages else "nothing was said"
            yield f"{outcome.bag.name}: {outcome.state}: {said}"

"""`seg-perception engine`: TensorRT engines built, validated, listed, measured, removed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, Settings, load_config, print_json

if TYPE_CHECKING:
    from seg_perception.config import Config
    from seg_perception.inference.tensorrt.build_supervisor import OnProgress
    from seg_perception.inference.tensorrt.builder_pipe import Progress
    from seg_perception.inference.tensorrt.checks import Check
    from seg_perception.inference.tensorrt.engine_manager import EngineManager

app = typer.Typer(
    help="Build, validate, list, measure and remove TensorRT engines.", no_args_is_help=True
)

BundleArgument = Annotated[str, typer.Argument(help="Shipped name, folder or zip of a bundle.")]
ConfigOption = Annotated[Path | None, typer.Option(help="ROS parameter file of the robot.")]


@app.command()
def build(
    bundle: BundleArgument,
    config: ConfigOption = None,
    settings: Settings = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Build every variant, so that a fallback is ready.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the engines of a bundle for this machine and validate them on its golden frames.

    seg-perception engine build field_tiny

    Stops at the first engine of segmentation.chain that is validated. Without an NVIDIA device
    TensorRT for RTX builds ahead of time, and nothing is run.

    Exit code 2: an engine can't be built, or gives other labels.
    """
    from seg_perception.inference.tensorrt.engine_builder import BlockingEngineBuilder

    chosen = load_config(config, settings)
    with _build_bar() as on_progress:
        builds = BlockingEngineBuilder(_say, on_progress)
        checks = _manager(bundle, chosen).build(builds, _say, every=every)
    _finish(checks, as_json=as_json)


@app.command()
def verify(
    bundle: BundleArgument,
    config: ConfigOption = None,
    settings: Settings = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what is validated of a bundle's engines on this machine, and what is not.

    seg-perception engine verify field_tiny

    Runs the golden frames on every engine that is there; builds nothing.

    Exit code 2: something failed, or this machine has a device and no TensorRT engine is validated.
    """
    checks = _manager(bundle, load_config(config, settings)).verify()
    _finish(checks, as_json=as_json)


@app.command()
def bench(
    bundle: BundleArgument,
    config: ConfigOption = None,
    settings: Settings = None,
    *,
    rate: Annotated[float, typer.Option(min=0.1, help="Frames a second of the second half.")] = 30,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds of each half.")] = 5,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Checkpoint of the bundle, to measure torch as well.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure every engine of the chain that is here, in the words of ros2_benchmark.

    seg-perception engine bench field_tiny

    Each engine must give the golden labels, then runs flat out, then at a fixed rate. What is
    not there is named with the reason; build the engines first.

    Exit code 2: nothing could be measured.
    """
    from seg_perception.cli.engine_bench import measure, print_results

    chosen = load_config(config, settings)
    report = measure(bundle, chosen, rate, duration, checkpoint)
    if as_json:
        print_json(report.to_json())
    else:
        print_results(report)
    if not any(result.throughput for result in report.results):
        raise typer.Exit(2)


@app.command("list")
def list_engines(
    config: ConfigOption = None,
    settings: Settings = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the engines in the cache: for which device and versions, and whether they are whole."""
    from seg_perception.cli.engine_tables import engines_table, entry_json
    from seg_perception.cli.tables import console
    from seg_perception.inference.tensorrt.cache import EngineCache

    cache = EngineCache.at(load_config(config, settings).tensorrt.cache)
    entries = cache.entries()
    if as_json:
        print_json({"folder": str(cache.folder), "engines": [entry_json(e) for e in entries]})
    elif entries:
        console().print(engines_table(entries))
        typer.echo(f"in {cache.folder}")
    else:
        typer.echo(f"no engines in {cache.folder}")


@app.command()
def clean(
    config: ConfigOption = None,
    settings: Settings = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Remove every engine.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove engines that can't be used: cut, altered, of another TensorRT or another driver."""
    from seg_perception.inference.tensorrt.cache import EngineCache
    from seg_perception.inference.tensorrt.engine_manager import unusable

    chosen = load_config(config, settings).tensorrt
    cache = EngineCache.at(chosen.cache)
    reasons = {
        entry.plan.name: "--all" if every else unusable(entry, chosen) for entry in cache.entries()
    }
    for entry in cache.entries():
        if reasons[entry.plan.name]:
            cache.remove(entry)
    removed = {name: reason for name, reason in reasons.items() if reason}
    leftovers = cache.remove_leftovers()
    foreign = cache.remove_foreign() if every else 0
    if as_json:
        kept = len(reasons) - len(removed)
        print_json({"removed": removed, "kept": kept, "drafts": leftovers, "foreign": foreign})
        return
    for name, reason in removed.items():
        typer.echo(f"removed {name}: {reason}")
    typer.echo(f"removed {len(removed)} engines and {leftovers} drafts, kept the rest")
    if foreign:
        typer.echo(f"removed what ONNX Runtime kept in {foreign} folders")


def _manager(bundle: str, config: Config) -> EngineManager:
    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.tensorrt.engine_manager import EngineManager

    return EngineManager(Bundle.load(bundle), config.segmentation, config.tensorrt)


def _say(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def _build_bar() -> Iterator[OnProgress]:
    """A bar of TensorRT's phases, on a terminal."""
    from seg_perception.cli.progress import progress_bar

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with progress_bar("building") as advance:

        def show(progress: Progress) -> None:
            advance(round(100 * progress.share), 100)

        yield show


def _finish(checks: list[Check], *, as_json: bool) -> None:
    from seg_perception.cli.engine_tables import checks_table
    from seg_perception.cli.tables import console
    from seg_perception.inference.tensorrt.checks import exit_code

    code = exit_code(checks)
    if as_json:
        print_json({"checks": [asdict(check) for check in checks], "exit_code": code})
    else:
        console().print(checks_table(checks))
    if code:
        raise typer.Exit(code)

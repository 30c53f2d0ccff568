"""`seg-perception evaluate`: labels against truth, from a bag or a data set to numbers."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seg_perception.cli.options import (
    AsJson,
    LatencyMs,
    LidarOdometry,
    Remap,
    RobotFile,
    Settings,
    end,
    parse_setting,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seg_perception.evaluation.job import CuboidSource, Job
    from seg_perception.evaluation.options import EvaluateOptions, ExecutionOptions
    from seg_perception.evaluation.results import Results


class LabelsFrom(str, Enum):
    """Which labels of a bag are scored."""

    auto = "auto"
    recorded = "recorded"
    model = "model"


def command(  # noqa: PLR0913, PLR0917 (one argument an option)
    paths: Annotated[list[Path], typer.Argument(help="Recordings, or the folder of a data set.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the run; the same one goes on.")
    ] = Path("runs/evaluation"),
    protocol: Annotated[
        str, typer.Option(help="Shipped protocol's name, or a YAML file; else by the data set.")
    ] = "",
    class_mapping: Annotated[
        list[str] | None,
        typer.Option(help="Score only this class mapping of the protocol; repeatable."),
    ] = None,
    truth: Annotated[
        list[str] | None,
        typer.Option(help="TOPIC or STREAM=TOPIC; repeatable. Without it the truth is looked for."),
    ] = None,
    truth_bag: Annotated[Path | None, typer.Option(help="Recording that holds the truth.")] = None,
    remap: Remap = None,
    truth_ontology: Annotated[
        str,
        typer.Option(help="Ontology or label mapping of the true ids: shipped name or YAML file."),
    ] = "",
    model_ontology: Annotated[
        str, typer.Option(help="Ontology of labels that do not say what they mean.")
    ] = "",
    labels: Annotated[
        LabelsFrom, typer.Option(help="Score the labels in the bag, or label it by the model.")
    ] = LabelsFrom.auto,
    cuboids: Annotated[
        str,
        typer.Option(help="FILE[,sample=N][,lidar=M][,radar=M]: cuboids, inflated by M metres."),
    ] = "",
    tolerance: Annotated[
        float, typer.Option(min=0, help="Largest distance of two stamps, seconds.")
    ] = 0.005,
    config: RobotFile = None,
    settings: Settings = None,
    odometry: LidarOdometry = "",
    latency: LatencyMs = 0.0,
    corruptions: Annotated[
        str,
        typer.Option(
            help="Names with commas between, or all: label a data set's images spoilt in five "
            "strengths, too, and score each."
        ),
    ] = "",
    layout: Annotated[str, typer.Option(help="Of a data set; else as its folders show.")] = "",
    split: Annotated[
        str,
        typer.Option(
            help="Of a data set, such as val; all takes every one, a YAML file those that it holds "
            "out."
        ),
    ] = "",
    predictions: Annotated[
        Path | None, typer.Option(help="Folder with the labels of somebody else.")
    ] = None,
    conditions: Annotated[
        Path | None, typer.Option(help="YAML file: conditions of sequences, by name.")
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", "-j", min=1, help="Processes on this machine.")
    ] = 1,
    pieces: Annotated[
        int, typer.Option(min=1, help="Cut each bag by time, for so many processes.")
    ] = 1,
    cluster: Annotated[
        str, typer.Option(help="Ray cluster: its address, auto, or local. Needs `pip install ray`.")
    ] = "",
    gpus: Annotated[float, typer.Option(min=0, help="GPUs that a shard needs of it.")] = 0.0,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the labelled bag, too: a new .mcap file.")
    ] = None,
    pictures: Annotated[int, typer.Option(min=0, help="Worst and typical frames to keep.")] = 4,
    *,
    same_ids: Annotated[
        bool, typer.Option("--same-ids", help="The true ids are the model's own; do not doubt it.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Score a model whose classes differ from the truth's.")
    ] = False,
    boundary: Annotated[
        bool, typer.Option("--boundary/--no-boundary", help="Measure boundaries of images.")
    ] = True,
    page: Annotated[
        bool, typer.Option("--report/--no-report", help="Write report.html into the run.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Score labels against truth.

    seg-perception evaluate forest.mcap -o runs/forest

    seg-perception evaluate goose/ --split val -o runs/goose -j 4

    seg-perception evaluate labelled.mcap --truth-bag forest.mcap -o runs/labelled

    A bag with recorded labels is scored as it is, any other goes through the model first. A run
    that was stopped goes on in the same folder.

    Exit code 2: the inputs do not fit, or something came to nothing; what was scored is kept.
    """
    from seg_perception.evaluation.options import EvaluateOptions, ExecutionOptions

    options = EvaluateOptions(
        protocol=protocol,
        truth_ontology=truth_ontology,
        same_ids=same_ids,
        model_ontology=model_ontology,
        class_mappings=tuple(class_mapping or ()),
        partial=partial,
        truth=tuple(truth or ()),
        truth_bag=truth_bag,
        remap=tuple(remap or ()),
        odometry=odometry,
        cuboids=_cuboids(cuboids),
        labels=labels.value,
        parameters=_parameters(config),
        settings=dict(parse_setting(setting) for setting in settings or ()),
        layout=layout,
        split=split,
        predictions=predictions,
        conditions=_conditions(conditions),
        tolerance_s=tolerance,
        latency_ms=latency,
        corruptions=tuple(filter(None, corruptions.split(","))),
        boundary=boundary,
        pictures=pictures,
    )
    execution = ExecutionOptions(processes, cluster, gpus=gpus, keep=str(keep or ""), pieces=pieces)
    results = _evaluate(paths, options, output, execution)
    if page:
        _write_report(output)
    _write_bags(output, results)
    _finish(results, output, as_json=as_json)


def _evaluate(
    paths: list[Path], options: EvaluateOptions, output: Path, execution: ExecutionOptions
) -> Results:
    from seg_perception.cli.progress import progress_bar
    from seg_perception.core.errors import ConfigError
    from seg_perception.evaluation.evaluate import begin, evaluate
    from seg_perception.evaluation.plan import plan

    job = plan(paths, options)
    if execution.keep and not _can_keep(job, execution):
        msg = (
            f"--keep {execution.keep}: expected one recording that the model labels, in one process"
        )
        raise ConfigError(msg)
    command = shlex.join(["seg-perception", *sys.argv[1:]])
    with progress_bar("checking") as advance:
        begin(job, output, advance)
    with progress_bar("scoring") as advance:
        return evaluate(job, output, execution, command=command, on_progress=advance)


def _write_report(run: Path) -> None:
    from seg_perception.evaluation.report import write_report

    write_report(run)


def _write_bags(run: Path, results: Results) -> None:
    """The way from many bags to one and its frames."""
    from seg_perception.fleet.scores import has_many_bags, write_scores

    if has_many_bags(results) and (note := write_scores(run, results)):
        typer.echo(f"note: {note}", err=True)


def _can_keep(job: Job, execution: ExecutionOptions) -> bool:
    one = len(job.shards) == execution.pieces == 1
    return job.kind == "bag" and one and not execution.address


def _finish(results: Results, output: Path, *, as_json: bool) -> None:
    from seg_perception.cli.score_tables import print_results

    if as_json:
        print_json(results.model_dump(mode="json"))
    else:
        print_results(results)
        typer.echo(f"written: {output}")
    end(results.notes, results.problems)


def _parameters(file: Path | None) -> Mapping[str, Any] | None:
    from seg_perception.config import read_parameter_file

    return None if file is None else read_parameter_file(file, "perception_node")


def _cuboids(text: str) -> CuboidSource | None:
    """`FILE,sample=1,radar=0.3`."""
    from pydantic import ValidationError

    from seg_perception.core.errors import ConfigError
    from seg_perception.evaluation.job import CuboidSource

    if not text:
        return None
    file, *rest = text.split(",")
    names = {
        "sample": "sample",
        "lidar": "lidar_inflation_m",
        "radar": "radar_inflation_m",
        "rules": "rules",
    }
    values = dict(part.partition("=")[::2] for part in rest)
    if unknown := sorted(set(values) - set(names)):
        msg = f"--cuboids {text}: expected some of {sorted(names)}, got {unknown}"
        raise ConfigError(msg)
    try:
        given = {names[key]: value for key, value in values.items()}
        return CuboidSource.model_validate({"file": file, **given})
    except ValidationError as error:
        msg = f"--cuboids {text}: expected numbers after the file, as sample=1,radar=0.3"
        raise ConfigError(msg) from error


def _conditions(file: Path | None) -> Mapping[str, Mapping[str, str]]:
    from seg_perception.core.errors import ConfigError
    from seg_perception.core.validation import read_yaml

    if file is None:
        return {}
    expected = "a YAML file such as `forest_1: {season: autumn, day: night}`"
    found = read_yaml(file, expected, ConfigError)
    fits = isinstance(found, dict) and all(isinstance(entry, dict) for entry in found.values())
    if not fits:
        msg = f"{file}: expected {expected}"
        raise ConfigError(msg)
    return {
        str(name): {str(key): str(value) for key, value in entry.items()}
        for name, entry in found.items()
    }

"""`seg-perception inspect`: what a bag or a bundle holds, and what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import (
    AsJson,
    Remap,
    RobotFile,
    Settings,
    load_config,
    print_json,
    remapped,
)

if TYPE_CHECKING:
    from seg_perception.inference.manifest import Manifest
    from seg_perception.inspection import BagInspection, BundleInspection
    from seg_perception.inspection.facts import TopicFacts


def command(
    path: Annotated[str, typer.Argument(help="A bag; or a bundle: shipped name, folder or zip.")],
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a bag or a model bundle holds, and what is missing to run it.

    For a bag: topics, rates, frames, fields, calibrations, and the parameters to replay it with;
    with `--config`, what is amiss for that robot, and what to publish where it corrects a camera.
    For a bundle: classes, input, licence, and whether its golden frames pass here.

    Exit code 2: nothing can be labelled with it.
    """
    from seg_perception.core.errors import ConfigError
    from seg_perception.inference.bundle import shipped
    from seg_perception.inspection import inspect_bag, inspect_bundle, is_bundle

    if path in shipped() or is_bundle(path):
        if given := [name for name, value in _of_bags(config, settings, remap).items() if value]:
            msg = f"{given[0]}: {path} is a bundle, which has no topics"
            raise ConfigError(msg)
        bundle = inspect_bundle(path)
        if as_json:
            print_json(bundle.to_json())
        else:
            _print_bundle(bundle)
        failed = bool(bundle.problem)
    else:
        robot = load_config(config, settings) if config is not None else None
        if settings and robot is None:
            msg = f"--set {settings[0]}: expected beside --config; give the robot's file, too"
            raise ConfigError(msg)
        bag = inspect_bag(remapped(Path(path), remap), robot)
        if as_json:
            print_json(bag.to_json())
        else:
            _print_bag(bag, config)
        failed = not bag.runnable or any(issue.level == "error" for issue in bag.issues)
    if failed:
        raise typer.Exit(2)


def _of_bags(
    config: Path | None, settings: list[str] | None, remap: list[str] | None
) -> dict[str, object]:
    """Options that mean nothing for a bundle."""
    return {"--config": config, "--set": settings, "--remap": remap}


def _print_bag(inspection: BagInspection, config: Path | None) -> None:
    facts = inspection.facts
    typer.echo(f"{facts.path}: {facts.duration_s:.1f} s, {facts.message_count} messages\n")
    for topic in facts.topics.values():
        typer.echo(topic.name)
        typer.echo(f"    {_topic_line(topic)}")
    for edge in facts.edges:
        typer.echo(f"{edge.parent} -> {edge.child} ({'static' if edge.static else 'timed'})")
    typer.echo("")
    for issue in inspection.issues:
        typer.echo(f"{issue.level}: {issue}")
    for mount in inspection.mounts:
        typer.echo("")
        typer.echo("\n".join(mount.lines))
    if config is not None:
        typer.echo(f"judged by {config}")
    elif inspection.runnable:
        _print_parameters(inspection)


def _topic_line(topic: TopicFacts) -> str:
    parts = [topic.type.replace("/msg/", "/"), f"{topic.count} messages"]
    if topic.rate_hz:
        parts.append(f"{topic.rate_hz:.1f} Hz")
    if topic.frame_id:
        parts.append(f"frame {topic.frame_id}")
    return ", ".join([*parts, *filter(None, [_first_message(topic)])])


def _first_message(topic: TopicFacts) -> str:
    if topic.image is not None:
        return (
            topic.image.problem
            or f"{topic.image.encoding} {topic.image.width}x{topic.image.height}"
        )
    if topic.cloud is not None:
        fields = " ".join(topic.cloud.fields)
        return topic.cloud.problem or f"{topic.cloud.point_count} points: {fields}"
    if topic.camera_info is not None:
        info = topic.camera_info
        return (
            info.problem or f"{info.distortion_model or 'no distortion'} {info.width}x{info.height}"
        )
    return ""


def _print_parameters(inspection: BagInspection) -> None:
    """Paste-ready: a parameter file, and the command."""
    import yaml

    parameters = {"/**": {"ros__parameters": dict(inspection.parameters)}}
    typer.echo("\nparameters (save as robot.yaml, or leave out --config to use them):\n")
    typer.echo(yaml.safe_dump(parameters, sort_keys=False, default_flow_style=None))
    typer.echo(
        f"seg-perception replay {inspection.facts.path} -o labelled.mcap --config robot.yaml"
    )


def _familiarity(manifest: Manifest) -> str:
    told = manifest.familiarity
    return "not told" if told is None else f"of {told.pictures} pictures, by {told.layer}"


def _confidence(manifest: Manifest) -> str:
    found = manifest.confidence
    if found is None:
        return "the network's own"
    return f"calibrated on {found.pictures} pictures, error {found.ece[1]:.1f} %"


def _print_bundle(inspection: BundleInspection) -> None:
    manifest = inspection.bundle.manifest
    network = manifest.input
    rows = {
        "bundle": str(inspection.bundle),
        "folder": str(inspection.bundle.folder),
        "model": f"{manifest.model}, sha256 {inspection.sha256}",
        "input": f"{network.dtype} {network.layout} {network.width}x{network.height}",
        "output": manifest.output.kind,
        "ontology": f"{manifest.ontology.name}: "
        + ", ".join(f"{c.id} {c.name}" for c in manifest.ontology.classes),
        "groupings": ", ".join(manifest.ontology.groupings) or "none",
        "golden frames": str(len(inspection.bundle.golden)),
        "familiarity": _familiarity(manifest),
        "confidence": _confidence(manifest),
        "licence": manifest.licence,
        "trained on": ", ".join(manifest.training.datasets) or "not stated",
        "engine": inspection.engine or f"none: {inspection.problem}",
    }
    for key, value in rows.items():
        typer.echo(f"{key + ':':<15}{value}")

"""`seg-perception platform`: parameter files of robots, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seg_perception.cli.options import AsJson, Remap, print_json, remapped

app = typer.Typer(
    help="Parameter files of robots; what RViz, Foxglove, SROS 2 and Nav2 need for them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Out = Annotated[Path | None, typer.Option("-o", "--output", help="File; without it, print.")]


@app.command("list")
def list_platforms(*, as_json: AsJson = False) -> None:
    """Name the robots whose parameter files come with the package."""
    from seg_perception.robots import platforms

    known = {name: platforms.about(path) for name, path in platforms.shipped().items()}
    if as_json:
        print_json(known)
        return
    for name, remark in known.items():
        typer.echo(f"{name}\n    {remark}")


@app.command()
def new(
    bag: Annotated[Path, typer.Argument(help="A recording of the robot.")],
    output: Out = None,
    remap: Remap = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a first parameter file for a robot that is not known, from a bag of it.

    seg-perception platform new first_drive.mcap -o my_robot.yaml
    """
    from seg_perception.config import parameter_file
    from seg_perception.core.errors import BagError
    from seg_perception.core.issue_kinds.inputs import EMPTY_BAG, NO_CAMERA
    from seg_perception.inspection import inspect_bag

    source = remapped(bag, remap)
    inspection = inspect_bag(source)
    for issue in inspection.issues:
        if issue.code in (EMPTY_BAG.code, NO_CAMERA.code):
            msg = f"{bag}: {issue.sentence}"
            raise BagError(msg)
    parameters: dict[str, Any] = dict(inspection.parameters)
    remarks = [f"{issue.level}: {issue}" for issue in inspection.issues]
    if source.remappings:
        rules = " ".join(f"-r {name}:={other}" for name, other in source.remappings.items())
        remarks.insert(0, f"It is for a node that is started with --ros-args {rules}")
    head = f"Guessed from {bag.name}; check each line."
    text = parameter_file(parameters, remarks=[head, *remarks])
    if as_json:
        print_json({"parameters": parameters, "remarks": remarks})
    if output is not None or not as_json:
        _write(text, output)


@app.command()
def layout(
    platform: Annotated[str, typer.Argument(help="Shipped name, or a ROS parameter file.")],
    output: Out = None,
    kind: Annotated[str, typer.Option(help="rviz or foxglove.")] = "rviz",
    follow: Annotated[
        str, typer.Option(help="Frame that the view moves with; else base_link, or the platform's.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Write a layout for RViz or Foxglove that shows all that a robot's parameter file publishes.

    seg-perception platform layout robot.yaml -o robot.rviz
    seg-perception platform layout viking_hill --kind foxglove -o viking_hill.json
    """
    from seg_perception.core.errors import ConfigError
    from seg_perception.robots import platforms
    from seg_perception.robots.foxglove import foxglove_layout
    from seg_perception.robots.rviz import rviz_layout
    from seg_perception.robots.visualization_layout import VisualizedTopics

    makers = {"rviz": rviz_layout, "foxglove": foxglove_layout}
    if kind not in makers:
        msg = f"--kind {kind}: expected one of {list(makers)}"
        raise ConfigError(msg)
    frame = follow or platforms.follow_frame(platform)
    text = makers[kind](VisualizedTopics.of(platforms.load(platform), frame))
    if as_json:
        _print_made(text, output, platform=platform, kind=kind, follow=frame)
    else:
        _write(text, output)


@app.command()
def policy(
    platform: Annotated[str, typer.Argument(help="Shipped name, or a ROS parameter file.")],
    output: Out = None,
    namespace: Annotated[str, typer.Option(help="Namespace that the node is started in.")] = "",
    remap: Annotated[
        list[str] | None,
        typer.Option(help="FROM:=TO, a rule that the node is started with; repeatable."),
    ] = None,
    node: Annotated[
        str, typer.Option(help="perception_node, segmentation_node or semantic_cloud_node.")
    ] = "perception_node",
    *,
    as_json: AsJson = False,
) -> None:
    """Write an SROS 2 policy: what a node may read and publish.

    seg-perception platform policy robot.yaml -o policy.xml
    seg-perception platform policy robot.yaml --node segmentation_node -o segmentation.xml
    seg-perception platform policy robot.yaml --namespace a200_0000 --remap /tf:=tf -o policy.xml
    """
    from seg_perception.robots import platforms
    from seg_perception.robots.graph_place import GraphPlace
    from seg_perception.robots.sros2_policy import sros2_policy

    place = GraphPlace.of(namespace, remap or ())
    text = sros2_policy(platforms.load(platform), place, node)
    if as_json:
        _print_made(text, output, platform=platform)
    else:
        _write(text, output)


@app.command()
def nav2(
    platform: Annotated[str, typer.Argument(help="Shipped name, or a ROS parameter file.")],
    output: Out = None,
    bundle: Annotated[
        str, typer.Option(help="Model bundle whose classes are meant; else the robot file's.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Write Nav2's parameters for what a robot publishes: its semantic layer, and more.

    seg-perception platform nav2 robot.yaml -o nav2.yaml
    """
    from seg_perception.inference.bundle import Bundle
    from seg_perception.robots import platforms
    from seg_perception.robots.nav2 import lacking, nav2_parameters

    config = platforms.load(platform)
    model = Bundle.load(bundle or config.segmentation.bundle)
    text = nav2_parameters(config, model.ontology)
    for line in lacking(config):
        typer.echo(f"note: {platform} needs {line}", err=True)
    if as_json:
        _print_made(text, output, platform=platform, bundle=str(model))
    else:
        _write(text, output)


def _print_made(text: str, output: Path | None, **about: str) -> None:
    """Write the file where one is named, and print the text in a document."""
    if output is not None:
        _write(text, output)
    print_json({**about, "output": None if output is None else str(output), "text": text})


def _write(text: str, output: Path | None) -> None:
    from seg_perception.core.atomic_write import write_file
    from seg_perception.core.errors import ConfigError

    if output is None:
        typer.echo(text, nl=False)
        return
    write_file(output, text, ConfigError)
    typer.echo(f"wrote {output}", err=True)

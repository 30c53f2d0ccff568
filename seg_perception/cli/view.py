"""`seg-perception view`: looks at what was labelled."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, Remap, end, print_json, remapped

if TYPE_CHECKING:
    from seg_perception.viewing import ViewOptions, ViewSummary


def command(  # noqa: PLR0913 (an option each)
    path: Annotated[
        Path, typer.Argument(help="A bag, labelled or not; a .ply or .pcd map; labels of `label`.")
    ],
    remap: Remap = None,
    *,
    save: Annotated[
        Path | None, typer.Option(help="New .rrd file in place of a window; `rerun FILE` opens it.")
    ] = None,
    ontology: Annotated[
        str | None, typer.Option(help="Names of the classes: shipped name or file.")
    ] = None,
    truth_ontology: Annotated[
        str | None, typer.Option(help="The same for true labels, which a bag does not name.")
    ] = None,
    start: Annotated[
        float, typer.Option("--from", min=0, help="Seconds from the bag's beginning.")
    ] = 0.0,
    until: Annotated[
        float | None, typer.Option("--to", min=0, help="Seconds from the bag's beginning.")
    ] = None,
    max_hz: Annotated[
        float | None, typer.Option(min=0.01, help="Images and clouds of each sensor; default: all.")
    ] = None,
    open3d: Annotated[
        bool, typer.Option("--open3d", help="Open a map in a window of Open3D's.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at what was labelled: pictures, clouds, map and transforms on one timeline, in Rerun.

    seg-perception view labelled.mcap

    seg-perception view labelled.mcap --save labelled.rrd --from 20 --to 40 --max-hz 2

    seg-perception view forest.ply --open3d

    Exit code 2: the bag is damaged; what could be read is shown.
    """
    from seg_perception.core.ontology import Ontology
    from seg_perception.viewing import ViewOptions

    options = ViewOptions(
        ontology=Ontology.load(ontology) if ontology else None,
        truth_ontology=Ontology.load(truth_ontology) if truth_ontology else None,
        start_s=start,
        end_s=until,
        max_hz=max_hz,
    )
    if open3d:
        _expect_map(path, save)
        _show_window(path, options)
        return
    summary = _view(path, remap, save, options)
    if as_json:
        print_json({"written": str(save or ""), **summary.to_json()})
    else:
        typer.echo(f"{path}: {summary}")
        if save is not None:
            typer.echo(f"written: {save}; `rerun {save}` opens it")
    end(summary.notes, summary.problems)


def _view(
    path: Path, remap: list[str] | None, save: Path | None, options: ViewOptions
) -> ViewSummary:
    from seg_perception.cli.progress import progress_bar
    from seg_perception.core.errors import ConfigError
    from seg_perception.io.point_file_reader import is_point_file
    from seg_perception.viewing import is_labelled_folder, view_bag, view_folder, view_map
    from seg_perception.viewing.recording import saved_recording, shown_recording

    opened = shown_recording if save is None else partial(saved_recording, save)
    if is_point_file(path):
        if remap:
            msg = f"--remap {remap[0]}: {path} is a map, which has no topics"
            raise ConfigError(msg)
        return view_map(path, opened, options.ontology)
    with progress_bar("reading") as advance:
        if is_labelled_folder(path):
            return view_folder(path, opened, options.ontology, advance)
        return view_bag(remapped(path, remap), opened, options, advance)


def _expect_map(path: Path, save: Path | None) -> None:
    from seg_perception.core.errors import ConfigError
    from seg_perception.io.point_file_reader import is_point_file

    if save is not None or not is_point_file(path):
        msg = f"--open3d shows a .ply or .pcd file in a window; for {save or path} leave it out"
        raise ConfigError(msg)


def _show_window(path: Path, options: ViewOptions) -> None:
    from seg_perception.viewing.open3d_window import show_map

    show_map(path, options.ontology)

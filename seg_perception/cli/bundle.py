"""`seg-perception bundle`: what a finished model bundle is given besides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from seg_perception.inference.bundle import Bundle

app = typer.Typer(
    help="What a model bundle is given besides.", no_args_is_help=True, rich_markup_mode=None
)
Source = Annotated[str, typer.Argument(help="A bundle: shipped name, folder or zip.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The new bundle; must not exist.")]


@app.command("fit-familiarity")
def fit_familiarity_command(
    bundle: Source,
    images: Annotated[
        list[Path], typer.Argument(help="Folders of pictures that the model was trained on.")
    ],
    output: Output,
    *,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of others of the same kind; repeatable."),
    ] = None,
    split: Annotated[
        list[Path] | None,
        typer.Option(help="YAML of what is held out of one of the folders; repeatable."),
    ] = None,
    layer: Annotated[
        str, typer.Option(help="Tensor of the graph; default: what the last convolution reads.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Let a bundle say when a picture is unlike those that it was trained on.

    Pictures as they are, a few hundred from many days; without any that are held out each fifth of
    them, in the order of their names, is held out in turn. Labels stay what they are.
    """
    from seg_perception.cli.progress import progress_bar
    from seg_perception.core.errors import EngineError
    from seg_perception.fitting.pictures import PictureFiles
    from seg_perception.inference.bundle import Bundle

    try:
        from seg_perception.fitting.familiarity import fit_familiarity
    except ImportError as error:
        msg = f"fitting needs onnx and onnxruntime ({error}): pip install onnx"
        raise EngineError(msg) from error

    files = PictureFiles.find(images, held_out or (), split or ())
    with progress_bar("pictures") as tell:
        made = fit_familiarity(Bundle.load(bundle), output, files, layer, tell)
    _say(output, made, as_json=as_json)


@app.command("calibrate-confidence")
def calibrate_confidence_command(
    bundle: Source,
    configuration: Annotated[
        Path, typer.Argument(help="YAML of a training, whose held-out pictures tell.")
    ],
    output: Output,
    *,
    data_root: Annotated[
        Path, typer.Option(help="Folder that relative folders of sources lie in.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a bundle's confidence the share of right labels, class by class.

    From pictures that it was not trained on: those that the configuration's splits hold out.
    Labels stay what they are.
    """
    from seg_perception.cli.progress import progress_bar
    from seg_perception.core.errors import EngineError
    from seg_perception.inference.bundle import Bundle
    from seg_perception.training.config import TrainingConfig
    from seg_perception.training.data import TrainingData

    try:
        from seg_perception.fitting.confidence import calibrate_confidence, expect_classes
    except ImportError as error:
        msg = f"calibrating needs onnxruntime ({error}): pip install onnxruntime"
        raise EngineError(msg) from error

    loaded = Bundle.load(bundle)
    config = TrainingConfig.load(configuration)
    data = TrainingData.open(config, configuration.parent, data_root, {})
    expect_classes(loaded, data.ontology)
    with progress_bar("pictures") as tell:
        made = calibrate_confidence(loaded, output, [*data.validation.values()], tell)
    _say_confidence(output, made, as_json=as_json)


def _say_confidence(output: Path, bundle: Bundle, *, as_json: bool) -> None:
    found = bundle.manifest.confidence
    if found is None:
        return
    if as_json:
        print_json({"output": str(output), "confidence": found.model_dump(mode="json")})
        return
    typer.echo(f"{output}: {bundle}, {found.pictures} pictures, each half by what the other shows:")
    for what, (before, after) in (("calibration error", found.ece), ("risk-coverage", found.aurc)):
        typer.echo(f"  {what}: {before:.2f} % before, {after:.2f} % after")


def _say(output: Path, bundle: Bundle, *, as_json: bool) -> None:
    told = bundle.manifest.familiarity
    if told is None:
        return
    if as_json:
        print_json({"output": str(output), "familiarity": told.model_dump(mode="json")})
        return
    channels, rows, columns = told.shape
    typer.echo(f"{output}: {bundle}")
    typer.echo(f"layer {told.layer}, {channels} channels, cells {rows} x {columns}")
    typer.echo(f"{told.pictures} pictures fitted; of those that were held out")
    for what, distances in (("pictures", told.picture), ("cells", told.cell)):
        typer.echo(f"  {what}: median {distances.held_out:.1f}, edge (99 %) {distances.edge:.1f}")

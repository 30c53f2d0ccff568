"""`seg-perception import`: a bundle of a published model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seg_perception.cli.golden_frames import choose_frames
from seg_perception.cli.import_list import ListModels
from seg_perception.cli.import_onnx import (
    expect_no_head,
    expect_no_onnx_options,
    import_onnx_file,
    is_onnx,
    make_answers,
)
from seg_perception.cli.model_options import (
    GoldenFrames,
    Int8,
    NetworkSize,
    Precisions,
    parse_precisions,
    parse_size,
)
from seg_perception.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from seg_perception.inference.bundle import Bundle

Pixels = Literal["0..1", "0..255", "-1..1", "imagenet"]
Channels = Literal["rgb", "bgr"]
Activation = Literal["softmax", "sigmoid", "none"]
Layout = Literal["NCHW", "NHWC"]


def command(  # noqa: PLR0913 (each is an option of the command line)
    source: Annotated[
        str,
        typer.Argument(
            help="Folder that save_pretrained wrote, owner/name of the Hugging Face hub, a "
            "checkpoint, or an .onnx file."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle; must not exist.")],
    *,
    size: NetworkSize = None,
    name: Annotated[str, typer.Option(help="Of the bundle; default: the output's.")] = "",
    version: Annotated[str, typer.Option(help="Of the bundle.")] = "1",
    licence: Annotated[
        str, typer.Option(help="Of the weights; default: what the source says.")
    ] = "",
    precision: Precisions = None,
    frames: GoldenFrames = None,
    int8: Int8 = False,
    pixels: Annotated[
        Pixels | None,
        typer.Option(help="ONNX: numbers that the network takes for pixels.", show_choices=True),
    ] = None,
    mean: Annotated[
        str, typer.Option(metavar="A,B,C", help="ONNX: subtracted, in units of --pixels.")
    ] = "",
    std: Annotated[
        str, typer.Option(metavar="A,B,C", help="ONNX: divided by, in units of --pixels.")
    ] = "",
    channels: Annotated[Channels | None, typer.Option(help="ONNX: order of the colours.")] = None,
    activation: Annotated[
        Activation | None, typer.Option(help="ONNX: what makes probabilities of its scores.")
    ] = None,
    names: Annotated[
        str, typer.Option(help="ONNX: of the classes, with commas, or a .txt with one a line.")
    ] = "",
    ontology: Annotated[
        str, typer.Option(help="Of the classes; a shipped one's name, or a .yaml file.")
    ] = "",
    head: Annotated[
        Path | None, typer.Option(help="Linear head, where the source is Meta's dinov3_*.pth.")
    ] = None,
    output_name: Annotated[
        str, typer.Option(help="ONNX: the output to take, where several would do.")
    ] = "",
    layout: Annotated[
        Layout | None, typer.Option(help="ONNX: of the input, where its shape does not tell.")
    ] = None,
    output_layout: Annotated[
        Layout | None, typer.Option(help="ONNX: of the output, where its shape does not tell.")
    ] = None,
    list_models: ListModels = False,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a published model, and prove it equal to what was published.

    seg-perception import owner/segformer -o segformer --size 1024x512 --frames my_images

    seg-perception import model.onnx -o my_model --frames my_images

    An ONNX file does not say everything: what is missing is asked for, all at once, and with
    --frames every form of pixels is tried on them and shown.
    """
    from seg_perception.core.errors import EngineError
    from seg_perception.core.extras import INSTALL_TRAINING
    from seg_perception.core.ontology import Ontology

    del list_models  # it ends the command
    golden, calibration = choose_frames(frames, int8=int8)
    if is_onnx(Path(source)):
        expect_no_head(source, head)
        answers = make_answers(
            size=parse_size(size) if size else None,
            pixels=pixels,
            mean=mean,
            std=std,
            channels=channels,
            activation=activation,
            names=names,
            ontology=ontology,
            output=output_name,
            layout=layout,
            output_layout=output_layout,
            licence=licence,
            name=name or output.stem,
            version=version,
            precisions=parse_precisions(precision or ["fp32"]),
        )
        bundle = import_onnx_file(
            Path(source),
            output,
            golden,
            answers,
            calibration=calibration,
            own_frames=frames is not None,
            as_json=as_json,
        )
        _report(output, bundle, as_json=as_json)
        return
    expect_no_onnx_options(
        pixels=pixels,
        mean=mean,
        std=std,
        channels=channels,
        activation=activation,
        names=names,
        output_name=output_name,
        layout=layout,
        output_layout=output_layout,
    )
    try:
        from seg_perception.importing.options import ImportOptions
        from seg_perception.importing.source import import_source
    except ImportError as error:
        msg = f"the import of checkpoints needs what training needs ({error}): {INSTALL_TRAINING}"
        raise EngineError(msg) from error

    options = ImportOptions(
        name=name or output.stem,
        version=version,
        size=parse_size(size) if size else None,
        precisions=parse_precisions(precision or ["fp32"]),
        licence=licence,
        ontology=Ontology.load(ontology) if ontology else None,
        calibration=calibration,
        head=head,
    )
    bundle = import_source(source, output, golden, options)
    _report(output, bundle, as_json=as_json)


def _report(output: Path, bundle: Bundle, *, as_json: bool) -> None:
    if not bundle.manifest.ontology.groupings:
        _say_what_is_missing(output, bundle)
    if as_json:
        print_json(_facts(output, bundle))
    else:
        _print(output, bundle)


def _say_what_is_missing(output: Path, bundle: Bundle) -> None:
    """Costmaps, comparisons and remembered labels need groupings, which nobody can guess."""
    from seg_perception.importing.template import write_template

    template = output.with_name(f"{output.name}_ontology.yaml")
    ontology = bundle.manifest.ontology
    written = write_template(template, output.name, ontology)
    typer.echo(
        f"no shipped ontology has these {len(ontology.classes)} classes: colours are made up and "
        f"there are no groupings, which costmaps and comparisons need; fill in {written}, and "
        f"import again with --ontology {written}",
        err=True,
    )


def _facts(output: Path, bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "output": str(output),
        "width": bundle.width,
        "height": bundle.height,
        "classes": manifest.class_count,
        "ontology": manifest.ontology.name,
        "licence": manifest.licence,
        "authors_differ": manifest.training.details.get("authors_differ", ""),
        "parity": [parity.model_dump() for parity in manifest.parity],
        "variants": [variant.model_dump() for variant in manifest.variants],
    }


def _print(output: Path, bundle: Bundle) -> None:
    facts = _facts(output, bundle)
    typer.echo(
        f"{output}: {facts['width']}x{facts['height']}, {facts['classes']} classes of "
        f"{facts['ontology']}, licence of the weights: {facts['licence']}"
    )
    others = [v.parity for v in bundle.manifest.variants if v.file != bundle.manifest.model]
    for parity in [*bundle.manifest.parity, *(found for found in others if found)]:
        typer.echo(
            f"labels equal {parity.label_agreement:.3%}: {parity.candidate}, against "
            f"{parity.reference}"
        )
    if facts["authors_differ"]:
        typer.echo(f"Not as the authors have it: {facts['authors_differ']}.")

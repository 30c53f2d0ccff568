"""`seg-perception import`: a bundle of a published model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seg_perception.cli.export import parse_precisions, parse_size, read_frames, simulate_frames
from seg_perception.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from seg_perception.inference.bundle import Bundle


def command(  # noqa: PLR0913 (each is an option of the command line)
    source: Annotated[Path, typer.Argument(help="Folder that save_pretrained wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle; must not exist.")],
    *,
    size: Annotated[str, typer.Option(metavar="WxH", help="Of the network.")],
    name: Annotated[str, typer.Option(help="Of the bundle; default: the output's.")] = "",
    version: Annotated[str, typer.Option(help="Of the bundle.")] = "1",
    licence: Annotated[
        str, typer.Option(help="Of the weights; default: what the source says.")
    ] = "",
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a variant, default fp32; repeat for more. The plain model has the first."
        ),
    ] = None,
    frames: Annotated[
        Path | None, typer.Option(help="Folder of golden frames; default: simulated ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a published model, and prove it equal to what was published.

    seg-perception import segformer_folder -o segformer --size 1024x512 --frames my_images
    """
    from seg_perception.core.errors import EngineError

    try:
        from seg_perception.importing.checkpoint import ImportOptions, import_checkpoint
    except ImportError as error:
        msg = f"the import of checkpoints needs torch and transformers ({error})"
        raise EngineError(msg) from error

    options = ImportOptions(
        size=parse_size(size),
        name=name or output.stem,
        version=version,
        precisions=parse_precisions(precision or ["fp32"]),
        licence=licence,
    )
    golden = partial(read_frames, frames) if frames else simulate_frames
    bundle = import_checkpoint(source, output, golden, options)
    if as_json:
        print_json(_facts(output, bundle))
    else:
        _print(output, bundle)


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
    for parity in bundle.manifest.parity:
        typer.echo(
            f"labels equal {parity.label_agreement:.3%}: {parity.candidate}; {parity.reference}"
        )
    if facts["authors_differ"]:
        typer.echo(f"not as the authors do it: {facts['authors_differ']}")

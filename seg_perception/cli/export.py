"""`seg-perception export`: a validated model bundle of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seg_perception.cli.golden_frames import choose_frames
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

Head = Literal["exact", "late", "quarter"]


def command(  # noqa: PLR0913 (each is an option of the command line)
    checkpoint: Annotated[Path, typer.Argument(help="`best.pt` or `last.pt` of a run.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle; must not exist.")],
    *,
    release: Annotated[
        Path, typer.Option(help="YAML: name, licence, notice and data of the weights.")
    ],
    version: Annotated[str, typer.Option(help="Of the bundle.")] = "1",
    size: NetworkSize = None,
    head: Annotated[
        Head, typer.Option(help="How masks become labels; the cheaper ones are approximations.")
    ] = "exact",
    precision: Precisions = None,
    half_weights: Annotated[
        bool, typer.Option("--half-weights", help="Store weights in 16 bits: half the size.")
    ] = False,
    frames: GoldenFrames = None,
    int8: Int8 = False,
    as_json: AsJson = False,
) -> None:
    """Export a checkpoint as ONNX, compare every variant with torch, and write the bundle.

    A network with deformable attention is written in two variants: grid sampling for ONNX
    Runtime, gather for TensorRT. If a variant disagrees with torch, no bundle is written.
    """
    from seg_perception.core.draft_folder import expect_new
    from seg_perception.core.errors import BundleError, EngineError
    from seg_perception.core.extras import INSTALL_TRAINING
    from seg_perception.training.export.release_file import ReleaseFile

    said = ReleaseFile.load(release)
    expect_new(output, BundleError)
    golden, calibration = choose_frames(frames, int8=int8)
    asked = parse_size(size) if size else None
    precisions = parse_precisions(precision or ["fp32"])
    try:
        from seg_perception.training.export.bundle import ExportOptions, export_bundle
    except ImportError as error:
        msg = f"the export needs what training needs ({error}): {INSTALL_TRAINING}"
        raise EngineError(msg) from error

    options = ExportOptions(asked, head, precisions, version, half_weights, calibration)
    bundle = export_bundle(checkpoint, output, said, golden, options)
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
        "opset": manifest.opset,
        "parity": [parity.model_dump() for parity in manifest.parity],
        "variants": [variant.model_dump() for variant in manifest.variants],
    }


def _print(output: Path, bundle: Bundle) -> None:
    from rich.table import Table

    from seg_perception.cli.tables import console

    table = Table(title=f"{output}, {bundle.width}x{bundle.height}", title_justify="left")
    for header in ("file", "variant", "labels equal", "largest difference of logits"):
        table.add_column(header)
    for variant in bundle.manifest.variants:
        parity = variant.parity
        shares = ("not run here", "-") if parity is None else _cells(parity)
        table.add_row(variant.file, variant.name, *shares)
    for parity in bundle.manifest.parity[1:]:
        table.add_row("", parity.candidate, *_cells(parity))
    console().print(table)


def _cells(parity: Any) -> tuple[str, str]:
    error = parity.max_abs_error
    return f"{parity.label_agreement:.4%}", "-" if error is None else f"{error:.1e}"

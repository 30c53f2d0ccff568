"""`seg-perception export`: a validated model bundle of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from seg_perception.cli.options import AsJson, print_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.manifest import FloatPrecision

    GiveGolden = Callable[[int, int], Sequence[NDArray[np.uint8]]]
    GiveFrames = Callable[[int, int], Iterable[NDArray[np.uint8]]]

_GOLDEN_SEED = 7
_GOLDEN_COUNT = 3
_IMAGES = (".png", ".jpg", ".jpeg")
_MOST_GOLDEN, _FEWEST_TO_SPLIT = 8, 4

Head = Literal["exact", "late", "quarter"]


def command(  # noqa: PLR0913 (each is an option of the command line)
    checkpoint: Annotated[Path, typer.Argument(help="`best.pt` or `last.pt` of a run.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle; must not exist.")],
    *,
    release: Annotated[
        Path, typer.Option(help="YAML: name, licence, notice and data of the weights.")
    ],
    version: Annotated[str, typer.Option(help="Of the bundle.")] = "1",
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Of the network; default: as trained.")
    ] = None,
    head: Annotated[
        Head, typer.Option(help="How masks become labels; the cheaper ones are approximations.")
    ] = "exact",
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a variant, default fp32; repeat for more. The plain model has the first."
        ),
    ] = None,
    half_weights: Annotated[
        bool, typer.Option("--half-weights", help="Store weights in 16 bits: half the size.")
    ] = False,
    frames: Annotated[
        Path | None, typer.Option(help="Folder of golden frames; default: simulated ones.")
    ] = None,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="An INT8 variant for TensorRT as well, calibrated with --frames: most of them, "
            "while 8 stay golden frames.",
        ),
    ] = False,
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
    golden: GiveGolden = partial(read_frames, frames) if frames else simulate_frames
    calibration: GiveFrames | None = None
    if int8:
        golden, calibration = split_frames(frames)
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


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of `WxH`.

    Raises:
        ConfigError: it is not of that form.
    """
    from seg_perception.core.errors import ConfigError

    width, x, height = text.partition("x")
    if not (x and width.isdecimal() and height.isdecimal()):
        msg = f"--size {text}: expected WIDTHxHEIGHT, for instance 960x544"
        raise ConfigError(msg)
    return int(width), int(height)


def parse_precisions(names: Sequence[str]) -> tuple[FloatPrecision, ...]:
    """Precisions by name, each once; INT8 is none of them, since it needs frames.

    Raises:
        ConfigError: there is no such precision.
    """
    from seg_perception.core.errors import ConfigError
    from seg_perception.inference.manifest import FloatPrecision

    if "int8" in names:
        msg = "--precision int8: expected --int8 --frames FOLDER, since its ranges come from images"
        raise ConfigError(msg)
    known: dict[str, FloatPrecision] = {name: name for name in get_args(FloatPrecision)}
    if unknown := next((name for name in names if name not in known), None):
        msg = f"--precision {unknown}: expected one of {', '.join(known)}"
        raise ConfigError(msg)
    return tuple(known[name] for name in dict.fromkeys(names))


def simulate_frames(width: int, height: int) -> list[NDArray[np.uint8]]:
    """Golden frames of the simulator, uint8 (height, width, 3) RGB."""
    from seg_perception.simulation.training_frames import training_frames

    frames = training_frames(_GOLDEN_SEED, _GOLDEN_COUNT, width, height)
    return [image for image, _ in frames]


def read_frames(folder: Path, *_size: int) -> list[NDArray[np.uint8]]:
    """Golden frames of a folder, uint8 (H, W, 3) RGB, by name.

    Raises:
        DatasetError: there is none, or one can't be read.
    """
    return list(_read(_image_files(folder)))


def split_frames(folder: Path | None) -> tuple[GiveGolden, GiveFrames]:
    """Golden frames of a folder and, apart from them, those that INT8 is calibrated with.

    Raises:
        ConfigError: there is no folder, or it has too few images.
        DatasetError: it has none.
    """
    from seg_perception.core.errors import ConfigError

    if folder is None:
        msg = "--int8: expected --frames, a folder of images as the robot sees them; 100 will do"
        raise ConfigError(msg)
    paths = _image_files(folder)
    if len(paths) < _FEWEST_TO_SPLIT:
        msg = (
            f"--int8 --frames {folder}: expected at least {_FEWEST_TO_SPLIT} images, got "
            f"{len(paths)}: some are compared, the rest decide the ranges; 100 will do"
        )
        raise ConfigError(msg)
    step = max(len(paths) // _MOST_GOLDEN, 2)
    golden = paths[::step][:_MOST_GOLDEN]
    rest = [path for path in paths if path not in golden]
    return lambda *_: list(_read(golden)), lambda *_: _read(rest)


def _image_files(folder: Path) -> list[Path]:
    from seg_perception.core.errors import DatasetError

    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in _IMAGES)
    if not paths:
        msg = f"--frames {folder}: expected PNG or JPEG images in that folder, found none"
        raise DatasetError(msg)
    return paths


def _read(paths: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
    import cv2
    import numpy as np

    from seg_perception.core.errors import DatasetError
    from seg_perception.io.image_files import decode_file

    for path in paths:
        image = decode_file(path, cv2.IMREAD_COLOR)
        if image is None:
            msg = f"{path} can't be read as an image; remove it or save it again"
            raise DatasetError(msg)
        # Contiguous, as torch wants it: an image of the network's size is taken as it is.
        yield np.ascontiguousarray(image[..., ::-1])


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

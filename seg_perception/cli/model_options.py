"""Options of the commands that write model bundles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

if TYPE_CHECKING:
    from seg_perception.inference.manifest import FloatPrecision

NetworkSize = Annotated[
    str | None,
    typer.Option(
        "--size", metavar="WxH", help="Of the network; default: as trained, or as published."
    ),
]
Precisions = Annotated[
    list[str] | None,
    typer.Option(
        "--precision",
        help="Of a variant, default fp32; repeat for more. The plain model has the first.",
    ),
]
GoldenFrames = Annotated[
    Path | None,
    typer.Option("--frames", help="Folder of golden frames; default: simulated ones."),
]
Int8 = Annotated[
    bool,
    typer.Option(
        "--int8",
        help="An INT8 variant for TensorRT as well, calibrated with --frames: most of them, "
        "while 8 stay golden frames.",
    ),
]


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

"""`seg-perception import model.onnx`: what was said on the command line, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seg_perception.importing.onnx_file.answers import Answers
    from seg_perception.importing.onnx_file.trials import Trial
    from seg_perception.inference.bundle import Bundle

_NUMBERS = 3


def is_onnx(source: Path) -> bool:
    """Whether a source is a bare model rather than a folder."""
    return source.suffix.lower() == ".onnx"


def import_onnx_file(
    source: Path,
    output: Path,
    frames: Callable[[int, int], Sequence[NDArray[np.uint8]]],
    answers: Answers,
    *,
    calibration: Callable[[int, int], Iterable[NDArray[np.uint8]]] | None,
    own_frames: bool,
    as_json: bool,
) -> Bundle:
    """Make the bundle; where pixels are not known and frames are, show what each form gives.

    Raises:
        EngineError: the package onnx is missing.
        ImportModelError: as `import_onnx`.
    """
    from seg_perception.core.errors import EngineError

    try:
        from seg_perception.importing.onnx_file.model_import import import_onnx
        from seg_perception.importing.onnx_file.variants import tensorrt_problem
    except ImportError as error:
        msg = f"the import of ONNX files needs onnx and onnxruntime ({error}): pip install onnx"
        raise EngineError(msg) from error

    show = (_say_nothing if as_json else _print_trials) if own_frames else None
    bundle = import_onnx(source, output, frames, answers, calibration=calibration, show=show)
    if problem := tensorrt_problem(bundle.model_path.read_bytes()):
        typer.echo(f"TensorRT will not take it: {problem}; ONNX Runtime runs it", err=True)
    return bundle


def make_answers(**given: Any) -> Answers:
    """What was said, from the texts of the command line; empty ones say nothing.

    Raises:
        ConfigError: one is not of its form.
    """
    from seg_perception.core.ontology import Ontology
    from seg_perception.importing.onnx_file.answers import Answers

    for key in ("mean", "std"):
        given[key] = _triple(key, given[key]) if given[key] else None
    given["names"] = _names(given["names"])
    given["ontology"] = Ontology.load(given["ontology"]) if given["ontology"] else None
    return Answers(**given)


def expect_no_head(source: str, head: Path | None) -> None:
    """Refuse a head for a network that has one.

    Raises:
        ConfigError: it was given.
    """
    from seg_perception.core.errors import ConfigError

    if head is not None:
        msg = f"--head is for a backbone (dinov3_*.pth); {source} is a whole network: leave it out"
        raise ConfigError(msg)


def expect_no_onnx_options(**given: object) -> None:
    """Refuse options that a checkpoint has no use for: it says these things itself.

    Raises:
        ConfigError: one was given.
    """
    from seg_perception.core.errors import ConfigError

    said = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if said:
        msg = f"{', '.join(said)} are for .onnx files: a checkpoint says so itself, leave them out"
        raise ConfigError(msg)


def _triple(key: str, text: str) -> tuple[float, ...]:
    from seg_perception.core.errors import ConfigError

    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != _NUMBERS:
        msg = f"--{key} {text}: expected three numbers with commas, such as 0.485,0.456,0.406"
        raise ConfigError(msg)
    return numbers


def _names(text: str) -> tuple[str, ...]:
    """Names with commas, or the lines of a text file."""
    from seg_perception.core.errors import ConfigError

    if not text.endswith(".txt"):
        return tuple(part.strip() for part in text.split(",")) if text else ()
    try:
        lines = Path(text).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        msg = f"--names {text} can't be read ({error}): expected a text file with a name a line"
        raise ConfigError(msg) from error
    return tuple(line.strip() for line in lines if line.strip())


def _say_nothing(_trials: Sequence[Trial], _page: Path) -> None:
    """Standard output is for JSON alone."""


def _print_trials(trials: Sequence[Trial], page: Path) -> None:
    from rich.table import Table

    from seg_perception.cli.tables import console

    table = Table(title=f"labels in pictures: {page}", title_justify="left")
    for header in ("options", "mean confidence", "classes", "borders"):
        table.add_column(header)
    for trial in trials:
        sure = "-" if trial.confidence is None else f"{trial.confidence:.1%}"
        cells = (sure, str(trial.classes), f"{trial.borders:.2%}")
        table.add_row(trial.options, *cells)
    console().print(table)

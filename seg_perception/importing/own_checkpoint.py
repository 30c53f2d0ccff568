"""This project's own checkpoints, by the code of `export`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.options import ImportOptions
from seg_perception.inference.bundle import Bundle
from seg_perception.training.export.bundle import ExportOptions, export_bundle
from seg_perception.training.export.release_file import ReleaseFile


def is_own(given: Mapping[str, Any]) -> bool:
    """Whether a file's content is a checkpoint of this project."""
    return {"config", "step", "network", "average"} <= given.keys()


def import_own(
    path: Path,
    output: Path,
    frames: Callable[[int, int], Sequence[NDArray[np.uint8]]],
    options: ImportOptions,
) -> Bundle:
    """Export a checkpoint without a release file: its licence is an option.

    Raises:
        ImportModelError: no licence is given.
        TrainingError: the exported graph disagrees with torch.
        ConfigError: the size does not fit the network.
    """
    if not options.licence:
        msg = (
            f"{path} is a checkpoint of this project, and says nothing of a licence: give the one "
            "that your data allow as --licence, or use `seg-perception export` with a release file"
        )
        raise ImportModelError(msg)
    release = ReleaseFile(
        name=options.name,
        licence=options.licence,
        licence_text="",
        command=f"seg-perception import {path}",
        datasets=(),
    )
    chosen = ExportOptions(
        size=options.size,
        precisions=options.precisions,
        version=options.version,
        calibration=options.calibration,
    )
    return export_bundle(path, output, release, frames, chosen)

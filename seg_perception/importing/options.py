"""How a model is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.inference.manifest import Precision


@dataclass(frozen=True)
class ImportOptions:
    """How a model is imported.

    Attributes:
        name, version: of the bundle.
        size: width, height of the network; None takes the authors' own.
        precisions: of the variants, the plain model's first.
        licence: name of the weights' licence; empty takes what the source says.
        ontology: of the classes; None: the shipped one that has the names of the source.
        calibration: gives the pictures that INT8 is calibrated with, as golden frames are given;
            None writes no INT8.
        head: file of the head, where the source is a backbone alone.
    """

    name: str
    version: str = "1"
    size: tuple[int, int] | None = None
    precisions: tuple[Precision, ...] = ("fp32",)
    licence: str = ""
    ontology: Ontology | None = None
    calibration: Callable[[int, int], Iterable[NDArray[np.uint8]]] | None = None
    head: Path | None = None

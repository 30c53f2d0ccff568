"""How a model is imported."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    name: str
    version: str = "1"
    size: tuple[int, int] | None = None
    precisions: tuple[Precision, ...] = ("fp32",)
    licence: str = ""
    ontology: Ontology | None = None

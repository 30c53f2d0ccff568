"""A data set as it was found: which files are images, where their labels are, what ids mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.datasets.color_table import ColorTable
from seg_perception.datasets.masks import Ids, MaskReader
from seg_perception.datasets.pairs import ImagePair, LabelReader, PairDataset


@dataclass(frozen=True)
class LabelledFolder:
    """The labelled images of a data set.

    Attributes:
        root: its folder.
        layout: which form it has, one of `layouts.LAYOUTS`.
        taken: what was taken for images and labels, for people.
        pairs: in the order of their keys.
        reader: of their labels.
        ontology: the classes of its ids, where the data set itself names them; else None.
        notes: what was left out, and other things that a reader should know.
    """

    root: Path
    layout: str
    taken: str
    pairs: tuple[ImagePair, ...]
    reader: LabelReader
    ontology: Ontology | None = None
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """One line: layout, files, number, and where the ids come from."""
        names = ""
        if self.ontology is not None:
            names = f"; classes of {self.ontology.source or self.ontology.name}"
        count = f"{len(self.pairs)} image" + ("s" if len(self.pairs) != 1 else "")
        return f"{count}: {self.taken}; {self.reader.description}{names}"

    def painted_in(self, ontology: Ontology) -> LabelledFolder:
        """The same, where colours of masks that nothing else explains are an ontology's."""
        if not isinstance(self.reader, MaskReader) or self.reader.colors is not None:
            return self
        reader = MaskReader(ColorTable.of(ontology, f"ontology {ontology.name}"))
        return replace(self, reader=reader)

    def read(self, pair: ImagePair) -> Ids:
        """The class ids of a pair's pixels, uint8 or uint16 (H, W).

        Raises:
            DatasetError: they can't be read.
        """
        return self.reader.read(pair)

    def dataset(self, lookup: NDArray[np.uint8], names: Sequence[str] | None = None) -> PairDataset:
        """The images as a training reads them; arguments and errors as of `PairDataset`."""
        return PairDataset(self.pairs, self.reader, lookup, names)

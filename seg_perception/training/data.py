"""The data sets of a run and their common target space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import LabelledImage
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.mapping import LabelMapping, TargetSpace
from seg_perception.datasets.splits import ALL, Split
from seg_perception.training.config import SourceConfig, TrainingConfig, load_ontology


class Dataset(Protocol):
    """Labelled images by number."""

    names: tuple[str, ...]

    def __len__(self) -> int:
        """Count the images."""
        ...

    def __getitem__(self, index: int) -> LabelledImage:
        """Read one image."""
        ...


@dataclass(frozen=True)
class TrainingData:
    """What a run reads.

    Attributes:
        ontology: the classes to learn.
        space: every set of classes that a pixel may stand for.
        train, validation: data sets by source name; a source without a validation
            part is not in `validation`.
    """

    ontology: Ontology
    space: TargetSpace
    train: Mapping[str, Dataset]
    validation: Mapping[str, Dataset]

    @classmethod
    def open(
        cls, config: TrainingConfig, base: Path, data_root: Path, folders: Mapping[str, Path]
    ) -> TrainingData:
        """Find every file of a run; images are read later.

        Args:
            config: the run.
            base: folder of the configuration file, where mappings and splits lie.
            data_root: folder of the sources' folders.
            folders: other places, by source name.

        Raises:
            DatasetError: something is missing.
        """
        expect_known(folders, config.sources)
        ontology = load_ontology(config.ontology, base)
        roots = {
            source.name: folders.get(source.name, data_root / source.folder)
            for source in config.sources
        }
        mappings = {
            source.name: load_mapping(source, base, roots[source.name]) for source in config.sources
        }
        space = TargetSpace.build(ontology, list(mappings.values()))
        train, validation = {}, {}
        for source in config.sources:
            parts = open_source(
                source,
                roots[source.name],
                space.lookup(mappings[source.name], ontology),
                Split.load(base / source.split) if source.split else None,
            )
            train[source.name] = parts["train"]
            if "validation" in parts:
                validation[source.name] = parts["validation"]
        return cls(ontology, space, train, validation)


def load_mapping(source: SourceConfig, base: Path, root: Path) -> LabelMapping:
    """The mapping that a source names, else the one in its folder.

    Args:
        source: what is read.
        base: folder of the configuration file.
        root: folder of the source.

    Raises:
        DatasetError: there is none, or it is not a mapping.
    """
    return LabelMapping.load(base / source.mapping) if source.mapping else LabelMapping.beside(root)


def open_source(
    source: SourceConfig, root: Path, lookup: NDArray[np.uint8], split: Split | None
) -> dict[str, Dataset]:
    """The images of a source's parts, `train` and, where some are held out, `validation`.

    Args:
        source: what is read.
        root: its folder.
        lookup: uint8 (256,), target by source id.
        split: its parts; None: the layout's own.

    Raises:
        DatasetError: something is missing.
    """
    reader = _Reader(source, root, lookup, split)
    names = ("train", "validation") if reader.has_validation else ("train",)
    return {name: reader.part(name) for name in names}


class _Reader:
    """Opens the parts of one source."""

    def __init__(
        self,
        source: SourceConfig,
        root: Path,
        lookup: NDArray[np.uint8],
        split: Split | None,
    ) -> None:
        self._source, self._root, self._lookup, self._split = source, root, lookup, split

    @property
    def has_validation(self) -> bool:
        if self._split:
            return bool(self._split.validation)
        return self._source.layout != "folder"

    def part(self, name: str) -> Dataset:
        layout = self._source.layout
        names = getattr(self._split, name) if self._split else None
        own = {"train": "train", "validation": "val"}
        part = ALL if names is not None or layout == "folder" else own[name]
        return open_folder(self._root, layout, part).dataset(self._lookup, names)


def expect_known(folders: Mapping[str, Path], sources: Sequence[SourceConfig]) -> None:
    """Refuse places of sources that there are not.

    Raises:
        DatasetError: there is one.
    """
    known = [source.name for source in sources]
    if unknown := sorted(set(folders) - set(known)):
        msg = f"source {unknown[0]!r}: expected one of {known}, the sources of this configuration"
        raise DatasetError(msg)

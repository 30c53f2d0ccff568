"""The data sets of a run, their common target space, and how often each class occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.folder import FolderDataset
from seg_perception.datasets.mapping import IGNORE, LabelMapping, TargetSpace
from seg_perception.errors import DatasetError
from seg_perception.ontology import Ontology
from seg_perception.training.config import SourceConfig, TrainingConfig
from seg_perception.validation import read_yaml


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
    train: Mapping[str, FolderDataset]
    validation: Mapping[str, FolderDataset]

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
        ontology = Ontology.load(config.ontology)
        mappings = {
            source.name: LabelMapping.load(base / source.mapping) for source in config.sources
        }
        space = TargetSpace.build(ontology, list(mappings.values()))
        train, validation = {}, {}
        for source in config.sources:
            root = folders.get(source.name, data_root / source.folder)
            lookup = space.lookup(mappings[source.name], ontology)
            split = _read_split(source, base)
            train[source.name] = FolderDataset(root, lookup, split.get("train"))
            if split.get("validation"):
                validation[source.name] = FolderDataset(root, lookup, split["validation"])
        return cls(ontology, space, train, validation)

    def class_pixels(self, shares: Mapping[str, float]) -> NDArray[np.int64]:
        """Training pixels by first class, int64 (classes,).

        Args:
            shares: of the draws, by source; each source is scaled to its own.
        """
        counts = {name: self._count(dataset) for name, dataset in self.train.items()}
        everything = sum(int(count.sum()) for count in counts.values())
        total = sum(shares.values())
        scaled = [
            count * (shares[name] / total * everything / max(count.sum(), 1))
            for name, count in counts.items()
        ]
        return np.sum(scaled, axis=0).astype(np.int64)

    def _count(self, dataset: FolderDataset) -> NDArray[np.int64]:
        pixels = np.zeros(256, np.int64)
        for index in range(len(dataset)):
            pixels += np.bincount(dataset[index].targets.ravel(), minlength=256)
        by_class = np.zeros(self.space.class_count, np.int64)
        np.add.at(by_class, self.space.primary, pixels[:IGNORE][: len(self.space.primary)])
        return by_class


def _read_split(source: SourceConfig, base: Path) -> dict[str, Sequence[str]]:
    if not source.split:
        return {}
    expected = "a YAML file with `train` and `validation` names"
    split: dict[str, Sequence[str]] = read_yaml(base / source.split, expected, DatasetError)
    return split

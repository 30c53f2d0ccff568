"""From a data set's own ids to a model's classes, where a label may be several classes at once.

A source that knows only "tree" cannot tell crown from trunk. Its pixels then
stand for the *set* {high_vegetation, trunk}: the loss asks only that the
probability of the set is high, and validation counts any member as right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import load_model

IGNORE = 255
UNMAPPED = 254


class SourceClass(BaseModel):
    """One id of the data set: its name there, and the classes it may be; none means ignore."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1)
    classes: tuple[str, ...] = Field(alias="as")


class LabelMapping(BaseModel):
    """What the ids of a data set mean in an ontology.

    Attributes:
        source: name of the data set.
        ontology: the ontology whose class names stand in `as`.
        classes: by source id. The first class of a set is the likeliest: the set
            is weighted and reported as that class.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    ontology: str
    classes: Mapping[int, SourceClass]

    @classmethod
    def load(cls, path: Path) -> LabelMapping:
        """Read a mapping from YAML.

        Raises:
            DatasetError: no such file, or it is not a mapping.
        """
        expected = "a label mapping, a YAML file with source, ontology and classes"
        return load_model(cls, path, expected, DatasetError)

    def sets(self, ontology: Ontology) -> dict[int, tuple[int, ...]]:
        """Class ids by source id, in the mapping's order.

        Raises:
            DatasetError: a class that the ontology does not have.
        """
        known = ontology.ids
        for source_id, entry in self.classes.items():
            if missing := [name for name in entry.classes if name not in known]:
                msg = (
                    f"mapping {self.source}: id {source_id} ({entry.name}) names {missing}, "
                    f"which ontology {ontology.name} lacks: expected some of {sorted(known)}"
                )
                raise DatasetError(msg)
        return {
            i: tuple(known[name] for name in entry.classes) for i, entry in self.classes.items()
        }


@dataclass(frozen=True)
class TargetSpace:
    """Every set of classes that a training pixel can stand for.

    Targets below the number of classes are the classes themselves, the following
    ones are larger sets, 255 is ignored.

    Attributes:
        members: bool (targets, classes), which classes a target allows.
        primary: int64 (targets,), the first class of each set.
    """

    members: NDArray[np.bool_]
    primary: NDArray[np.int64]

    @classmethod
    def build(cls, ontology: Ontology, mappings: Sequence[LabelMapping]) -> TargetSpace:
        """Collect the sets of all data sets of a training.

        Raises:
            DatasetError: a mapping names a class that the ontology lacks, or there
                are more than 253 targets.
        """
        sets: list[tuple[int, ...]] = [(index,) for index in range(ontology.id_count)]
        for mapping in mappings:
            sets += [classes for classes in mapping.sets(ontology).values() if classes]
        sets = list(dict.fromkeys(sets))
        if len(sets) >= UNMAPPED:
            msg = f"expected fewer than {UNMAPPED} classes and sets, got {len(sets)}: merge some"
            raise DatasetError(msg)
        members = np.zeros((len(sets), ontology.id_count), np.bool_)
        for row, classes in zip(members, sets, strict=True):
            row[list(classes)] = True
        return cls(members, np.array([classes[0] for classes in sets], np.int64))

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return int(self.members.shape[1])

    def lookup(self, mapping: LabelMapping, ontology: Ontology) -> NDArray[np.uint8]:
        """uint8 (256,): target by source id; 255 ignored, 254 where the mapping has no entry."""
        table = np.full(256, UNMAPPED, np.uint8)
        for source_id, classes in mapping.sets(ontology).items():
            table[source_id] = self._target(classes) if classes else IGNORE
        return table

    def _target(self, classes: tuple[int, ...]) -> int:
        row = np.zeros(self.class_count, np.bool_)
        row[list(classes)] = True
        same = (self.members == row).all(axis=1) & (self.primary == classes[0])
        return int(np.flatnonzero(same)[0])

"""From a data set's own ids to a model's classes, where a label may be several classes at once.

A source that knows only "tree" cannot tell crown from trunk. Its pixels then
stand for the *set* {high_vegetation, trunk}: the loss asks only that the
probability of the set is high, and validation counts any member as right.

The file lies beside the images (`mapping.yaml` or `mapping.json`) and serves training, evaluation
and mining alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import explain_all, read_yaml

IGNORE = 255
UNMAPPED = 254
FILES = ("mapping.yaml", "mapping.yml", "mapping.json")
_EXPECTED = "a label mapping, a YAML or JSON file with classes by id"
# Another form: each id with one of GOOSE's categories.
_CATEGORIES = "source_classes"
_GROUPING = "goose_category"


class SourceClass(BaseModel):
    """One id of the data set: its name there, and the classes it may be; none means ignore."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1)
    classes: tuple[str, ...] = Field(alias="as")


class LabelMapping(BaseModel):
    """What the ids of a data set mean in an ontology.

    Attributes:
        source: name of the data set.
        ontology: whose class names stand in `as`; empty: the model's.
        grouping: of that ontology, whose groups stand in `as` and mean all their classes;
            empty: class names do.
        classes: by source id. The first class of a set is the likeliest: the set
            is weighted and reported as that class. An id 255 that is not named is ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    ontology: str = ""
    grouping: str = ""
    classes: Mapping[int, SourceClass] = Field(min_length=1)

    @classmethod
    def load(cls, path: Path) -> LabelMapping:
        """Read a mapping from YAML or JSON.

        Raises:
            DatasetError: no such file, or it is not a mapping.
        """
        return cls.parse(read_yaml(path, _EXPECTED, DatasetError), path)

    @classmethod
    def parse(cls, data: Any, path: Path) -> LabelMapping:
        """A mapping of what its file held.

        Raises:
            DatasetError: it is not a mapping.
        """
        try:
            found = cls.model_validate(_from_categories(data) if is_categories(data) else data)
        except ValidationError as error:
            raise DatasetError("\n".join(explain_all(error, str(path)))) from error
        return found if found.source else found.model_copy(update={"source": path.parent.name})

    @classmethod
    def beside(cls, folder: Path) -> LabelMapping:
        """Read the mapping that lies in the folder of a data set.

        Raises:
            DatasetError: there is none, or it is not a mapping.
        """
        path = find_mapping(folder)
        if path is None:
            msg = f"{folder}: no {FILES[0]} in it, and none was named: write what its ids mean"
            raise DatasetError(msg)
        return cls.load(path)

    @property
    def names(self) -> dict[int, str]:
        """The source's own class names by id, each different."""
        given = [entry.name for entry in self.classes.values()]
        return {
            i: entry.name if given.count(entry.name) == 1 else f"{entry.name} ({i})"
            for i, entry in self.classes.items()
        }

    def sets(self, ontology: Ontology) -> dict[int, tuple[int, ...]]:
        """Class ids by source id, in the mapping's order.

        Raises:
            DatasetError: a class, grouping or group that the ontology does not have.
        """
        if self.grouping:
            return self._group_sets(ontology)
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

    def _group_sets(self, ontology: Ontology) -> dict[int, tuple[int, ...]]:
        """As `sets`, from names of groups."""
        if self.grouping not in ontology.groupings:
            msg = (
                f"mapping {self.source}: needs the grouping {self.grouping}, ontology "
                f"{ontology.name} has {sorted(ontology.groupings)}: add it, or name classes in a "
                f"{FILES[0]}"
            )
            raise DatasetError(msg)
        groups = {
            group.name: tuple(ontology.ids[name] for name in group.classes)
            for group in ontology.groupings[self.grouping]
        }
        for source_id, entry in self.classes.items():
            if missing := [name for name in entry.classes if name not in groups]:
                msg = (
                    f"mapping {self.source}: id {source_id} ({entry.name}) names {missing}, which "
                    f"{self.grouping} lacks: expected some of {sorted(groups)}"
                )
                raise DatasetError(msg)
        return {
            i: tuple(number for name in entry.classes for number in groups[name])
            for i, entry in self.classes.items()
        }


def find_mapping(folder: Path) -> Path | None:
    """The mapping that lies in the folder of a data set; None where there is none."""
    return next((path for name in FILES if (path := folder / name).is_file()), None)


def is_mapping(data: Any) -> bool:
    """Whether what a file held has the form of a mapping: classes by id."""
    return isinstance(data, dict) and (isinstance(data.get("classes"), dict) or is_categories(data))


def is_categories(data: Any) -> bool:
    """Whether it is the form that gives each id one of GOOSE's categories."""
    return isinstance(data, dict) and isinstance(data.get(_CATEGORIES), dict)


def _from_categories(data: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping to groups; paved roads are roads, as people expect them."""
    classes = {}
    for number, entry in data[_CATEGORIES].items():
        fields = entry if isinstance(entry, dict) else {}
        category = str(fields.get("paved_as_road", fields.get("goose12", "ignore"))).lower()
        classes[number] = {
            "name": fields.get("name", str(number)),
            "as": () if category in ("ignore", "void") else (category,),
        }
    return {"source": str(data.get("set", "")), "grouping": _GROUPING, "classes": classes}


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
        """uint8 (256,): target by source id; 255 ignored, 254 where the mapping has no entry.

        Raises:
            DatasetError: a class that the ontology lacks, or an id that 8-bit masks can't hold.
        """
        table = np.full(256, UNMAPPED, np.uint8)
        table[IGNORE] = IGNORE
        for source_id, classes in mapping.sets(ontology).items():
            if not 0 <= source_id <= IGNORE:
                msg = f"mapping {mapping.source}: id {source_id}: training reads ids from 0 to 255"
                raise DatasetError(msg)
            table[source_id] = self._target(classes) if classes else IGNORE
        return table

    def _target(self, classes: tuple[int, ...]) -> int:
        row = np.zeros(self.class_count, np.bool_)
        row[list(classes)] = True
        same = (self.members == row).all(axis=1) & (self.primary == classes[0])
        return int(np.flatnonzero(same)[0])

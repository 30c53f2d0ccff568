"""Label spaces as data: ids, names, colours and groupings, read from YAML.

Colours need not be unique (GOOSE's snow and hedge share one); ids and names are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_names, named_config
from seg_perception.core.types import label_dtype, unknown_id
from seg_perception.core.validation import explain, load_model


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SemanticClass(_Data):
    """One class: its id in the label maps, its name, its colour."""

    id: int = Field(ge=0, le=65534)
    name: str = Field(min_length=1)
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$", description="#rrggbb")

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as three bytes."""
        return _rgb(self.color)


class Group(_Data):
    """Classes that a grouping treats as one."""

    name: str
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    classes: tuple[str, ...]


class Ontology(_Data):
    """A label space and its named groupings.

    Attributes:
        name: `goose`, `viking_hill`, ...
        ignore: names of classes that are void in their data set.
        cloud_unknown: the class that a point without a label gets in a published cloud, where
            the data set has one for it; empty: `unknown_id`.
        classes: in any order; ids are unique.
        groupings: a coarser view each, for instance `traversability`; a class
            that a grouping does not name is unknown in it.
    """

    name: str
    source: str = ""
    ignore: tuple[str, ...] = ()
    cloud_unknown: str = ""
    classes: tuple[SemanticClass, ...] = Field(min_length=1)
    groupings: Mapping[str, tuple[Group, ...]] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Ontology:
        _expect_unique("class id", (c.id for c in self.classes))
        _expect_unique("class name", (c.name for c in self.classes))
        known = {c.name for c in self.classes}
        _expect_known(f"{self.name}: ignore", self.ignore, known)
        _expect_known(f"{self.name}: cloud_unknown", filter(None, [self.cloud_unknown]), known)
        for grouping, groups in self.groupings.items():
            members = [name for group in groups for name in group.classes]
            _expect_known(f"{self.name}: grouping {grouping}", members, known)
            _expect_unique(f"class in grouping {grouping}", members)
        return self

    @classmethod
    def load(cls, name_or_path: str | Path) -> Ontology:
        """Read a shipped ontology by its name, or any YAML file by its path.

        Raises:
            ConfigError: no such file, or it is not an ontology.
        """
        path = named_config("ontology", name_or_path)
        expected = f"an ontology's .yaml file, or one of the names {shipped()}"
        return load_model(cls, path, expected, ConfigError)

    @classmethod
    def parse(cls, data: Any, origin: str) -> Ontology:
        """Make an ontology of what a file held.

        Raises:
            ConfigError: naming `origin` and the first thing that is wrong.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise ConfigError(explain(error, origin)) from error

    @cached_property
    def id_count(self) -> int:
        """One more than the largest id."""
        return max(c.id for c in self.classes) + 1

    @property
    def unknown_id(self) -> int:
        """The id of a pixel or point that has no label."""
        return unknown_id(self.id_count)

    @property
    def cloud_unknown_id(self) -> int:
        """The id of a point that has no label, in a published cloud."""
        return self.ids[self.cloud_unknown] if self.cloud_unknown else self.unknown_id

    @cached_property
    def names(self) -> Mapping[int, str]:
        """Class names by id."""
        return {c.id: c.name for c in self.classes}

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """Class ids by name."""
        return {c.name: c.id for c in self.classes}

    @cached_property
    def palette(self) -> NDArray[np.uint8]:
        """uint8 (256 or 65536, 3), RGB by id; unknown ids are black."""
        table = self._table(np.uint8, 3)
        for c in self.classes:
            table[c.id] = c.rgb
        return table

    def recolored(self, colors: Sequence[str]) -> Ontology:
        """The same label space with other colours, each as `CLASS=#rrggbb`.

        Raises:
            ConfigError: a class that does not exist, or a colour that is none.
        """
        if not colors:
            return self
        given = dict(entry.partition("=")[::2] for entry in colors)
        if unknown := sorted(set(given) - set(self.ids)):
            msg = f"colours: expected CLASS=#rrggbb with {sorted(self.ids)}, got {unknown}"
            raise ConfigError(msg)
        data = self.model_dump(mode="json")
        for entry in data["classes"]:
            entry["color"] = given.get(entry["name"], entry["color"])
        return Ontology.parse(data, f"colours {list(colors)}")

    def group_names(self, grouping: str) -> tuple[str, ...]:
        """Names of a grouping's groups, in the order of their ids.

        Raises:
            ConfigError: no such grouping.
        """
        return tuple(group.name for group in self._grouping(grouping))

    def group_ids(self, grouping: str) -> NDArray[Any]:
        """Look-up table class id → group id, unknown where a class has no group.

        Returns:
            uint8 or uint16 (256 or 65536,).

        Raises:
            ConfigError: no such grouping.
        """
        table = self._table(label_dtype(self.id_count).type)[:, 0]
        table[:] = self.unknown_id
        for index, group in enumerate(self._grouping(grouping)):
            for name in group.classes:
                table[self.ids[name]] = index
        return table

    def group_palette(self, grouping: str) -> NDArray[np.uint8]:
        """uint8 (256 or 65536, 3), RGB of its group by class id.

        Raises:
            ConfigError: no such grouping.
        """
        table = self._table(np.uint8, 3)
        for group in self._grouping(grouping):
            for name in group.classes:
                table[self.ids[name]] = _rgb(group.color)
        return table

    def _grouping(self, grouping: str) -> tuple[Group, ...]:
        if grouping not in self.groupings:
            known = f"expected one of {sorted(self.groupings)}" if self.groupings else "it has none"
            msg = f"ontology {self.name} has no grouping {grouping!r}: {known}"
            raise ConfigError(msg)
        return self.groupings[grouping]

    def _table(self, dtype: Any, columns: int = 1) -> NDArray[Any]:
        return np.zeros((self.unknown_id + 1, columns), dtype)


def shipped() -> list[str]:
    """Names of the ontologies that come with the package."""
    return config_names("ontology")


def _rgb(color: str) -> tuple[int, int, int]:
    value = int(color[1:], 16)
    return value >> 16, (value >> 8) & 0xFF, value & 0xFF


def _expect_unique(what: str, values: Iterable[Any]) -> None:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            msg = f"{what} {value!r} appears twice; give each its own"
            raise ValueError(msg)
        seen.add(value)


def _expect_known(where: str, names: Iterable[str], known: set[str]) -> None:
    if missing := sorted(set(names) - known):
        msg = f"{where} names classes that do not exist: {missing}"
        raise ValueError(msg)

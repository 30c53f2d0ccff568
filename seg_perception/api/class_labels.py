"""Class ids and what they mean, whether of pixels or of points."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology, SemanticClass
from seg_perception.outputs.pictures import Labels

UNKNOWN = "unknown"


class ClassLabels:
    """Labels with names and colours.

    Attributes:
        labels: uint8 or uint16, class ids; `unknown_id` where nothing is known.
        confidence: float32 of the same shape, 0 to 1.
        ontology: what the ids mean.
    """

    def __init__(self, labels: Labels, confidence: NDArray[np.float32], ontology: Ontology) -> None:
        """Take labels and what they mean."""
        self.labels = labels
        self.confidence = confidence
        self.ontology = ontology

    @property
    def names(self) -> Mapping[int, str]:
        """Class names by id."""
        return self.ontology.names

    @property
    def unknown_id(self) -> int:
        """The id where nothing is known."""
        return self.ontology.unknown_id

    @property
    def colors(self) -> NDArray[np.uint8]:
        """uint8 (..., 3), RGB of each label; black where nothing is known."""
        return self.ontology.palette[self.labels]

    @property
    def shares(self) -> dict[str, float]:
        """Share of each class that is there, the largest first; `unknown` is one of them."""
        count = np.bincount(self.labels.reshape(-1), minlength=self.unknown_id + 1)
        ids = [int(i) for i in np.argsort(-count, kind="stable") if count[i]]
        return {self.names.get(i, UNKNOWN): float(count[i] / self.labels.size) for i in ids}

    def where(self, *classes: str) -> NDArray[np.bool_]:
        """Where one of these classes is, bool of the labels' shape.

        Raises:
            ConfigError: a class that does not exist.
        """
        ids = [self._id_of(name) for name in classes]
        return np.isin(self.labels, ids)

    def iou(self, truth: ClassLabels) -> dict[str, float]:
        """Intersection over union of each class of the truth, where the truth is known.

        For scores over many images: `seg-perception evaluate`.

        Args:
            truth: labels of the same pixels or points, of the same classes.

        Raises:
            ConfigError: other classes, or another shape.
        """
        if truth.ontology.ids != self.ontology.ids or truth.labels.shape != self.labels.shape:
            msg = (
                f"iou: expected truth of {self.ontology.name}, {self.labels.shape}, got "
                f"{truth.ontology.name}, {truth.labels.shape}; bring both to one size and grouping"
            )
            raise ConfigError(msg)
        known = truth.labels != truth.unknown_id
        found = {}
        for i in np.unique(truth.labels[known]).tolist():
            ours, theirs = (self.labels == i) & known, truth.labels == i
            found[self.names[i]] = float((ours & theirs).sum() / (ours | theirs).sum())
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001
        """The class ids: `np.asarray(labels)`."""
        return np.array(self.labels, dtype, copy=copy)

    def _id_of(self, name: str) -> int:
        ids = {**self.ontology.ids, UNKNOWN: self.unknown_id}
        if name in ids:
            return ids[name]
        near = difflib.get_close_matches(name, ids, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {sorted(ids)}"
        msg = f"{self.ontology.name} has no class {name!r}; {hint}"
        raise ConfigError(msg)

    def _said(self) -> str:
        """The largest shares of what has a label, for people."""
        shares = {name: share for name, share in self.shares.items() if name != UNKNOWN}
        known = sum(shares.values())
        largest = list(shares.items())[:4]
        return ", ".join(f"{n} {share / known:.0%}" for n, share in largest) or "nothing known"


def grouping_ontology(ontology: Ontology, grouping: str) -> Ontology:
    """The groups of a grouping as classes of their own, in their order.

    Raises:
        ConfigError: no such grouping.
    """
    ontology.group_names(grouping)
    groups = enumerate(ontology.groupings[grouping])
    classes = tuple(SemanticClass(id=i, name=g.name, color=g.color) for i, g in groups)
    return Ontology(name=grouping, source=f"groups of {ontology.name}", classes=classes)


def group_labels(labels: Labels, ontology: Ontology, grouping: str) -> Labels:
    """Ids of the groups, uint8 of the same shape; 255 where a class has none.

    Raises:
        ConfigError: no such grouping.
    """
    table = ontology.group_ids(grouping)
    groups = np.where(table == ontology.unknown_id, 255, table).astype(np.uint8)
    return groups[labels]

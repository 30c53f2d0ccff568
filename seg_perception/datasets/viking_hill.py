"""Cuboids in a map as labels of points: the truth of the Viking Hill data set.

A point has the class of the cuboid that holds it, |R^T (p - c)| <= extent / 2; where
cuboids overlap, the class that comes first in the rules' priority.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seg_perception.core.errors import DatasetError, TransformError
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import named_config
from seg_perception.core.validation import load_model
from seg_perception.geometry.quaternion import quaternion_to_matrix

# Far below any measurement, far above the rounding of a sum of three products.
_ROUNDING_M = 1e-6
_NOT_CUBOIDS = (ValueError, KeyError, IndexError, TypeError, RecursionError, TransformError)


class CuboidRules(BaseModel):
    """What cuboids mean.

    Attributes:
        ontology: whose ids the cuboids carry.
        frame: in which they lie.
        background: class of a point that no cuboid holds.
        priority: every class that cuboids have, the one that wins first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str = ""
    ontology: str
    frame: str = Field(min_length=1)
    background: str
    priority: tuple[str, ...] = Field(min_length=1)

    @classmethod
    def load(cls, name_or_path: str | Path) -> CuboidRules:
        """Read shipped rules by their name, or any YAML file by its path.

        Raises:
            DatasetError: no such file, or these are no rules.
        """
        path = named_config("truth", name_or_path)
        return load_model(cls, path, "rules for cuboids, a YAML file", DatasetError)


@dataclass(frozen=True, eq=False)
class Cuboids:
    """Boxes in a fixed frame.

    Attributes:
        centers: float64 (N, 3), metre.
        rotations: float64 (N, 3, 3), from the box to the frame.
        extents: float64 (N, 3), full lengths (metre).
        classes: int64 (N,), class ids.
    """

    centers: NDArray[np.float64]
    rotations: NDArray[np.float64]
    extents: NDArray[np.float64]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the boxes."""
        return len(self.classes)


class CuboidLabeller:
    """Gives points the classes of the cuboids that hold them.

    Attributes:
        ontology: of the ids.
        frame: in which points have to be given.
    """

    def __init__(self, cuboids: Cuboids, rules: CuboidRules) -> None:
        """Put the cuboids into the order in which they paint: the one that wins last.

        Raises:
            DatasetError: a class that the rules do not rank.
            ConfigError: the rules name classes that their ontology lacks.
        """
        self.ontology = Ontology.load(rules.ontology)
        self.frame = rules.frame
        ids = self._ids(rules)
        rank = {class_id: place for place, class_id in enumerate(ids[1:])}
        if unknown := sorted(set(cuboids.classes.tolist()) - set(rank)):
            msg = f"cuboids of class {unknown}: expected classes of {list(rules.priority)}"
            raise DatasetError(msg)
        order = np.argsort([-rank[c] for c in cuboids.classes.tolist()], kind="stable")
        self._background = ids[0]
        self._cuboids = Cuboids(
            cuboids.centers[order],
            cuboids.rotations[order],
            cuboids.extents[order],
            cuboids.classes[order],
        )

    def label(self, xyz: NDArray[np.floating[Any]], inflation_m: float = 0.0) -> NDArray[np.uint8]:
        """Class ids.

        Args:
            xyz: (N, 3), metre, in `frame`; a point that is not finite is background.
            inflation_m: by how much every face is moved outwards, for sensors as coarse as
                a radar.

        Returns:
            uint8 (N,).
        """
        labels = np.full(len(xyz), self._background, np.uint8)
        finite = np.flatnonzero(np.isfinite(xyz).all(axis=1))
        if finite.size:
            # Sorted along x, the points that may lie in a cuboid are one stretch.
            order = finite[np.argsort(xyz[finite, 0], kind="stable")]
            labels[order] = self._paint(xyz[order].astype(np.float64), inflation_m)
        return labels

    def _paint(self, points: NDArray[np.float64], inflation_m: float) -> NDArray[np.uint8]:
        labels = np.full(len(points), self._background, np.uint8)
        boxes = self._cuboids
        half = boxes.extents / 2 + inflation_m
        # Half the size of the box that is parallel to the axes and holds the cuboid.
        reach = np.einsum("nij,nj->ni", np.abs(boxes.rotations), half) + _ROUNDING_M
        lower, upper = boxes.centers - reach, boxes.centers + reach
        near = ((upper >= points.min(axis=0)) & (lower <= points.max(axis=0))).all(axis=1)
        for n in np.flatnonzero(near):
            start, stop = np.searchsorted(points[:, 0], (lower[n, 0], upper[n, 0]))
            inside = (points[start:stop] - boxes.centers[n]) @ boxes.rotations[n]
            held = (np.abs(inside) <= half[n]).all(axis=1)
            labels[start:stop][held] = boxes.classes[n]
        return labels

    def _ids(self, rules: CuboidRules) -> list[int]:
        """Of the background, then of the classes by priority."""
        names = (rules.background, *rules.priority)
        if unknown := sorted(set(names) - set(self.ontology.ids)):
            msg = f"rules {rules.name}: ontology {self.ontology.name} has no classes {unknown}"
            raise DatasetError(msg)
        return [self.ontology.ids[name] for name in names]


def read_cuboids(path: Path, sample: int = 0, labels: str = "ground-truth") -> Cuboids:
    """The cuboids of one drive in an export of segments.ai.

    Args:
        path: the JSON file.
        sample: which of its samples; Viking Hill has one a drive.
        labels: name of the label set.

    Raises:
        DatasetError: it can't be read, or is no such export.
    """
    expected = f"a segments.ai export with dataset.samples[{sample}].labels[{labels!r}]"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = document["dataset"]["samples"][sample]["labels"][labels]["attributes"]
        return _stack(found["annotations"])
    except OSError as error:
        msg = f"{path} can't be read: {error}"
        raise DatasetError(msg) from error
    except _NOT_CUBOIDS as error:
        msg = f"{path}: expected {expected} of cuboids, got {type(error).__name__}: {error}"
        raise DatasetError(msg) from error


def _stack(annotations: Sequence[Any]) -> Cuboids:
    centers = [[a["position"][axis] for axis in "xyz"] for a in annotations]
    extents = [[a["dimensions"][axis] for axis in "xyz"] for a in annotations]
    turns = [[a["rotation"][part] for part in ("qx", "qy", "qz", "qw")] for a in annotations]
    rotations = [quaternion_to_matrix(*map(float, turn)) for turn in turns]
    return Cuboids(
        np.array(centers, np.float64).reshape(-1, 3),
        np.array(rotations, np.float64).reshape(-1, 3, 3),
        np.array(extents, np.float64).reshape(-1, 3),
        np.array([a["category_id"] for a in annotations], np.int64),
    )

"""A labelled cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.api.class_labels import ClassLabels, group_labels, grouping_ontology
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.io.image_files import encode_image
from seg_perception.io.point_files import write_points
from seg_perception.io.semantic_fields import append_semantics
from seg_perception.outputs.birds_eye import BirdsEye

_SHOWN_PX = 480
_SHARE_SHOWN = 85
_SMALLEST = 9
_LEAST_RANGE_M = 5.0


class CloudLabels(ClassLabels):
    """Labels of points, in their order.

    Attributes:
        labels: uint8 or uint16 (N,), class ids; `unknown_id` where a point has none.
        confidence: float32 (N,), 0 to 1; 0 where unknown.
        ontology: what the ids mean; `names` has the names.
        status: uint8 (N,), a `PointStatus`: why a point has its label, or none.
        semantic: all that the core says.
    """

    def __init__(self, semantic: SemanticCloud, ontology: Ontology) -> None:
        """Take what the core says."""
        super().__init__(semantic.labels, semantic.confidence, ontology)
        self.semantic = semantic
        self.status = semantic.status

    @property
    def cloud(self) -> PointCloud:
        """The points as they came, with all their fields."""
        return self.semantic.cloud

    @property
    def xyz(self) -> NDArray[np.float32]:
        """float32 (N, 3), metre, the sensor's frame, as they came."""
        return self.cloud.xyz

    @property
    def why_not(self) -> dict[str, int]:
        """Why points have no label: reason and number of points, the largest first.

        `out_of_view`, `occluded`, `invalid`, `uncertain`, `self`, `no_label_map`, ...
        """
        count = {s.name.lower(): self.semantic.count(s) for s in PointStatus if s}
        return {name: n for name, n in sorted(count.items(), key=lambda item: -item[1]) if n}

    @property
    def sources(self) -> NDArray[np.uint8]:
        """uint8 (N,), number of the view that gave the label, in the order of views; 255: none."""
        return self.semantic.sources

    def grouped(self, grouping: str) -> CloudLabels:
        """The same as groups, for instance `traversability`; a class without one is unknown.

        Raises:
            ConfigError: the ontology has no such grouping.
        """
        labels = group_labels(self.labels, self.ontology, grouping)
        s = self.semantic
        grouped = SemanticCloud(
            s.sensor, s.cloud, labels, s.confidence, s.status, s.sources, s.cameras, gaps_s=s.gaps_s
        )
        return CloudLabels(grouped, grouping_ontology(self.ontology, grouping))

    def structured(self) -> NDArray[Any]:
        """The points' own fields, and `label`, `confidence` and `rgb`, structured (N,)."""
        return append_semantics(self.semantic, self.ontology.palette).points.reshape(-1)

    def save(self, path: str | Path) -> None:
        """Write points, labels and colours as a new .pcd or .ply file.

        Raises:
            ConfigError: another ending, the file is there, or the disk refuses.
        """
        write_points(Path(path).expanduser(), self.structured())

    def from_above(self, range_m: float = 0.0, size_px: int = _SHOWN_PX) -> NDArray[np.uint8]:
        """A picture of the cloud from above, x of its frame upwards, with a legend.

        Args:
            range_m: half the width of what is drawn; 0: most of the labelled points.
            size_px: width of the picture.

        Returns:
            uint8 (H, size_px, 3), RGB.
        """
        bird = BirdsEye(range_m or self._extent_m(), size_px, point_px=2)
        return bird.draw(self.xyz, self.labels, self.ontology)

    def __repr__(self) -> str:
        """Number of points, largest shares, and why others have no label."""
        labelled = self.semantic.count(PointStatus.LABELLED)
        why = ", ".join(f"{count} {name}" for name, count in self.why_not.items())
        points = f"{labelled} of {len(self.labels)} points labelled"
        return f"<CloudLabels {points}: {self._said()}; others: {why or 'none'}>"

    def _repr_png_(self) -> bytes:
        """What a notebook shows: from above."""
        bgr = np.ascontiguousarray(self.from_above()[..., ::-1])
        return encode_image(bgr, ".png", [cv2.IMWRITE_PNG_COMPRESSION, _SMALLEST])

    def _extent_m(self) -> float:
        known = self.xyz[self.status == PointStatus.LABELLED]
        if not len(known):
            return _LEAST_RANGE_M
        reach = np.abs(known[:, :2]).max(axis=1)
        return max(_LEAST_RANGE_M, float(np.percentile(reach, _SHARE_SHOWN)))

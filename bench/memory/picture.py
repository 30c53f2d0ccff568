"""A scan from above, without what is remembered and with it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import SemanticCloud
from seg_perception.outputs.birds_eye import BirdsEye
from seg_perception.outputs.pictures import Rgb, above, beside, legend_strip


def write_png(path: Path, semantic: SemanticCloud, ontology: Ontology) -> None:
    """Write `from_above` as a file."""
    cv2.imwrite(str(path), from_above(semantic, ontology)[..., ::-1])


def from_above(semantic: SemanticCloud, ontology: Ontology) -> Rgb:
    """uint8 (h, w, 3), RGB: what is seen on the left, with what is remembered on the right."""
    drawn = BirdsEye(range_m=25.0, ceiling_m=2.5, size_px=800, with_legend=False)
    xyz, labels = semantic.cloud.xyz, semantic.labels
    left = drawn.draw(xyz, semantic.seen_labels, ontology, "seen now")
    right = drawn.draw(xyz, labels, ontology, "and remembered")
    picture = beside(left, right)
    shown = np.unique(labels[labels != ontology.unknown_id]).tolist()
    return above(picture, legend_strip(ontology, shown, picture.shape[1]))

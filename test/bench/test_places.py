"""Labelled places of the bench of teaching."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bench.teach.places import read_place
from seg_perception.inference.bundle import Bundle

MAPPING = """
classes:
  0: {name: sky, as: [blue]}
  1: {name: pedestrian, as: [red]}
  2: {name: bicyclist, as: [red]}
  3: {name: unlabelled, as: []}
"""


def test_masks_ids_that_the_ontology_does_not_tell_apart_are_one(tmp_path: Path, colour_model):
    """Counted apart, labels could be right for one of them only."""
    bundle = Bundle.load(colour_model.write(tmp_path / "model", 32, 16))
    red, blue = (bundle.ontology.ids[name] for name in ("red", "blue"))
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    mask = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.uint8), 8, axis=0), 16, axis=1)
    for name in ("images", "masks_src"):
        (tmp_path / name).mkdir()
    assert cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((16, 32, 3), np.uint8))
    assert cv2.imwrite(str(tmp_path / "masks_src" / "a.png"), mask)
    place = read_place(tmp_path, tmp_path / "mapping.yaml", ["a"], bundle)
    assert place.names == {0: "blue", 1: "red"}
    labels = np.full((16, 32), red, np.uint8)
    # Red holds 256 pixels of both, blue 128, 128 are not known.
    assert place.class_iou([labels]) == pytest.approx({0: 0.0, 1: 256 / 384})
    labels[:8, :16] = blue
    assert place.iou([labels]) == 1.0

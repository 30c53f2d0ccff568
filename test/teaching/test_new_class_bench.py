"""The bench's model that lacks a class."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.learning.graph_runner import Labeller

pytest.importorskip("torch")
pytest.importorskip("onnx")
from bench.teach.new_class import without_class


def test_a_model_without_a_class_says_of_others_what_it_said(small_bundle, tmp_path, helpers):
    """The other rows stay: only where the class won, the next best one does."""
    whole = Bundle.load(small_bundle)
    names = [entry.name for entry in whole.ontology.classes]
    pictures = [helpers.picture(seed) for seed in range(3)]
    before = Labeller(whole.model_path.read_bytes(), whole.manifest)
    said = np.stack([before.label(picture)[0] for picture in pictures])
    # The class that wins most often: taking it out changes something.
    gone = names[int(np.bincount(said.reshape(-1)).argmax())]
    lacking = without_class(whole, gone, tmp_path / "lacking")
    left = [entry.name for entry in lacking.ontology.classes]
    assert left == [name for name in names if name != gone]
    for groups in lacking.ontology.groupings.values():
        assert all(gone not in group.classes for group in groups)
    after = Labeller(lacking.model_path.read_bytes(), lacking.manifest)
    now = np.stack([after.label(picture)[0] for picture in pictures])
    others = said != names.index(gone)
    assert (np.array(left)[now[others]] == np.array(names)[said[others]]).all()

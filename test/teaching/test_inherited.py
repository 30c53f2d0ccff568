"""What a taught bundle keeps of the one before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.inference.manifest import ClassConfidence, ConfidenceCalibration
from seg_perception.teaching.inherited import Inherited

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")


@pytest.fixture(scope="module")
def taught():
    """Makes a model whose head has other weights, as a round does."""
    from seg_perception.teaching.learning.graph import TeachableGraph, replace_weights
    from seg_perception.teaching.learning.torch_head import OPERATORS

    def teach(bundle: Bundle) -> bytes:
        graph = TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)
        values = {name: value + 0.01 for name, value in graph.parameters().items()}
        return replace_weights(graph, values, graph.class_count)

    return teach


@pytest.fixture(scope="module")
def familiar(small_bundle, tmp_path_factory, helpers):
    """Fits a bundle's familiarity on pictures of the place; by layer."""
    from seg_perception.fitting.familiarity import fit_familiarity
    from seg_perception.fitting.pictures import PictureFiles

    folder = tmp_path_factory.mktemp("familiar")
    (folder / "images").mkdir()
    (folder / "masks_src").mkdir()
    for number in range(40):
        bgr = cv2.cvtColor(helpers.picture(number), cv2.COLOR_RGB2BGR)
        assert cv2.imwrite(str(folder / "images" / f"{number:02}.png"), bgr)
        blank = np.zeros(bgr.shape[:2], np.uint8)
        assert cv2.imwrite(str(folder / "masks_src" / f"{number:02}.png"), blank)

    def fit(layer: str) -> Bundle:
        out = folder / f"of_{layer.strip('/').replace('/', '_') or 'last'}"
        return fit_familiarity(Bundle.load(small_bundle), out, PictureFiles.find([folder]), layer)

    return fit


def encoder_layer(bundle: Bundle) -> str:
    """What the head reads of the encoder: nothing that is taught comes before it."""
    from seg_perception.teaching.learning.graph import TeachableGraph
    from seg_perception.teaching.learning.torch_head import OPERATORS

    graph = TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)
    return graph.cuts[0]


def test_the_familiarity_of_a_taught_layer_is_left_out_and_said(familiar, taught):
    bundle = familiar("")
    found = Inherited.of(bundle, taught(bundle))
    assert found.familiarity is None
    [note] = found.notes
    assert note.startswith("familiarity is left out: it was fitted on ")
    assert "`seg-perception bundle fit-familiarity` fits it anew" in note
    names = [output.name for output in onnx.load_from_string(found.model).graph.output]
    assert sorted(names) == sorted(bundle.manifest.pixel_outputs)


def test_the_familiarity_of_a_frozen_layer_is_kept(familiar, taught, small_bundle):
    bundle = familiar(encoder_layer(Bundle.load(small_bundle)))
    model = taught(bundle)
    assert model != bundle.model_path.read_bytes()
    found = Inherited.of(bundle, model)
    assert found.familiarity == bundle.manifest.familiarity
    assert found.gaussians == (bundle.folder / found.familiarity.file).read_bytes()
    assert (found.model, found.notes) == (model, ())


def test_the_calibration_of_the_confidence_is_left_out_and_said(small_bundle, taught, tmp_path):
    before = Bundle.load(small_bundle)
    classes = tuple(ClassConfidence(slope=1.0, offset=-1.0) for _ in range(3))
    told = ConfidenceCalibration(classes=classes, pictures=1, ece=(5, 1), aurc=(3, 2))
    bundle = derive_bundle(tmp_path / "calibrated", before, {}, {"confidence": told})
    [note] = Inherited.of(bundle, taught(bundle)).notes
    assert "calibration is left out" in note
    assert "calibrate-confidence" in note


def test_where_nothing_is_lost_nothing_is_said(small_bundle, taught):
    bundle = Bundle.load(small_bundle)
    model = taught(bundle)
    assert Inherited.of(bundle, model) == Inherited(model, None, b"", ())

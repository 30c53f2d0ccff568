from __future__ import annotations

import numpy as np
import onnx
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.teaching.learning.graph import TeachableGraph, replace_weights, with_rows
from seg_perception.teaching.learning.graph_runner import GraphRunner, Labeller
from seg_perception.teaching.learning.lesson import Encoder
from seg_perception.teaching.learning.torch_head import OPERATORS, TorchHead

torch = pytest.importorskip("torch")


def teachable(name) -> tuple[Bundle, TeachableGraph]:
    bundle = Bundle.load(name)
    graph = TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)
    return bundle, graph


def test_the_head_of_the_default_model_answers_in_torch_as_in_onnx_runtime():
    bundle, graph = teachable("field_tiny")
    wanted = [*graph.cuts, graph.scores]
    runner = GraphRunner(graph.with_outputs(wanted), bundle.manifest, wanted)
    head = TorchHead(graph)
    for frame in bundle.golden:
        values = runner.run(frame.image)
        with torch.no_grad():
            scores = head({name: torch.from_numpy(values[name]) for name in graph.cuts}).numpy()
        assert (scores.argmax(1) == values[graph.scores].argmax(1)).all()
        assert np.abs(scores - values[graph.scores]).max() < 1e-4


def test_what_is_above_the_encoder_is_taught_and_pooling_matrices_are_not():
    _, graph = teachable("field_tiny")
    assert not any("encoder" in node.name for node in graph.head)
    assert all("encoder" in cut for cut in graph.cuts)
    names = graph.parameters()
    assert {"network.classifier.weight", "network.classifier.bias"} <= names.keys()
    assert not any("Constant" in name for name in names)
    assert sum(value.size for value in names.values()) == 703_698


def test_weights_that_are_put_back_as_they_were_give_the_same_bytes():
    _, graph = teachable("field_tiny")
    same = replace_weights(graph, graph.parameters(), graph.class_count)
    assert same == graph.proto.SerializeToString()


def test_a_frame_of_the_encoder_takes_less_than_a_megabyte():
    bundle, graph = teachable("field_tiny")
    features = Encoder(graph, bundle.manifest).features(bundle.golden[0].image)
    assert sum(value.nbytes for value in features.values()) == 811_008


def test_new_rows_change_no_label_at_first_and_only_numbers_in_the_graph(small_bundle):
    bundle, graph = teachable(small_bundle)
    grown = with_rows(graph, [2, 0])
    classes = [*bundle.ontology.classes]
    more = [
        {"id": 3 + n, "name": name, "color": "#123456"} for n, name in enumerate(("ice", "mud"))
    ]
    ontology = type(bundle.ontology).parse(
        {**bundle.ontology.model_dump(), "classes": [*[c.model_dump() for c in classes], *more]},
        "test",
    )
    manifest = bundle.manifest.model_copy(update={"ontology": ontology})
    labels, _ = Labeller(grown, manifest).label(bundle.golden[0].image)
    assert (labels == bundle.golden[0].labels).all()
    kinds = [node.op_type for node in onnx.load_from_string(grown).graph.node]
    assert kinds == [node.op_type for node in graph.proto.graph.node]


def test_a_bundle_without_class_scores_of_a_convolution_is_refused(tmp_path, colour_model):
    bundle = write_bundle(tmp_path / "colours", colour_model.source(32, 32))
    with pytest.raises(TeachingError, match="can't be taught"):
        TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)

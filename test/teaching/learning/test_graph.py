from __future__ import annotations

import numpy as np
import onnx
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.teaching.learning.graph import TeachableGraph, replace_weights, with_rows
from seg_perception.teaching.learning.graph_runner import GraphRunner, Labeller
from seg_perception.teaching.learning.lesson import (
    ClickedPicture,
    Encoder,
    Lesson,
    taught_pictures,
)
from seg_perception.teaching.learning.targets import Point
from seg_perception.teaching.learning.teacher import TeachingOptions, teach_head
from seg_perception.teaching.learning.torch_head import OPERATORS, TorchHead

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.timeout(900)


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
    labels, *_ = Labeller(grown, manifest).label(bundle.golden[0].image)
    assert (labels == bundle.golden[0].labels).all()
    kinds = [node.op_type for node in onnx.load_from_string(grown).graph.node]
    assert kinds == [node.op_type for node in graph.proto.graph.node]


@pytest.mark.parametrize("name", ["eomt tiny", "mask2former convnext-micro"])
def test_mask_decoders_answer_in_torch_and_learn(name, small_bundle):
    from seg_perception.training.export.onnx_graph import export_onnx
    from seg_perception.training.export.serving import ServingGraph
    from seg_perception.training.models.factory import build_network
    from seg_perception.training.models.presets import presets

    manifest = Bundle.load(small_bundle).manifest
    size = manifest.input.model_copy(update={"width": 128, "height": 64})
    manifest = manifest.model_copy(update={"input": size})
    torch.manual_seed(0)
    network = build_network(presets()[name], manifest.class_count, 0, (128, 64))
    graph = TeachableGraph.of(export_onnx(ServingGraph(network), (128, 64)), manifest, OPERATORS)
    assert graph.of_masks
    assert graph.class_count == 3
    wanted = [*graph.cuts, graph.scores]
    picture = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
    values = GraphRunner(graph.with_outputs(wanted), manifest, wanted).run(picture)
    features = {cut: torch.from_numpy(np.array(values[cut])) for cut in graph.cuts}
    with torch.no_grad():
        scores = TorchHead(graph)(features).exp().numpy()
    assert np.abs(scores - values[graph.scores]).max() < 1e-4
    encoder = Encoder(graph, manifest)
    clicked = [ClickedPicture(encoder.features(picture), picture, [Point(9, 9, 2)])] * 2
    pieces = taught_pictures(graph, clicked, (16, 32))
    taught = teach_head(graph, Lesson(pieces), TeachingOptions(steps=2))
    classes = graph.last.input[1]
    assert (taught[classes] != graph.parameters()[classes]).any()
    model = replace_weights(graph, taught, 3)
    assert onnx.load_from_string(model).graph.node == graph.proto.graph.node
    with pytest.raises(TeachingError, match="can't be given new classes"):
        with_rows(graph, [0])


def test_weights_that_the_rest_of_the_graph_reads_are_not_taught(small_bundle):
    bundle, graph = teachable(small_bundle)
    shared = graph.last.input[2]
    before = graph.parameters()
    assert shared in before
    other = graph.proto.graph.node.add()
    other.op_type, other.name = "Identity", "/network/encoder/Identity"
    other.input.append(shared)
    other.output.append("elsewhere")
    assert before.keys() - graph.parameters().keys() == {shared}
    del bundle


def test_a_bundle_without_class_scores_of_a_convolution_is_refused(tmp_path, colour_model):
    bundle = write_bundle(tmp_path / "colours", colour_model.source(32, 32))
    with pytest.raises(TeachingError, match="can't be taught"):
        TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)

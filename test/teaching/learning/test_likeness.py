"""A click says something of the pieces that look like its own."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.learning.graph import TeachableGraph
from seg_perception.teaching.learning.graph_runner import GraphRunner
from seg_perception.teaching.learning.lesson import ClickedPicture, Encoder, taught_pictures
from seg_perception.teaching.learning.targets import NO_TARGET, Point

pytest.importorskip("torch")
pytest.importorskip("onnx")
from seg_perception.teaching.learning.likeness import Appearance, Looker, alike
from seg_perception.teaching.learning.torch_head import OPERATORS

# Pieces in a row by their features: the mean is 0 and both features deviate alike, so that angles
# stay. The fifth lies 16 degrees from the first (cosine 24/25), the seventh from the third; all
# others lie at least 73 degrees apart. Of the last one the model has seen nothing.
ROWS = ((25, 0), (-25, 0), (0, 25), (0, -25), (24, 7), (-24, -7), (-7, 24), (7, -24), (0, 0))
LOOK = Appearance(
    np.arange(9, dtype=np.int32)[None], np.array(ROWS, np.float32), np.array([True] * 8 + [False])
)
N = NO_TARGET


def test_a_piece_takes_the_class_of_the_clicked_one_that_it_is_like():
    (found,) = alike([LOOK], [[Point(0, 0, 7)]])
    assert found.tolist() == [[7, N, N, N, 7, N, N, N, N]]
    (found,) = alike([LOOK], [[Point(0, 0, 7), Point(0, 2, 9)]])
    assert found.tolist() == [[7, N, 9, N, 7, N, 9, N, N]]


def test_a_piece_of_two_classes_says_nothing_of_others_and_an_unseen_one_neither():
    (found,) = alike([LOOK], [[Point(0, 0, 7), Point(0, 0, 8)]])
    assert (found == N).all()
    (found,) = alike([LOOK], [[Point(0, 8, 7)]])
    assert (found == N).all()


def test_clicks_stay_in_their_picture():
    found = alike([LOOK, LOOK], [[Point(0, 0, 7)], []])
    assert (found[1] == N).all()


@pytest.fixture
def network(small_bundle):
    bundle = Bundle.load(small_bundle)
    graph = TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)
    return bundle, graph


def test_a_piece_looks_like_the_mean_of_what_the_last_layer_reads_there(network, helpers):
    bundle, graph = network
    picture = helpers.picture(0)
    runner = GraphRunner(graph.with_outputs([graph.features]), bundle.manifest, [graph.features])
    expected = runner.run(picture)[graph.features][0]
    height, width = expected.shape[1:]
    pieces = np.zeros(picture.shape[:2], np.int32)
    pieces[:, picture.shape[1] // 2 :] = 1
    features = Encoder(graph, bundle.manifest).features(picture)
    found = Looker(graph).look(features, pieces)
    halves = expected[:, :, : width // 2], expected[:, :, width // 2 :]
    wanted = np.stack([half.reshape(len(half), -1).mean(axis=1) for half in halves])
    assert height > 1
    assert found.seen.all()
    assert found.rows == pytest.approx(wanted, rel=2e-2, abs=2e-2)


def test_one_click_in_a_band_tells_of_the_band_where_no_click_speaks(network, helpers):
    bundle, graph = network
    ids, picture = bundle.ontology.ids, helpers.picture(0)
    clicks = [Point(y, 20, ids[helpers.band_of(y)]) for y in (8, 24, 40)]
    features = Encoder(graph, bundle.manifest).features(picture)
    size = (12, 16)
    clicked = [ClickedPicture(features, picture, clicks)]
    (taught,) = taught_pictures(graph, clicked, size)
    truth = np.repeat([ids[helpers.band_of(y)] for y in (8, 24, 40)], 4)[:, None]
    told = taught.told != NO_TARGET
    assert told.sum() > 3 * (taught.target != NO_TARGET).sum()
    assert (taught.told == truth)[told].mean() > 0.9
    assert not (told & (taught.target != NO_TARGET)).any()
    teacher = np.full(picture.shape[:2], ids["sky"], np.uint8)
    (with_teacher,) = taught_pictures(
        graph, [ClickedPicture(features, picture, clicks, teacher)], size
    )
    assert (with_teacher.told[told] == taught.told[told]).all(), "before the teacher"
    silent = ~told & (taught.target == NO_TARGET)
    assert (with_teacher.told[silent] == ids["sky"]).all()

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.learning.graph import TeachableGraph, replace_weights
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.lesson import (
    ClickedPicture,
    Encoder,
    Lesson,
    TaughtPicture,
    kept_pictures,
    taught_pictures,
)
from seg_perception.teaching.learning.losses import click_loss, distillation
from seg_perception.teaching.learning.targets import NO_TARGET, Point, grow, shrink
from seg_perception.teaching.learning.teacher import Guards, TeachingOptions, score_size, teach_head
from seg_perception.teaching.learning.torch_head import OPERATORS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.timeout(900)


class Class:
    """The small network, and lessons of the bands."""

    def __init__(self, folder, helpers) -> None:
        self.bundle = Bundle.load(folder)
        model = self.bundle.model_path.read_bytes()
        self.graph = TeachableGraph.of(model, self.bundle.manifest, OPERATORS)
        self.encoder = Encoder(self.graph, self.bundle.manifest)
        self.helpers = helpers
        first = self.encoder.features(helpers.picture(0))
        self.size = score_size(self.graph, first)

    def lesson(self, count: int = 6, kept=()) -> Lesson:
        ids = self.bundle.ontology.ids
        taught = []
        for seed in range(count):
            image = self.helpers.picture(seed)
            points = [Point(y, 7 * seed + 5, ids[self.helpers.band_of(y)]) for y in (8, 24, 40)]
            taught.append(ClickedPicture(self.encoder.features(image), image, points))
        pictures = taught_pictures(self.graph, taught, self.size)
        return Lesson(pictures, kept_pictures(self.encoder, kept, self.size))

    def accuracy(self, values, seeds=range(100, 104)) -> float:
        model = replace_weights(self.graph, values, self.graph.class_count)
        labeller = Labeller(model, self.bundle.manifest)
        truth = np.repeat([2, 1, 0], 16)[:, None]
        return float(np.mean([labeller.label(self.helpers.picture(s))[0] == truth for s in seeds]))


@pytest.fixture(scope="module")
def small(small_bundle):
    def make(helpers) -> Class:
        return Class(small_bundle, helpers)

    return make


def test_eighteen_clicks_teach_the_bands(small, helpers):
    room = small(helpers)
    assert room.accuracy(room.graph.parameters()) < 0.6
    assert room.accuracy(teach_head(room.graph, room.lesson(), TeachingOptions(steps=80))) > 0.85


def test_the_same_lesson_and_seed_give_the_same_weights(small, helpers):
    room = small(helpers)
    options = TeachingOptions(steps=12)
    one, other = (teach_head(room.graph, room.lesson(), options) for _ in range(2))
    assert all((one[name] == other[name]).all() for name in one)
    another = teach_head(room.graph, room.lesson(), TeachingOptions(steps=12, seed=2))
    assert any((one[name] != another[name]).any() for name in one)


def test_old_frames_hold_what_the_model_said_of_them(small, helpers):
    room = small(helpers)
    old = [(frame.image, None) for frame in room.bundle.golden]
    steps = TeachingOptions(steps=80)

    def kept(values) -> float:
        labeller = Labeller(replace_weights(room.graph, values, 3), room.bundle.manifest)
        same = [labeller.label(f.image)[0] == f.labels for f in room.bundle.golden]
        return float(np.mean(same))

    without = kept(teach_head(room.graph, room.lesson(), steps))
    assert kept(teach_head(room.graph, room.lesson(kept=old), steps)) > without


def test_no_mix_is_the_model_before(small, helpers):
    room = small(helpers)
    options = TeachingOptions(steps=5, guards=Guards(mix=0.0))
    values = teach_head(room.graph, room.lesson(), options)
    assert all((values[n] == v).all() for n, v in room.graph.parameters().items())


def test_without_a_click_there_is_nothing_to_learn(small, helpers):
    room = small(helpers)
    with pytest.raises(TeachingError, match="got none: answer some questions first"):
        teach_head(room.graph, Lesson(()), TeachingOptions())


def test_weights_that_are_no_numbers_are_said(small, helpers):
    room = small(helpers)
    lesson = room.lesson(1)
    broken = {name: np.full_like(v, np.nan) for name, v in lesson.taught[0].features.items()}
    with pytest.raises(TeachingError, match="loss is nan"):
        teach_head(
            room.graph, Lesson([TaughtPicture(broken, lesson.taught[0].target)]), TeachingOptions()
        )


def test_a_click_stands_for_its_piece_and_two_share_one_by_nearness():
    pieces = np.zeros((6, 28), np.int32)
    pieces[:, 14:] = 1
    target = grow([Point(2, 2, 4), Point(2, 5, 7), Point(0, 20, 9)], pieces)
    assert target[2].tolist()[:4] == [NO_TARGET, 4, 4, 4]
    assert target[2, 4:7].tolist() == [7, 7, 7], "nearer to the second; reach is 28 / 14 = 2"
    assert target[2, 7] == NO_TARGET
    assert set(target[:, 14:].ravel()) == {9, NO_TARGET}
    small = shrink(target, [Point(2, 5, 7)], (3, 14))
    assert small[1, 2] == 7


def test_dice_weighs_wrong_pixels():
    scores = torch.zeros(1, 2, 1, 2)
    scores[0, 0, 0] = torch.tensor([2.0, 2.0])
    target = torch.tensor([[[0, 1]]])
    even, heavy = (click_loss(scores, target, w) for w in (1.0, 5.0))
    p = 1 / (1 + np.exp(-2.0))
    entropy = (-np.log(p) - np.log(1 - p)) / 2

    def dice(w: float) -> float:
        first = 1 - (2 * p + 1) / (1 + p + w * p + 1)
        second = 1 - (2 * w * (1 - p) + 1) / (w * (2 - p) + (1 - p) + 1)
        return (first + second) / 2

    assert float(even) == pytest.approx(entropy + dice(1), rel=1e-5)
    assert float(heavy) == pytest.approx(entropy + dice(5), rel=1e-5)


def test_where_nothing_changed_distillation_costs_nothing():
    scores = torch.randn(1, 3, 4, 4, generator=torch.manual_seed(0))
    everywhere = torch.ones(1, 4, 4, dtype=torch.bool)
    assert float(distillation(scores, scores, everywhere)) == pytest.approx(0, abs=1e-6)
    moved = scores + torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert float(distillation(moved, scores, everywhere)) > 0.01
    assert float(distillation(moved, scores, ~everywhere)) == 0


def test_a_new_class_may_take_pixels_of_the_one_it_is_like():
    scores = torch.randn(1, 3, 4, 4, generator=torch.manual_seed(0))
    everywhere = torch.ones(1, 4, 4, dtype=torch.bool)
    # Half of the chance of class 1 goes to the new one.
    half = scores[:, 1:2] - np.log(2)
    split = torch.cat([scores[:, :1], half, scores[:, 2:], half], dim=1)
    assert float(distillation(split, scores, everywhere, (1,))) == pytest.approx(0, abs=1e-6)
    assert float(distillation(split, scores, everywhere, (0,))) > 0.01


def test_many_clicks_are_taught_longer_and_held_less():
    few, many = (TeachingOptions.for_clicks(count, 80, 3) for count in (199, 200))
    assert few == TeachingOptions(steps=80, seed=3)
    assert (many.steps, many.seed) == (160, 3)
    assert many.guards.self_distillation < few.guards.self_distillation
    assert many.guards.old_distillation == few.guards.old_distillation

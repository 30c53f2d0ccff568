"""Scores of phrases to one label a pixel: numbers worked out by hand."""

import numpy as np
import pytest

from seg_perception.open_vocabulary.decision import class_scores, decide
from seg_perception.open_vocabulary.teacher import PhraseScores


def one_pixel(words, scores):
    """The decision of one pixel from its classes' scores."""
    maps = ((n, np.full((1, 1), s, np.float32)) for n, s in enumerate(scores))
    decided = decide(words, maps, (1, 1))
    return int(decided.labels[0, 0]), int(decided.confidence[0, 0]), int(decided.rival[0, 0])


@pytest.mark.parametrize(
    ("scores", "label", "rival"),
    [
        # 0.8 * sqrt(0.8 - 0.2) = 0.62 >= 0.5 ** 1.25 = 0.42
        ((0.8, 0.2), 0, -1),
        ((0.2, 0.8), 1, -1),
        # 0.8 * sqrt(0.1) = 0.25 < 0.42, and alone 0.8 ** 1.5 = 0.72: the rival keeps it open
        ((0.8, 0.7), 255, 1),
        ((0.7, 0.8), 255, 0),
        # below the threshold nothing is there, whoever is near
        ((0.49, 0.48), 255, -1),
        ((0.0, 0.0), 255, -1),
        # 0.55 ** 1.5 = 0.41 < 0.42: not sure enough without any rival
        ((0.55, 0.0), 255, -1),
    ],
)
def test_a_label_needs_a_margin_and_a_rival_leaves_it_open(words, scores, label, rival):
    found = one_pixel(words("log", "tree", threshold=0.5), scores)
    assert found == (label, round(max(scores) * 255) if label < 255 else 0, rival)


def test_of_three_classes_the_second_is_the_rival(words):
    assert one_pixel(words("a", "b", "c", threshold=0.5), (0.75, 0.1, 0.7)) == (255, 0, 2)


def test_what_no_word_claims_is_background_but_open_pixels_are_not(words):
    own = words("log", "tree", threshold=0.5, background="rest")
    assert one_pixel(own, (0.1, 0.1))[0] == own.label_space.ids["rest"] == 2
    assert one_pixel(own, (0.8, 0.7))[0] == 255


def test_a_class_may_have_a_threshold_of_its_own(words):
    own = words({"name": "log", "threshold": 0.2}, "tree", threshold=0.9)
    assert one_pixel(own, (0.4, 0.0))[0] == 0
    assert one_pixel(own, (0.0, 0.4))[0] == 255


@pytest.mark.parametrize(("merge", "want"), [("maximum", 0.9), ("mean", 0.6)])
def test_synonyms_are_merged_and_do_not_rival(words, merge, want):
    own = words({"name": "log", "phrases": ["log", "trunk"], "merge": merge}, threshold=0.5)
    answer = PhraseScores(np.ones(2, np.float32), np.float32([[[0.9]], [[0.3]]]))
    scores = dict(class_scores(own, [0], ["log", "trunk"], answer))
    assert scores[0][0, 0] == pytest.approx(want)


def test_a_negative_that_scores_higher_takes_the_class_away(words):
    own = words({"name": "log", "phrases": ["log"], "negatives": ["pile"]})
    answer = PhraseScores(np.ones(2, np.float32), np.float32([[[0.6, 0.6]], [[0.5, 0.7]]]))
    scores = dict(class_scores(own, [0], ["log", "pile"], answer))
    assert scores[0].tolist() == [[pytest.approx(0.6), 0]]


def test_scores_are_enlarged_to_the_picture(words):
    decided = decide(words("log"), iter([(0, np.float32([[1, 0]]))]), (8, 4))
    assert decided.labels.shape == (4, 8)
    # Half-pixel centres: 1 up to a quarter, then falling to 0 at three quarters.
    assert (
        decided.labels[0].tolist() == [0, 0, 0, 0, 255, 255, 255, 255]
        or (decided.labels[0, :4] == 0).all()
    )
    assert (decided.labels[0, 6:] == 255).all()

"""Which words get a full look."""

import numpy as np

from seg_perception.open_vocabulary.pruning import Preview, Pruning, kept_classes

IMAGE = np.zeros((4, 6, 3), np.uint8)


def test_the_best_share_is_kept_up_to_the_cap():
    presence = np.float32([0.1, 0.4, 0.05, 0.3, 0.2])
    # The quantile 1 - 0.4 of five numbers lies between the third and the fourth: 0.24.
    assert kept_classes(presence, Pruning(share=0.4, cap=5)).tolist() == [1, 3]
    assert kept_classes(presence, Pruning(share=1, cap=2)).tolist() == [1, 3]


def test_a_word_that_is_surely_there_is_kept_beyond_the_share():
    presence = np.float32([0.9, 0.8, 0.7, 0.6, 0.1])
    assert kept_classes(presence, Pruning(share=0.2, cap=5)).tolist() == [0, 1, 2, 3]


def test_never_none_is_kept():
    assert kept_classes(np.zeros(3, np.float32), Pruning(share=0.3)).size > 0


def test_a_word_of_which_the_preview_says_no_number_is_looked_for(planted, words):
    teacher = planted({"tree": 0.9, "sky": np.nan})
    preview = Preview(teacher, words("road", "tree", "water", "sky"), Pruning(cap=2, share=0.25))
    assert preview.classes([IMAGE])[0].tolist() == [1, 3]


def test_a_vocabulary_within_the_cap_is_asked_whole_without_a_preview(planted, words):
    teacher = planted({"log": 0.9})
    preview = Preview(teacher, words("log", "tree"), Pruning(cap=2))
    assert preview.classes([IMAGE])[0].tolist() == [0, 1]
    assert teacher.previewed == 0


def test_a_class_is_there_if_one_of_its_phrases_is_and_brings_all_of_them(planted, words):
    wood = {"name": "wood", "phrases": ["log", "trunk"], "negatives": ["pile"]}
    teacher = planted({"trunk": 0.9, "sky": 0.8})
    preview = Preview(teacher, words("road", wood, "water", "sky"), Pruning(cap=2, share=0.25))
    (kept,) = preview.classes([IMAGE])
    assert kept.tolist() == [1, 3]
    assert preview.phrases(kept) == ("log", "trunk", "pile", "sky")

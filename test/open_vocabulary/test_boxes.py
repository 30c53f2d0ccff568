"""Boxes of phrases and masks in them: numbers worked out by hand."""

import numpy as np

from seg_perception.open_vocabulary.boxes import BoxTeacher, overlaps, without_doubles
from seg_perception.open_vocabulary.prompts import FoundBoxes, PromptedMasks

IMAGE = np.zeros((4, 8, 3), np.uint8)


def found(*entries):
    """Boxes from (box, score, phrase)."""
    boxes, scores, phrases = zip(*entries, strict=True)
    return FoundBoxes(np.float32(boxes), np.float32(scores), np.int64(phrases))


class Detector:
    description = "finds"

    def __init__(self, *entries):
        self.shares = []
        self._found = (
            found(*entries)
            if entries
            else FoundBoxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, int))
        )

    def expect(self, phrases):
        """Anything."""

    def boxes(self, images, phrases, share):
        assert len(phrases) == 2
        self.shares.append(share)
        return [self._found] * len(images)


class WholeBoxes:
    """The mask of a box is the box."""

    description = "masks"

    def masks(self, image, prompts):
        masks = np.zeros((len(prompts), *image.shape[:2]), np.float32)
        for mask, prompt in zip(masks, prompts, strict=True):
            left, top, right, bottom = map(int, prompt.box)
            mask[top:bottom, left:right] = 1
        return PromptedMasks(masks, np.ones(len(prompts), np.float32))


def test_overlaps_are_ious():
    box = np.float32([0, 0, 4, 2])
    others = np.float32([[0, 0, 4, 2], [2, 0, 6, 2], [5, 5, 6, 6]])
    np.testing.assert_allclose(overlaps(box, others), [1, 4 / 12, 0])


def test_of_boxes_on_each_other_the_best_is_kept_for_each_phrase():
    some = found(
        ((0, 0, 4, 2), 0.5, 0),
        ((0, 0, 4, 2.2), 0.7, 0),
        ((4, 0, 8, 2), 0.3, 0),
        ((0, 0, 4, 2), 0.4, 1),
    )
    kept = without_doubles(some)
    assert np.float32([0.7, 0.3, 0.4]).tolist() == kept.scores.tolist()
    assert kept.phrases.tolist() == [0, 0, 1]


def test_a_score_is_the_mask_times_the_best_box_over_it():
    entries = [((0, 0, 4, 4), 0.5, 0), ((2, 0, 6, 4), 0.8, 0), ((6, 0, 8, 4), 0.6, 1)]
    teacher = BoxTeacher(Detector(*entries), WholeBoxes())
    (answer,) = teacher.score([IMAGE], [["log", "sky"]])
    np.testing.assert_allclose(answer.scores[0, 0], np.float32([0.5] * 2 + [0.8] * 4 + [0] * 2))
    np.testing.assert_allclose(answer.scores[1, 0], np.float32([0] * 6 + [0.6] * 2))
    np.testing.assert_allclose(answer.presence, [0.8, 0.6], rtol=1e-6)


def test_the_preview_asks_the_detector_alone_at_half_the_size():
    detector = Detector(((0, 0, 4, 4), 0.5, 1))
    seen = BoxTeacher(detector, WholeBoxes()).presence([IMAGE, IMAGE], ["log", "sky"])
    assert seen.tolist() == [[0, 0.5], [0, 0.5]]
    assert detector.shares == [0.5]


def test_a_picture_without_a_box_has_no_score():
    (answer,) = BoxTeacher(Detector(), WholeBoxes()).score([IMAGE], [["log", "sky"]])
    assert answer.presence.tolist() == [0, 0]
    assert not answer.scores.any()

"""Truth as a prompt: numbers worked out by hand, with a network that fills its boxes."""

import cv2
import numpy as np
import pytest
import yaml

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.layouts import open_folder
from seg_perception.open_vocabulary.oracle import OracleLabeller, ask_known
from seg_perception.open_vocabulary.pointing.clicks import from_clicks
from seg_perception.open_vocabulary.pointing.known import Known
from seg_perception.open_vocabulary.pointing.truth import (
    MaskPointer,
    TruthFrames,
    coarsened,
    from_masks,
    words_of,
)
from seg_perception.open_vocabulary.prompts import Prompt, PromptedMasks
from seg_perception.open_vocabulary.run import WordRun

IMAGE = np.zeros((40, 60, 3), np.uint8)


class Everywhere:
    """Claims the whole picture for every prompt, with a quality for each."""

    description = "everywhere"

    def __init__(self, *quality):
        self._quality = quality

    def masks(self, image, prompts):
        assert image.ndim == 3
        count = len(prompts)
        quality = np.float32((self._quality or (1.0,) * count)[:count])
        return PromptedMasks(np.ones((count, 20, 30), np.float32), quality)


def truth():
    """Two logs and, right of them, a tree."""
    mask = np.full((40, 60), 2, np.uint8)
    mask[4:14, 6:26] = 0
    mask[24:34, 6:26] = 0
    mask[10:30, 40:50] = 1
    return mask


def test_every_connected_part_gets_a_box():
    known = from_masks(truth(), [0, 1], "boxes")
    assert [(k.place, k.prompt.box) for k in known] == [
        (0, (6, 4, 26, 14)),
        (0, (6, 24, 26, 34)),
        (1, (40, 10, 50, 30)),
    ]


def test_boxes_may_be_wider_and_stay_in_the_picture():
    (box,) = {k.prompt.box for k in from_masks(truth(), [1], "boxes", within=2.0)}
    assert box == (20, 0, 60, 40)


def test_what_is_smaller_than_a_box_is_worth_is_left_out():
    mask = np.full((40, 60), 2, np.uint8)
    mask[:7, :9] = 0
    assert from_masks(mask, [0], "boxes") == []
    mask[:8, :8] = 0
    assert len(from_masks(mask, [0], "boxes")) == 1


def test_a_coarse_mask_is_cells_of_sixteen_pixels():
    mask = np.zeros((32, 48), bool)
    # All of the first cell, three quarters of the second, a quarter of the third.
    mask[:16, :28] = True
    mask[:8, 32:40] = True
    coarse = coarsened(mask)
    assert coarse[:16, :32].all()
    assert not coarse[:16, 32:].any()
    assert not coarse[16:].any()


def test_clicks_on_other_classes_say_where_a_class_is_not():
    known = from_clicks([(0, 1.0, 2.0), (3, 5.0, 6.0), (0, 3.0, 4.0)])
    assert [(k.place, k.prompt.clicks) for k in known] == [
        (0, ((1, 2, True), (5, 6, False), (3, 4, True))),
        (3, ((1, 2, False), (5, 6, True), (3, 4, False))),
    ]


def test_a_mask_counts_within_its_box_as_much_as_its_quality():
    known = [Known(1, Prompt(box=(0, 0, 30, 20))), Known(1, Prompt(box=(30, 20, 60, 40)))]
    places, answer, best = ask_known(IMAGE, known, Everywhere(0.9, 0.6))
    assert places.tolist() == [1]
    want = np.zeros((20, 30), np.float32)
    want[:10, :15], want[10:, 15:] = 0.9, 0.6
    np.testing.assert_allclose(answer.scores[0], want)
    np.testing.assert_allclose(best, [0.9, 0.6])


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "truth"
    for part, pixels in {"images": IMAGE, "masks_src": truth()}.items():
        (root / part).mkdir(parents=True)
        cv2.imwrite(str(root / part / "a.png"), pixels)
    classes = [{"id": n, "name": c, "color": f"#0000{n}f"} for n, c in enumerate(("log", "tree"))]
    classes.append({"id": 2, "name": "rest", "color": "#303030"})
    space = Ontology.parse({"name": "own", "ignore": ["rest"], "classes": classes}, "test")
    (root / "ontology.yaml").write_text(yaml.safe_dump(space.model_dump(mode="json")))
    return open_folder(root)


def test_a_labelled_folder_becomes_finer_labels(folder, tmp_path):
    words = words_of(folder)
    assert words.label_space.ids == {"log": 0, "tree": 1}
    labeller = OracleLabeller(MaskPointer(folder, words, "boxes"), Everywhere(), words)
    output = tmp_path / "out"
    summary = WordRun(labeller, words, {}, 1, lambda: 1).label(TruthFrames(folder, 1), output)
    assert summary.frames == 1
    mask = cv2.imread(str(output / "masks_src" / "a.png"), cv2.IMREAD_UNCHANGED)
    want = np.where(truth() == 2, 255, truth())
    # Boxes on even pixels are whole cells of a map of half the size, but for its interpolation.
    assert (mask != want).mean() < 0.1
    assert (mask[6:12, 8:24] == 0).all()
    assert (mask[12:28, 42:48] == 1).all()
    assert "pointed at by boxes of the truth" in summary.teacher


def test_a_picture_of_which_nothing_is_known_has_no_label(folder, tmp_path):
    words = words_of(folder)
    empty = np.full((40, 60), 2, np.uint8)
    cv2.imwrite(str(folder.pairs[0].labels), empty)
    labeller = OracleLabeller(MaskPointer(folder, words, "coarse"), Everywhere(), words)
    (taught,) = labeller.label(list(TruthFrames(folder, 1).frames()))
    assert (taught.labels == 255).all()
    assert taught.regions == []


def test_a_folder_that_names_no_classes_is_refused(folder):
    (folder.root / "ontology.yaml").unlink()
    with pytest.raises(OpenVocabularyError, match="names no classes"):
        words_of(open_folder(folder.root))


def test_what_can_not_be_pointed_at_and_what_is_not_drawn_are_said(folder):
    words = words_of(folder)
    mask = truth()
    mask[0, 50:60] = 0
    cv2.imwrite(str(folder.pairs[0].labels), mask)
    # Both logs are drawn, the tree is not.
    maker = Everywhere(0.9, 0.6, 0.4)
    labeller = OracleLabeller(MaskPointer(folder, words, "boxes"), maker, words)
    (taught,) = labeller.label(list(TruthFrames(folder, 1).frames()))
    assert [(i.code, i.about) for i in taught.issues] == [
        ("too_small_to_point_at", "log"),
        ("not_drawn", "tree"),
    ]


def test_a_box_narrower_than_a_pixel_of_the_mask_keeps_that_pixel():
    # Pixels of the mask are 2 wide, their middles on odd columns; the box lies between two.
    known = [Known(0, Prompt(box=(10.2, 0, 10.8, 40)))]
    _, answer, _ = ask_known(IMAGE, known, Everywhere())
    assert np.flatnonzero(answer.scores[0].any(axis=0)).tolist() == [5]

"""Neighbours are held out together, and no class is."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.pairs import ImagePair
from seg_perception.training.project.found_ids import FoundIds
from seg_perception.training.project.held_out import choose_held_out


def pair(
    folder: Path, number: int, sequence: str = "", grey: int = 0, split: str = ""
) -> ImagePair:
    path = folder / f"{number}.png"
    picture = np.full((18, 32, 3), grey, np.uint8)
    picture[:, : 2 + grey // 16] = (grey, 255 - grey, 128)
    cv2.imwrite(str(path), picture)
    return ImagePair(path, path, sequence, str(number), split=split)


def ids(rows: list[list[int]]) -> FoundIds:
    pixels = np.array(rows, np.int64)
    return FoundIds(tuple(range(pixels.shape[1])), pixels, (32, 18))


def test_whole_sequences_are_held_out_but_never_the_last_of_a_class(tmp_path: Path) -> None:
    # Sequences a to e of two images; class 1 is in c alone.
    pairs = [pair(tmp_path, n, "abcde"[n // 2]) for n in range(10)]
    found = ids([[5, int(n // 2 == 2)] for n in range(10)])
    held = choose_held_out(pairs, found)
    assert len(held.validation) == 2
    assert len({pairs[n].sequence for n in held.validation}) == 1
    assert pairs[held.validation[0]].sequence != "c"
    assert sorted(held.train + held.validation) == list(range(10))


def test_images_that_look_alike_are_held_out_together(tmp_path: Path) -> None:
    # Four places of three images each.
    pairs = [pair(tmp_path, n, grey=60 * (n // 3) + n % 3) for n in range(12)]
    held = choose_held_out(pairs, ids([[1]] * 12))
    places = [{n // 3 for n in part} for part in (held.train, held.validation)]
    assert places[1]
    assert not places[0] & places[1]


def test_the_data_sets_own_split_is_kept(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, n, split="val" if n > 3 else "train") for n in range(6)]
    held = choose_held_out(pairs, ids([[1]] * 6))
    assert (held.train, held.validation) == ((0, 1, 2, 3), (4, 5))


def test_images_that_are_kept_for_a_test_are_neither_learnt_nor_held_out(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, n, split="test" if n % 2 else "train", grey=20 * n) for n in range(12)]
    held = choose_held_out(pairs, ids([[1]] * 12))
    assert held.validation
    assert sorted(held.train + held.validation + held.dropped) == [0, 2, 4, 6, 8, 10]


def test_images_that_all_look_the_same_still_leave_some_to_learn_from(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, n, grey=100 + n % 2) for n in range(6)]
    held = choose_held_out(pairs, ids([[1]] * 6))
    assert held.train
    assert held.validation


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected 4 images or more"):
        choose_held_out([pair(tmp_path, n) for n in range(3)], ids([[1]] * 3))

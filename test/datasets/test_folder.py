from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.mapping import UNMAPPED
from seg_perception.datasets.pairs import PairDataset

RED = (255, 0, 0)


def lookup(known: dict[int, int]) -> NDArray[np.uint8]:
    table = np.full(256, UNMAPPED, np.uint8)
    for source, target in known.items():
        table[source] = target
    return table


def data(root: Path, table: NDArray[np.uint8], names: list[str] | None = None) -> PairDataset:
    return open_folder(root).dataset(table, names)


def write_pair(
    root: Path, name: str, mask: NDArray[np.uint8], size: tuple[int, int] = (6, 4)
) -> None:
    for part in ("images", "masks_src"):
        (root / part).mkdir(exist_ok=True)
    image = np.full((size[1], size[0], 3), RED[::-1], np.uint8)
    cv2.imwrite(str(root / "images" / f"{name}.png"), image)
    cv2.imwrite(str(root / "masks_src" / f"{name}.png"), mask)


def test_reads_rgb_and_mapped_targets(tmp_path: Path) -> None:
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 2] = 9
    write_pair(tmp_path, "a", mask)
    sample = data(tmp_path, lookup({0: 255, 9: 3}))[0]
    assert tuple(sample.image[0, 0]) == RED
    assert sample.targets[1, 2] == 3
    assert np.count_nonzero(sample.targets == 255) == 23


def test_takes_the_names_of_a_split_in_their_order(tmp_path: Path) -> None:
    for name in "abc":
        write_pair(tmp_path, name, np.zeros((4, 6), np.uint8))
    assert data(tmp_path, lookup({0: 0}), ["c", "a"]).names == ("c", "a")
    assert data(tmp_path, lookup({0: 0})).names == ("a", "b", "c")


def test_other_size_is_refused_with_the_file(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", np.zeros((4, 5), np.uint8))
    with pytest.raises(
        DatasetError, match=r"masks_src/a.png: expected the image's size 6x4, got 5x4"
    ):
        data(tmp_path, lookup({0: 0}))[0]


def test_unknown_ids_are_listed(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", np.array([[0, 7, 8] * 2] * 4, np.uint8))
    with pytest.raises(
        DatasetError, match=r"a.png: holds ids \[7, 8\] that the mapping does not know"
    ):
        data(tmp_path, lookup({0: 0}))[0]


def test_colour_mask_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", np.full((4, 6, 3), RED, np.uint8))
    with pytest.raises(
        DatasetError, match=r"holds colours.*labelmap.txt.*save class ids, not colours"
    ):
        data(tmp_path, lookup({0: 0}))[0]


def test_corrupt_image_is_named(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", np.zeros((4, 6), np.uint8))
    (tmp_path / "images" / "a.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"images/a.png: can't be decoded"):
        data(tmp_path, lookup({0: 0}))[0]


def test_empty_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no images with masks"):
        data(tmp_path, lookup({}))
    for part in ("images", "masks_src"):
        (tmp_path / part).mkdir()
    with pytest.raises(
        DatasetError,
        match=r"no mask in masks_src/ has the name of an image in images/ .such as nothing and",
    ):
        data(tmp_path, lookup({}))


def test_a_name_without_mask_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", np.zeros((4, 6), np.uint8))
    (tmp_path / "masks_src" / "a.png").unlink()
    write_pair(tmp_path, "b", np.zeros((4, 6), np.uint8))
    with pytest.raises(DatasetError, match=r"the data set has no a: take it out of the split"):
        data(tmp_path, lookup({0: 0}), ["a", "b"])


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_an_image_of_16_bits_is_as_bright_as_one_of_8(tmp_path, bits):
    colors = np.array([[[255, 0, 0], [0, 128, 255]]], np.float64)
    dtype = np.uint8 if bits == 8 else np.uint16
    deep = np.rint(colors * ((1 << bits) - 1) / 255).astype(dtype)
    cv2.imwrite(str(tmp_path / "a.png"), np.ascontiguousarray(deep[..., ::-1]))
    assert np.abs(read_image(tmp_path / "a.png") - colors).max() <= 1


def test_an_image_of_numbers_with_a_point_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tiff"), np.full((2, 2, 3), 0.5, np.float32))
    with pytest.raises(DatasetError, match="expected 8 or 16 bits a channel, got float32"):
        read_image(tmp_path / "a.tiff")

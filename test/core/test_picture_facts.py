import numpy as np
import pytest

from seg_perception.core.picture_facts import PictureFacts


def test_grey_is_what_the_eye_sees() -> None:
    image = np.full((8, 16, 3), (40, 100, 200), np.uint8)
    facts = PictureFacts.of(image)
    assert facts.brightness == pytest.approx(round(0.299 * 40 + 0.587 * 100 + 0.114 * 200))
    assert (facts.contrast, facts.sharpness, facts.white) == (0, 0, 0)


def test_a_chequered_board_is_as_sharp_as_can_be() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2
    facts = PictureFacts.of(np.repeat(board[..., None] * 200, 3, axis=-1).astype(np.uint8))
    # Each step is 200, the deviation 100.
    assert facts.sharpness == pytest.approx(2.0)
    assert facts.contrast == pytest.approx(100)


def test_a_smear_along_either_axis_costs_sharpness() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    usual = PictureFacts.of(image).sharpness
    for axis in (0, 1):
        kernel = [np.roll(image.astype(float), n, axis=axis) for n in range(9)]
        smeared = np.mean(kernel, axis=0).astype(np.uint8)
        assert PictureFacts.of(smeared).sharpness < 0.85 * usual


def test_yellow_is_not_white() -> None:
    image = np.full((10, 10, 3), 255, np.uint8)
    image[:, :4, 2] = 0
    assert PictureFacts.of(image).white == pytest.approx(0.6)


def test_the_checksum_tells_pictures_apart_and_looks_at_a_part_of_them_only() -> None:
    image = np.random.default_rng(1).integers(0, 256, (960, 1200, 3), dtype=np.uint8)
    first = PictureFacts.of(image).checksum
    assert PictureFacts.of(image.copy()).checksum == first
    noisy = image.copy()
    noisy[::7, ::11] ^= 1
    assert PictureFacts.of(noisy).checksum != first
    # Rows 10, 30, ... and columns 12, 37, ... are looked at.
    hidden = image.copy()
    hidden[0, 0] ^= 255
    assert PictureFacts.of(hidden).checksum == first

import math

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


def edges(sigma_px: float, scale: int = 1) -> np.ndarray:
    """Edges 96 px apart, along rows and columns, blurred by so much; so many times as large."""
    place = np.arange(480 * scale) / scale
    line = sum(
        sign * np.vectorize(math.erf)((place - at) / max(sigma_px, 1e-3) / math.sqrt(2))
        for at, sign in ((47.5, 1), (143.5, -1), (239.5, 1), (335.5, -1), (431.5, 1))
    )
    board = 127 + 60 * (line[:, None] + line[None, :])
    return np.repeat(board[..., None], 3, axis=-1).round().astype(np.uint8)


@pytest.mark.parametrize("sigma_px", [0.0, 1.0, 3.0])
def test_detail_of_an_edge_is_worked_out_by_hand(sigma_px) -> None:
    # What a smoothing from a to b px takes from an edge is in proportion to b - a.
    fine, coarse = (math.hypot(sigma_px, px) for px in (1.5, 6.0))
    expected = (fine - sigma_px) / (coarse - fine)
    assert PictureFacts.of(edges(sigma_px)).detail == pytest.approx(expected, rel=0.06)


def test_detail_does_not_hang_on_contrast_or_on_the_number_of_pixels() -> None:
    sharp, dim = edges(2.0), edges(2.0) // 2
    assert PictureFacts.of(dim).detail == pytest.approx(PictureFacts.of(sharp).detail, rel=0.05)
    # 1920 px are looked at as 512.
    large = PictureFacts.of(edges(2.0, 4)).detail
    scaled = 2.0 * 512 / 480
    fine, coarse = (math.hypot(scaled, px) for px in (1.5, 6.0))
    assert large == pytest.approx((fine - scaled) / (coarse - fine), rel=0.06)


def test_blur_along_one_axis_is_seen_and_flat_pictures_tell_nothing() -> None:
    sharp = np.random.default_rng(0).integers(0, 256, (300, 480, 3), np.uint8)
    smeared = np.mean([np.roll(sharp.astype(float), n, axis=1) for n in range(19)], axis=0)
    assert PictureFacts.of(sharp).detail > 1
    assert PictureFacts.of(smeared.astype(np.uint8)).detail < 0.8 * PictureFacts.of(sharp).detail
    gradient = np.broadcast_to(np.linspace(0, 255, 480), (300, 480))
    gradient = np.repeat(gradient[..., None], 3, axis=-1).astype(np.uint8)
    assert PictureFacts.of(gradient).detail == 1
    assert PictureFacts.of(np.full((3, 1, 3), 9, np.uint8)).detail == 1

"""Where it is asked "what is here?": in taught frames to learn, in kept-aside frames to prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.teaching.clicks import Part

CHOSEN, RANDOM = "chosen", "random"
# Points at the very edge of a picture are hard to see and to answer.
_EDGE = 0.02


@dataclass(frozen=True)
class Cell:
    """A pixel of the network's picture of a frame."""

    frame: str
    row: int
    column: int


@dataclass(frozen=True)
class Question:
    """A point that is asked.

    Attributes:
        frame: name.
        x, y: pixel of the frame's picture.
        part: `teach` or `gate`.
        draw: what chose it, as in a click.
    """

    frame: str
    x: int
    y: int
    part: Part
    draw: str


def differs(model_sha256: str) -> str:
    """The draw of points where a taught model differs from the one before.

    Named by the model's hash, so that an answer never counts for another model's points.
    """
    return f"differs {model_sha256[:12]}"


def doubtful_cell(
    confidence: NDArray[np.uint8], pieces: NDArray[np.int32], seed: Sequence[int]
) -> tuple[int, int]:
    """A pixel to ask in a taught frame: the middle of a piece, doubtful ones more often.

    Half of the chance is even over the picture: what a model is sure of may be wrong as well.

    Args:
        confidence: uint8 (h, w).
        pieces: int32 (h, w), superpixels.
        seed: of the draw.

    Returns:
        Row and column.
    """
    rng = np.random.default_rng(list(seed))
    areas = np.bincount(pieces.reshape(-1))
    doubts = np.bincount(pieces.reshape(-1), 255.0 - confidence.reshape(-1))
    chance = areas / areas.sum() + doubts / max(doubts.sum(), 1.0)
    piece = int(rng.choice(len(areas), p=chance / chance.sum()))
    rows, columns = np.nonzero(pieces == piece)
    middle = np.argmin((rows - np.median(rows)) ** 2 + (columns - np.median(columns)) ** 2)
    return int(rows[middle]), int(columns[middle])


def random_cells(frames: Sequence[str], size: tuple[int, int], count: int, seed: int) -> list[Cell]:
    """Pixels anywhere in kept-aside frames; size is height, width."""
    rng = np.random.default_rng([seed, 7])
    rows, columns = (_inside(length) for length in size)
    return [
        Cell(
            frames[int(rng.integers(len(frames)))],
            int(rng.integers(*rows)),
            int(rng.integers(*columns)),
        )
        for _ in range(count if frames else 0)
    ]


def differing_cells(
    masks: Sequence[tuple[str, NDArray[np.bool_]]], count: int, seed: int
) -> list[Cell]:
    """Pixels drawn evenly from all at which two models differ, without their outermost edge.

    Args:
        masks: name and bool (h, w) of each kept-aside frame.
        count: how many at most.
        seed: of the draw.
    """
    found = [np.flatnonzero(_without_edge(mask)) for _, mask in masks]
    ends = np.cumsum([len(places) for places in found])
    total = int(ends[-1]) if len(ends) else 0
    rng = np.random.default_rng([seed, 11])
    drawn: list[int] = rng.choice(total, min(count, total), replace=False).tolist() if total else []
    cells = []
    for number in drawn:
        frame = int(np.searchsorted(ends, number, side="right"))
        place = found[frame][number - int(ends[frame] - len(found[frame]))]
        row, column = divmod(int(place), masks[frame][1].shape[1])
        cells.append(Cell(masks[frame][0], row, column))
    return cells


def _inside(length: int) -> tuple[int, int]:
    margin = int(length * _EDGE)
    return margin, length - margin


def _without_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner = np.zeros_like(mask)
    (top, bottom), (left, right) = (_inside(length) for length in mask.shape)
    inner[top:bottom, left:right] = mask[top:bottom, left:right]
    return inner

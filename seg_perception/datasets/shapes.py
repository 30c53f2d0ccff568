"""Outlines and run lengths of annotation files as class ids of pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import label_dtype, unknown_id

_MOST_PIXELS = 1 << 27


@dataclass(frozen=True, eq=False)
class Shape:
    """One annotated object.

    Attributes:
        id: of its class.
        outlines: float (N, 2) each, x right and y down in pixels from the image's upper left
            corner; a pixel belongs to the object if one of them holds its centre.
        mask: bool (h, w), in place of outlines; None where there is none.
        left, top: where the mask's first pixel is.
        order: what is larger lies above.
    """

    id: int
    outlines: tuple[NDArray[np.float64], ...] = ()
    mask: NDArray[np.bool_] | None = None
    left: int = 0
    top: int = 0
    order: int = 0


def draw_shapes(shapes: Iterable[Shape], size: tuple[int, int], id_count: int) -> NDArray[Any]:
    """The ids of an image's pixels.

    Where objects of one order overlap, the smaller one is seen: files seldom say which is in
    front, and what hides another is mostly the smaller.

    Args:
        shapes: of the image.
        size: (H, W) of the image.
        id_count: one more than the largest id of the data set.

    Returns:
        uint8 or uint16 (H, W); the unknown id where there is no object.
    """
    ids = np.full(size, unknown_id(id_count), label_dtype(id_count))
    drawn = [(shape, _covered(shape, size)) for shape in shapes]
    for shape, covered in sorted(drawn, key=lambda one: (one[0].order, -int(one[1].sum()))):
        ids[covered] = shape.id
    return ids


def decode_runs(counts: Sequence[int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """COCO's run lengths: column by column, beginning with zeros; bool (H, W).

    Raises:
        ValueError: they do not fill the image.
    """
    height, width = size
    lengths = np.asarray(counts, np.int64)
    if not 0 <= height * width <= _MOST_PIXELS or (lengths < 0).any():
        msg = f"run lengths of {width}x{height} pixels"
        raise ValueError(msg)
    if int(lengths.sum()) != height * width:
        msg = f"run lengths of {int(lengths.sum())} pixels in {width}x{height}"
        raise ValueError(msg)
    values = np.arange(lengths.size) % 2 == 1
    filled: NDArray[np.bool_] = np.repeat(values, lengths).reshape(width, height).T
    return filled


def unpack_runs(text: str) -> list[int]:
    """The run lengths in COCO's compressed text (cocoapi, rleFrString).

    Five bits a character; from the fourth number on, differences to the last but one.

    Raises:
        ValueError: it ends within a number.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text.encode("ascii"):
        bits = character - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        msg = "run lengths that end within a number"
        raise ValueError(msg)
    return counts


def _covered(shape: Shape, size: tuple[int, int]) -> NDArray[np.bool_]:
    if shape.mask is not None:
        return _placed(shape, size)
    covered = np.zeros(size, bool)
    for outline in shape.outlines:
        covered |= _inside(outline, size)
    return covered


def _inside(outline: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose centre has an odd number of edges to its left; bool (H, W)."""
    height, width = size
    start, end = outline, np.roll(outline, -1, axis=0)
    low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    # Rows whose centres an edge spans: low <= row + 0.5 < high.
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(outline)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    step = (end - start)[edge]
    x = start[edge, 0] + step[:, 0] * (row + 0.5 - start[edge, 1]) / step[:, 1]
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
    crossings = np.zeros((height, width + 1), np.int32)
    np.add.at(crossings, (row, column), 1)
    inside: NDArray[np.bool_] = np.cumsum(crossings[:, :width], axis=1) % 2 == 1
    return inside


def _placed(shape: Shape, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask in its image; what lies outside is cut off."""
    covered = np.zeros(size, bool)
    mask = np.asarray(shape.mask)[max(0, -shape.top) :, max(0, -shape.left) :]
    top, left = max(0, shape.top), max(0, shape.left)
    part = covered[top : top + mask.shape[0], left : left + mask.shape[1]]
    part |= mask[: part.shape[0], : part.shape[1]]
    return covered

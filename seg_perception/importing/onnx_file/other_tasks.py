"""Networks that do something else than naming a class for every pixel, each by its shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from seg_perception.core.errors import ImportModelError

INTEGERS = ("uint8", "uint16", "int32", "int64")
FLOATS = ("float32", "float16")
_YOLO_TASKS = ("detect", "segment", "pose", "obb", "classify")


def expect_no_other_task(
    file: Path,
    answers: Mapping[str, NDArray[Any]],
    size: tuple[int, int],
    metadata: Mapping[str, str],
) -> None:
    """Refuse what is known to be something else, by its name.

    Args:
        file: for sentences.
        answers: every output of the graph for one image.
        size: width, height of the network.
        metadata: of the file.

    Raises:
        ImportModelError: boxes, mask queries, one answer for an image, no axis of classes.
    """
    shapes = {name: a.shape for name, a in answers.items() if a.dtype.name in FLOATS}
    shown = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
    dense = any(a.dtype.name in INTEGERS and a.ndim > 2 for a in answers.values())
    msg = ""
    if pair := _mask_queries(shapes):
        msg = (
            f"{file} gives raw mask queries ({pair[0]} and {pair[1]}), as Mask2Former, MaskFormer "
            "and EoMT do: import the checkpoint's folder instead, which puts their sum into the "
            "graph"
        )
    elif flat := _without_classes(shapes, size):
        msg = (
            f"{file}: {flat} {list(shapes[flat])} has one value a pixel and no axis of classes: "
            "export it with that axis, [1, classes, h, w], or as int64 of ArgMax"
        )
    elif metadata.get("task") in _YOLO_TASKS or _is_detector(shapes):
        msg = (
            f"{file} is a detector such as YOLO ({shown}): it gives boxes or instances, not a "
            "class for every pixel; take a semantic segmentation network"
        )
    elif shapes and not dense and all(len(shape) == 2 for shape in shapes.values()):
        msg = (
            f"{file} gives one answer for a whole image ({shown}): take a semantic segmentation "
            "network, which gives one for every pixel"
        )
    if msg:
        raise ImportModelError(msg)


def _without_classes(shapes: Mapping[str, tuple[int, ...]], size: tuple[int, int]) -> str:
    """An output [1, h, w] where no other has four axes."""
    if any(len(shape) == 4 for shape in shapes.values()):
        return ""
    one = {name: shape[1:] for name, shape in shapes.items() if len(shape) == 3 and shape[0] == 1}
    return next((name for name, sides in one.items() if has_proportions(sides, size)), "")


def _mask_queries(shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, str] | None:
    classes = {name: s[1] for name, s in shapes.items() if len(s) == 3}
    masks = {name: s[1] for name, s in shapes.items() if len(s) == 4}
    pairs = ((c, m) for c, n in classes.items() for m, k in masks.items() if n == k)
    return next(pairs, None)


def _is_detector(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Boxes in a list, or one grid of anchors at each of three strides."""
    lists = any(len(s) == 3 and s[0] == 1 and min(s[1:]) >= 4 for s in shapes.values())
    grids = [s for s in shapes.values() if len(s) in (4, 5)]
    three = len(grids) == len(shapes) == 3 and len({s[2] for s in grids}) == 3
    anchors = three and len({s[1] for s in grids}) == 1 and grids[0][1] % 3 == 0
    halved = anchors and _halved(sorted(s[-2 if len(s) == 4 else 2] for s in grids))
    return lists or halved


def _halved(sides: Sequence[int]) -> bool:
    return all(larger == 2 * smaller for smaller, larger in pairwise(sides))


def has_proportions(maps: Sequence[int], size: tuple[int, int]) -> bool:
    """Whether maps (h, w) have the proportions of an image, rounding of a pixel aside."""
    (height, width), (whole_width, whole_height) = maps, size
    if min(maps) < 2:
        return False
    across, down = width / whole_width, height / whole_height
    return abs(height - across * whole_height) <= 1 or abs(width - down * whole_width) <= 1

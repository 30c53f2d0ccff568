"""Which output of a network tells a class for every pixel, and in which form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.onnx_file.answers import Activation, Answers, Layout

Kind = Literal["maps", "labels", "labels_confidence"]
_INTEGERS = ("uint8", "uint16", "int32", "int64")
_FLOATS = ("float32", "float16")
_YOLO_TASKS = ("detect", "segment", "pose", "obb", "classify")
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Output:
    """An output that tells a class for every pixel.

    Attributes:
        name: of the tensor.
        kind: one map a class, class ids, or the project's own form.
        shape: as it came out.
        layout: of maps; None where the shape does not tell.
        activation: of maps; None where it can't be known.
        classes: how many; None where it can't be known.
        why: how the activation was found.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    layout: Layout | None = None
    activation: Activation | None = None
    classes: int | None = None
    why: str = ""


def find_outputs(
    file: Path,
    answers: Mapping[str, NDArray[Any]],
    size: tuple[int, int],
    metadata: Mapping[str, str],
    said: Answers,
    count: int | None,
) -> list[Output]:
    """Outputs that would do.

    Args:
        file: for sentences.
        answers: every output of the graph for one image.
        size: width, height of the network.
        metadata: of the file.
        said: which of them is meant, and its layout.
        count: how many classes have names; None where nobody knows.

    Raises:
        ImportModelError: none does; the text says what they look like instead.
    """
    chosen = {said.output: answers[said.output]} if said.output in answers else dict(answers)
    if said.output and said.output not in answers:
        msg = f"{file} has no output {said.output!r}, it has {', '.join(answers)}: name one of them"
        raise ImportModelError(msg)
    if not said.output:
        _expect_no_other_task(file, answers, size, metadata)
    if own := _own_form(chosen, size):
        return [own]
    found = [
        output
        for name, array in chosen.items()
        if (output := _output(name, array, size, said.output_layout, count))
    ]
    if not found:
        shapes = ", ".join(f"{name} {a.dtype} {list(a.shape)}" for name, a in answers.items())
        width, height = size
        msg = (
            f"{file}: expected scores [1, classes, h, w] or class ids [1, h, w] of an image "
            f"{width}x{height}, got {shapes}: export the semantic segmentation itself"
        )
        raise ImportModelError(msg)
    return found


def with_values(file: Path, output: Output, values: NDArray[Any]) -> Output:
    """What the values themselves tell: probabilities add up to 1, one map is no list of ids.

    Raises:
        ImportModelError: they are not finite, or class ids as floats.
    """
    if output.kind != "maps" or output.layout is None:
        return output
    numbers = values.astype(np.float32)
    if not np.isfinite(numbers).all():
        msg = f"{file}: {output.name} is not finite on an ordinary image: export it in float32"
        raise ImportModelError(msg)
    inside = bool((numbers >= 0).all() and (numbers <= 1).all())
    if output.classes == 1:
        return _one_map(file, output, numbers, inside=inside)
    sums = numbers.sum(axis=1 if output.layout == "NCHW" else 3)
    if output.activation is None and inside and np.abs(sums - 1).max() < _SUM_TOLERANCE:
        return replace(output, activation="none", why="its values are shares of 1")
    return output


def _one_map(file: Path, output: Output, numbers: NDArray[np.float32], *, inside: bool) -> Output:
    if not inside and (numbers >= 0).all() and (numbers == np.rint(numbers)).all():
        msg = (
            f"{file}: {output.name} seems to hold class ids as {output.shape} floats: export it "
            "without the cast to float, as int64 of ArgMax"
        )
        raise ImportModelError(msg)
    # Scores that happen to lie within 0 and 1, or probabilities that something else made.
    unclear = inside and output.activation == "sigmoid"
    return replace(output, activation=None, why="") if unclear else output


def _own_form(answers: Mapping[str, NDArray[Any]], size: tuple[int, int]) -> Output | None:
    shape = (1, size[1], size[0])
    pair = [answers.get(name) for name in ("labels", "confidence")]
    if all(a is not None and a.dtype == np.uint8 and a.shape == shape for a in pair):
        return Output("labels", "labels_confidence", shape)
    return None


def _output(
    name: str,
    array: NDArray[Any],
    size: tuple[int, int],
    said: Layout | None,
    count: int | None,
) -> Output | None:
    shape = tuple(int(n) for n in array.shape)
    if array.dtype.name in _INTEGERS:
        inner = _without_ones(shape)
        return Output(name, "labels", shape) if inner and _fits(inner, size) else None
    if array.dtype.name not in _FLOATS or len(shape) != 4 or shape[0] != 1:
        return None
    layouts: list[tuple[Layout, tuple[int, int], int]] = [
        ("NCHW", (shape[2], shape[3]), shape[1]),
        ("NHWC", (shape[1], shape[2]), shape[3]),
    ]
    fitting = [entry for entry in layouts if _fits(entry[1], size) and said in (None, entry[0])]
    if not fitting:
        return None
    named = [entry for entry in fitting if entry[2] == count]
    if len(fitting) > 1 and len(named) != 1:
        return Output(name, "maps", shape)
    layout, _, classes = (named or fitting)[0]
    return Output(name, "maps", shape, layout, None, classes)


def _without_ones(shape: Sequence[int]) -> tuple[int, int] | None:
    """Height and width of [1, h, w], [1, 1, h, w], [1, h, w, 1] or [h, w]."""
    sides = [n for n in shape if n != 1]
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _fits(maps: Sequence[int], size: tuple[int, int]) -> bool:
    """Whether maps (h, w) have the proportions of an image, rounding of a pixel aside."""
    (height, width), (whole_width, whole_height) = maps, size
    if min(maps) < 2:
        return False
    across, down = width / whole_width, height / whole_height
    return abs(height - across * whole_height) <= 1 or abs(width - down * whole_width) <= 1


def _expect_no_other_task(
    file: Path,
    answers: Mapping[str, NDArray[Any]],
    size: tuple[int, int],
    metadata: Mapping[str, str],
) -> None:
    """Refuse what is known to be something else, by its name."""
    shapes = {name: a.shape for name, a in answers.items() if a.dtype.name in _FLOATS}
    shown = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
    dense = any(a.dtype.name in _INTEGERS and a.ndim > 2 for a in answers.values())
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
    flat = (n for n, s in shapes.items() if len(s) == 3 and s[0] == 1 and _fits(s[1:], size))
    return next(flat, "")


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


def producers(model: Any, name: str) -> Iterator[Any]:
    """The node that makes a tensor, and those that only reshape, cast or enlarge before it."""
    makers = {output: node for node in model.graph.node for output in node.output}
    while node := makers.get(name):
        yield node
        if node.op_type not in _PASSING:
            return
        name = node.input[0]


_PASSING = (
    "Cast",
    "Identity",
    "Resize",
    "Upsample",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "QuantizeLinear",
    "DequantizeLinear",
)

"""Which output of a network tells a class for every pixel, and in which form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.onnx_file.answers import Activation, Answers, Layout
from seg_perception.importing.onnx_file.other_tasks import (
    FLOATS,
    INTEGERS,
    expect_no_other_task,
    has_proportions,
)

Kind = Literal["maps", "labels", "labels_confidence"]
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
        expect_no_other_task(file, answers, size, metadata)
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
    if array.dtype.name in INTEGERS:
        inner = _without_ones(shape)
        return Output(name, "labels", shape) if inner and has_proportions(inner, size) else None
    if array.dtype.name not in FLOATS or len(shape) != 4 or shape[0] != 1:
        return None
    layouts: list[tuple[Layout, tuple[int, int], int]] = [
        ("NCHW", (shape[2], shape[3]), shape[1]),
        ("NHWC", (shape[1], shape[2]), shape[3]),
    ]
    wanted = [entry for entry in layouts if said in (None, entry[0])]
    fitting = [entry for entry in wanted if has_proportions(entry[1], size)]
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

"""The image that a graph takes: name, type, size, and where its colours stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.onnx_file.answers import Layout
from seg_perception.inference.onnx.frozen import graph_inputs, shape_of

_DTYPES = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.UINT8: "uint8",
}
_LEAST_SIZE, _LARGEST_SIZE = 8, 16384


@dataclass(frozen=True)
class Input:
    """The image tensor, as far as it is known.

    Attributes:
        shape: sizes, 0 where the graph leaves one open.
        dtype: numpy's name.
        layout: None where the shape does not tell.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    layout: Layout | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height; 0 where one is open."""
        height, width = self.shape[2:] if self.layout == "NCHW" else self.shape[1:3]
        return width, height

    @property
    def is_open(self) -> bool:
        """Whether a size is to be chosen."""
        return self.layout is None or 0 in self.size


def find_image(file: Path, model: Any, layout: Layout | None) -> Input:
    """A graph's one input.

    Args:
        file: for sentences.
        model: the graph.
        layout: what was said of it.

    Raises:
        ImportModelError: there are more, or it is no image.
    """
    inputs = graph_inputs(model)
    if len(inputs) != 1:
        found = ", ".join(info.name for info in inputs) or "none"
        msg = (
            f"{file}: expected one input, an image, got {found}: export the network alone, with "
            "everything else that it takes fixed"
        )
        raise ImportModelError(msg)
    (info,) = inputs
    dtype = _DTYPES.get(info.type.tensor_type.elem_type)
    if dtype is None:
        name = TensorProto.DataType.Name(info.type.tensor_type.elem_type).lower()
        msg = (
            f"{file}: expected an input of float32, float16 or uint8, got {info.name} of {name}: "
            "export it in float32"
        )
        raise ImportModelError(msg)
    shape = shape_of(info)
    if shape is None or len(shape) != 4:
        got = "no shape" if shape is None else str(list(shape))
        msg = (
            f"{file}: expected an image [1, 3, H, W] or [1, H, W, 3], got {info.name} with {got}: "
            "export it with a batch of one image"
        )
        raise ImportModelError(msg)
    return Input(info.name, shape, dtype, _layout(file, shape, layout))


def _layout(file: Path, shape: Sequence[int], said: Layout | None) -> Layout | None:
    """Where the colours stand; None where the graph leaves that open."""
    if shape[0] not in (0, 1):
        msg = (
            f"{file} takes {shape[0]} images at once: export it for one (batch 1), since a robot's "
            "camera gives one after the other"
        )
        raise ImportModelError(msg)
    fitting: list[Layout] = []
    if shape[1] == 3 or (shape[1] == 0 and shape[3] != 3):
        fitting.append("NCHW")
    if shape[3] == 3 or (shape[3] == 0 and shape[1] != 3):
        fitting.append("NHWC")
    if said:
        fitting = [layout for layout in fitting if layout == said]
    if not fitting:
        counts = sorted({n for n in (shape[1], shape[3]) if n}, key=lambda n: (n > 16, n))
        msg = (
            f"{file}: expected three colour channels, got an input {list(shape)} with "
            f"{counts[0] if counts else 'none'}: a network of grey, depth or more images can't be "
            "fed by a colour camera; export it for RGB"
        )
        raise ImportModelError(msg)
    return fitting[0] if len(fitting) == 1 else None


def chosen_size(file: Path, image: Input, said: tuple[int, int] | None) -> tuple[int, int] | None:
    """Width and height that the graph has, or that was said; None where nobody knows.

    Raises:
        ImportModelError: the two differ, or it is no size of a network.
    """
    own = image.size
    if said and any(had not in (0, asked) for had, asked in zip(own, said, strict=True)):
        have, want = ("x".join(map(str, size)) for size in (own, said))
        msg = (
            f"{file} was exported for {have.replace('0x', 'any x ')}, which --size {want} "
            "can't change: leave --size out, or export it for that size"
        )
        raise ImportModelError(msg)
    size = said or (None if 0 in own else own)
    if size and not all(_LEAST_SIZE <= side <= _LARGEST_SIZE for side in size):
        msg = (
            f"{file}: expected an image of {_LEAST_SIZE} to {_LARGEST_SIZE} pixels a side, "
            f"got {'x'.join(map(str, size))}: give another --size, or another model"
        )
        raise ImportModelError(msg)
    return size


def blank(image: Input, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of every grey and colour, uint8 (H, W, 3), to see what a graph answers."""
    width, height = size
    random = np.random.default_rng(len(image.name))
    ramp = np.linspace(0, 200, width)[None, :, None] * random.random((1, 1, 3))
    return np.asarray(ramp + random.integers(0, 55, (height, width, 3)), np.uint8)

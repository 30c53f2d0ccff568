"""An ONNX file as somebody published it: read, frozen at one size, and run once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto
from onnx.inliner import inline_local_functions

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.onnx_file.answers import Answers, Layout
from seg_perception.inference.load_failures import explain_load_failure
from seg_perception.inference.onnx.files import read_model, to_bytes
from seg_perception.inference.onnx.frozen import freeze, graph_inputs, opset_of, shape_of

_DTYPES = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.UINT8: "uint8",
}
# Resize takes half-pixel centres and sizes from here on.
_OLDEST_OPSET = 11
_LEAST_SIZE, _LARGEST_SIZE = 8, 16384
# A protobuf message, which an ONNX file is, can't be larger.
_LARGEST_BYTES = 2**31 - 2**24
_KNOWN_DOMAINS = ("", "ai.onnx", "com.microsoft")


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


@dataclass(frozen=True, eq=False)
class SourceGraph:
    """A file that was read.

    Attributes:
        file: where it lies.
        model: the graph, weights inside.
        image: its input.
    """

    file: Path
    model: Any
    image: Input

    @classmethod
    def read(cls, file: Path, layout: Layout | None = None) -> SourceGraph:
        """Read a file and find its image.

        Raises:
            ImportModelError: it has operators, inputs or outputs that nothing can be done with.
            EngineError: it or its weights can't be read.
        """
        model = read_model(file)
        if model.ByteSize() >= _LARGEST_BYTES:
            msg = (
                f"{file} has 2 GB of weights or more, which one file of a bundle can't hold: take "
                "a smaller model, or store its weights in 16 bits"
            )
            raise ImportModelError(msg)
        _expect_operators(file, model)
        if model.functions:
            model = inline_local_functions(model)
        if not model.graph.output:
            msg = f"{file} has no output: export it again with the network's answer as output"
            raise ImportModelError(msg)
        return cls(file, model, _image(file, model, layout))

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the exporter wrote beside the graph."""
        return {entry.key: entry.value for entry in self.model.metadata_props}

    def frozen(self, size: tuple[int, int]) -> SourceGraph:
        """A copy with batch 1 and one size (width, height)."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        width, height = size
        planes = self.image.layout == "NCHW"
        shape = (1, 3, height, width) if planes else (1, height, width, 3)
        try:
            freeze(model, shape)
        except (onnx.shape_inference.InferenceError, ValueError) as error:
            text = " ".join(str(error).split())[:300]
            msg = f"{self.file}: its shapes contradict each other ({text}): export it again"
            raise ImportModelError(msg) from error
        image = Input(self.image.name, shape, self.image.dtype, self.image.layout)
        return SourceGraph(self.file, model, image)

    def run(self, picture: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Every output for one input tensor, by ONNX Runtime on the CPU.

        Raises:
            ImportModelError: ONNX Runtime does not take the graph, or not at this size.
        """
        names = [output.name for output in self.model.graph.output]
        session = open_session(self.file, to_bytes(self.model))
        try:
            answers = session.run(names, {self.image.name: picture})
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            msg = (
                f"{self.file} can't be run at {'x'.join(map(str, self.image.size))} ({text}): give "
                "the size that it was exported for, or export it for this one"
            )
            raise ImportModelError(msg) from error
        return dict(zip(names, answers, strict=True))


def open_session(file: Path, model: bytes) -> Any:
    """A session of ONNX Runtime on the CPU.

    Raises:
        ImportModelError: it does not take the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        name = f"ONNX Runtime {onnxruntime.__version__}"
        raise ImportModelError(explain_load_failure(file, name, error)) from error


def chosen_size(source: SourceGraph, answers: Answers) -> tuple[int, int] | None:
    """Width and height that the graph has, or that was said; None where nobody knows.

    Raises:
        ImportModelError: the two differ, or it is no size of a network.
    """
    own, said = source.image.size, answers.size
    if said and any(had not in (0, asked) for had, asked in zip(own, said, strict=True)):
        have, want = ("x".join(map(str, size)) for size in (own, said))
        msg = (
            f"{source.file} was exported for {have.replace('0x', 'any x ')}, which --size {want} "
            "can't change: leave --size out, or export it for that size"
        )
        raise ImportModelError(msg)
    size = said or (None if 0 in own else own)
    if size and not all(_LEAST_SIZE <= side <= _LARGEST_SIZE for side in size):
        msg = (
            f"{source.file}: expected an image of {_LEAST_SIZE} to {_LARGEST_SIZE} pixels a side, "
            f"got {'x'.join(map(str, size))}: give another --size, or another model"
        )
        raise ImportModelError(msg)
    return size


def _expect_operators(file: Path, model: Any) -> None:
    opset = opset_of(model)
    if opset < _OLDEST_OPSET:
        msg = (
            f"{file} has opset {opset}: expected {_OLDEST_OPSET} or newer; export it with "
            "opset_version=17"
        )
        raise ImportModelError(msg)
    own = {(function.domain, function.name) for function in model.functions}
    for node in model.graph.node:
        if node.domain not in _KNOWN_DOMAINS and (node.domain, node.op_type) not in own:
            msg = (
                f"{file} uses the operator {node.domain}:{node.op_type}, which is not one of ONNX: "
                "export the model without custom operators (mmdeploy: without its plug-ins)"
            )
            raise ImportModelError(msg)


def _image(file: Path, model: Any, layout: Layout | None) -> Input:
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


def blank(image: Input, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of every grey and colour, uint8 (H, W, 3), to see what a graph answers."""
    width, height = size
    random = np.random.default_rng(len(image.name))
    ramp = np.linspace(0, 200, width)[None, :, None] * random.random((1, 1, 3))
    return np.asarray(ramp + random.integers(0, 55, (height, width, 3)), np.uint8)

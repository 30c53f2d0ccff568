"""An ONNX file as somebody published it: read, frozen at one size, and run once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx.inliner import inline_local_functions

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.onnx_file.answers import Layout
from seg_perception.importing.onnx_file.image_input import Input, find_image
from seg_perception.inference.load_failures import explain_load_failure
from seg_perception.inference.onnx.files import read_model, to_bytes
from seg_perception.inference.onnx.frozen import freeze, opset_of

# Resize takes half-pixel centres and sizes from here on.
_OLDEST_OPSET = 11
_KNOWN_DOMAINS = ("", "ai.onnx", "com.microsoft")


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
            EngineError: it or its weights can't be read, or are too large.
        """
        model = read_model(file)
        _expect_operators(file, model)
        if model.functions:
            model = inline_local_functions(model)
        if not model.graph.output:
            msg = f"{file} has no output: export it again with the network's answer as output"
            raise ImportModelError(msg)
        return cls(file, model, find_image(file, model, layout))

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

    What is quantised is rounded and computed in float32: exact, as integer arithmetic is on a
    device. The kernels that a CPU has for INT8 saturate without VNNI.

    Raises:
        ImportModelError: it does not take the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        name = f"ONNX Runtime {onnxruntime.__version__}"
        raise ImportModelError(explain_load_failure(file, name, error)) from error


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

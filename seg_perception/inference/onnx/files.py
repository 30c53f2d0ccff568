"""ONNX files, with weights that lie beside them: taken from the model's own folder alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from google.protobuf.message import DecodeError, EncodeError
from onnx import TensorProto

from seg_perception.core.errors import EngineError
from seg_perception.core.git_lfs import pointer_mend


def read_model(file: Path) -> Any:
    """A model with its weights inside.

    Raises:
        EngineError: it is no ONNX file, or a file with its weights is missing, cut, lies
            elsewhere, or was not fetched by Git LFS.
    """
    model = _read_graph(file)
    for tensor in all_tensors(model.graph):
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor.raw_data = _read_data(file, tensor)
            tensor.data_location = TensorProto.DEFAULT
            del tensor.external_data[:]
    return model


def to_bytes(model: Any) -> bytes:
    """The bytes of one file.

    Raises:
        EngineError: one file can't hold it.
    """
    try:
        return bytes(model.SerializeToString())
    except (EncodeError, ValueError) as error:
        msg = (
            "the model has more than 2 GB of weights, which one ONNX file can't hold: take a "
            f"smaller one, or store its weights in 16 bits ({error})"
        )
        raise EngineError(msg) from error


def all_tensors(graph: Any) -> Iterator[Any]:
    """Every constant of a graph, and of the branches in it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("g"):
                yield from all_tensors(attribute.g)
            for branch in attribute.graphs:
                yield from all_tensors(branch)


def _read_graph(file: Path) -> Any:
    try:
        if mend := pointer_mend(file):
            raise EngineError(mend)
        model = onnx.load(str(file), load_external_data=False)
    except OSError as error:
        msg = f"{file} can't be read ({error.strerror}): name an .onnx file that is there"
        raise EngineError(msg) from error
    except (DecodeError, ValueError) as error:
        msg = f"{file} is no ONNX file, or was cut ({error}): export or download it again"
        raise EngineError(msg) from error
    if not (model.ir_version and (model.graph.node or model.graph.input)):
        msg = f"{file} is no ONNX file, it holds no graph: export or download it again"
        raise EngineError(msg)
    return model


def _read_data(file: Path, tensor: Any) -> bytes:
    """A tensor's values, from the file beside the model that should hold them.

    Links are followed, since caches of downloads are made of them.
    """
    said = {entry.key: entry.value for entry in tensor.external_data}
    data = _beside(file, said.get("location", ""), tensor.name)
    start, length = int(said.get("offset") or 0), int(said.get("length") or 0)
    size = data.stat().st_size
    if start + length > size:
        msg = f"{data} was cut: expected at least {start + length} bytes, got {size}; copy it again"
        raise EngineError(msg)
    with data.open("rb") as stream:
        stream.seek(start)
        return stream.read(length or -1)


def _beside(file: Path, name: str, tensor: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute():
        msg = (
            f"{file}: the weights of {tensor} should lie in {name!r}, which is not in the "
            "model's own folder: save the model again with its data beside it"
        )
        raise EngineError(msg)
    data = file.parent / name
    if not data.is_file():
        msg = f"{file}: its weights should lie in {name} beside it: copy that file there, too"
        raise EngineError(msg)
    if mend := pointer_mend(data):
        raise EngineError(mend)
    return data

"""ONNX files, with weights that lie beside them: taken from the model's own folder alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from google.protobuf.message import DecodeError, EncodeError
from onnx import TensorProto

from seg_perception.core.errors import EngineError
from seg_perception.core.git_lfs import pointer_mend

# A protobuf message, which an ONNX file is, can't be larger.
_LARGEST_BYTES = 2**31 - 2**24


def read_model(file: Path) -> Any:
    """A model with its weights inside.

    Raises:
        EngineError: it is no ONNX file, or a file with its weights is missing, cut, lies
            elsewhere, or was not fetched by Git LFS; or one file can't hold them all.
    """
    model = _read_graph(file)
    outside = [t for t in all_tensors(model.graph) if t.data_location == TensorProto.EXTERNAL]
    places = [_place(file, tensor) for tensor in outside]
    size = file.stat().st_size + sum(place.length for place in places)
    if size >= _LARGEST_BYTES:
        msg = (
            f"{file} has {size / 1e9:.1f} GB with its weights, and one ONNX file holds "
            f"{_LARGEST_BYTES / 1e9:.1f}: take a smaller model, or store its weights in 16 bits"
        )
        raise EngineError(msg)
    for tensor, place in zip(outside, places, strict=True):
        tensor.raw_data = place.read()
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]
    return model


def data_files(file: Path) -> set[str]:
    """Names of the files beside a model that hold weights of it.

    Raises:
        EngineError: it is no ONNX file.
    """
    tensors = all_tensors(_read_graph(file).graph)
    places = [entry for tensor in tensors for entry in tensor.external_data]
    return {PurePosixPath(entry.value).as_posix() for entry in places if entry.key == "location"}


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


@dataclass(frozen=True)
class _Place:
    """Where a tensor's values lie, in bytes."""

    file: Path
    start: int
    length: int

    def read(self) -> bytes:
        with self.file.open("rb") as stream:
            stream.seek(self.start)
            return stream.read(self.length)


def _place(file: Path, tensor: Any) -> _Place:
    """A tensor's place in the file beside the model that should hold it.

    Links are followed, since caches of downloads are made of them.
    """
    said = {entry.key: entry.value for entry in tensor.external_data}
    data = _beside(file, said.get("location", ""), tensor.name)
    start, length = int(said.get("offset") or 0), int(said.get("length") or 0)
    size = data.stat().st_size
    if start + length > size:
        msg = f"{data} was cut: expected at least {start + length} bytes, got {size}; copy it again"
        raise EngineError(msg)
    return _Place(data, start, length or size - start)


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

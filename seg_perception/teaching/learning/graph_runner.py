"""A graph on ONNX Runtime with any of its tensors as outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.manifest import Manifest
from seg_perception.inference.reading import Segmentation, make_reader
from seg_perception.inference.tensors import make_packer


class GraphRunner:
    """Runs one picture at a time, on one thread, so that answers are the same every time."""

    def __init__(self, model: bytes, manifest: Manifest, outputs: Sequence[str]) -> None:
        """Load a model that has these outputs, and the input of a manifest."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._name = manifest.input.name
        self._pack = make_packer(manifest.input).pack
        self._outputs = list(outputs)

    def run(self, picture: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        """Tensors by name of a picture, uint8 (h, w, 3) RGB of the network's size."""
        values = self._session.run(self._outputs, {self._name: self._pack(picture)})
        return dict(zip(self._outputs, values, strict=True))


class Labeller:
    """Labels and confidence of a model, as a robot gets them."""

    def __init__(self, model: bytes, manifest: Manifest) -> None:
        """Load a model whose outputs are those of a manifest."""
        self._reader = make_reader(manifest)
        self._names = [spec.name for spec in self._reader.specs]
        self._runner = GraphRunner(model, manifest, self._names)

    def label(self, picture: NDArray[np.uint8]) -> Segmentation:
        """Labels and confidence (h, w) of a picture, uint8 (h, w, 3) of the network's size."""
        values = self._runner.run(picture)
        return self._reader.read([values[name] for name in self._names])

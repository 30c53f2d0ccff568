"""The default model with what its graph works out before the labels: scores and features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Tapped:
    """What the network says of one picture.

    Attributes:
        label_map: as robots get it.
        scores: float32 (h, w, C), at a quarter of the network's size.
        features: float32 (h, w, F), of the last layer but one, before its ReLU.
    """

    label_map: LabelMap
    scores: Floats
    features: Floats


class TappedModel:
    """The model that ships.

    Attributes:
        ontology: of its labels.
        weight, bias: float32 (C, F) and (C,), of the classifier that makes scores of features.
    """

    def __init__(self) -> None:
        """Load it twice: as robots do, and with more outputs."""
        config = SegmentationConfig()
        bundle = Bundle.load(config.bundle)
        self.ontology: Ontology = bundle.ontology
        self._segmenter = Segmenter(create_engine(bundle, config), config)
        model = onnx.load(bundle.folder / "model.onnx")
        relu, classifier = _last_layers(model.graph)
        self._taps = [classifier.output[0], relu.input[0]]
        weights = list(classifier.input[1:])
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in self._taps + weights)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            model.SerializeToString(), options, ["CPUExecutionProvider"]
        )
        # Weights are kept in 16 bits, and enlarged by the graph.
        blank = np.zeros((1, bundle.height, bundle.width, 3), np.uint8)
        weight, self.bias = self._session.run(weights, {"image": blank})
        self.weight: Floats = weight.reshape(weight.shape[:2])

    def label(self, frame: CameraFrame) -> Tapped:
        """What it says of a picture."""
        prepared = self._segmenter.prepare(frame)
        label_map = self._segmenter.finish(frame, self._segmenter.infer(prepared))
        found = self._session.run(self._taps, {"image": prepared.picture[None]})
        return Tapped(label_map, *(tensor[0].transpose(1, 2, 0) for tensor in found))


def _last_layers(graph: Any) -> tuple[Any, Any]:
    """The last ReLU and the convolution behind it that makes the scores."""
    makers = {name: node for node in graph.node for name in node.output}
    classifier = next(node for node in _upwards(makers, "labels") if node.op_type == "Conv")
    return makers[classifier.input[0]], classifier


def _upwards(makers: dict[str, Any], name: str) -> Iterator[Any]:
    """The nodes from a tensor up, each by its first input."""
    while name in makers:
        yield makers[name]
        name = makers[name].input[0]

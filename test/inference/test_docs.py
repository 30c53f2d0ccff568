"""The example of docs/model_bundle.md does what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from seg_perception.config import SegmentationConfig
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.types import CameraFrame

PAGE = Path(__file__).parents[2] / "docs" / "model_bundle.md"


def channel_means() -> bytes:
    """The normalised channels as logits, at a quarter of the size."""
    node = helper.make_node(
        "AveragePool", ["pixel_values"], ["logits"], kernel_shape=[4, 4], strides=[4, 4]
    )
    graph = helper.make_graph(
        [node],
        "means",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def test_a_model_runs_from_the_manifest_of_the_page(tmp_path: Path) -> None:
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    manifest = json.loads(found[1])
    (tmp_path / "model.onnx").write_bytes(channel_means())
    manifest["files"]["model.onnx"] = sha256(tmp_path / "model.onnx")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    config = SegmentationConfig(bundle=str(tmp_path))
    engine = create_engine(Bundle.load(config.bundle), config)
    image = np.zeros((96, 160, 3), np.uint8)
    image[:, :80, 0] = 255
    image[:, 80:, 2] = 255
    label_map = Segmenter(engine, config).segment(CameraFrame("front", image, 0, "front"))
    assert label_map.labels.shape == (384, 640)
    assert set(label_map.labels[:, :300].ravel().tolist()) == {0}
    assert set(label_map.labels[:, 340:].ravel().tolist()) == {2}
    assert not engine.verdict.proven

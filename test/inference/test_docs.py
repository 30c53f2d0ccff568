"""The example of docs/how_to/own_model.md does what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from seg_perception.config import SegmentationConfig
from seg_perception.core.types import CameraFrame
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "own_model.md"


def save_channel_means(file: Path, weights_file: str | None) -> None:
    """The normalised channels as logits, at a quarter of the size."""
    nodes = [
        helper.make_node("Conv", ["pixel_values", "weights"], ["pixels"]),
        helper.make_node(
            "AveragePool", ["pixels"], ["logits"], kernel_shape=[4, 4], strides=[4, 4]
        ),
    ]
    identity = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(identity, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(
        model,
        file,
        save_as_external_data=weights_file is not None,
        location=weights_file,
        size_threshold=0,
    )


@pytest.mark.parametrize("weights_file", [None, "model.onnx.data"])
def test_a_model_runs_from_the_manifest_of_the_page(
    tmp_path: Path, weights_file: str | None
) -> None:
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    manifest = json.loads(found[1])
    save_channel_means(tmp_path / "model.onnx", weights_file)
    manifest["files"] = {file.name: sha256(file) for file in tmp_path.iterdir()}
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
    assert not engine.self_test.validated

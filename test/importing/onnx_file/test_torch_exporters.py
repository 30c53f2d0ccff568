"""ONNX files of torch's newer exporter, imported: labels equal torch's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="exports with torch")
pytest.importorskip("onnxscript", reason="torch's newer exporter needs onnxscript")

from odd_onnx_files import HEIGHT, WIDTH, stripes  # noqa: E402 (needs onnx)

from seg_perception.importing.onnx_file.answers import Answers  # noqa: E402
from seg_perception.importing.onnx_file.model_import import import_onnx  # noqa: E402
from seg_perception.inference.onnxruntime_engine import (  # noqa: E402
    CPU_PROVIDER,
    OnnxRuntimeEngine,
)


class Network(torch.nn.Module):  # type: ignore[misc]
    """Scores at half the size, enlarged to the input's."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first = torch.nn.Conv2d(3, 8, 3, 2, 1)
        self.last = torch.nn.Conv2d(8, 5, 1)
        torch.nn.init.normal_(self.first.weight)
        torch.nn.init.normal_(self.last.weight)

    def forward(self, x: Any) -> Any:
        scores = self.last(torch.relu(self.first(x)))
        return torch.nn.functional.interpolate(scores, x.shape[2:], mode="bilinear")


OPEN = {"dynamic_shapes": ({0: "batch", 2: "height", 3: "width"},)}


@pytest.mark.parametrize(
    "options",
    [{}, OPEN, {"external_data": True}, {"opset_version": 23}],
    ids=["fixed", "open", "external", "opset 23"],
)
def test_labels_equal_those_of_torch(tmp_path: Path, options: dict[str, Any]) -> None:
    network, file = Network().eval(), tmp_path / "model.onnx"
    batch = 2 if options is OPEN else 1
    given = {"external_data": False, "verbose": False, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = torch.zeros(batch, 3, HEIGHT, WIDTH)
        torch.onnx.export(network, (pixels,), str(file), dynamo=True, **given)
    image = stripes()[0]
    answers = Answers(
        pixels="0..1",
        channels="rgb",
        activation="softmax",
        names=tuple("abcde"),
        licence="MIT",
        size=(WIDTH, HEIGHT),
    )
    bundle = import_onnx(file, tmp_path / "bundle", lambda *_: [image], answers)
    engine = OnnxRuntimeEngine(bundle, [CPU_PROVIDER])
    labels, *_ = engine.infer(image)
    engine.close()
    with torch.no_grad():
        scores = network(torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)[None])
    np.testing.assert_array_equal(labels, scores.argmax(dim=1)[0].numpy())

# ruff: noqa: INP001  (a script beside recipes, which are no package)
"""ESPNetv2 of sacmehta/EdgeNets as an ONNX file, by the authors' own code and weights.

    git clone https://github.com/sacmehta/EdgeNets
    python recipes/espnetv2.py EdgeNets espnetv2.onnx

runs the code in that folder. `seg-perception import espnetv2.onnx` takes the file; the whole line
stands in docs/how_to/zoo.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from seg_perception.training.models.field_cnn import pooling_matrix

WEIGHTS = "model/segmentation/model_zoo/espnetv2/espnetv2_s_2.0_city_1024x512.pth"
WIDTH, HEIGHT, SCALE = 1024, 512, 2.0
# Cityscapes' 19 and background.
CLASSES = 20
OPSET = 17


def main() -> int:
    """Export it, and compare its labels with torch's; 2 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a clone of sacmehta/EdgeNets")
    parser.add_argument("output", type=Path, help="the .onnx file")
    options = parser.parse_args()
    network = load(options.folder)
    image = torch.randn(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = network(image).argmax(dim=1).numpy()
        with pooling_by_matrices():
            torch.onnx.export(
                network,
                (image,),
                str(options.output),
                opset_version=OPSET,
                input_names=["image"],
                output_names=["scores"],
                dynamo=False,
            )
    session = onnxruntime.InferenceSession(str(options.output), providers=["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"image": image.numpy()})
    share = float(np.mean(scores.argmax(axis=1) == wanted))
    sys.stdout.write(f"{options.output}: {share:.3%} of torch's labels on noise\n")
    return 0 if share > 0.999 else 2


def load(folder: Path) -> nn.Module:
    """The authors' network with their weights."""
    sys.path.insert(0, str(folder))
    from model.segmentation.espnetv2 import espnetv2_seg  # noqa: PLC0415 (lies in that folder)

    settings = SimpleNamespace(
        s=SCALE, classes=CLASSES, dataset="city", weights="", channels=3, num_classes=1000
    )
    network: nn.Module = espnetv2_seg(settings)
    network.load_state_dict(torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True))
    return network.eval()


@contextmanager
def pooling_by_matrices() -> Iterator[None]:
    """ONNX has no pooling to a given size: the means are two products with constants."""
    before: Callable[..., Any] = functional.adaptive_avg_pool2d
    functional.adaptive_avg_pool2d = _pool
    try:
        yield
    finally:
        functional.adaptive_avg_pool2d = before


def _pool(x: Tensor, output_size: Any) -> Tensor:
    rows, columns = (output_size, output_size) if isinstance(output_size, int) else output_size
    left = pooling_matrix(int(x.shape[-2]), int(rows)).to(x)
    right = pooling_matrix(int(x.shape[-1]), int(columns)).to(x)
    return left @ x @ right.T


if __name__ == "__main__":
    sys.exit(main())

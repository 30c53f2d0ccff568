"""`python -m bench.int8 FOLDER`: what INT8 costs the shipped model in labels, on images.

At most 8 images of the folder, spread evenly, are compared; 100 of the others decide the ranges,
as with `export --int8 --frames FOLDER`. It prints JSON.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from seg_perception.cli.golden_frames import choose_frames
from seg_perception.core.json_document import dump_json
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.onnx.files import read_model, to_bytes
from seg_perception.inference.onnx.quantization import count_quantised, quantize
from seg_perception.inference.preprocessing import make_preprocessing
from seg_perception.training.export.onnx_graph import run_onnx
from seg_perception.training.export.parity import label_shares

_CALIBRATED = 100


def main() -> int:
    """Quantise, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of PNG or JPEG images")
    parser.add_argument("--bundle", default="field_tiny", help="its float32 model is quantised")
    options = parser.parse_args()
    bundle = Bundle.load(options.bundle)
    size = (bundle.width, bundle.height)
    prepare = make_preprocessing(size, bundle.manifest.input.resize).prepare
    golden, calibration = choose_frames(options.folder, int8=True)
    images = [prepare(image) for image in golden(*size)]
    others = [prepare(image) for image in calibration(*size)] if calibration else []
    ranges = others[:: max(len(others) // _CALIBRATED, 1)][:_CALIBRATED]
    model = to_bytes(read_model(bundle.model_path))
    quantised = quantize(model, ranges)
    shares = label_shares(run_onnx(model, images), run_onnx(quantised, images))
    result = {
        "bundle": options.bundle,
        "calibrated_with": len(ranges),
        "compared": len(images),
        "quantised_products": count_quantised(quantised),
        "mean_agreement": round(float(np.mean(shares)), 4),
        "least_agreement": round(min(shares), 4),
    }
    print(dump_json(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

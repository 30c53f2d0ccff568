"""What JPEG images that are decoded at a part of their size do to labels, and what that saves.

    python -m bench.reduced_decoding [PICTURE_OR_FOLDER ...] [--frames 24] [--size 1920x1200]

Pictures that are JPEG already come as they are, and pictures of the simulator, whose truth is
known, as JPEG of quality 90. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.types import CameraFrame
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.compressed import decode_rgb, reduction, sent_size
from seg_perception.simulation.training_frames import training_frames

Bytes = NDArray[np.uint8]
Picture = tuple[Bytes, NDArray[np.uint8] | None]
_QUALITY, _SEED = 90, 77


@dataclass
class Row:
    """What a set of pictures showed, in full and reduced."""

    name: str
    factors: set[int] = field(default_factory=set)
    equal: list[float] = field(default_factory=list)
    right: list[tuple[float, float]] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def line(self) -> str:
        """Of a Markdown table."""
        full, reduced = np.median(self.seconds, axis=0)
        right = ["", ""]
        if self.right:
            right = [f"{100 * share:.2f}" for share in np.mean(self.right, axis=0)]
        factors = ", ".join(f"1/{factor}" for factor in sorted(self.factors))
        cells = [self.name, str(len(self.equal)), factors, f"{100 * np.mean(self.equal):.2f}"]
        return f"| {' | '.join([*cells, *right, f'{reduced / full:.2f}'])} |"


def main() -> None:
    """Label each picture both ways."""
    options = _options()
    cv2.setNumThreads(1)
    bundle = Bundle.load(options.bundle)
    config = SegmentationConfig(bundle=options.bundle)
    segmenter = Segmenter(create_engine(bundle, config, TensorRtConfig()), config)
    print("| pictures | | decoded | equal labels, % | right in full, % | reduced | CPU time |")
    print("|---|---|---|---|---|---|---|")
    for place in options.pictures:
        files = sorted(place.glob("*.jp*g")) if place.is_dir() else [place]
        pictures = ((np.fromfile(file, np.uint8), None) for file in files)
        print(_row(place.name, pictures, segmenter).line(), flush=True)
    width, height = map(int, options.size.split("x"))
    simulated = _simulated(options.frames, width, height)
    print(_row(f"simulated, {options.size}", simulated, segmenter).line())


def _row(name: str, pictures: Iterator[Picture], segmenter: Segmenter) -> Row:
    row, bundle = Row(name), segmenter.engine.bundle
    least = bundle.width, bundle.height
    for file, truth in pictures:
        row.factors.add(reduction(sent_size(file) or least, least))
        full, full_s = _timed(lambda file=file: decode_rgb(file, name))
        reduced, reduced_s = _timed(lambda file=file: decode_rgb(file, name, least))
        labels = [segmenter.segment(_frame(image)).labels for image in (full, reduced)]
        row.equal.append(float((labels[0] == labels[1]).mean()))
        row.seconds.append((full_s, reduced_s))
        if truth is not None:
            shrunk = cv2.resize(truth, least, interpolation=cv2.INTER_NEAREST_EXACT)
            row.right.append(tuple(float((said == shrunk).mean()) for said in labels))
    return row


def _timed(decode: Callable[[], NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], float]:
    """The pixels, and the least CPU time of three."""
    seconds = []
    for _ in range(3):
        begun_s = time.thread_time()
        image = decode()
        seconds.append(time.thread_time() - begun_s)
    return image, min(seconds)


def _frame(image: NDArray[np.uint8]) -> CameraFrame:
    return CameraFrame("front", image, 0, "front_optical")


def _simulated(count: int, width: int, height: int) -> Iterator[Picture]:
    for rgb, truth in training_frames(_SEED, count, width, height):
        quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        _, file = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), quality)
        yield file.reshape(-1), truth


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--bundle", default="field_tiny")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", default="1920x1200")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""The worst images of an evaluation, for a model card: image, truth and prediction in a row.

python tools/failures_picture.py runs/held -o docs/images/failures.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.results import Results
from seg_perception.outputs.pictures import colorize, fit

WIDTH, HEIGHT = 480, 270


def sheet(run: Path, count: int) -> NDArray[np.uint8]:
    """uint8 (count * HEIGHT, 3 * WIDTH, 3), RGB: a row for each of the worst frames.

    Raises:
        ConfigError: no results in that folder.
        ValueError: it kept no pictures of images.
    """
    results = Results.read(run)
    frames = [frame for stream in results.streams for frame in stream.frames]
    worst = [frame for frame in frames if frame.role == "worst" and "image" in frame.files]
    if not worst:
        msg = f"{run}: expected pictures of its worst images, found none: evaluate a data set"
        raise ValueError(msg)
    truth, model = results.truth_ontology, results.model.ontology
    return np.vstack([_row(run, frame, truth, model) for frame in worst[:count]])


def _row(run: Path, frame: FrameScore, truth: Ontology, model: Ontology) -> NDArray[np.uint8]:
    image = np.asarray(cv2.imread(str(run / frame.files["image"])), np.uint8)[..., ::-1]
    pictures = [np.ascontiguousarray(image)]
    for what, ontology in (("truth", truth), ("predicted", model)):
        labels = cv2.imread(str(run / frame.files[what]), cv2.IMREAD_UNCHANGED)
        pictures.append(colorize(np.asarray(labels, np.uint8), ontology.palette))
    return np.hstack([fit(picture, WIDTH, HEIGHT) for picture in pictures])


def main() -> int:
    """Run the command; 0 is success, 2 a mistake that the message explains."""
    parser = argparse.ArgumentParser(description="The worst images of an evaluation.")
    parser.add_argument("run", type=Path, help="folder that `seg-perception evaluate` wrote")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=3)
    options = parser.parse_args()
    try:
        picture = sheet(options.run, options.count)
    except (SegPerceptionError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    cv2.imwrite(str(options.output), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return 0


if __name__ == "__main__":
    sys.exit(main())

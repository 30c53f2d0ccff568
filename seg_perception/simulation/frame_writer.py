"""`python -m seg_perception.simulation.frame_writer FOLDER`: simulated frames as a data set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import IMAGES, MASKS
from seg_perception.io.image_files import write_image
from seg_perception.simulation.training_frames import training_frames
from seg_perception.simulation.views import RareViews, UsualViews, Views


def write_frames(
    folder: Path, seed: int, count: int, width: int, height: int, views: Views | None = None
) -> None:
    """Render frames with exact masks; files that exist are overwritten.

    Args:
        folder: gets `images/` and `masks_src/` with ids of the field ontology.
        seed: of the simulator; also part of the file names.
        count: how many frames.
        width, height: their size (pixel).
        views: what they show; as from the track, unless they say otherwise.

    Raises:
        DatasetError: the disk refuses.
    """
    frames = training_frames(seed, count, width, height, views=views)
    for index, (image, labels) in enumerate(frames):
        name = f"seed{seed:03d}_{index:04d}.png"
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        write_image(folder / IMAGES / name, bgr, DatasetError)
        write_image(folder / MASKS / name, labels, DatasetError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m seg_perception.simulation.frame_writer", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--size", default="512x288", help="WIDTHxHEIGHT")
    parser.add_argument(
        "--rare",
        action="store_true",
        help="people and animals close by, many trunks, a pond, dusk, rather than views of a drive",
    )
    options = parser.parse_args(arguments)
    width, height = (int(number) for number in options.size.split("x"))
    views = RareViews() if options.rare else UsualViews()
    write_frames(options.folder, options.seed, options.count, width, height, views)
    return 0


if __name__ == "__main__":
    sys.exit(main())

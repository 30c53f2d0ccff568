"""`python -m bench.familiarity BUNDLE --known ... --foreign ...`: what familiarity tells.

Distances of pictures that the bundle should know (`--known FOLDER[:SPLIT.yaml]`, what a split holds
out; `--other`, the same kinds of places under other cameras), of others (`--foreign`), and of the
first ones spoilt: imitated night, noise, inverted, upside down, red and blue swapped. Each set is
told from all that is known, and from the first set alone, by the area under its ROC curve.

As a part of `python -m bench`: what familiarity costs of an inference.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.corruptions.catalogue import CORRUPTIONS
from seg_perception.datasets.folder import read_image
from seg_perception.fitting.engines import preprocessing_of, reference_engine
from seg_perception.fitting.familiarity import fit_familiarity
from seg_perception.fitting.pictures import PictureFiles
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.inference.onnx.files import read_model, to_bytes
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.simulation.training_frames import training_frames

Image = NDArray[np.uint8]
_BUDGET = 1.02
_FRAMES = 40
SPOILT: dict[str, Callable[[Image, str], Image]] = {
    "night": lambda image, key: CORRUPTIONS["darkness"].apply(image, 5, key),
    "noise": lambda image, key: CORRUPTIONS["noise"].apply(image, 5, key),
    "inverted": lambda image, _: 255 - image,
    "upside down": lambda image, _: np.ascontiguousarray(image[::-1]),
    "red and blue swapped": lambda image, _: np.ascontiguousarray(image[..., ::-1]),
    "motion blur, 9 px": lambda image, key: CORRUPTIONS["motion_blur"].apply(image, 3, key),
    "dirt": lambda image, key: CORRUPTIONS["dirt"].apply(image, 4, key),
}


def run() -> list[BenchRow]:
    """The shipped model with familiarity against the same without."""
    shipped = Bundle.load("field_tiny")
    with tempfile.TemporaryDirectory() as scratch:
        before = _without(shipped, Path(scratch) / "before")
        frames = training_frames(1, _FRAMES, before.width, before.height)
        (Path(scratch) / "frames").mkdir()
        for number, (image, _) in enumerate(frames):
            cv2.imwrite(str(Path(scratch) / f"frames/{number:02}.png"), image[..., ::-1])
        files = PictureFiles.find([Path(scratch) / "frames"])
        after = fit_familiarity(before, Path(scratch) / "after", files)
        with closing(reference_engine(before)) as plain, closing(reference_engine(after)) as told:
            picture, model = before.golden[0].image, after.familiarity
            if model is None:
                return []

            def with_distance() -> object:
                statistics = told.infer(picture).statistics
                return model.distance(statistics) if statistics is not None else None

            name = "the same inference without"
            return [
                compare(
                    "familiarity of a picture",
                    with_distance,
                    lambda: plain.infer(picture),
                    budget=_BUDGET,
                    name=name,
                )
            ]


def _without(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle whose graph has no output of familiarity."""
    manifest = bundle.manifest
    graph = to_bytes(read_model(bundle.model_path))
    files = {manifest.model: keep_outputs(graph, manifest.pixel_outputs)}
    return derive_bundle(folder, bundle, files, {"familiarity": None})


def auroc(strange: Sequence[float], known: Sequence[float]) -> float:
    """How often one of the strange is farther than one of the known; ties count half."""
    order = np.sort(known)
    below = np.searchsorted(order, strange, "left") + np.searchsorted(order, strange, "right")
    return float(below.mean() / 2 / len(known))


class Meter:
    """Distances of pictures under one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        """Load the bundle, which has familiarity."""
        if bundle.familiarity is None:
            sys.exit(f"{bundle} has no familiarity; seg-perception bundle fit-familiarity fits it")
        self._model = bundle.familiarity
        self._engine = reference_engine(bundle)
        self._prepare = preprocessing_of(bundle).prepare

    def distance(self, image: Image) -> float:
        """Of a picture, uint8 (H, W, 3) RGB."""
        statistics = self._engine.infer(self._prepare(image)).statistics
        return self._model.distance(statistics).whole if statistics is not None else np.nan


def files_of(place: str, every: int) -> list[Path]:
    """Pictures of FOLDER, or those that FOLDER:SPLIT.yaml holds out."""
    folder, _, split = place.partition(":")
    found = PictureFiles.find([Path(folder)], (), [Path(split)] if split else ())
    return list(found.held_out[0] if split else found.fitted)[::every]


def measured(
    meter: Meter, known: Sequence[Path], other: Sequence[Path], foreign: Sequence[Path]
) -> Iterator[tuple[str, list[float]]]:
    """Distances, set by set."""
    for name, files in (("known", known), ("other cameras", other), ("foreign", foreign)):
        yield name, [meter.distance(read_image(file)) for file in files]
    for name, spoil in SPOILT.items():
        yield name, [meter.distance(spoil(read_image(f), f.stem)) for f in (*known, *other)]


def main() -> None:
    """Print a row for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    for name in ("known", "other", "foreign"):
        parser.add_argument(f"--{name}", action="append", default=[], metavar="FOLDER[:SPLIT]")
    parser.add_argument("--every", type=int, default=1, help="of the known ones")
    options = parser.parse_args()
    meter = Meter(Bundle.load(options.bundle))
    known = [file for place in options.known for file in files_of(place, options.every)]
    other = [file for place in options.other for file in files_of(place, 1)]
    foreign = [file for place in options.foreign for file in files_of(place, 1)]
    print("| pictures | n | median distance | AUROC | of known alone | beyond the edge |")
    print("|---|---|---|---|---|---|")
    usual: list[list[float]] = []
    for name, found in measured(meter, known, other, foreign):
        areas = [
            f"{auroc(found, part):.3f}" for part in ([*chain(*usual)], *usual[:1]) if len(usual) > 1
        ]
        beyond = f"{np.mean(np.array(found) > 1):.0%}"
        cells = [name, str(len(found)), f"{np.median(found):.2f}", *(areas or ["", ""]), beyond]
        print(f"| {' | '.join(cells)} |", flush=True)
        usual += [found] if len(usual) < 2 else []  # the known, and those of other cameras


if __name__ == "__main__":
    main()

"""Clicks that are carried to neighbouring pictures against the same clicks alone.

    python -m bench.teach.carried_clicks BUNDLE DRIVE.mcap … [--clicks 30 100] [--seeds 3]

DRIVE is of `seg-perception simulate`: it has a lidar, the robot's motion and the truth of every
picture. Frames are chosen and kept aside as `teach` does it. Prints a line for each teaching: mean
IoU of the kept-aside frames without and with carried clicks, how many were carried, and how many of
them say what is there. A pair costs about 40 CPU seconds.
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from bench.teach.annotator import Annotator
from bench.teach.course import Course
from bench.teach.places import Place
from seg_perception.cli.options import bag_config, remapped
from seg_perception.inference.bundle import Bundle
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.simulation.config import SimulationConfig
from seg_perception.teaching.choice import choose_of_bag
from seg_perception.teaching.clicks import Click
from seg_perception.teaching.config import TeachingConfig
from seg_perception.teaching.frames import FrameStore, TeachingFrame
from seg_perception.teaching.learning.carried import CarriedClicks
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.lesson import (
    ClickedPicture,
    Encoder,
    taught_pictures,
)
from seg_perception.teaching.learning.targets import Point
from seg_perception.teaching.learning.teacher import TeachingOptions
from seg_perception.teaching.session import Session, begin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_VOID = 255


@dataclass(frozen=True, eq=False)
class Drive:
    """A teaching on a drive whose pictures' labels are known.

    Attributes:
        session: its folder.
        truth: uint8 (H, W) by stamp, ids of the bundle's ontology.
        names: of its classes, by id.
    """

    session: Session
    truth: dict[int, NDArray[np.uint8]]
    names: dict[int, str]

    def place(self, frames: Sequence[TeachingFrame]) -> Place:
        """Some of its frames."""
        store = self.session.store
        table = np.arange(256, dtype=np.uint8)
        truths = [self.cells(store, frame) for frame in frames]
        return Place([store.picture(f.name) for f in frames], truths, self.names, table)

    def cells(self, store: FrameStore, frame: TeachingFrame) -> NDArray[np.uint8]:
        """What is there at the network's size."""
        found = store.cells(frame, self.truth[frame.stamp_ns])
        return np.where(np.isin(found, list(self.names)), found, _VOID).astype(np.uint8)


def read_drive(bag: Path, bundle: str, folder: Path, frames: int) -> Drive:
    """Begin a teaching, or take the one that was begun, and read the truth."""
    loaded = Bundle.load(bundle)
    wishes = TeachingConfig(frames=frames, neighbours=2, replay_frames=0)
    source = remapped(bag, None)
    if not folder.is_dir():
        config = bag_config(source, None, [f"segmentation.bundle={bundle}"])
        chosen = choose_of_bag(source, config, wishes, _silent)
        begin(folder, loaded, bundle, [str(bag)], chosen, (), wishes)
    topic = SimulationConfig().camera_truth_topic
    truth = {}
    with BagReader(source) as reader:
        for message in reader.messages({topic}):
            image = message.message
            stamp_ns = stamp_to_ns(header_of(image).stamp)
            truth[stamp_ns] = np.asarray(decode_label_image(image), np.uint8)
    names = {c.id: c.name for c in loaded.ontology.classes if c.name != "unknown"}
    return Drive(Session(folder), truth, names)


class Race:
    """The same clicks with and without their likes in the pictures beside."""

    def __init__(self, drive: Drive, bundle: str) -> None:
        self._drive, self._bundle = drive, Bundle.load(bundle)
        session = drive.session
        self._frames = session.of_part("teach")
        golden = [(frame.image, None) for frame in self._bundle.golden]
        self._course = Course.prepare(self._bundle, drive.place(self._frames), golden)
        self._encoder = Encoder(self._course.graph, self._bundle.manifest)
        self._judged = drive.place(session.of_part("gate"))
        self._looks = self._course.look(self._judged)
        labeller = Labeller(self._bundle.model_path.read_bytes(), self._bundle.manifest)
        self._said = [labeller.label(p) for p in self._course.taught.pictures]

    def untaught(self) -> float:
        """Mean IoU before."""
        return self._iou(self._course.graph.parameters())

    def run(self, count: int, seed: int) -> dict[str, Any]:
        """Teach twice."""
        annotator = Annotator(self._course.taught, self._course.ids, self._said, 0.0, seed)
        points = annotator.clicks(count, "mixed")
        carried = CarriedClicks(self._drive.session, self._clicks(points))
        clicked = [
            ClickedPicture(self._encoder.features(picture), picture, said)
            for name, said in carried.points.items()
            for picture in [carried.picture(name)]
        ]
        beside = taught_pictures(self._course.graph, clicked, self._course.size)
        options = TeachingOptions.for_clicks(count, TeachingOptions().steps, seed)
        alone, _ = self._course.by_clicks(points, options)
        both, _ = self._course.by_clicks(points, options, beside)
        return {
            "clicks": count,
            "seed": seed,
            "alone": self._iou(alone),
            "carried": self._iou(both),
            "count": carried.count,
            "right": self._right(carried),
        }

    def _iou(self, values: Any) -> float:
        return self._judged.iou(self._course.answers(values, self._looks))

    def _clicks(self, points: dict[int, list[Point]]) -> list[Click]:
        found = []
        classes = self._bundle.ontology.classes
        names = {entry.id: entry.name for entry in classes}
        for number, some in sorted(points.items()):
            frame = self._frames[number]
            for point in some:
                pixel = self._drive.session.store.pixel(frame, point.row, point.column)
                if pixel is not None:
                    place = frame.name, frame.stamp_ns, *pixel
                    found.append(Click(*place, names[point.label], "bench", "asked", "teach"))
        return found

    def _right(self, carried: CarriedClicks) -> float:
        """Share of the carried clicks that say what is there."""
        session = self._drive.session
        frames = {f.name: f for f in (*session.settings.neighbours, *session.settings.frames)}
        store = session.store
        right = [
            point.label == truth[point.row, point.column]
            for name, points in carried.points.items()
            for truth in [self._drive.cells(store, frames[name])]
            for point in points
        ]
        return float(np.mean(right)) if right else 0.0


@contextmanager
def _silent(_step: str) -> Iterator[Any]:
    yield lambda _done, _total: None


def main() -> None:
    """Run all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("drives", type=Path, nargs="+")
    parser.add_argument("--clicks", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_teach/carried"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    for bag in options.drives:
        drive = read_drive(bag, options.bundle, options.output / bag.stem, options.frames)
        race = Race(drive, options.bundle)
        print(f"{bag.stem}: untaught {race.untaught():.3f}", flush=True)
        for seed in range(1, options.seeds + 1):
            for count in options.clicks:
                row = race.run(count, seed)
                print(
                    f"{bag.stem} {count:4} clicks, seed {seed}: alone {row['alone']:.3f}, carried "
                    f"{row['carried']:.3f} ({row['count']} carried, {row['right']:.0%} right)",
                    flush=True,
                )


if __name__ == "__main__":
    main()

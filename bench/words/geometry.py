"""What geometry's labels are worth beside the model's own, on simulated drives.

    python -m bench.words.geometry DRIVE.mcap... [--bundle BUNDLE] [--agree views=8]

On the pixels that geometry labels it counts how many are right by the simulator's truth, and how
many the model itself says rightly there. Self-training's labels are the model's surest pixels: as
many of a picture as geometry labels, of classes that stay. Prints a Markdown table and writes
result.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.cli.options import bag_config, parse_setting, remapped
from seg_perception.config import SegmentationConfig
from seg_perception.core.types import CameraFrame
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import Engine, create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.open_vocabulary.frames import BagFrames
from seg_perception.open_vocabulary.geometry.agreement import Agreement
from seg_perception.open_vocabulary.geometry.labeller import open_drive
from seg_perception.pipeline.label_memory import staying_classes
from seg_perception.simulation.config import SimulationConfig


@dataclass
class Row:
    """A drive's pixels.

    Attributes:
        drive: its name.
        pixels: of all pictures.
        labelled: by geometry.
        right, own_right: of these, by geometry and by the model itself.
        changed, better, worse: of these, where geometry says another class than the model; of
            those, where it is right and where the model was.
        surest_right: of as many of the model's surest pixels.
    """

    drive: str
    pixels: int = 0
    labelled: int = 0
    right: int = 0
    own_right: int = 0
    changed: int = 0
    better: int = 0
    worse: int = 0
    surest_right: int = 0


def main() -> None:
    """Count, drive by drive."""
    options = _options()
    wishes = Agreement.model_validate(dict(map(parse_setting, options.agree)))
    rows = [_row(drive, options.bundle, options.every, wishes) for drive in options.drives]
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "result.json").write_text(json.dumps([asdict(r) for r in rows], indent=1))
    print(_table(rows))


def _row(drive: Path, name: str, every: int, wishes: Agreement) -> Row:
    source = remapped(drive, None)
    config = bag_config(source, None, [f"segmentation.bundle={name}"])
    labeller, words = open_drive(source, config, wishes)
    truth = truth_by_stamp(drive)
    row = Row(drive.stem)
    bundle = Bundle.load(name)
    # Words number classes anew.
    ids = np.full(256, 255, np.uint8)
    for label, number in words.label_space.ids.items():
        ids[number] = bundle.ontology.ids[label]
    with closing(create_engine(bundle, config.segmentation)) as engine:
        for frame in BagFrames(source, config, every).frames():
            (taught,) = labeller.label([frame])
            stamp_ns = int(frame.name.rpartition("_")[2])
            said = _own(engine, frame.image)
            _count(row, ids[taught.labels], said, truth[stamp_ns], staying_classes(bundle.ontology))
    return row


def _own(engine: Engine, image: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    config = SegmentationConfig(output_size="input")
    found = Segmenter(engine, config).segment(CameraFrame("front", image, 0, "camera"))
    return found.labels, found.confidence


def _count(
    row: Row,
    taught: NDArray[np.uint8],
    said: tuple[NDArray[Any], NDArray[np.uint8]],
    truth: NDArray[np.uint8],
    stays: NDArray[np.bool_],
) -> None:
    labels, confidence = said
    there = taught != 255
    right, own = taught == truth, labels == truth
    changed = there & (taught != labels)
    row.pixels += there.size
    row.labelled += int(there.sum())
    row.right += int((right & there).sum())
    row.own_right += int((own & there).sum())
    row.changed += int(changed.sum())
    row.better += int((changed & right).sum())
    row.worse += int((changed & own).sum())
    sure = np.where(stays[labels], confidence, 0).reshape(-1)
    surest = np.argsort(-sure.astype(np.int16), kind="stable")[: int(there.sum())]
    row.surest_right += int(own.reshape(-1)[surest].sum())


def truth_by_stamp(drive: Path) -> dict[int, NDArray[np.uint8]]:
    """The simulator's labels of a drive's pictures, uint8 (H, W), by stamp (ns)."""
    return dict(_truths(drive))


def _truths(drive: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with BagReader(drive) as reader:
        for message in reader.messages({SimulationConfig().camera_truth_topic}):
            image = message.message
            labels = np.asarray(decode_label_image(image), np.uint8)
            yield stamp_to_ns(header_of(image).stamp), labels


def _table(rows: list[Row]) -> str:
    head = (
        "| drive | labelled, % | right, % | the model there, % | changed, % | of these better, % | "
        "of these worse, % | as many of the surest, right % |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        shares = (
            r.labelled / r.pixels,
            r.right / r.labelled,
            r.own_right / r.labelled,
            r.changed / r.labelled,
            r.better / max(r.changed, 1),
            r.worse / max(r.changed, 1),
            r.surest_right / r.labelled,
        )
        lines.append(f"| {r.drive} | " + " | ".join(f"{100 * s:.1f}" for s in shares) + " |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drives", type=Path, nargs="+")
    parser.add_argument("--bundle", default="field_tiny")
    parser.add_argument("--agree", action="append", default=[], help="as of `label`")
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_geometry"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

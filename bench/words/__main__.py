"""What a preview of words saves: planted answers on simulated pictures.

    python -m bench.words [--frames 24] [--words 60] [-o runs/bench_words]

A vocabulary of the simulator's classes and of words that are nowhere is looked for in forests,
fields and weather, whole and with a preview. Prints a Markdown table and writes result.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.words.planted import PlantedTeacher
from seg_perception.core.ontology import Ontology
from seg_perception.open_vocabulary.decision import class_scores, decide
from seg_perception.open_vocabulary.pruning import Preview, Pruning
from seg_perception.open_vocabulary.teacher import Image
from seg_perception.open_vocabulary.words import WordClass, Words
from seg_perception.simulation.training_frames import training_frames

_SIZE = (192, 144)
# One pixel in so many is enough of a class to count as there.
_THERE = 1 / 1000
Frame = tuple[Image, NDArray[np.uint8]]


@dataclass(frozen=True)
class Row:
    """What one way of leaving words out comes to.

    Attributes:
        name: of the way.
        asked: words that were looked for at full size, mean of the pictures.
        there: classes that are in a picture, mean.
        missed: of these, percent that were not looked for.
        iou: mean IoU of the classes that are there, percent.
    """

    name: str
    asked: float
    there: float
    missed: float
    iou: float


def main() -> None:
    """Run all of it."""
    options = _options()
    space = Ontology.load("field")
    frames = list(training_frames(1, options.frames, *_SIZE))
    names = [c.name for c in space.classes]
    names += [f"absent {number}" for number in range(options.words - len(names))]
    words = Words(name="bench", classes=tuple(WordClass(name=name) for name in names))
    rows = [
        _row("all words", Pruning(enabled=False), frames, words, space),
        *(
            _row(f"quantile, best {share:.0%}", _quantile(share), frames, words, space)
            for share in (0.1, 0.2, 0.3)
        ),
        *(
            _row(
                f"best {share:.0%}, and what is surely there",
                Pruning(share=share, cap=40),
                frames,
                words,
                space,
            )
            for share in (0.05, 0.1, 0.2)
        ),
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    document = json.dumps([asdict(row) for row in rows], indent=1)
    (options.output / "result.json").write_text(document)
    print(f"{len(frames)} pictures, {len(words.classes)} words")
    print(_table(rows))


def _quantile(share: float) -> Pruning:
    """ActiveSAM's: nothing is kept beyond the quantile."""
    return Pruning(share=share, cap=40, sure=1.0)


def _row(
    name: str, pruning: Pruning, frames: Sequence[Frame], words: Words, space: Ontology
) -> Row:
    truths = {image.tobytes(): truth for image, truth in frames}
    ids = {_phrase(name): number for name, number in space.ids.items()}
    teacher = PlantedTeacher(truths, ids, 1)
    preview = Preview(teacher, words, pruning)
    counts = np.zeros((3, len(words.classes)), np.int64)
    there = missed = 0
    for image, truth in frames:
        (classes,) = preview.classes([image])
        phrases = preview.phrases(classes)
        (answer,) = teacher.score([image], [phrases])
        decided = decide(words, class_scores(words, classes.tolist(), phrases, answer), _SIZE)
        for index, entry in enumerate(words.classes):
            real = truth == space.ids.get(entry.name, -1)
            said = decided.labels == index
            counts[:, index] += (int((real & said).sum()), int(real.sum()), int(said.sum()))
            if real.mean() >= _THERE:
                there += 1
                missed += index not in classes
    union = counts[1] + counts[2] - counts[0]
    present = counts[1] > 0
    iou = float((counts[0][present] / union[present]).mean())
    count = len(frames)
    return Row(name, teacher.decoded / count, there / count, 100 * missed / there, 100 * iou)


def _phrase(name: str) -> str:
    return name.replace("_", " ")


def _table(rows: Sequence[Row]) -> str:
    head = "| looked for | words a picture | classes there | of these missed, % | mean IoU, % |"
    lines = [head, "|---|---|---|---|---|"]
    lines += [
        f"| {r.name} | {r.asked:.1f} | {r.there:.1f} | {r.missed:.1f} | {r.iou:.1f} |" for r in rows
    ]
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_words"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

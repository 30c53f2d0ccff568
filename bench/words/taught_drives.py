"""What a model gains that is taught its own drive by geometry's labels, or by its own.

    python -m bench.words.taught_drives DRIVE.mcap... --judged DRIVE.mcap [--bundle BUNDLE]

Each simulated drive is a trial with a seed of its own: the model's head is taught on the first two
thirds of its pictures, without a click, by what geometry says of them, by those classes of it that
the gate takes (proven by truth on the last third), by the model's own sure labels, and by truth.
Another drive judges. Prints a Markdown table, and writes each teaching to result.json; the next run
goes on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from bench.teach.course import Course, Weights
from bench.teach.places import Place
from bench.teach.results import Results, Trial
from bench.teach.teachers import Pupil, own_labels
from bench.words.geometry import truth_by_stamp
from seg_perception.cli.options import bag_config, remapped
from seg_perception.evaluation.teacher_gate import count_classes, judge_teacher
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.open_vocabulary.frames import BagFrames
from seg_perception.open_vocabulary.geometry.agreement import Agreement
from seg_perception.open_vocabulary.geometry.labeller import open_drive
from seg_perception.simulation.training_frames import training_frames
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.lesson import Lesson, TaughtPicture
from seg_perception.teaching.learning.targets import NO_TARGET, shrink
from seg_perception.teaching.learning.teacher import TeachingOptions, teach_head

Labels = NDArray[np.uint8]
_HOWS = ("geometry", "geometry, gate", "own sure labels", "truth")


def main() -> None:
    """Run what result.json lacks, and print the table."""
    options = _options()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    bundle = Bundle.load(options.bundle)
    setup = {
        "model_sha256": sha256(bundle.model_path),
        "judged": options.judged.name,
        "every": options.every,
    }
    results = Results.of(options.output / "result.json", setup)
    judged = drive_place(options.judged, bundle, options.every)
    for seed, drive in enumerate(options.drives, start=1):
        trials = [Trial(f"{drive.stem}: {how}", 0, seed) for how in ("nothing", *_HOWS)]
        if not all(map(results.has, trials)):
            _teach(results, trials, _Drive(drive, bundle, options.every), judged)
    print(table(results.rows))


class _Drive:
    """A drive's pictures, with what each teacher says of the first two thirds."""

    def __init__(self, drive: Path, bundle: Bundle, every: int) -> None:
        place = drive_place(drive, bundle, every)
        said = geometry_labels(drive, bundle, every)
        end = len(place.pictures) * 2 // 3
        self.bundle, self.taught = bundle, place.some(range(end))
        proof = place.some(range(end, len(place.pictures)))
        own = Labeller(bundle.model_path.read_bytes(), bundle.manifest)
        before = [np.asarray(own.label(picture)[0]) for picture in proof.pictures]
        taken = gated(proof.truths, said[end:], before, bundle)
        self.labels = {
            "geometry": said[:end],
            "geometry, gate": [only(labels, taken) for labels in said[:end]],
            "own sure labels": own_labels(Pupil(bundle, self.taught, proof), "", 0),
            "truth": list(self.taught.truths),
        }


def _teach(results: Results, trials: Sequence[Trial], drive: _Drive, judged: Place) -> None:
    bundle = drive.bundle
    kept = [(frame.image, None) for frame in bundle.golden]
    kept += training_frames(1, 12, bundle.width, bundle.height)
    course = Course.prepare(bundle, drive.taught, kept)
    look = course.look(judged)
    for trial in trials:
        if results.has(trial):
            continue
        how = trial.how.partition(": ")[2]
        started_s = time.process_time()
        values = course.graph.parameters()
        if how != "nothing":
            values = _taught(course, drive.labels[how], trial.seed)
        answers = course.answers(values, look)
        right = np.mean([judged.right(a, n).mean() for n, a in enumerate(answers)])
        row = {
            "how": trial.how,
            "clicks": 0,
            "seed": trial.seed,
            "labelled": _share(drive.labels.get(how, ())),
            "labels_right": _right(drive.labels.get(how, ()), drive.taught.truths),
            "iou": judged.iou(answers),
            "right": float(right),
            "classes": {judged.names[n]: iou for n, iou in judged.class_iou(answers).items()},
            "cpu_s": time.process_time() - started_s,
        }
        results.add(row)
        print(f"{trial.how}: IoU {row['iou']:.3f}, {row['cpu_s']:.0f} CPU s", flush=True)


def _taught(course: Course, labels: Sequence[Labels], seed: int) -> Weights:
    """The weights that labels make; those before where there is not one label."""
    pictures = [
        TaughtPicture(features, shrink(said, (), course.size))
        for features, said in zip(course.features, labels, strict=True)
        if (said != NO_TARGET).any()
    ]
    if not pictures:
        return course.graph.parameters()
    return teach_head(course.graph, Lesson(pictures, course.kept), TeachingOptions(seed=seed))


def drive_place(drive: Path, bundle: Bundle, every: int) -> Place:
    """Pictures of a simulated drive, which have the network's size, with their truth.

    Raises:
        SystemExit: they have another size.
    """
    source = remapped(drive, None)
    truth = truth_by_stamp(drive)
    frames = list(BagFrames(source, bag_config(source, None, []), every).frames())
    size = (bundle.height, bundle.width)
    if frames[0].image.shape[:2] != size:
        msg = f"{drive}: expected pictures of {size}, got {frames[0].image.shape[:2]}: simulate so"
        raise SystemExit(msg)
    truths = [truth[int(frame.name.rpartition("_")[2])] for frame in frames]
    names = {number: name for name, number in bundle.ontology.ids.items()}
    return Place([f.image for f in frames], truths, names, np.arange(256, dtype=np.uint8))


def geometry_labels(drive: Path, bundle: Bundle, every: int) -> list[Labels]:
    """What geometry says of a drive's pictures, in the bundle's ids, `NO_TARGET` without label."""
    source = remapped(drive, None)
    config = bag_config(source, None, [f"segmentation.bundle={bundle.folder}"])
    labeller, words = open_drive(source, config, Agreement())
    ids = np.full(256, NO_TARGET, np.uint8)
    for label, number in words.label_space.ids.items():
        ids[number] = bundle.ontology.ids[label]
    frames = BagFrames(source, config, every).frames()
    return [ids[labeller.label([frame])[0].labels] for frame in frames]


def gated(
    truths: Sequence[Labels], said: Sequence[Labels], before: Sequence[Labels], bundle: Bundle
) -> list[int]:
    """The ids of the classes that a teacher is proven better at; where it is silent, nothing.

    Args:
        truths: of kept-aside pictures.
        said: by the teacher, `NO_TARGET` where it has no label: there the student speaks.
        before: by the student.
        bundle: whose ontology the ids are of.
    """
    names = [bundle.ontology.names[n] for n in range(bundle.ontology.id_count)]
    after = [np.where(a == NO_TARGET, b, a) for a, b in zip(said, before, strict=True)]
    counts = [
        count_classes(list(zip(truths, labels, strict=True)), len(names))
        for labels in (after, before)
    ]
    verdicts = judge_teacher(names, counts[0], counts[1])
    return [bundle.ontology.ids[verdict.name] for verdict in verdicts if verdict.takes]


def only(labels: Labels, taken: Sequence[int]) -> Labels:
    """Labels of some classes, uint8 (h, w); `NO_TARGET` elsewhere."""
    return np.where(np.isin(labels, taken), labels, NO_TARGET).astype(np.uint8)


def _share(labels: Sequence[Labels]) -> float:
    return float(np.mean([(said != NO_TARGET).mean() for said in labels])) if labels else 0.0


def _right(labels: Sequence[Labels], truths: Sequence[Labels]) -> float:
    """Of the labels, the share that is right."""
    pairs = list(zip(labels, truths, strict=False))
    there = sum(int((said != NO_TARGET).sum()) for said, _ in pairs)
    right = sum(int((said == truth).sum()) for said, truth in pairs)
    return right / max(there, 1)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: each way over the drives, with its gain over nothing."""
    lines = [
        "| taught by | labelled, % | of these right, % | mean IoU | gain, by drive | right, % |",
        "|---|---|---|---|---|---|",
    ]
    before = {row["seed"]: row["iou"] for row in rows if row["how"].endswith(": nothing")}
    for how in ("nothing", *_HOWS):
        own = [row for row in rows if row["how"].partition(": ")[2] == how]
        if not own:
            continue
        gains = ", ".join(f"{100 * (row['iou'] - before[row['seed']]):+.1f}" for row in own)
        shares = [100 * np.mean([row[key] for row in own]) for key in ("labelled", "labels_right")]
        cells = [how, *(f"{share:.1f}" for share in shares)]
        cells += [f"{np.mean([row['iou'] for row in own]):.3f}", gains]
        cells += [f"{100 * np.mean([row['right'] for row in own]):.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drives", type=Path, nargs="+")
    parser.add_argument("--judged", type=Path, required=True)
    parser.add_argument("--bundle", default="field_tiny")
    parser.add_argument("--every", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_taught_drives"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
    print(f"{time.process_time():.0f} CPU s")

"""A class that a model does not have is taught by clicks: its row was taken out of the last layer.

    python -m bench.teach.new_class BUNDLE --data FOLDER [--classes vehicle sidewalk person]

FOLDER holds `camvid` as images and masks_src. Prints for each teaching the class's IoU and that of
the other classes: of the model with the class (what it was trained with dense masks), without it,
and taught. Its encoder saw the class's pixels in its training, so this is the last step alone: a
row, the layers under it, and what they cost the other classes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from bench.teach.annotator import Annotator
from bench.teach.course import Answers, Course
from bench.teach.places import Place, split_place
from bench.teach.results import Results, Trial
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.simulation.training_frames import training_frames
from seg_perception.teaching.clicks import NewClass
from seg_perception.teaching.learning.graph import TeachableGraph, replace_weights
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.targets import NO_TARGET
from seg_perception.teaching.learning.teacher import MANY_CLICKS, TeachingOptions
from seg_perception.teaching.learning.torch_head import OPERATORS

_COLOR = "#e91e63"


def main() -> None:
    """Run what result.json lacks, and tell after each teaching."""
    options = _options()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    bundle = Bundle.load(options.bundle)
    setup = {"model_sha256": sha256(bundle.model_path), "frames": options.frames}
    results = Results.of(options.output / "result.json", {**setup, "judged": options.judged})
    for row in results.rows:
        print(_line(row), flush=True)
    for name in options.classes:
        with tempfile.TemporaryDirectory() as folder:
            lessons = None
            for trial in _trials(name, options):
                if results.has(trial):
                    continue
                lessons = lessons or Lessons(bundle, name, Path(folder), options)
                row = lessons.row(trial)
                results.add(row)
                print(_line(row), flush=True)


def without_class(bundle: Bundle, name: str, folder: Path) -> Bundle:
    """A bundle without a class: no row of the last layer, no entry of the ontology."""
    graph = TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)
    others = [entry.id for entry in bundle.ontology.classes if entry.name != name]
    rows = {key: graph.weights.value(key)[others] for key in graph.last.input[1:3]}
    model = replace_weights(graph, rows, len(others))
    document = bundle.ontology.model_dump()
    classes = [entry for entry in document["classes"] if entry["name"] != name]
    document["classes"] = [{**entry, "id": number} for number, entry in enumerate(classes)]
    for groups in document["groupings"].values():
        for group in groups:
            group["classes"] = [n for n in group["classes"] if n != name]
    ontology = Ontology.parse(document, f"{bundle.ontology.name} without {name}")
    manifest = bundle.manifest.model_copy(update={"ontology": ontology})
    labeller = Labeller(model, manifest)
    files = {bundle.manifest.model: model}
    for entry, golden in zip(manifest.golden, bundle.golden, strict=True):
        labels, confidence = labeller.label(golden.image)[:2]
        files[entry.labels] = _png(labels)
        if entry.confidence:
            files[entry.confidence] = _png(confidence)
    return derive_bundle(folder, bundle, files, {"ontology": ontology})


def _png(values: Any) -> bytes:
    data: bytes = cv2.imencode(".png", np.asarray(values, np.uint8))[1].tobytes()
    return data


@dataclass(frozen=True)
class _Score:
    """IoU of the class, and the mean of the others."""

    own: float
    others: float

    @classmethod
    def of(cls, place: Place, answers: Answers, name: str) -> _Score:
        found = {place.names[number]: iou for number, iou in place.class_iou(answers).items()}
        return cls(found.pop(name), float(np.mean(list(found.values()))))


class Lessons:
    """Teachings of one class."""

    def __init__(self, whole: Bundle, name: str, folder: Path, options: Any) -> None:
        """Take the class out, and run the encoder over every frame."""
        self._name = name
        split = options.data, "camvid"
        judged = split_place(*split, "validation", options.judged, whole)
        self._with_it = _Score.of(judged, _said(whole, judged)[0], name)
        bundle = without_class(whole, name, folder / "without")
        taught = split_place(*split, "train", options.frames, bundle)
        labels, self._said = _said(bundle, taught)
        entry = NewClass(name, _COLOR, _mistaken_for(bundle, taught, labels, name))
        kept = [(frame.image, None) for frame in bundle.golden]
        kept += [
            (picture, _renumbered(whole.ontology, bundle.ontology, truth))
            for picture, truth in training_frames(1, options.replay, bundle.width, bundle.height)
        ]
        course = Course.prepare(bundle, _knowing(taught, bundle, name), kept)
        self._course = replace(course, added=(entry,))
        self._judged = _knowing(
            split_place(*split, "validation", options.judged, bundle), bundle, name
        )
        self._looks = self._course.look(self._judged)
        self._before = self._score(self._course.untaught)

    def row(self, trial: Trial) -> dict[str, Any]:
        """One teaching, judged."""
        course = self._course
        clicks = MANY_CLICKS if trial.clicks < 0 else trial.clicks
        options = TeachingOptions.for_clicks(clicks, TeachingOptions().steps, trial.seed)
        own = 0
        if trial.clicks < 0:
            values, spent_s = course.by_masks(options)
        else:
            annotator = Annotator(course.taught, course.ids, self._said, 0.0, trial.seed)
            points = annotator.clicks(trial.clicks, "mixed")
            own = sum(p.label == course.ids[self._name] for some in points.values() for p in some)
            values, spent_s = course.by_clicks(points, options)
        after = self._score(values)
        return {
            "how": trial.how,
            "like": course.added[0].like,
            "clicks": trial.clicks,
            "own_clicks": own,
            "seed": trial.seed,
            "own": [self._with_it.own, self._before.own, after.own],
            "others": [self._with_it.others, self._before.others, after.others],
            "cpu_s": spent_s,
        }

    def _score(self, values: Any) -> _Score:
        return _Score.of(self._judged, self._course.answers(values, self._looks), self._name)


def _said(bundle: Bundle, place: Place) -> tuple[Answers, list[Any]]:
    labeller = Labeller(bundle.model_path.read_bytes(), bundle.manifest)
    found = [labeller.label(picture) for picture in place.pictures]
    return [np.asarray(labels) for labels, *_ in found], found


def _mistaken_for(bundle: Bundle, place: Place, labels: Answers, name: str) -> str:
    """What the model says most often where the class is: what somebody at the page sees there."""
    number = next(n for n, other in place.names.items() if other == name)
    pairs = zip(place.truths, labels, strict=True)
    found = np.concatenate([said[truth == number] for truth, said in pairs])
    return bundle.ontology.classes[int(np.bincount(found).argmax())].name


def _knowing(place: Place, bundle: Bundle, name: str) -> Place:
    """The same place, with the class as the first one that joins a bundle's ontology."""
    table = place.table.copy()
    table[len(bundle.ontology.classes)] = next(n for n, own in place.names.items() if own == name)
    return Place(place.pictures, place.truths, place.names, table)


def _renumbered(before: Ontology, after: Ontology, truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.full(256, NO_TARGET, np.uint8)
    for entry in before.classes:
        table[entry.id] = after.ids.get(entry.name, NO_TARGET)
    labels: NDArray[np.uint8] = table[truth]
    return labels


def _trials(name: str, options: argparse.Namespace) -> Sequence[Trial]:
    seeds = range(1, options.seeds + 1)
    clicked = [Trial(name, clicks, seed) for seed in seeds for clicks in options.clicks]
    return [*clicked, Trial(name, -1, 1)]


def _line(row: dict[str, Any]) -> str:
    what = "full masks" if row["clicks"] < 0 else f"{row['clicks']} clicks"
    own, others = (" -> ".join(f"{iou:.3f}" for iou in row[key][1:]) for key in ("own", "others"))
    return (
        f"{row['how']:10} like {row['like']:16} {what:10} ({row['own_clicks']:2} of it), seed "
        f"{row['seed']}: {own} (trained with it {row['own'][0]:.3f}); others {others} "
        f"({row['others'][0]:.3f}), {row['cpu_s']:.0f} s"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--classes", nargs="+", default=["vehicle", "sidewalk", "person"])
    parser.add_argument("--clicks", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--judged", type=int, default=30)
    parser.add_argument("--replay", type=int, default=24)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_teach/new_class"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
    print(f"{time.process_time():.0f} CPU s")

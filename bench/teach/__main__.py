"""`make bench-teach`: a model is taught a place that it never saw, by an annotator with the truth.

    python -m bench.teach BUNDLE --data FOLDER [--seeds 2] [--clicks 30 100 300] [--cpu-s 1500]

BUNDLE was trained without the place (docs/explanation/teaching.md has the commands), FOLDER holds
`ycor` and `camvid` as images and masks_src. Prints mean IoU of the new place and of the old one by
clicks, wrong keys and seeds, beside full masks of the same frames, random points, no guards, and a
place that the model knows, with the gate's rates. A teaching costs about 30 CPU seconds, on one
thread; no new one begins after `--cpu-s`. Each is written to result.json, and the next run goes on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import torch

from bench.teach.annotator import Annotator
from bench.teach.course import Answers, Course, Weights
from bench.teach.gate_rates import gate_rates
from bench.teach.places import split_place
from bench.teach.results import Results, Trial
from bench.teach.teachers import TEACHERS, Pupil
from bench.teach.teachers import rows as teacher_rows
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.simulation.training_frames import training_frames
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.teacher import MANY_CLICKS, Guards, TeachingOptions

_DRAWS = 400
_BARE = Guards(self_distillation=0, old_distillation=0, replay=0, mix=1)


def main() -> None:
    """Run what result.json lacks, and tell after each teaching."""
    options = _options()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    results = Results.of(options.output / "result.json", _setup(options))
    for row in results.rows:
        print(_line(row), flush=True)
    bench = _Bench(options)
    for trial in _trials(options):
        if results.has(trial):
            continue
        if time.process_time() > options.cpu_s:
            print(f"{options.cpu_s:.0f} CPU s are spent: run it again to go on")
            return
        row = bench.row(trial)
        results.add(row)
        print(_line(row), flush=True)


def _trials(options: argparse.Namespace) -> Iterator[Trial]:
    """What is measured, the untaught model and the first seed first."""
    if options.only:
        yield from (trial for trial in _all(options) if trial.how in options.only)
    else:
        yield from _all(options)


def _all(options: argparse.Namespace) -> Iterator[Trial]:
    yield Trial("untaught", 0, 0)
    some = options.clicks[min(1, len(options.clicks) - 1)]
    for seed in range(1, options.seeds + 1):
        for clicks in options.clicks:
            yield Trial("mixed", clicks, seed)
        yield Trial("full masks", -1, seed)
        yield Trial("known place", some, seed)
        for wrong in (0.1, 0.05):
            yield Trial(f"mixed, {wrong:.0%} wrong keys", some, seed, wrong=wrong)
        yield Trial("errors, no guards", some, seed, points="errors", guards=_BARE)
        yield Trial("random", some, seed, points="random")
        yield from teacher_rows(some, seed)


class _Bench:
    """What is taught, judged and kept, with the features of every frame."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._steps, self._teacher = options.steps, options.teacher
        self._bundle = bundle = Bundle.load(options.bundle)
        taught = split_place(options.data, "ycor", "train", options.frames, bundle)
        kept = [(frame.image, None) for frame in bundle.golden]
        kept += training_frames(1, options.replay, bundle.width, bundle.height)
        known = split_place(options.data, "camvid", "train", options.old, bundle)
        held = [*kept, *((picture, None) for picture in known.pictures)]
        self._course = Course.prepare(bundle, taught, held)
        old = [picture.features for picture in self._course.kept[len(kept) :]]
        fewer = self._course.kept[: len(kept)]
        self._known = replace(self._course, taught=known, features=old, kept=fewer)
        self._new = split_place(options.data, "ycor", "validation", options.judged, bundle)
        self._old = split_place(options.data, "camvid", "validation", options.judged // 2, bundle)
        # Held-out frames between those that are judged.
        self._proof = split_place(options.data, "ycor", "validation", options.judged, bundle, 0.5)
        self._looks = [self._course.look(place) for place in (self._new, self._old)]
        self._before = self._answers(self._course.graph.parameters())

    def row(self, trial: Trial) -> dict[str, Any]:
        """One teaching, judged."""
        course = self._known if trial.how == "known place" else self._course
        clicks = MANY_CLICKS if trial.clicks < 0 else trial.clicks
        options = TeachingOptions.for_clicks(clicks, self._steps, trial.seed)
        if trial.guards is not None:
            options = replace(options, guards=trial.guards)
        if not trial.clicks:
            values, spent_s = course.graph.parameters(), 0.0
        elif trial.clicks < 0:
            values, spent_s = course.by_masks(options)
        else:
            said = self._said(course)
            annotator = Annotator(course.taught, course.ids, said, trial.wrong, trial.seed)
            points = annotator.clicks(trial.clicks, trial.points)
            values, spent_s = course.by_clicks(points, options, teacher=self._taught_by(trial))
        return self._judged(trial, values, spent_s)

    def _judged(self, trial: Trial, values: Weights, spent_s: float) -> dict[str, Any]:
        new, old = self._answers(values)
        proof = self._old if trial.how == "known place" else self._new
        pair = (self._before[1], old) if trial.how == "known place" else (self._before[0], new)
        return {
            "how": trial.how,
            "clicks": trial.clicks,
            "seed": trial.seed,
            "new": self._new.iou(new),
            "old": self._old.iou(old),
            "classes": {self._new.names[n]: iou for n, iou in self._new.class_iou(new).items()},
            "cpu_s": spent_s,
            **gate_rates(proof, *pair, _DRAWS, trial.seed),
        }

    def _taught_by(self, trial: Trial) -> Sequence[Any]:
        """A teacher's labels of the frames that are taught; none without one."""
        if not trial.teacher:
            return ()
        pupil = Pupil(self._bundle, self._course.taught, self._proof)
        return TEACHERS[trial.teacher](pupil, self._teacher, trial.seed)

    def _said(self, course: Course) -> list[Any]:
        """What the model before says of the frames that are taught."""
        labeller = Labeller(self._bundle.model_path.read_bytes(), self._bundle.manifest)
        return [labeller.label(picture) for picture in course.taught.pictures]

    def _answers(self, values: Weights) -> tuple[Answers, Answers]:
        new, old = (self._course.answers(values, looks) for looks in self._looks)
        return new, old


def _setup(options: argparse.Namespace) -> dict[str, Any]:
    """What rows of one table have in common."""
    names = ("frames", "judged", "old", "replay", "steps", "teacher")
    return {
        "model_sha256": sha256(Bundle.load(options.bundle).model_path),
        "teacher_sha256": sha256(Bundle.load(options.teacher).model_path),
        **{name: getattr(options, name) for name in names},
    }


def _line(row: dict[str, Any]) -> str:
    passed = " ".join(f"{points}:{rate:.2f}" for points, rate in row["passed"].items())
    return (
        f"{row['how']:22} {row['clicks']:5} clicks, seed {row['seed']}: new {row['new']:.3f}, "
        f"old {row['old']:.3f}, {row['cpu_s']:.0f} s; differ {row['differ']:.2f}, "
        f"new right {row.get('new_right', 0):.2f}, old right {row.get('old_right', 0):.2f}; "
        f"out by {passed}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--clicks", type=int, nargs="+", default=[30, 100, 300])
    parser.add_argument("--only", nargs="+", default=[], help="rows by their names")
    parser.add_argument("--teacher", default="field_tiny", help="bundle of the teacher's rows")
    parser.add_argument("--cpu-s", type=float, default=1500.0)
    parser.add_argument("--frames", type=int, default=61)
    parser.add_argument("--judged", type=int, default=40)
    parser.add_argument("--old", type=int, default=40)
    parser.add_argument("--replay", type=int, default=24)
    parser.add_argument("--steps", type=int, default=TeachingOptions().steps)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_teach"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
    print(f"{time.process_time():.0f} CPU s")

"""`make bench-teach`: a model is taught a place that it never saw, by an annotator with the truth.

    python -m bench.teach BUNDLE --data FOLDER [--seeds 3] [--clicks 30 100 300 1000]

BUNDLE was trained without the place (docs/explanation/teaching.md has the commands), FOLDER holds
`ycor` and `camvid` as images and masks_src. Prints mean IoU of the new place and of the old one by
clicks, wrong keys and seeds, beside full masks of the same frames, random points and no guards,
with the gate's rates; writes result.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml

from bench.teach.annotator import Annotator
from bench.teach.course import Answers, Course, Weights
from bench.teach.gate_rates import gate_rates
from bench.teach.places import Place, read_place
from seg_perception.inference.bundle import Bundle
from seg_perception.simulation.training_frames import training_frames
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.teacher import Guards, TeachingOptions

ROOT = Path(__file__).resolve().parents[2]
_DRAWS = 400
_BARE = Guards(self_distillation=0, old_distillation=0, replay=0, mix=1)


def main() -> None:
    """Run all of it, and tell after each teaching."""
    options = _options()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    bench = _Bench(options)
    rows = []
    for row in bench.rows():
        rows.append(row)
        print(_line(row), flush=True)
        (options.output / "result.json").write_text(json.dumps(rows, indent=1))


class _Bench:
    """What is taught, judged and kept, with the features of every frame."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        bundle = Bundle.load(options.bundle)
        taught = _place(options.data, "ycor", "train", options.frames, bundle)
        kept = [(frame.image, None) for frame in bundle.golden]
        kept += training_frames(1, options.replay, bundle.width, bundle.height)
        old = _place(options.data, "camvid", "train", options.old, bundle)
        kept += [(picture, None) for picture in old.pictures]
        self._course = Course.prepare(bundle, taught, kept)
        labeller = Labeller(bundle.model_path.read_bytes(), bundle.manifest)
        self._said = [labeller.label(picture) for picture in taught.pictures]
        self._new = _place(options.data, "ycor", "validation", options.judged, bundle)
        self._old = _place(options.data, "camvid", "validation", options.judged // 2, bundle)
        self._looks = [self._course.look(place) for place in (self._new, self._old)]
        self._before = self._answers(self._course.graph.parameters())

    def rows(self) -> Iterator[dict[str, Any]]:
        """One teaching after the other, the untaught model first."""
        yield self._row("untaught", 0, 0, self._course.graph.parameters(), 0.0)
        options = TeachingOptions(steps=self._options.steps)
        for seed in range(1, self._options.seeds + 1):
            seeded = replace(options, seed=seed)
            for clicks in self._options.clicks:
                yield self._taught("mixed", clicks, 0.0, seeded)
            some = self._options.clicks[min(1, len(self._options.clicks) - 1)]
            for wrong in (0.05, 0.1):
                yield self._taught("mixed", some, wrong, seeded)
            yield self._taught("random", some, 0.0, seeded)
            bare = replace(seeded, guards=_BARE)
            yield self._taught("errors", some, 0.0, bare, "errors, no guards")
            values, spent_s = self._course.by_masks(seeded)
            yield self._row("full masks", -1, seed, values, spent_s)

    def _taught(
        self, how: str, clicks: int, wrong: float, options: TeachingOptions, name: str = ""
    ) -> dict[str, Any]:
        course, seed = self._course, options.seed
        annotator = Annotator(course.taught, course.bundle, self._said, wrong, seed)
        values, spent_s = course.by_clicks(annotator.clicks(clicks, how), options)
        label = name or (f"{how}, {wrong:.0%} wrong keys" if wrong else how)
        return self._row(label, clicks, seed, values, spent_s)

    def _row(
        self, how: str, clicks: int, seed: int, values: Weights, spent_s: float
    ) -> dict[str, Any]:
        new, old = self._answers(values)
        gate = gate_rates(self._new, self._before[0], new, _DRAWS, seed)
        scores = {"new": self._new.iou(new), "old": self._old.iou(old)}
        return {"how": how, "clicks": clicks, "seed": seed, **scores, "cpu_s": spent_s, **gate}

    def _answers(self, values: Weights) -> tuple[Answers, Answers]:
        new, old = (self._course.answers(values, looks) for looks in self._looks)
        return new, old


def _place(data: Path, name: str, part: str, count: int, bundle: Bundle) -> Place:
    split = yaml.safe_load((ROOT / f"recipes/splits/{name}.yaml").read_text(encoding="utf-8"))
    names: Sequence[str] = split[part]
    chosen = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    mapping = ROOT / f"config/training/mappings/{name}.yaml"
    return read_place(data / name, mapping, [names[int(n)] for n in chosen], bundle)


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
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clicks", type=int, nargs="+", default=[30, 100, 300, 1000])
    parser.add_argument("--frames", type=int, default=61)
    parser.add_argument("--judged", type=int, default=80)
    parser.add_argument("--old", type=int, default=40)
    parser.add_argument("--replay", type=int, default=24)
    parser.add_argument("--steps", type=int, default=TeachingOptions().steps)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_teach"))
    return parser.parse_args()


if __name__ == "__main__":
    started_s = time.monotonic()
    main()
    print(f"{time.monotonic() - started_s:.0f} s")

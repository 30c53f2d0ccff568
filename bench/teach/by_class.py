"""What teachings did to each class: means of the rows of `python -m bench.teach`, and their range.

    python -m bench.teach.by_class BUNDLE --data DATA --rows mixed "teacher, gate" --clicks 100

The teacher itself is judged on the same frames, beside the model before. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.teach.places import split_place
from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.learning.graph_runner import Labeller

Row = Mapping[str, Any]


def main() -> None:
    """Print the table."""
    options = _options()
    document = json.loads((options.output / "result.json").read_text(encoding="utf-8"))
    bundle, teacher = Bundle.load(options.bundle), Bundle.load(document["setup"]["teacher"])
    place = split_place(options.data, "ycor", "validation", document["setup"]["judged"], bundle)
    labeller = Labeller(teacher.model_path.read_bytes(), teacher.manifest)
    said = [np.asarray(labeller.label(picture)[0]) for picture in place.pictures]
    own = {place.names[n]: iou for n, iou in place.class_iou(said).items()}
    rows = [{"how": "the teacher itself", "clicks": 0, "seed": 0, "classes": own}]
    rows += document["rows"]
    print(table(rows, ["untaught", "the teacher itself", *options.rows], options.clicks))


def table(rows: Sequence[Row], hows: Sequence[str], clicks: int) -> str:
    """IoU of each class by how it was taught: the mean over the seeds, least and most."""
    chosen = {
        how: [row for row in rows if row["how"] == how and row["clicks"] in (0, clicks)]
        for how in hows
    }
    names = list(next(iter(chosen.values()))[0]["classes"])
    lines = [f"| class | {' | '.join(chosen)} |", "|---" * (1 + len(chosen)) + "|"]
    for name in names:
        cells = [_cell([row["classes"].get(name, 0.0) for row in own]) for own in chosen.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f} to {max(values):.2f})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", help="that was taught")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", default=["mixed"], help="by their names")
    parser.add_argument("--clicks", type=int, default=100)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_teach"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""The scores as tables and as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench.transfer_quality.conditions import CONDITIONS
from bench.transfer_quality.run import Cell
from bench.transfer_quality.scores import THIN, Score

_LEGEND = (
    "A cell holds, in percent: coverage (labelled share of the points truly visible and in view) / "
    "wrong share (wrong among the labelled; a labelled hidden point is wrong) / IoU of "
    + " / IoU of ".join(THIN)
    + " (a visible point without label is missed). ms: median over all conditions, one core; the "
    "floor is cv2.projectPoints on the same points."
)


_IDEAL, _TURNING = (
    next(condition.name for condition in CONDITIONS if condition.key == key)
    for key in ("ideal", "motion")
)


def write(scores: Mapping[Cell, Score], folder: Path) -> None:
    """Leave `scores.json` and `table.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [{**asdict(cell), **score.document()} for cell, score in scores.items()]
    (folder / "scores.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    (folder / "table.md").write_text(markdown(scores), encoding="utf-8")


def markdown(scores: Mapping[Cell, Score]) -> str:
    """All tables: one for each source of labels, sensor and number of cameras."""
    kinds = dict.fromkeys((cell.labels, cell.sensor, cell.cameras) for cell in scores)
    tables = [_table(scores, *kind) for kind in kinds]
    return "\n\n".join([_LEGEND, *tables, aims(scores)]) + "\n"


def aims(scores: Mapping[Cell, Score]) -> str:
    """What was aimed at, as ratios: to the ideal condition, and to the nearest pixel."""
    columns = (
        "labels, sensor, cameras",
        "trunk IoU while turning / at rest",
        "wrong share at 95 %, 90 %, 80 % coverage / nearest pixel's",
        "wrong share / nearest pixel's",
        "calibration error",
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    kinds = dict.fromkeys((cell.labels, cell.sensor, cell.cameras) for cell in scores)
    for labels, sensor, cameras in kinds:
        place = (labels, sensor, cameras)
        ours = scores[Cell(*place, _IDEAL, "ours")]
        naive = scores[Cell(*place, _IDEAL, "nearest pixel")]
        turning = scores[Cell(*place, _TURNING, "ours")]
        at = (ours.wrong_at(coverage) for coverage in (0.95, 0.9, 0.8))
        shares = ", ".join("-" if w is None else f"{w / naive.wrong_share:.2f}" for w in at)
        lines.append(
            f"| {labels}, {sensor}, {cameras} | {turning.iou(0) / max(ours.iou(0), 1e-9):.2f} | "
            f"{shares} | {ours.wrong_share / naive.wrong_share:.2f} | "
            f"{100 * ours.calibration_error:.1f} % |"
        )
    return "\n".join(lines)


def _table(scores: Mapping[Cell, Score], labels: str, sensor: str, cameras: int) -> str:
    here = {
        (cell.method, cell.condition): score
        for cell, score in scores.items()
        if (cell.labels, cell.sensor, cell.cameras) == (labels, sensor, cameras)
    }
    methods = list(dict.fromkeys(method for method, _ in here))
    conditions = list(dict.fromkeys(condition for _, condition in here))
    first = next(iter(here.values()))
    count = f"{first.visible} points visible in the first condition"
    heading = f"**{labels}, {sensor}, {cameras} camera{'s' if cameras > 1 else ''}** ({count})"
    head = [heading, "", f"| method | {' | '.join(conditions)} | ms (floor) |"]
    lines = [*head, "|---" * (len(conditions) + 2) + "|"]
    lines += [
        _line(method, [here[method, condition] for condition in conditions]) for method in methods
    ]
    return "\n".join(lines)


def _line(method: str, row: Sequence[Score]) -> str:
    times = [t for score in row for t in score.times_ms]
    floors = [t for score in row for t in score.floor_ms]
    spent = f"{median(times):.1f} ({median(floors):.1f})"
    return f"| {method} | {' | '.join(_cell(score) for score in row)} | {spent} |"


def _cell(score: Score) -> str:
    thin = (f"{100 * score.iou(number):.0f}" for number in range(len(THIN)))
    return f"{100 * score.coverage:.0f} / {100 * score.wrong_share:.1f} / " + " / ".join(thin)

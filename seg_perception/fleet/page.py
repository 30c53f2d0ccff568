"""Pages of a fleet: from all bags to one, and from a bag to its frames."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from seg_perception.fleet.labelled_frames import FRAMES, LabelledFrame
from seg_perception.fleet.order import BAGS, OUTPUTS, Order
from seg_perception.fleet.tables import Row, bag_row, frame_rows, issue_rows, labelled_frames
from seg_perception.fleet.work import RESULT, Outcome
from seg_perception.io.image_files import decode_file
from seg_perception.reports.embedded_images import EmbeddedImage, ImageEmbedder
from seg_perception.reports.page import render, write_page

INDEX = "index.html"
_PICTURE_BYTES, _WIDTH = 2_000_000, 480
_FRAMES_SHOWN = 200
_HIDDEN = ("bag", "path", "state", "exit_code", "messages")
_WORST_FIRST = {"failed": 0, "problems": 1, "done": 2}


@dataclass(frozen=True)
class FleetIssue:
    """One kind of issue over all bags.

    Attributes:
        code, level: of the issue.
        bags: how many have it.
        sentence: of the first of them, which is linked.
    """

    code: str
    level: str
    bags: int
    sentence: str
    first: str


def write_pages(order: Order, outcomes: Sequence[Outcome]) -> None:
    """Write `index.html` of the fleet and of each bag that has results.

    Raises:
        ReportError: the disk refuses.
    """
    found = [bag_row(order, outcome) for outcome in outcomes]
    rows = sorted(found, key=lambda row: (_WORST_FIRST[row["state"]], row["bag"]))
    folder = Path(order.folder)
    write_page(folder / INDEX, _fleet_page(order, rows, outcomes))
    for outcome in outcomes:
        if outcome.state != "failed":
            write_page(order.folder_of(outcome.bag) / INDEX, _bag_page(order, outcome))


def _fleet_page(order: Order, rows: Sequence[dict[str, Any]], outcomes: Sequence[Outcome]) -> str:
    states = Counter(outcome.state for outcome in outcomes)
    columns = [name for name in rows[0] if name not in _HIDDEN] if rows else []
    return render(
        "fleet.html",
        order=order,
        title=Path(order.folder).name,
        sections=[{"id": "bags", "title": "Bags"}, {"id": "issues", "title": "Issues"}],
        states=states,
        columns=columns,
        rows=[(row, quote(f"{BAGS}/{row['bag']}/{INDEX}")) for row in rows],
        issues=_issues(outcomes),
        files=["bags.parquet", "frames.parquet", "issues.parquet"],
    )


def _issues(outcomes: Sequence[Outcome]) -> list[FleetIssue]:
    """The commonest first."""
    found: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in issue_rows(outcomes):
        found[row["level"], row["code"]].append(row)
    issues = [
        FleetIssue(
            code,
            level,
            len({row["bag"] for row in rows}),
            rows[0]["sentence"],
            quote(f"{BAGS}/{rows[0]['bag']}/{INDEX}"),
        )
        for (level, code), rows in found.items()
    ]
    return sorted(issues, key=lambda issue: (issue.level != "error", -issue.bags, issue.code))


def _bag_page(order: Order, outcome: Outcome) -> str:
    row = bag_row(order, outcome)
    frames = _least_certain(order, outcome) if order.command == "replay" else []
    shown = [dict(frame) for frame in _first(frame_rows(order, [outcome]))]
    if order.command == "replay":
        shown = [frame.model_dump() for frame in frames]
    return render(
        "fleet_bag.html",
        order=order,
        bag=outcome.bag,
        state=outcome.state,
        messages=outcome.messages,
        sections=[{"id": name.lower(), "title": name} for name in ("Frames", "Issues", "Result")],
        figures=[(name, value) for name, value in row.items() if name not in _HIDDEN],
        pictures=_pictures(order, outcome, frames),
        columns=[name for name in shown[0] if name in _SHOWN_OF_FRAMES] if shown else [],
        frames=shown,
        issues=list(issue_rows([outcome])),
        links=_links(order),
    )


_SHOWN_OF_FRAMES = (
    *("stream", "stamp_ns", "confidence", "unknown", "largest", "share"),
    *("score", "reasons", "level", "sentence", "correction"),
)


def _first(rows: Any) -> list[Row]:
    return [row for row, _ in zip(rows, range(_FRAMES_SHOWN), strict=False)]


def _least_certain(order: Order, outcome: Outcome) -> list[LabelledFrame]:
    """Of all frames those that the model is least sure of."""
    frames = labelled_frames(order, outcome)
    return heapq.nsmallest(
        _FRAMES_SHOWN,
        frames,
        key=lambda frame: 1.0 if frame.confidence is None else frame.confidence,
    )


def _pictures(
    order: Order, outcome: Outcome, frames: Sequence[LabelledFrame]
) -> list[tuple[str, EmbeddedImage]]:
    embedder, folder = ImageEmbedder(_PICTURE_BYTES, _WIDTH), order.folder_of(outcome.bag)
    found = []
    for frame in frames:
        pixels = decode_file(folder / frame.picture, cv2.IMREAD_COLOR)
        if pixels is None:
            continue
        sure = "" if frame.confidence is None else f", confidence {frame.confidence:.2f}"
        name = f"{frame.stream}, {frame.stamp_ns}{sure}"
        rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
        if image := embedder.photo(rgb, name):
            found.append((name, image))
    return found


def _links(order: Order) -> list[tuple[str, str]]:
    """What lies beside the page."""
    output = OUTPUTS[order.command]
    if order.command == "mine":
        return [("the chosen frames", f"{output}/{INDEX}"), ("result", RESULT)]
    if order.command == "calibrate":
        return [("pictures", f"{output}/"), ("result", RESULT)]
    return [("labelled bag", output), ("all frames", FRAMES), ("result", RESULT)]

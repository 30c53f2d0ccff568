"""What became of a fleet as tables, for people and as Parquet files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import FleetError
from seg_perception.fleet.labelled_frames import FRAMES, LabelledFrame
from seg_perception.fleet.order import Order
from seg_perception.fleet.work import Outcome

Row = Mapping[str, Any]
_TEXT, _WHOLE, _NUMBER = "string", "int64", "double"
_BAG = {
    "bag": _TEXT,
    "path": _TEXT,
    "state": _TEXT,
    "exit_code": _WHOLE,
    "wall_s": _NUMBER,
    "messages": _TEXT,
}
_BAG_FIGURES = {
    "replay": {
        "duration_s": _NUMBER,
        "labelled": _WHOLE,
        "dropped": _WHOLE,
        "points": _WHOLE,
        "points_labelled": _WHOLE,
    },
    "mine": {"frames": _WHOLE, "chosen": _WHOLE},
    "calibrate": {"cameras": _WHOLE, "good": _WHOLE, "off": _WHOLE},
}
_STREAM = {
    "bag": _TEXT,
    "stream": _TEXT,
    "received": _WHOLE,
    "published": _WHOLE,
    "dropped": _WHOLE,
}
_ISSUE = {
    "bag": _TEXT,
    "code": _TEXT,
    "level": _TEXT,
    "stream": _TEXT,
    "count": _WHOLE,
    "sentence": _TEXT,
}
_FRAME = {
    "replay": {
        "bag": _TEXT,
        "stream": _TEXT,
        "stamp_ns": _WHOLE,
        "confidence": _NUMBER,
        "unknown": _NUMBER,
        "largest": _TEXT,
        "share": _NUMBER,
    },
    "mine": {
        "bag": _TEXT,
        "stream": _TEXT,
        "stamp_ns": _WHOLE,
        "name": _TEXT,
        "score": _NUMBER,
        "uncertainty": _NUMBER,
        "disagreement": _NUMBER,
        "reasons": _TEXT,
    },
    "calibrate": {
        "bag": _TEXT,
        "stream": _TEXT,
        "observations": _WHOLE,
        "level": _TEXT,
        "sentence": _TEXT,
        "correction": _TEXT,
    },
}


@dataclass(frozen=True)
class Table:
    """Rows under columns.

    Attributes:
        name: of its file, without suffix.
        columns: name and Arrow type of each.
        rows: a value for each column; one that is missing is null.
    """

    name: str
    columns: Mapping[str, str]
    rows: Iterable[Row]


def expect_parquet() -> None:
    """Refuse to begin where the tables can't be written.

    Raises:
        FleetError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401 (whether it can be imported)
    except ImportError as error:
        msg = "pyarrow is not installed, which writes the tables of a fleet: pip install pyarrow"
        raise FleetError(msg) from error


def write_parquet(table: Table, folder: Path) -> None:
    """Write a table as `NAME.parquet`, a thousand rows at a time.

    Raises:
        FleetError: the disk refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [(name, getattr(pa, _ARROW[kind])()) for name, kind in table.columns.items()]
    )
    with (
        draft_file(folder / f"{table.name}.parquet", FleetError) as draft,
        pq.ParquetWriter(draft, schema, compression="zstd") as file,
    ):
        for rows in _chunks(table.rows):
            columns = {name: [row.get(name) for row in rows] for name in table.columns}
            file.write_table(pa.table(columns, schema=schema))


def tables(order: Order, outcomes: Sequence[Outcome]) -> list[Table]:
    """Bags, frames, and what else the command tells of."""
    figures = _BAG_FIGURES[order.command]
    found = [
        Table("bags", {**_BAG, **figures}, [bag_row(order, one) for one in outcomes]),
        Table("frames", _FRAME[order.command], frame_rows(order, outcomes)),
        Table("issues", _ISSUE, list(issue_rows(outcomes))),
    ]
    if order.command == "replay":
        found.append(Table("streams", _STREAM, list(stream_rows(outcomes))))
    return found


def bag_row(order: Order, outcome: Outcome) -> dict[str, Any]:
    """One bag: what became of it, and the figures of its command; None without a result."""
    return {
        "bag": outcome.bag.name,
        "path": outcome.bag.path,
        "state": outcome.state,
        "exit_code": outcome.exit_code,
        "wall_s": outcome.wall_s,
        "messages": "\n".join(outcome.messages),
        **dict.fromkeys(_BAG_FIGURES[order.command]),
        **(_figures(outcome.document) if outcome.state != "failed" else {}),
    }


def stream_rows(outcomes: Iterable[Outcome]) -> Iterator[Row]:
    """Where the messages of each stream of each bag went."""
    for outcome in outcomes:
        for name, count in outcome.document.get("streams", {}).items():
            yield {
                "bag": outcome.bag.name,
                "stream": name,
                "received": count["received"],
                "published": count["published"],
                "dropped": sum(count["dropped"].values()),
            }


def issue_rows(outcomes: Iterable[Outcome]) -> Iterator[Row]:
    """What was amiss with each bag."""
    for outcome in outcomes:
        document = outcome.document
        of_cameras = (camera.get("issues", ()) for camera in document.get("cameras", ()))
        for issue in [*document.get("issues", ()), *(i for some in of_cameras for i in some)]:
            yield {"bag": outcome.bag.name, **{name: issue.get(name) for name in list(_ISSUE)[1:]}}


def frame_rows(order: Order, outcomes: Iterable[Outcome]) -> Iterator[Row]:
    """Frames of each bag: all that were labelled, those that were chosen, or its cameras."""
    for outcome in outcomes:
        bag = {"bag": outcome.bag.name}
        if order.command == "replay":
            for frame in labelled_frames(order, outcome):
                yield {**bag, **frame.model_dump()}
        for choice in outcome.document.get("choices", ()):
            reasons = "; ".join(choice["reasons"])
            yield {**bag, "stream": choice["camera"], **choice, "reasons": reasons}
        if order.command == "calibrate":
            for camera in outcome.document.get("cameras", ()):
                correction = " ".join(f"{k}: {v}" for k, v in camera["correction"].items())
                yield {**bag, "stream": camera["camera"], **camera, "correction": correction}


def labelled_frames(order: Order, outcome: Outcome) -> Iterator[LabelledFrame]:
    """The frames of a bag that was replayed."""
    path = order.folder_of(outcome.bag) / FRAMES
    if outcome.state == "failed" or not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield LabelledFrame.model_validate_json(line)


def _figures(document: Mapping[str, Any]) -> dict[str, Any]:
    if "streams" in document:
        counts = document["streams"].values()
        points = document["points"].values()
        return {
            "duration_s": document["duration_s"],
            "labelled": sum(count["published"] for count in counts),
            "dropped": sum(sum(count["dropped"].values()) for count in counts),
            "points": sum(sum(statuses.values()) for statuses in points),
            "points_labelled": sum(statuses.get("labelled", 0) for statuses in points),
        }
    if "choices" in document:
        frames = sum(document["frames"].values())
        return {"frames": frames, "chosen": len(document["choices"])}
    levels = [camera["level"] for camera in document.get("cameras", ())]
    return {"cameras": len(levels), "good": levels.count("good"), "off": levels.count("off")}


_ARROW = {_TEXT: "string", _WHOLE: "int64", _NUMBER: "float64"}
_ROWS = 1000


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    some: list[Row] = []
    for row in rows:
        some.append({k: None if _is_nan(v) else v for k, v in row.items()})
        if len(some) == _ROWS:
            yield some
            some = []
    if some:
        yield some


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)

"""The scores of many bags: tables beside the report, and a page from all bags to their frames."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seg_perception.evaluation.frame_score import FrameScore, read_frames
from seg_perception.evaluation.results import Results
from seg_perception.fleet.tables import Row, Table, write_parquet
from seg_perception.reports.page import render, write_page

PAGE = "bags.html"
# Of each bag and stream the frames with the lowest scores are listed.
_LISTED = 20
_TEXT, _WHOLE, _NUMBER = "string", "int64", "double"
_BAGS = {"bag": _TEXT, "stream": _TEXT, "class_mapping": _TEXT, "metric": _TEXT} | {
    "value": _NUMBER,
    "n": _WHOLE,
}
_FRAMES = {"bag": _TEXT, "stream": _TEXT, "name": _TEXT, "stamp_ns": _WHOLE} | {
    "n": _WHOLE,
    "accuracy": _NUMBER,
    "miou": _NUMBER,
}


@dataclass(frozen=True)
class BagScore:
    """One stream of one bag.

    Attributes:
        headline: of the protocol's first class mapping, percent, by the name of the metric.
        frames: the worst ones first.
    """

    bag: str
    stream: str
    headline: tuple[tuple[str, float | None], ...]
    frames: Sequence[FrameScore]


def has_many_bags(results: Results) -> bool:
    """Whether results are of several recordings."""
    return "bag" in results.source.kind and len(results.source.sequences) > 1


def write_scores(run: Path, results: Results) -> str:
    """Write `bags.html`, `bags.parquet` and `frames.parquet` into the folder of a run.

    Returns:
        What a reader should know; empty: nothing.

    Raises:
        FleetError, ReportError: the disk refuses.
    """
    write_page(run / PAGE, _page(run, results))
    if find_spec("pyarrow") is None:
        return "no tables: pyarrow is not installed, pip install pyarrow"
    write_parquet(Table("bags", _BAGS, _bag_rows(results)), run)
    frames = ({**frame.model_dump(), "bag": frame.sequence} for frame in read_frames(run))
    write_parquet(Table("frames", _FRAMES, frames), run)
    return ""


def _bag_rows(results: Results) -> Iterator[Row]:
    for stream in results.streams:
        for part in stream.slices:
            if part.dimension == "sequence":
                for metric in part.metrics:
                    yield {
                        "bag": part.value,
                        "stream": stream.name,
                        "class_mapping": part.class_mapping,
                        "metric": metric.key,
                        "value": metric.value,
                        "n": metric.n,
                    }


def _page(run: Path, results: Results) -> str:
    scores = _scores(run, results)
    pictures = {
        (stream.name, frame.sequence, frame.name): frame.files
        for stream in results.streams
        for frame in stream.frames
    }
    return render(
        "fleet_scores.html",
        title=run.name,
        bags=results.source.sequences,
        sections=[{"id": "bags", "title": "Bags"}, {"id": "frames", "title": "Frames"}],
        columns=[name for name, _ in scores[0].headline] if scores else [],
        scores=scores,
        pictures=pictures,
    )


def _scores(run: Path, results: Results) -> list[BagScore]:
    """Of each bag and stream, the lowest first by the first of their numbers."""
    worst = _worst_frames(run)
    found = []
    for stream in results.streams:
        first = stream.class_mappings[0].name
        for part in stream.slices:
            if part.dimension == "sequence" and part.class_mapping == first:
                headline = tuple((metric.title, metric.value) for metric in part.metrics)
                frames = worst[part.value, stream.name]
                found.append(BagScore(part.value, stream.name, headline, frames))
    return sorted(found, key=_headline)


def _headline(score: BagScore) -> float:
    value = score.headline[0][1] if score.headline else None
    return 101.0 if value is None else value


def _worst_frames(run: Path) -> defaultdict[tuple[str, str], list[FrameScore]]:
    """The frames of each bag and stream with the lowest scores; memory does not grow with them."""
    heaps: defaultdict[tuple[str, str], list[tuple[float, str, FrameScore]]] = defaultdict(list)
    for frame in read_frames(run):
        if frame.miou is not None:
            heap = heaps[frame.sequence, frame.stream]
            heapq.heappush(heap, (-frame.miou, frame.name, frame))
            if len(heap) > _LISTED:
                heapq.heappop(heap)
    found: defaultdict[tuple[str, str], list[FrameScore]] = defaultdict(list)
    for key, heap in heaps.items():
        found[key] = [frame for _, _, frame in sorted(heap, reverse=True)]
    return found

"""A run's `report.html`: one file, beside the `results.json` that it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from seg_perception.core.json_document import plain
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.metric import Metric
from seg_perception.evaluation.report.agreement import OUTCOMES
from seg_perception.evaluation.report.corruptions import CorruptionTable, corruption_tables
from seg_perception.evaluation.report.figures import (
    StageView,
    Tile,
    interval,
    reliability,
    show,
    stage,
    tile,
    tiles,
)
from seg_perception.evaluation.report.frames import FrameRenderer, FrameView
from seg_perception.evaluation.report.tables import MappingView, SliceTable, slice_tables
from seg_perception.evaluation.results import Results
from seg_perception.evaluation.slices import corruption_of
from seg_perception.evaluation.stream_result import StreamResult
from seg_perception.reports.embedded_images import ImageEmbedder
from seg_perception.reports.page import render, write_page

REPORT = "report.html"
# Mail servers commonly refuse more than 10 MB, and base64 is already counted.
_PICTURE_BYTES = 7_000_000
# Points do not compress as images do.
_FRAMES, _CLOUDS = 6, 2


@dataclass(frozen=True)
class Section:
    """A part of the page that the navigation leads to."""

    id: str
    title: str


@dataclass(frozen=True)
class StreamView:
    """One camera, lidar or radar, or the images of a data set."""

    section: Section
    result: StreamResult
    class_mappings: tuple[MappingView, ...]
    slices: tuple[SliceTable, ...]
    corruptions: tuple[CorruptionTable, ...]
    reliability: Markup
    frames: tuple[FrameView, ...]

    @property
    def headline(self) -> Metric | None:
        """The composite where there is one, else the first class mapping's mean."""
        return headline(self.result)


def write_report(run: str | Path) -> Path:
    """Write a run's report.

    Args:
        run: its folder.

    Returns:
        The file.

    Raises:
        EvaluationError: no run, or of another version.
        ReportError: one of its pictures is missing, or the folder can't be written to.
    """
    folder = Path(run)
    folder = folder if folder.is_dir() else folder.parent
    write_page(folder / REPORT, draw_report(folder, Results.read(folder)))
    return folder / REPORT


def draw_report(folder: Path, results: Results) -> str:
    """The page's text."""
    renderer = FrameRenderer(folder, results, ImageEmbedder(_PICTURE_BYTES))
    streams = tuple(_stream(*entry, renderer) for entry in enumerate(results.streams))
    stages = [stage(timing) for timing in results.timing.stages if timing.count]
    return render(
        "report.html",
        results=results,
        sections=list(_sections(streams, results, stages)),
        headlines=_headlines(results),
        alarms=list(_alarms(results)),
        streams=streams,
        stages=stages,
        colors=sorted(renderer.shown.items()),
        outcomes=[(c.name, c.color) for c in OUTCOMES.classes],
        left_out=renderer.embedder.left_out,
        configuration=_yaml(results.configuration),
        protocol=_yaml(results.protocol.model_dump(mode="json", exclude_defaults=True)),
        tiles=tiles,
        show=show,
        interval=interval,
    )


def headline(result: StreamResult) -> Metric | None:
    """The number that a stream is judged by."""
    composite = [metric for metric in result.metrics if metric.key == "composite"]
    means = [metric for mapping in result.class_mappings for metric in mapping.metrics[:1]]
    return next(iter([*composite, *means]), None)


def _stream(place: int, result: StreamResult, renderer: FrameRenderer) -> StreamView:
    calibration = result.calibration
    return StreamView(
        section=Section(f"stream-{place}", result.name),
        result=result,
        class_mappings=tuple(
            MappingView.of(mapping, result.name) for mapping in result.class_mappings
        ),
        slices=tuple(slice_tables([s for s in result.slices if not corruption_of(s)])),
        corruptions=tuple(corruption_tables(result.slices)),
        reliability=reliability(calibration, result.name) if calibration else Markup(""),
        frames=tuple(renderer.frame(score) for score in _shown(result)),
    )


def _shown(result: StreamResult) -> Iterator[FrameScore]:
    """Of each role a few: a run may have kept the pictures of all its frames."""
    for role in ("worst", "typical"):
        kept = (frame for frame in result.frames if frame.role == role and frame.files)
        yield from islice(kept, _FRAMES if result.kind == "image" else _CLOUDS)


def _sections(
    streams: tuple[StreamView, ...], results: Results, stages: list[StageView]
) -> Iterator[Section]:
    yield Section("summary", "Summary")
    yield from (stream.section for stream in streams)
    if stages or results.timing.streams:
        yield Section("timing", "Timing and ledger")
    yield Section("origin", "Configuration and origin")


def _headlines(results: Results) -> list[Tile]:
    """The first number of each stream, then what the run was."""
    found = [(s.name, m) for s in results.streams if (m := headline(s)) is not None]
    several = len(results.streams) > 1
    return [tile(metric, name if several else "") for name, metric in found]


def _alarms(results: Results) -> Iterator[str]:
    """What a reader must not overlook."""
    yield from results.problems
    for stream in results.streams:
        for mapping in stream.class_mappings:
            if names := mapping.never_predicted:
                yield (
                    f"{stream.name}: the truth has {', '.join(names)}, the prediction never: "
                    "the model may have collapsed"
                )
        pairing = stream.pairing
        if pairing.without_truth or pairing.without_labels:
            yield (
                f"{stream.name}: not scored were {pairing.without_truth} labelled without truth "
                f"and {pairing.without_labels} true without labels"
            )
        for reason, number in pairing.refused.items():
            yield f"{stream.name}: {number} pairs can't be compared: {reason}"
    for timing in results.timing.streams:
        if not timing.balanced:
            yield f"{timing.stream}: a message is unaccounted for"


def _yaml(document: Mapping[str, Any]) -> str:
    """One line an entry; short lists stand in theirs."""
    values = plain(document)
    nested = any(isinstance(value, (list, dict)) for value in values.values())
    style = None if nested else False
    return yaml.safe_dump(
        values, sort_keys=False, allow_unicode=True, width=100, default_flow_style=style
    )

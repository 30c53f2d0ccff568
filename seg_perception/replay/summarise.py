"""From what was done to the summary of a replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seg_perception.core.issue_kinds.engines import ENGINE_REFUSED, SPOT_CHECK_ENDED
from seg_perception.core.issue_kinds.inputs import (
    BAG_DAMAGED,
    BAG_FILES,
    BEFORE_THE_CLOCK,
    NOT_COPIED,
)
from seg_perception.core.issue_log import Issue
from seg_perception.inference.engine import ValidatedEngine
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.labelled_video import VideoSummary
from seg_perception.pipeline.unread_clouds import unnamed_clouds
from seg_perception.replay.inputs import Inputs
from seg_perception.replay.map_file import MapSummary
from seg_perception.replay.options import ReplayOptions
from seg_perception.replay.session import Session
from seg_perception.replay.summary import ReplaySummary


@dataclass(frozen=True, eq=False)
class Done:
    """A bag that was fed to its end.

    Attributes:
        written: messages of our own by topic.
        left_out: inputs that can't be copied, and why.
    """

    reader: BagReader
    session: Session
    engine: ValidatedEngine
    inputs: Inputs
    written: Mapping[str, int]
    left_out: Mapping[str, str]


def summarise(
    done: Done,
    bag: BagSource,
    output: str | Path,
    options: ReplayOptions,
    *,
    wall_s: float,
    map_summary: MapSummary | None = None,
    video_summary: VideoSummary | None = None,
) -> ReplaySummary:
    """What a replay did; arguments as in `ReplaySummary`."""
    accounting = done.session.perception.accounting
    return ReplaySummary(
        bag=Path(bag),
        output=Path(output),
        engine=done.engine.description,
        duration_s=done.reader.duration_s,
        wall_s=wall_s,
        streams=accounting.snapshot(),
        points=accounting.points(),
        stray_times=accounting.stray_times(),
        disputed=accounting.disputed(),
        degraded=accounting.degraded(),
        stages=done.session.durations.percentiles(),
        written=done.written,
        issues=(
            *_of_the_configuration(done.reader, done.inputs, options),
            *options.motion,
            *done.session.issues(),
            *_engine_issues(done.engine),
            *(Issue.of(NOT_COPIED, topic, error=why) for topic, why in done.left_out.items()),
        ),
        calibration=done.session.perception.calibration.states,
        map=map_summary,
        video=video_summary,
    )


def passed_on(reader: BagReader, inputs: Inputs, options: ReplayOptions) -> set[str]:
    """The topics of a bag that are copied."""
    if options.with_inputs:
        return {topic.name for topic in reader.topics if topic.count}
    return {*inputs.lenses, *inputs.transforms}


def say_of_the_bag(session: Session, reader: BagReader, damage: Iterable[str]) -> None:
    """Put what is amiss with the files into the log of issues."""
    issues = session.perception.issues
    if reader.start.early:
        issues.add(BEFORE_THE_CLOCK, "", **reader.start.numbers)
    for text in reader.remarks:
        issues.add(BAG_FILES, "", remark=text)
    for text in (*reader.warnings, *damage):
        issues.add(BAG_DAMAGED, "", error=text)


def _engine_issues(engine: ValidatedEngine) -> Iterator[Issue]:
    for reason in engine.refused:
        yield Issue.of(ENGINE_REFUSED, "engine", reason=reason)
    if engine.unwatched:
        yield Issue.of(SPOT_CHECK_ENDED, "engine", reason=engine.unwatched)


def _of_the_configuration(
    reader: BagReader, inputs: Inputs, options: ReplayOptions
) -> Iterable[Issue]:
    if options.guesses is not None:
        return options.guesses
    types = {topic.name: topic.type for topic in reader.topics if topic.count}
    return unnamed_clouds(types, inputs.topics)

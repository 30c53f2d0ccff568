"""A bag through the core: label images and semantic clouds, offline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.errors import BagError, OutputError, StoppedError
from seg_perception.core.issue_kinds.engines import ENGINE_REFUSED, SPOT_CHECK_ENDED
from seg_perception.core.issue_kinds.inputs import (
    BAG_DAMAGED,
    BAG_FILES,
    BEFORE_THE_CLOCK,
    NOT_COPIED,
    STOPPED,
)
from seg_perception.core.issue_log import Issue
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import ValidatedEngine, create_engine
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.video_writer import check_video_file
from seg_perception.outputs.clouds import check_clouds
from seg_perception.outputs.costmap import check_planner
from seg_perception.outputs.nav2 import check_nav2
from seg_perception.outputs.topics import check_topics
from seg_perception.pipeline.semantic_mapper import check_map
from seg_perception.pipeline.unread_clouds import unnamed_clouds
from seg_perception.replay.crew import Crew, OneByOne, make_crew
from seg_perception.replay.inputs import Inputs, find_inputs
from seg_perception.replay.map_file import MapFile, check_map_file
from seg_perception.replay.prefetch import prefetch
from seg_perception.replay.session import Session
from seg_perception.replay.sink import BagSink
from seg_perception.replay.summary import ReplaySummary
from seg_perception.replay.video_sink import replay_video

OnProgress = Callable[[int, int], None]
_NANOSECONDS_PER_MS = 1_000_000


@dataclass(frozen=True)
class ReplayOptions:
    """How a bag is replayed.

    Attributes:
        latency_ms: 0 labels every frame; else the drops of a machine that needs this
            long for a frame are imitated, in message time.
        with_inputs: copy every topic of the bag, not only transforms and lenses.
        map_file: a new .pcd or .ply file for the map of the whole bag; None: no map.
        video: a new .mp4 file of overlays and clouds; None: no video.
        guesses: what to tell of a configuration that was guessed; None: it was not guessed.
        threads: that decode, draw and compress, beside those that read, label and write; 1: one
            reads and decodes, one does everything else; 0: one for each processor. The bag is the
            same.
    """

    latency_ms: float = 0.0
    with_inputs: bool = False
    map_file: Path | None = None
    video: Path | None = None
    guesses: tuple[Issue, ...] | None = None
    threads: int = 0


def replay(
    bag: BagSource,
    output: str | Path,
    config: Config,
    options: ReplayOptions = ReplayOptions(),
    *,
    on_progress: OnProgress | None = None,
) -> ReplaySummary:
    """Label a bag.

    Message time is the clock, in the order in which the bag was recorded; the same bag
    gives the same bytes. Memory does not grow with the bag.

    Args:
        bag: any recording that `BagReader` takes.
        output: a new `.mcap` file, or a new folder.
        config: as for the node.
        options: see there.
        on_progress: called now and then with messages done and messages in all.

    Raises:
        ConfigError: two things would share a topic, or a map or video can't be made.
        BagError: the bag can't be read at all, lacks a topic that is configured, or the
            output can't be written.
        BundleError, EngineError: the model can't be loaded or proven.
    """
    check_topics(config)
    if options.map_file is not None:
        check_map_file(config, options.map_file)
    if options.video is not None:
        check_video_file(options.video)
    start = time.perf_counter()
    with BagReader(bag) as reader:
        config = with_full_names(config, {topic.name for topic in reader.topics})
        inputs = find_inputs(reader, config)
        bundle = Bundle.load(config.segmentation.bundle)
        check_clouds(bundle.ontology, config.output)
        check_map(config, bundle.ontology)
        check_planner(config, bundle.ontology)
        check_nav2(config, bundle.ontology)
        with (
            closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine,
            make_crew(options.threads) as crew,
            BagWriter(output, threads=crew.compressors) as writer,
            closing(crew.make_work()) as work,
            replay_video(options.video) as video,
        ):
            passed_on = _passed_on(reader, inputs, options)
            sink = BagSink(writer, config, bundle.ontology, passed_on, crew.workers, work)
            segmenter = crew.segmenter(engine, config.segmentation)
            latency_ns = round(options.latency_ms * _NANOSECONDS_PER_MS)
            filmed = video.film(sink, config, bundle.ontology)
            session = Session(config, segmenter, inputs, filmed, latency_ns)
            video.turn_by(session.perception.transforms)
            whole = MapFile(session.perception, options.map_file) if options.map_file else None
            feed_all(session, reader, inputs.topics | passed_on, on_progress, crew)
            sink.finish()
        map_summary = whole.write() if whole else None
        return ReplaySummary(
            bag=Path(bag),
            output=Path(output),
            engine=engine.description,
            duration_s=reader.duration_s,
            wall_s=time.perf_counter() - start,
            streams=session.perception.accounting.snapshot(),
            points=session.perception.accounting.points(),
            stray_times=session.perception.accounting.stray_times(),
            disputed=session.perception.accounting.disputed(),
            stages=session.durations.percentiles(),
            written=dict(sink.written),
            issues=(
                *_of_the_configuration(reader, inputs, options),
                *session.issues(),
                *_engine_issues(engine),
                *(Issue.of(NOT_COPIED, topic, error=why) for topic, why in sink.left_out.items()),
            ),
            map=map_summary,
            video=video.summary,
        )


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


def _passed_on(reader: BagReader, inputs: Inputs, options: ReplayOptions) -> set[str]:
    if options.with_inputs:
        return {topic.name for topic in reader.topics if topic.count}
    return {*inputs.lenses, *inputs.transforms}


def feed_all(
    session: Session,
    reader: BagReader,
    topics: set[str],
    on_progress: OnProgress | None = None,
    crew: Crew | None = None,
) -> None:
    """Feed the bag to its end, to where it is damaged, or until stopped; both are issues.

    Args:
        session: takes the messages.
        reader: of the bag.
        topics: that are read.
        on_progress: as for `replay`.
        crew: who does the work; None: as good as nobody.

    Raises:
        OutputError: the results can't be written on.
    """
    total = sum(topic.count for topic in reader.topics if topic.name in topics)
    damage = []
    session.prepare(reader)
    wanted = reader.messages(topics, undecoded=topics - session.topics)
    crew = crew or OneByOne()
    with prefetch(wanted, crew.preparing(session), crew.depth) as messages:
        try:
            for done, message in enumerate(messages, start=1):
                session.feed(message)
                if on_progress is not None:
                    on_progress(done, total)
        except OutputError:
            raise
        except StoppedError as error:
            session.perception.issues.add(STOPPED, "", error=error)
        except BagError as error:
            damage.append(str(error))
    session.finish()
    if reader.start.early:
        session.perception.issues.add(BEFORE_THE_CLOCK, "", **reader.start.numbers)
    for text in reader.remarks:
        session.perception.issues.add(BAG_FILES, "", remark=text)
    for text in (*reader.warnings, *damage):
        session.perception.issues.add(BAG_DAMAGED, "", error=text)

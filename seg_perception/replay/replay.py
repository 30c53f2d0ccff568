"""A bag through the core: label images and semantic clouds, offline."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.errors import BagError, OutputError, StoppedError
from seg_perception.core.issue_kinds.inputs import STOPPED
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.remapped_bag import BagSource
from seg_perception.replay.checks import check_outputs, check_request
from seg_perception.replay.crew import Crew, OneByOne, make_crew
from seg_perception.replay.in_pieces import PieceRequest, replay_in_pieces
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.map_file import MapFile
from seg_perception.replay.options import AS_IT_IS, ReplayOptions
from seg_perception.replay.prefetch import prefetch
from seg_perception.replay.session import Session
from seg_perception.replay.sink import BagSink
from seg_perception.replay.summarise import Done, passed_on, say_of_the_bag, summarise
from seg_perception.replay.summary import ReplaySummary
from seg_perception.replay.video_sink import replay_video

OnProgress = Callable[[int, int], None]
_NANOSECONDS_PER_MS = 1_000_000
__all__ = ["OnProgress", "ReplayOptions", "feed_all", "replay"]


def replay(
    bag: BagSource,
    output: str | Path,
    config: Config,
    options: ReplayOptions = AS_IT_IS,
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
    check_request(config, options)
    if options.pieces > 1:
        request = PieceRequest(bag, Path(output), config, options)
        one = replace(options, pieces=1)
        in_one = partial(replay, bag, output, config, one, on_progress=on_progress)
        return replay_in_pieces(request, in_one, on_progress)
    start = time.perf_counter()
    with BagReader(bag) as reader:
        config = with_full_names(config, {topic.name for topic in reader.topics})
        inputs = find_inputs(reader, config)
        bundle = Bundle.load(config.segmentation.bundle)
        check_outputs(config, bundle.ontology)
        with (
            closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine,
            make_crew(options.threads) as crew,
            BagWriter(output, threads=crew.compressors) as writer,
            closing(crew.make_work()) as work,
            replay_video(options.video) as video,
        ):
            copied = passed_on(reader, inputs, options)
            sink = BagSink(writer, config, bundle.ontology, copied, crew.workers, work)
            segmenter = crew.segmenter(engine, config.segmentation)
            latency_ns = round(options.latency_ms * _NANOSECONDS_PER_MS)
            filmed = video.film(sink, config, bundle.ontology)
            session = Session(config, segmenter, inputs, filmed, latency_ns)
            video.turn_by(session.perception.transforms)
            whole = MapFile(session.perception, options.map_file) if options.map_file else None
            feed_all(session, reader, inputs.topics | copied, on_progress, crew)
            sink.finish()
        map_summary = whole.write() if whole else None
        return summarise(
            Done(reader, session, engine, inputs, dict(sink.written), sink.left_out),
            bag,
            output,
            options,
            wall_s=time.perf_counter() - start,
            map_summary=map_summary,
            video_summary=video.summary,
        )


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
    say_of_the_bag(session, reader, damage)

"""One piece of a recording through the core, in a process of its own or beside others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from seg_perception.config import Config
from seg_perception.core.durations import StageCounts
from seg_perception.core.errors import BagError, OutputError
from seg_perception.core.issue_log import IssueChanges
from seg_perception.core.message_accounting import Counts
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.pipeline.camera_watch import WatchState
from seg_perception.replay.crew import Crew, make_crew
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.map_file import MapFile
from seg_perception.replay.options import ReplayOptions
from seg_perception.replay.prefetch import prefetch
from seg_perception.replay.session import Session
from seg_perception.replay.sink import BagSink
from seg_perception.replay.spool import Spool
from seg_perception.replay.summarise import Done, passed_on
from seg_perception.replay.time_pieces import PieceClock, TimePiece, piece_messages
from seg_perception.replay.votes import VoteLog

OnMessage = Callable[[], None]


@dataclass(frozen=True)
class HandOver:
    """What two neighbours have to agree on where one ends and the other begins.

    Attributes:
        digest: of what was, or would have been, written in the last moments before.
        in_flight: messages by stream.
        pictures: what is remembered of the cameras' pictures.
    """

    digest: str
    in_flight: Mapping[str, int]
    pictures: str


@dataclass(frozen=True)
class PieceResult:
    """What came of a piece, beside its messages and votes.

    Attributes:
        begin, end: where it meets its neighbours; None at the ends of the recording.
        damage: why it could not be read to its end; empty when it was.
    """

    counts: Counts
    issues: IssueChanges
    stages: StageCounts
    frames: Mapping[str, str]
    written: Mapping[str, int]
    left_out: Mapping[str, str]
    calibration: Mapping[str, WatchState]
    not_mapped: int
    begin: HandOver | None
    end: HandOver | None
    damage: str


def spool_path(folder: Path, piece: TimePiece) -> Path:
    """Where the messages of a piece lie."""
    return folder / f"{piece.number}.spool"


def votes_path(folder: Path, piece: TimePiece) -> Path:
    """Where its votes for the map lie."""
    return folder / f"{piece.number}.votes"


def run_piece(
    bag: BagSource, config: Config, options: ReplayOptions, piece: TimePiece, folder: Path
) -> PieceResult:
    """Label a piece; its messages lie in a folder afterwards.

    Raises:
        SegPerceptionError: as `replay`.
    """
    with labelled(bag, config, options, piece, folder) as (_, result, _):
        return result


@contextmanager
def labelled(
    bag: BagSource,
    config: Config,
    options: ReplayOptions,
    piece: TimePiece,
    folder: Path,
    on_message: OnMessage = lambda: None,
) -> Iterator[tuple[Done, PieceResult, MapFile | None]]:
    """Label a piece, and keep open what the summary of the whole is made from."""
    with BagReader(bag) as reader:
        inputs = find_inputs(reader, config)
        bundle = Bundle.load(config.segmentation.bundle)
        with closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine:
            with (
                make_crew(options.threads) as crew,
                Spool(spool_path(folder, piece)) as spool,
                closing(crew.make_work()) as work,
                ExitStack() as stack,
            ):
                copied = passed_on(reader, inputs, options)
                sink = BagSink(spool, config, bundle.ontology, copied, crew.workers, work)
                session = Session(config, crew.segmenter(engine, config.segmentation), inputs, sink)
                whole = MapFile(session.perception, options.map_file) if options.map_file else None
                votes = None
                if whole is not None:
                    votes = whole.log_votes(votes_path(folder, piece))
                    stack.enter_context(closing(votes))
                run = _PieceRun(session, sink, spool, votes, piece)
                damage = run.feed(reader, inputs.topics | copied, crew, on_message)
                sink.finish()
                result = run.result(damage)
            done = Done(reader, session, engine, inputs, result.written, result.left_out)
            yield done, result, whole


class _PieceRun:
    """Feeds a session, and takes from it what counts."""

    def __init__(
        self,
        session: Session,
        sink: BagSink,
        spool: Spool,
        votes: VoteLog | None,
        piece: TimePiece,
    ) -> None:
        self._session, self._sink, self._spool, self._votes = session, sink, spool, votes
        self._piece = piece
        self._begin: HandOver | None = None
        self._end: HandOver | None = None
        self._clock = PieceClock(piece, self._watch, self._open)

    def feed(self, reader: BagReader, topics: set[str], crew: Crew, on_message: OnMessage) -> str:
        """Feed the piece; why it ended early, or nothing."""
        session, damage = self._session, ""
        session.prepare(reader)
        undecoded = topics - session.topics
        sensors = {*session.inputs.images, *session.inputs.clouds}
        wanted: Iterator[BagMessage] = piece_messages(
            reader, self._piece, topics, undecoded, sensors
        )
        with prefetch(wanted, crew.preparing(session), crew.depth) as messages:
            try:
                for message in messages:
                    self._clock.at(message.log_time_ns)
                    session.feed(message)
                    on_message()
            except OutputError:
                raise
            except BagError as error:
                damage = str(error)
        self._clock.end()
        if self._piece.is_last:
            session.finish()
        else:
            self._end = self._hand_over()
        return damage or "; ".join(reader.warnings)

    def result(self, damage: str) -> PieceResult:
        """What came of it."""
        session = self._session
        return PieceResult(
            counts=session.perception.accounting.counts(),
            issues=session.perception.issues.changes(),
            stages=session.durations.counts(),
            frames=dict(session.frames),
            written=dict(self._sink.written),
            left_out=dict(self._sink.left_out),
            calibration=dict(session.perception.calibration.states),
            not_mapped=sum(mapper.left_out for mapper in session.perception.mappers),
            begin=self._begin,
            end=self._end,
            damage=damage,
        )

    def _watch(self, is_watched: bool) -> None:  # noqa: FBT001 (as PieceClock calls it)
        if is_watched != self._spool.is_watched:
            self._sink.finish()
            self._spool.is_watched = is_watched

    def _open(self) -> None:
        """From here on everything counts."""
        if not self._piece.is_first:
            self._begin = self._hand_over()
            perception = self._session.perception
            perception.accounting.count_anew()
            perception.issues.begin_anew()
            self._session.durations.clear()
            self._sink.written.clear()
            for mapper in perception.mappers:
                mapper.left_out = 0
        self._spool.is_open = True
        if self._votes is not None:
            self._votes.is_open = True

    def _hand_over(self) -> HandOver:
        self._sink.finish()
        counts = self._session.perception.accounting.snapshot()
        in_flight = {name: count.in_flight for name, count in counts.items()}
        pictures = self._session.perception.degraded.state()
        return HandOver(self._spool.take_digest(), in_flight, pictures)

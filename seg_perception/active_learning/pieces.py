"""The frames of a long bag looked at in pieces of time, with the candidates of one look at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from seg_perception.active_learning.candidate import Candidate
from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.observer import Observer
from seg_perception.config import Config
from seg_perception.core.errors import BagError
from seg_perception.core.issue_log import IssueChanges
from seg_perception.core.message_accounting import Counts
from seg_perception.core.ontology import Ontology
from seg_perception.core.process_pool import process_pool
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import Engine, create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.replay.inputs import Inputs, find_inputs
from seg_perception.replay.prefetch import prefetch
from seg_perception.replay.session import Session
from seg_perception.replay.summarise import say_of_the_bag
from seg_perception.replay.time_pieces import (
    PieceClock,
    TimePiece,
    cut,
    expect_short_memory,
    lead_s,
    messages_s,
    piece_messages,
)

# A frame is complete when eight others of its camera came after it.
_FRAMES = 12
_Pending = tuple[tuple[str, int, bool, float, float, float, float], ...]


class NotInPiecesError(Exception):
    """Pieces would not give what the whole gives."""


@dataclass(frozen=True)
class Seam:
    """What two neighbours have to agree on where one ends and the other begins.

    Attributes:
        digest: of the candidates that were completed in the last moments before.
        in_flight: messages by stream.
        pending: frames that wait for neighbours, and what was said against them until then.
    """

    digest: str
    in_flight: Mapping[str, int]
    pending: _Pending


@dataclass(frozen=True)
class ObservedPiece:
    """What came of a piece.

    Attributes:
        candidates: that were completed in it, numbered from its first frame; those that came
            before have numbers below 0.
        seen: how many frames it has.
        compared: by how many clouds label maps were compared.
        largest: by camera, the brightest value of 16-bit images.
        begin, end: where it meets its neighbours.
    """

    candidates: Sequence[Candidate]
    seen: int
    compared: int
    counts: Counts
    issues: IssueChanges
    frames: Mapping[str, str]
    largest: Mapping[str, int]
    begin: Seam | None
    end: Seam | None
    damage: str


class PieceObserver(Observer):
    """Keeps the candidates of a piece in the order in which they are completed."""

    def __init__(self, config: Config, mining: MiningConfig, ontology: Ontology) -> None:
        """Start before the first frame."""
        super().__init__(config, mining, ontology)
        self.is_watched = False
        self.candidates: list[Candidate] = []
        self._first = 0
        self._digest = hashlib.sha1(usedforsecurity=False)

    @property
    def seen(self) -> int:
        """How many frames came since it was opened."""
        return self._count - self._first

    @property
    def pending(self) -> _Pending:
        """Frames that are not complete."""
        return tuple(
            (
                camera,
                seen.candidate.stamp_ns,
                seen.follows,
                *(seen.by_pixels.against, seen.by_points.total),
                *(seen.by_points.against, seen.other_cameras.against),
            )
            for camera, track in self._tracks.items()
            for seen in track.frames
        )

    def open(self) -> None:
        """Count from here on."""
        self._first, self.compared = self._count, 0
        self.candidates.clear()

    def take_digest(self) -> str:
        """Of the candidates while they were watched, since it was taken last."""
        found, self._digest = self._digest.hexdigest(), hashlib.sha1(usedforsecurity=False)
        return found

    def relative(self) -> list[Candidate]:
        """The candidates, numbered from the first frame that counts."""
        return [replace(one, index=one.index - self._first) for one in self.candidates]

    def add(self, candidate: Candidate) -> None:
        """Keep a candidate that is complete."""
        self.candidates.append(candidate)
        if self.is_watched:
            known = candidate.camera, candidate.stamp_ns, candidate.uncertainty
            self._digest.update(repr((*known, candidate.disagreement)).encode())
            self._digest.update(candidate.shares.tobytes() + candidate.thumbnail.tobytes())


def observe_in_pieces(
    bag: BagSource,
    source: tuple[BagReader, Inputs, Config, Engine],
    mining: MiningConfig,
    count: int,
    advance: Callable[[int, int], None],
) -> tuple[Observer, Session]:
    """Look at every frame of a bag, in so many processes.

    Args:
        bag: any recording that `BagReader` takes.
        source: the same, open: its inputs, configuration and engine.
        mining: how frames are chosen.
        count: into how many pieces it is cut.
        advance: told how far the last piece is, as if all were as far.

    Raises:
        ConfigError: something remembers the recording from its beginning.
        NotInPiecesError: pieces would not give what the whole gives.
    """
    reader, inputs, config, engine = source
    expect_short_memory(config, 0)
    before_s = max(lead_s(reader, inputs, config), messages_s(reader, inputs.images, _FRAMES))
    pieces = cut(reader, count, before_s, config.transforms.buffer_s)
    *earlier, last = pieces
    if not earlier:
        msg = "it is too short to be cut"
        raise NotInPiecesError(msg)
    with process_pool(len(earlier)) as pool:
        futures = [pool.submit(run_piece, bag, config, mining, piece) for piece in earlier]
        step = _steps(advance, reader.message_count, len(pieces))
        own, session = _observe(reader, inputs, config, engine, mining, last, step)
        results = [*(future.result() for future in futures), own]
    _expect_to_fit(results)
    _add_earlier(session, results[:-1])
    say_of_the_bag(session, reader, ())
    return _merged(Observer(config, mining, engine.bundle.ontology), results), session


def run_piece(
    bag: BagSource, config: Config, mining: MiningConfig, piece: TimePiece
) -> ObservedPiece:
    """Look at the frames of a piece, in a process of its own.

    Raises:
        SegPerceptionError: as `mine`.
    """
    bundle = Bundle.load(config.segmentation.bundle)
    with (
        BagReader(bag) as reader,
        closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine,
    ):
        inputs = find_inputs(reader, config)
        return _observe(reader, inputs, config, engine, mining, piece, lambda: None)[0]


def _observe(
    reader: BagReader,
    inputs: Inputs,
    config: Config,
    engine: Engine,
    mining: MiningConfig,
    piece: TimePiece,
    step: Callable[[], None],
) -> tuple[ObservedPiece, Session]:
    observer = PieceObserver(config, mining, engine.bundle.ontology)
    session = Session(config, Segmenter(engine, config.segmentation), inputs, observer)
    observer.follow(session.perception.motion)
    begin: list[Seam] = []

    def watch(is_watched: bool) -> None:  # noqa: FBT001 (as PieceClock calls it)
        observer.is_watched = is_watched

    def open_() -> None:
        if not piece.is_first:
            begin.append(_seam(session, observer))
            session.perception.accounting.count_anew()
            session.perception.issues.begin_anew()
        observer.open()

    clock, damage = PieceClock(piece, watch, open_), ""
    session.prepare(reader)
    sensors = {*inputs.images, *inputs.clouds}
    wanted = piece_messages(reader, piece, inputs.topics, (), sensors)
    with prefetch(wanted, session.decode_ahead) as messages:
        try:
            for message in messages:
                clock.at(message.log_time_ns)
                session.feed(message)
                step()
        except BagError as error:
            damage = str(error)
    clock.end()
    if piece.is_last:
        session.finish()
        observer.finish()
    end = None if piece.is_last else _seam(session, observer)
    result = ObservedPiece(
        candidates=observer.relative(),
        seen=observer.seen,
        compared=observer.compared,
        counts=session.perception.accounting.counts(),
        issues=session.perception.issues.changes(),
        frames=dict(session.frames),
        largest=session.camera_images.largest,
        begin=begin[0] if begin else None,
        end=end,
        damage=damage or "; ".join(reader.warnings),
    )
    return result, session


def _seam(session: Session, observer: PieceObserver) -> Seam:
    counts = session.perception.accounting.snapshot()
    in_flight = {name: count.in_flight for name, count in counts.items()}
    return Seam(observer.take_digest(), in_flight, observer.pending)


def _expect_to_fit(results: Sequence[ObservedPiece]) -> None:
    for number, result in enumerate(results):
        if result.damage:
            raise NotInPiecesError(result.damage)
        if number and result.begin != results[number - 1].end:
            msg = (
                f"piece {number + 1} did not begin with what was known at the end of the one before"
            )
            raise NotInPiecesError(msg)


def _add_earlier(session: Session, earlier: Sequence[ObservedPiece]) -> None:
    for result in earlier:
        session.perception.accounting.add(result.counts)
        session.camera_images.take_largest(result.largest)
        for name, frame in result.frames.items():
            session.frames.setdefault(name, frame)
    session.perception.issues.add_earlier([result.issues for result in earlier])


def _merged(observer: Observer, results: Sequence[ObservedPiece]) -> Observer:
    """One that has met the candidates of all pieces in their order."""
    offset = 0
    for result in results:
        for candidate in result.candidates:
            observer.add(replace(candidate, index=offset + candidate.index))
        offset += result.seen
        observer.compared += result.compared
    return observer


def _steps(advance: Callable[[int, int], None], total: int, pieces: int) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += pieces
        advance(min(done, total), total)

    return step

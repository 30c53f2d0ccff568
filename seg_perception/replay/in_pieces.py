"""A recording labelled in pieces by several processes, with the bytes of one that did all of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_kinds.inputs import IN_ONE_PIECE
from seg_perception.core.issue_log import Issue
from seg_perception.core.process_pool import process_pool
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.inference.bundle import Bundle
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.remapped_bag import BagSource
from seg_perception.pipeline.camera_watch import WatchState
from seg_perception.replay.checks import check_outputs
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.map_file import MapFile, MapSummary
from seg_perception.replay.options import ReplayOptions
from seg_perception.replay.piece_run import (
    PieceResult,
    labelled,
    run_piece,
    spool_path,
    votes_path,
)
from seg_perception.replay.spool import spooled
from seg_perception.replay.summarise import Done, say_of_the_bag, summarise
from seg_perception.replay.summary import ReplaySummary
from seg_perception.replay.time_pieces import TimePiece, cut, expect_short_memory, lead_s
from seg_perception.replay.votes import cast

OnProgress = Callable[[int, int], None]


class _NotInPiecesError(Exception):
    """Pieces would not give what the whole gives."""


@dataclass(frozen=True, eq=False)
class PieceRequest:
    """What is asked for: bag, output, config and options as for `replay`."""

    bag: BagSource
    output: Path
    config: Config
    options: ReplayOptions


def replay_in_pieces(
    request: PieceRequest,
    in_one: Callable[[], ReplaySummary],
    on_progress: OnProgress | None = None,
) -> ReplaySummary:
    """Label a bag in pieces, and put them together.

    Args:
        request: see there.
        in_one: labels it in one piece, where pieces would not give the same; that is said.
        on_progress: as for `replay`.

    Raises:
        ConfigError: something is asked for that remembers the recording from its beginning.
        SegPerceptionError: as `replay`.
    """
    config, options = request.config, request.options
    expect_short_memory(config, options.latency_ms)
    if options.video is not None:
        msg = "--video is drawn from the whole recording; leave it or --pieces out"
        raise ConfigError(msg)
    start = time.perf_counter()
    with BagReader(request.bag) as reader:
        config = with_full_names(config, {topic.name for topic in reader.topics})
        check_outputs(config, Bundle.load(config.segmentation.bundle).ontology)
        before_s = lead_s(reader, find_inputs(reader, config), config)
        pieces = cut(reader, options.pieces, before_s, config.transforms.buffer_s)
        total = reader.message_count
    if len(pieces) == 1:
        return in_one()
    cores = max(1, len(os.sched_getaffinity(0)) // len(pieces))
    threads = replace(options, threads=options.threads or cores)
    chosen = replace(request, config=config, options=threads)
    progress = _Progress(on_progress, total, len(pieces))
    try:
        with scratch_folder("replay") as folder:
            return _label(chosen, pieces, folder, progress, start)
    except _NotInPiecesError as error:
        summary = in_one()
        said = Issue.of(IN_ONE_PIECE, "", reason=error)
        return replace(summary, issues=(*summary.issues, said))


class _Progress:
    """Tells how far the last piece is, as if all were as far."""

    def __init__(self, on_progress: OnProgress | None, total: int, pieces: int) -> None:
        self._on_progress, self._total, self._pieces = on_progress, total, pieces
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._on_progress is not None:
            self._on_progress(min(self._done * self._pieces, self._total), self._total)


def _label(
    request: PieceRequest,
    pieces: Sequence[TimePiece],
    folder: Path,
    progress: _Progress,
    start: float,
) -> ReplaySummary:
    *earlier, last = pieces
    asked = request.bag, request.config, request.options
    with process_pool(len(earlier)) as pool:
        futures = [pool.submit(run_piece, *asked, p, folder) for p in earlier]
        with labelled(*asked, last, folder, progress.step) as (done, own, whole):
            results = [*_results(futures), own]
            _expect_to_fit(results)
            _join(request, pieces, folder)
            map_summary = _map(whole, pieces, folder, results) if whole else None
            _add_earlier(done, results[:-1])
            say_of_the_bag(done.session, done.reader, ())
            written = sum((Counter(result.written) for result in results), Counter[str]())
            merged = replace(done, written=dict(written), left_out=_left_out(results))
            summary = summarise(
                merged,
                request.bag,
                request.output,
                request.options,
                wall_s=time.perf_counter() - start,
                map_summary=map_summary,
            )
            return replace(summary, calibration=_calibration(results))


def _results(futures: Sequence[Future[PieceResult]]) -> list[PieceResult]:
    return [future.result() for future in futures]


def _expect_to_fit(results: Sequence[PieceResult]) -> None:
    """Be sure that each piece began with what the one before it ended with.

    Raises:
        _NotInPiecesError: one did not, or the recording is damaged.
    """
    for number, result in enumerate(results):
        if result.damage:
            raise _NotInPiecesError(result.damage)
        if number and result.begin != results[number - 1].end:
            msg = (
                f"piece {number + 1} of {len(results)} would not have begun with what was known "
                "at the end of the one before"
            )
            raise _NotInPiecesError(msg)


def _join(request: PieceRequest, pieces: Sequence[TimePiece], folder: Path) -> None:
    """Write the messages of all pieces into the bag."""
    with BagWriter(request.output, threads=max(1, request.options.threads)) as writer:
        for piece in pieces:
            for message in spooled(spool_path(folder, piece)):
                writer.write_raw(*message)


def _map(
    whole: MapFile, pieces: Sequence[TimePiece], folder: Path, results: Sequence[PieceResult]
) -> MapSummary:
    """The map that the votes of all pieces make, in their order."""
    voxels = whole.empty_map()
    for piece in pieces:
        cast(votes_path(folder, piece), voxels)
    whole.mapper.map = voxels
    whole.mapper.left_out = sum(result.not_mapped for result in results)
    return whole.write()


def _add_earlier(done: Done, earlier: Sequence[PieceResult]) -> None:
    """Let the last piece's session know what the others counted and were told."""
    session = done.session
    for result in earlier:
        session.perception.accounting.add(result.counts)
        session.durations.add_counts(result.stages)
        for name, frame in result.frames.items():
            session.frames.setdefault(name, frame)
    session.perception.issues.add_earlier([result.issues for result in earlier])


def _calibration(results: Sequence[PieceResult]) -> dict[str, WatchState]:
    """What all pieces looked at, and what the last one came to."""
    return {
        camera: replace(
            state,
            moments=sum(result.calibration[camera].moments for result in results),
            searches=sum(result.calibration[camera].searches for result in results),
        )
        for camera, state in results[-1].calibration.items()
    }


def _left_out(results: Sequence[PieceResult]) -> dict[str, str]:
    return {topic: why for result in reversed(results) for topic, why in result.left_out.items()}

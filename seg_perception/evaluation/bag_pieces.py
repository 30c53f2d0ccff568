"""A bag's shard cut by time for several processes, and put together again."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from seg_perception.config import Config
from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.durations import Durations, StageDurations
from seg_perception.core.errors import ConfigError, EvaluationError
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.message_accounting import StreamCount
from seg_perception.evaluation.assemble_timing import add_counts
from seg_perception.evaluation.frame_score import FRAMES, PICTURES
from seg_perception.evaluation.job import Job, Shard, StreamGroundTruth
from seg_perception.evaluation.piece_shard import SEAM, PieceShard, Seam, agree, sentences
from seg_perception.evaluation.shard_writer import (
    PART,
    ShardResult,
    count_json,
    merge_statistics,
    stages_json,
    write_part,
)
from seg_perception.evaluation.shards import shard_folder
from seg_perception.evaluation.stamp_pairer import WINDOW
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.remapped_bag import BagSource
from seg_perception.pipeline.diagnosis import of_enabled
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.time_pieces import cut, expect_short_memory, lead_s, messages_s

_OF_BAGS = ("bag", "labelled bag")
_MS_NS = 1_000_000
# Pictures of a labelled bag that are kept until their labels come, and more than may wait.
_FRAMES = max(WINDOW, 24) + 2
_FIRST = 40


def check_pieces(job: Job) -> None:
    """Refuse pieces where they can't give what the whole gives.

    Raises:
        ConfigError: says why.
    """
    if job.kind not in _OF_BAGS:
        msg = "--pieces: expected bags; a data set is done in parts anyway"
        raise ConfigError(msg)
    if job.kind == "bag":
        config = Config.from_parameters(job.parameters)
        expect_short_memory(config, job.latency_ns / _MS_NS)


def cut_shard(job: Job, shard: Shard, count: int) -> tuple[Shard, ...]:
    """Pieces of a bag; the bag itself where it is too short for two."""
    streams = {topic for entry in job.streams for topic in (entry.labels, entry.truth) if topic}
    with BagReader(job.remapped(shard)) as reader:
        before_s, buffer_s = messages_s(reader, streams, _FRAMES), 1.0
        if job.kind == "bag":
            config = Config.from_parameters(job.parameters)
            before_s = max(before_s, lead_s(reader, find_inputs(reader, config), config))
            buffer_s = config.transforms.buffer_s
        pieces = cut(reader, count, before_s, buffer_s)
    if len(pieces) == 1:
        return (shard,)
    found = {entry.stream: _origin(job, shard, entry) for entry in job.streams}
    origins = {name: at for name, at in found.items() if at is not None}
    common = shard.model_dump() | {"size": max(1, shard.size // len(pieces))}
    return tuple(
        PieceShard(**common, piece=piece, of=len(pieces), origins=origins) for piece in pieces
    )


def join(job: Job, run: Path, shard: Shard, pieces: Sequence[Shard]) -> str:
    """Put the pieces of a shard into its folder.

    Returns:
        Why they would not give what the whole gives; empty when the shard is done.

    Raises:
        EvaluationError: the disk refuses.
    """
    folders = [shard_folder(run, piece) for piece in pieces]
    seams = [_seam(folder) for folder in folders]
    reason = agree(seams)
    if not reason:
        parts = [ShardResult(job, folder) for folder in folders]
        with draft_folder(shard_folder(run, shard), EvaluationError) as draft:
            _join_files(folders, draft)
            write_part(draft, _document(job, parts, seams))
    for folder in folders:
        shutil.rmtree(folder)
    return reason


def note_whole(run: Path, shard: Shard, reason: str) -> None:
    """Say in a shard's results that it was scored in one piece.

    Raises:
        EvaluationError: the disk refuses.
    """
    folder = shard_folder(run, shard)
    document = json.loads((folder / PART).read_text(encoding="utf-8"))
    document["notes"].append(f"{shard.sequence} was scored in one piece: {reason}")
    write_part(folder, document)


def _seam(folder: Path) -> Seam:
    found = pickle.loads((folder / SEAM).read_bytes())  # noqa: S301 (our own, of this run)
    if not isinstance(found, Seam):
        msg = f"{folder / SEAM}: expected what a piece of this run wrote; remove the run's folder"
        raise EvaluationError(msg)
    return found


def _join_files(folders: Sequence[Path], draft: Path) -> None:
    with (draft / FRAMES).open("wb") as joined:
        for folder in folders:
            with (folder / FRAMES).open("rb") as source:
                shutil.copyfileobj(source, joined)
            for picture in (folder / PICTURES).glob("*"):
                (draft / PICTURES).mkdir(exist_ok=True)
                write_file(draft / PICTURES / picture.name, picture.read_bytes(), EvaluationError)


def _document(job: Job, parts: Sequence[ShardResult], seams: Sequence[Seam]) -> dict[str, Any]:
    names = [entry.stream for entry in job.streams]
    issues = _issues(job, seams)
    scoring = IssueLog()
    scoring.add_earlier([seam.scoring for seam in seams])
    return {
        "statistics": {name: merge_statistics(parts, name, job).to_json() for name in names},
        "pictures": {
            name: [frame.model_dump() for part in parts for frame in part.pictures[name]]
            for name in names
        },
        "stages": _stages(parts),
        "counts": {name: count_json(count) for name, count in _counts(parts).items()},
        "notes": [
            *seams[0].remarks,
            *sentences([issue for issue in issues if issue.level != "error"]),
            *sentences(scoring.all()),
        ],
        "problems": sentences([issue for issue in issues if issue.level == "error"]),
        "engine": parts[0].engine,
    }


def _issues(job: Job, seams: Sequence[Seam]) -> list[Issue]:
    """What a session of the whole would say; of causes, those that hold in every piece."""
    if job.kind != "bag":
        return []
    log = IssueLog()
    log.add_earlier([seam.log for seam in seams])
    everywhere = set.intersection(*({(i.code, i.stream) for i in seam.causes} for seam in seams))
    causes = [issue for issue in seams[-1].causes if (issue.code, issue.stream) in everywhere]
    config = Config.from_parameters(job.parameters)
    return of_enabled(config, [*seams[-1].ahead, *log.all(), *causes])


def _stages(parts: Sequence[ShardResult]) -> dict[str, Any]:
    total = StageDurations()
    for part in parts:
        for name, (entries, longest_s) in part.stages.items():
            counts, _ = Durations().counts()
            for place, number in entries:
                counts[place] = number
            total[name].add_counts(counts, longest_s)
    return stages_json(total)


def _counts(parts: Sequence[ShardResult]) -> dict[str, StreamCount]:
    """In flight is what is so at the end; what was so before ended in a later piece."""
    total: dict[str, StreamCount] = {}
    for part in parts:
        for name, count in part.counts.items():
            total[name] = add_counts(total.get(name), count)
    last = parts[-1].counts
    return {
        name: StreamCount(c.received, c.published, c.dropped, last[name].in_flight)
        for name, c in total.items()
    }


def _origin(job: Job, shard: Shard, entry: StreamGroundTruth) -> int | None:
    """The first stamp of labels that has a truth, as far as the first messages tell."""
    bag = job.remapped(shard)
    labels = _stamps(bag, entry.labels)
    if not entry.truth:
        return labels[0] if labels else None
    truths = _stamps(Path(shard.truth_path) if shard.truth_path else bag, entry.truth)
    near = (at for at in labels if any(abs(at - t) <= job.tolerance_ns for t in truths))
    return next(near, None)


def _stamps(bag: BagSource, topic: str) -> list[int]:
    with BagReader(bag) as reader:
        if not any(info.name == topic and info.count for info in reader.topics):
            return []
        first = islice(reader.messages({topic}), _FIRST)
        return [stamp_to_ns(header_of(message.message).stamp) for message in first]

"""Puts the parts of a run together: the document of its results."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import numpy as np

from seg_perception import __version__
from seg_perception.core.atomic_write import draft_file, write_file
from seg_perception.core.errors import EvaluationError
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.evaluation.assemble_timing import collect_timing
from seg_perception.evaluation.class_truth import ClassTruth
from seg_perception.evaluation.foreign_ids import FRAMES as ENOUGH
from seg_perception.evaluation.foreign_ids import expect_own_ids
from seg_perception.evaluation.frame_samples import choose
from seg_perception.evaluation.frame_score import FRAMES, PICTURES, FrameScore
from seg_perception.evaluation.job import Job, Shard, StreamGroundTruth
from seg_perception.evaluation.results import ModelRecord, Results, Source
from seg_perception.evaluation.shard_writer import ShardResult, merge_statistics
from seg_perception.evaluation.shards import shard_folder
from seg_perception.evaluation.stream_result import Pairing, StreamResult, Unit
from seg_perception.evaluation.stream_scores import score_stream
from seg_perception.evaluation.stream_statistics import StreamStatistics
from seg_perception.evaluation.workers import run_here
from seg_perception.outputs.legend import ontology_sha256

_LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "rosbags", "pydantic", "tensorrt")


def assemble(job: Job, run: Path, seconds: float, command: str) -> Results:
    """Merge the shards of a run in their order, and write frames and pictures into its folder."""
    parts = [ShardResult(job, shard_folder(run, shard)) for shard in job.shards]
    shutil.rmtree(run / PICTURES, ignore_errors=True)
    streams = tuple(_stream(job, entry, parts, run) for entry in job.streams)
    _join_frames(parts, run / FRAMES)
    return Results(
        name=run.name,
        created=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=seconds,
        command=command,
        source=_source(job, streams),
        model=ModelRecord(
            name=job.model_name,
            ontology=job.model_ontology,
            engine=next((part.engine for part in parts if part.engine), ""),
            sha256=job.model_sha256,
        ),
        protocol=job.protocol,
        truth_ontology=job.truth_ontology,
        truth_meanings=job.truth_meanings,
        truth_origin=job.truth_origin,
        streams=streams,
        timing=collect_timing(job, parts),
        configuration=dict(job.parameters),
        versions=_versions(),
        hashes={
            "model": job.model_sha256,
            "job": job.fingerprint,
            "model ontology": ontology_sha256(job.model_ontology),
            "truth ontology": ontology_sha256(job.truth_ontology),
        },
        notes=(
            *job.remarks,
            *dict.fromkeys(note for part in parts for note in part.notes),
            *_uncalibrated(job),
            *_alarms(streams),
        ),
        problems=tuple(_problems(parts, streams)),
    )


def count(job: Job) -> dict[str, StreamStatistics]:
    """The counts of a small job by stream, taken in this process; nothing is kept of them.

    Raises:
        EvaluationError: labels or a truth that can't be read or compared.
        SegPerceptionError: as the inputs or the model have it.
    """
    parts = _scored(job)
    found = {entry.stream: merge_statistics(parts, entry.stream, job) for entry in job.streams}
    problems = [problem for part in parts for problem in part.problems]
    if problems or any(statistics.refused for statistics in found.values()):
        notes = [note for part in parts for note in part.notes]
        raise EvaluationError("; ".join((*problems, *notes)))
    return found


def check_ids(job: Job) -> None:
    """Score frames from all over a data set whose ids nobody named, before all of it is scored.

    Raises:
        ForeignIdsError: the ids seem to be those of another ontology.
    """
    if not job.truth_assumed or job.files is None:
        return
    pairs = [pair for shard in job.shards for pair in shard.pairs]
    chosen = [pairs[n * len(pairs) // ENOUGH] for n in range(ENOUGH)]
    few = tuple({pair.truth: pair for pair in chosen}.values())
    sample = job.model_copy(
        update={
            "shards": (Shard(number=0, size=len(few), pairs=few),),
            "boundary": False,
            "pictures": 0,
        }
    )
    for entry in job.streams:
        found = merge_statistics(_scored(sample), entry.stream, sample)
        expect_own_ids(found.pairs, job.layout, entry.truth)


def _scored(job: Job) -> list[ShardResult]:
    """The parts of a small job, of which nothing is kept."""
    with scratch_folder("evaluation") as folder:
        run_here(job, job.shards, folder, lambda _done, _total: None)
        return [ShardResult(job, shard_folder(folder, shard)) for shard in job.shards]


def _stream(
    job: Job, entry: StreamGroundTruth, parts: Sequence[ShardResult], run: Path
) -> StreamResult:
    statistics = merge_statistics(parts, entry.stream, job)
    scores = score_stream(job, entry, statistics)
    return StreamResult(
        name=entry.stream,
        kind=entry.kind,
        labels=entry.labels,
        truth=entry.truth or (job.cuboids.file if job.cuboids else ""),
        pairing=Pairing(
            tolerance_s=job.tolerance_ns * 1e-9 if "bag" in job.kind else 0.0,
            paired=statistics.paired,
            without_truth=statistics.without_truth,
            without_labels=statistics.without_labels,
            refused=dict(sorted(statistics.refused.items())),
        ),
        metrics=scores.metrics,
        class_mappings=scores.class_mappings,
        slices=scores.slices,
        calibration=scores.calibration,
        frames=tuple(_pictures(job, entry.stream, statistics, parts, run)),
        units=tuple(_units(job, statistics)),
    )


def _units(job: Job, statistics: StreamStatistics) -> Iterator[Unit]:
    layout = job.layout
    columns = {layout.no_label: job.model_ontology.unknown_id, layout.not_seen: -1}
    for (sequence, name), unit in sorted(statistics.units.items()):
        rows, places = np.nonzero(unit.pairs)
        pairs = tuple(
            (
                job.truth_ontology.unknown_id if row == layout.no_truth else int(row),
                columns.get(int(place), int(place)),
                int(unit.pairs[row, place]),
            )
            for row, place in zip(rows, places, strict=True)
        )
        yield Unit(sequence=sequence, name=name, frames=unit.frames, pairs=pairs)


def _pictures(
    job: Job, stream: str, statistics: StreamStatistics, parts: Sequence[ShardResult], run: Path
) -> Iterator[FrameScore]:
    origin: dict[str, Path] = {}
    frames: list[FrameScore] = []
    for part in parts:
        for frame in part.pictures[stream]:
            frames.append(frame)
            origin.update({file: part.folder / file for file in frame.files.values()})
    for frame in choose(frames, job.pictures, statistics.median_miou):
        for file in frame.files.values():
            write_file(run / file, origin[file].read_bytes(), EvaluationError)
        yield frame


def _join_frames(parts: Sequence[ShardResult], path: Path) -> None:
    with draft_file(path, EvaluationError) as draft, draft.open("wb") as joined:
        for part in parts:
            with (part.folder / FRAMES).open("rb") as source:
                shutil.copyfileobj(source, joined)


def _source(job: Job, streams: Sequence[StreamResult]) -> Source:
    sequences = dict.fromkeys(unit.sequence for stream in streams for unit in stream.units)
    paths = dict.fromkeys([s.path for s in job.shards if s.path] or [e.labels for e in job.streams])
    return Source(
        kind=job.kind,
        paths=tuple(paths),
        sequences=tuple(sequences),
        frames=sum(stream.pairing.paired for stream in streams),
    )


def _problems(parts: Sequence[ShardResult], streams: Sequence[StreamResult]) -> Iterator[str]:
    yield from dict.fromkeys(problem for part in parts for problem in part.problems)
    for stream in streams:
        if not stream.pairing.paired:
            yield f"{stream.name}: nothing was scored; see the pairing and the notes"
        for reason, count in stream.pairing.refused.items():
            yield f"{stream.name}: {count} frames can't be compared with their truth: {reason}"


def _alarms(streams: Sequence[StreamResult]) -> Iterator[str]:
    """Classes that a model never says: a mean hides that it has collapsed."""
    for stream in streams:
        for mapping in stream.class_mappings:
            if names := ", ".join(mapping.never_predicted):
                yield f"{stream.name}, {mapping.name}: never predicted: {names}"


def _uncalibrated(job: Job) -> Iterator[str]:
    """A reader who looks for the calibration error has to know why there is none."""
    if job.kind != "predictions" and not ClassTruth(job.layout).known:
        yield (
            "no calibration error: confidence is that of the model's classes, which this truth "
            "does not tell apart"
        )


def _versions() -> Mapping[str, str]:
    found = {"seg_perception": __version__, "python": platform.python_version()}
    installed = {entry.metadata["Name"]: entry.version for entry in metadata.distributions()}
    return {**found, **{name: installed[name] for name in _LIBRARIES if name in installed}}

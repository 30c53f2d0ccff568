"""Takes the samples of one shard and writes down what was found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from seg_perception.core.atomic_write import write_file
from seg_perception.core.durations import StageDurations
from seg_perception.core.errors import EvaluationError, SegPerceptionError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import StreamCount
from seg_perception.evaluation.foreign_ids import FRAMES as ENOUGH
from seg_perception.evaluation.foreign_ids import expect_own_ids
from seg_perception.evaluation.frame_samples import FrameSamples
from seg_perception.evaluation.frame_score import FRAMES, FrameScore
from seg_perception.evaluation.job import Job
from seg_perception.evaluation.samples import Sample
from seg_perception.evaluation.scorer import Scorer
from seg_perception.evaluation.stream_statistics import StreamStatistics

if TYPE_CHECKING:
    from typing_extensions import Self

PART = "part.json"

MakeSample = Callable[[], Sample]


class ShardWriter:
    """The results of one shard under construction.

    Attributes:
        durations: of the stages.
        issues: what went wrong with single frames.
        remarks: sentences of others about that.
        problems: what came to nothing.
        counts: what became of the messages of each input.
        engine: in one line.
        folder: of the shard.
        is_watched: whether the digest of scores is taken.
    """

    def __init__(self, job: Job, folder: Path) -> None:
        """Open the files of a new folder."""
        mapped, layout = job.mapped_classes[0], job.layout
        self.durations = StageDurations()
        self.issues = IssueLog()
        self.remarks: list[str] = []
        self.problems: list[str] = []
        self.counts: dict[str, StreamCount] = {}
        self.engine = ""
        self.is_watched = False
        self.folder, self._layout = folder, layout
        self._digest = hashlib.sha1(usedforsecurity=False)
        self._doubted = job.truth_assumed and job.files is None
        self._scorers = {
            entry.stream: Scorer(entry.stream, job.protocol, mapped, layout, boundary=job.boundary)
            for entry in job.streams
        }
        self._samples = {entry.stream: FrameSamples(folder, job.pictures) for entry in job.streams}
        self._frames = (folder / FRAMES).open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._frames.close()

    def statistics(self, stream: str) -> StreamStatistics:
        """The counts of a stream."""
        return self._scorers[stream].statistics

    def score(self, stream: str, make: MakeSample) -> None:
        """Score a sample; one that can't be made or compared is counted under its reason."""
        scorer = self._scorers[stream]
        if scorer.statistics.paired == ENOUGH:
            self._expect_own_ids(stream)
        try:
            with self.durations["read truth"].measure():
                sample = make()
            with self.durations["score"].measure():
                frame = scorer.add(sample)
        except SegPerceptionError as error:
            self.refuse(stream, error)
            return
        line = f"{frame.model_dump_json()}\n"
        self._frames.write(line)
        if self.is_watched:
            self._digest.update(line.encode())
            for values in (sample.predicted, sample.confidence):
                self._digest.update(b"" if values is None else values.tobytes())
        self._samples[stream].offer(frame, sample)

    def count_anew(self) -> None:
        """Forget everything that was scored; the next frames are still compared with the last."""
        for scorer in self._scorers.values():
            scorer.count_anew()
        for samples in self._samples.values():
            samples.clear()
        self._frames.seek(0)
        self._frames.truncate()
        self.durations.clear()
        self.issues.begin_anew()

    def take_digest(self) -> str:
        """Of the scores while they were watched, since it was taken last."""
        found, self._digest = self._digest.hexdigest(), hashlib.sha1(usedforsecurity=False)
        return found

    def refuse(self, stream: str, error: SegPerceptionError) -> None:
        """Count labels or a truth that can't be read or compared."""
        self.statistics(stream).refused[error.reason] += 1
        self.issues.add_error(stream, error)

    def _expect_own_ids(self, stream: str) -> None:
        """Refuse a bag's truth whose ids seem to be foreign; data sets are asked before."""
        if self._doubted:
            pairs, layout = self.statistics(stream).pairs, self._layout
            expect_own_ids(pairs, layout, f"truth of {stream}")

    def close(self) -> None:
        """Write `part.json`: the shard is done.

        Raises:
            ForeignIdsError: the ids of a bag's truth seem to be those of another ontology.
        """
        for stream in self._scorers:
            self._expect_own_ids(stream)
        self._frames.flush()
        document = {
            "statistics": {
                name: scorer.statistics.to_json() for name, scorer in self._scorers.items()
            },
            "pictures": {
                name: [frame.model_dump() for frame in samples.write()]
                for name, samples in self._samples.items()
            },
            "stages": stages_json(self.durations),
            "counts": {name: count_json(count) for name, count in self.counts.items()},
            "notes": [*self.remarks, *map(str, self.issues.all())],
            "problems": self.problems,
            "engine": self.engine,
        }
        write_part(self.folder, document)


def write_part(folder: Path, document: Mapping[str, Any]) -> None:
    """Write `part.json`, which says that a shard is done."""
    write_file(folder / PART, json.dumps(document), EvaluationError)


class ShardResult:
    """What a shard found, read back."""

    def __init__(self, job: Job, folder: Path) -> None:
        """Read `part.json`."""
        document: Mapping[str, Any] = json.loads((folder / PART).read_text(encoding="utf-8"))
        layout, classes = job.layout, job.mapped_classes[0].size
        self.folder = folder
        self.statistics = {
            name: StreamStatistics.from_json(data, layout, classes)
            for name, data in document["statistics"].items()
        }
        self.pictures = {
            name: [FrameScore.model_validate(frame) for frame in frames]
            for name, frames in document["pictures"].items()
        }
        self.stages: Mapping[str, tuple[list[tuple[int, int]], float]] = document["stages"]
        self.counts = {name: StreamCount(**count) for name, count in document["counts"].items()}
        self.notes: list[str] = document["notes"]
        self.problems: list[str] = document["problems"]
        self.engine: str = document["engine"]


def merge_statistics(parts: Sequence[ShardResult], stream: str, job: Job) -> StreamStatistics:
    """The counts of a stream over all parts of a run."""
    total = StreamStatistics(job.layout, job.mapped_classes[0].size)
    for part in parts:
        total.merge(part.statistics[stream])
    return total


def stages_json(durations: StageDurations) -> dict[str, Any]:
    """Histograms of stages, as the bins that are filled."""
    found = {}
    for name, histogram in durations.stages().items():
        counts, longest_s = histogram.counts()
        entries = [[int(n), int(counts[n])] for n in counts.nonzero()[0]]
        found[name] = [entries, longest_s]
    return found


def count_json(count: StreamCount) -> dict[str, Any]:
    """What became of the messages of a stream."""
    return {
        "received": count.received,
        "published": count.published,
        "dropped": dict(count.dropped),
        "in_flight": count.in_flight,
    }

"""Frames that two runs see differently, regressions first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seg_perception.evaluation.frame_score import FrameScore, read_frames
from seg_perception.evaluation.report.frames import SHARED, FrameRenderer, FrameView
from seg_perception.evaluation.results import Results
from seg_perception.reports.embedded_images import EmbeddedImage, ImageEmbedder

_LISTED = 12
_SHOWN = 4
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Run:
    """A run on disk.

    Attributes:
        folder: with `frames.jsonl` and `pictures/`.
        results: its `results.json`.
    """

    folder: Path
    results: Results

    @classmethod
    def read(cls, folder: str | Path) -> Run:
        """Read a run.

        Raises:
            EvaluationError: there is none, or of another format.
        """
        path = Path(folder)
        return cls(path if path.is_dir() else path.parent, Results.read(path))

    @property
    def name(self) -> str:
        """The run's own name."""
        return self.results.name

    def pictured(self) -> dict[Key, FrameScore]:
        """Frames whose pictures were kept."""
        frames = (frame for stream in self.results.streams for frame in stream.frames)
        return {_key(frame): frame for frame in frames if frame.files}


@dataclass(frozen=True)
class FrameChange:
    """One frame in two runs.

    Attributes:
        before, after: mean IoU in percent.
        pictured: whether both runs kept pictures of it.
    """

    key: Key
    before: float
    after: float
    pictured: bool

    @property
    def difference(self) -> float:
        """Percentage points; negative: it became worse."""
        return self.after - self.before

    @property
    def title(self) -> str:
        """Stream, sequence and name."""
        stream, sequence, name = self.key
        return f"{stream}: {name}" + ("" if sequence in ("", name) else f" of {sequence}")


@dataclass(frozen=True)
class ChangeView:
    """A changed frame and its pictures: image and truth, then both runs' labels and faults."""

    change: FrameChange
    pictures: tuple[tuple[str, EmbeddedImage], ...]


def changed_frames(baseline: Run, other: Run) -> list[FrameChange]:
    """The frames that changed most, the worst regression first, then the best gains.

    Frames that only one run has, or that no score could be given, are passed over.
    """
    before = {_key(f): f.miou for f in read_frames(baseline.folder) if f.miou is not None}
    shown = baseline.pictured().keys() & other.pictured().keys()
    found = sorted(_changes(other, before, shown), key=lambda c: (c.difference, c.key))
    worse = [change for change in found if change.difference < 0]
    better = [change for change in reversed(found) if change.difference > 0]
    return [*worse[:_LISTED], *better[:_LISTED]]


def pictured_changes(baseline: Run, other: Run, embedder: ImageEmbedder) -> list[ChangeView]:
    """Pictures of the frames that changed most of those that both runs kept pictures of.

    Raises:
        ReportError: a picture is missing or damaged.
    """
    first, second = baseline.pictured(), other.pictured()
    pairs = [
        FrameChange(key, miou, after, pictured=True)
        for key in first.keys() & second.keys()
        if (miou := first[key].miou) is not None
        and (after := second[key].miou) is not None
        and after != miou
    ]
    pairs.sort(key=lambda change: (change.difference, change.key))
    worse = [change for change in pairs if change.difference < 0][:_SHOWN]
    better = [change for change in reversed(pairs) if change.difference > 0][: _SHOWN // 2]
    one, two = (FrameRenderer(run.folder, run.results, embedder) for run in (baseline, other))
    return [
        ChangeView(
            change,
            (
                *one.frame(first[change.key], baseline.name).pictures,
                *_own(two.frame(second[change.key], other.name)),
            ),
        )
        for change in (*worse, *better)
    ]


def _own(view: FrameView) -> Iterator[tuple[str, EmbeddedImage]]:
    """Without what the other run shows, too."""
    yield from (entry for entry in view.pictures if entry[0] not in SHARED)


def _changes(run: Run, before: dict[Key, float], shown: set[Key]) -> Iterator[FrameChange]:
    for frame in read_frames(run.folder):
        key = _key(frame)
        if frame.miou is not None and key in before and frame.miou != before[key]:
            yield FrameChange(key, before[key], frame.miou, key in shown)


def _key(frame: FrameScore) -> Key:
    return frame.stream, frame.sequence, frame.name

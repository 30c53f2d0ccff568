"""Frames and words in, a folder for annotators and training out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from seg_perception.active_learning.folder import LabellingFolder
from seg_perception.config import OutputConfig
from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder, expect_new
from seg_perception.core.errors import DatasetError, OpenVocabularyError
from seg_perception.core.issue_kinds.labels import NEVER_ASKED, PICTURE_EMPTY
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.json_document import dump_json
from seg_perception.io.image_files import write_image
from seg_perception.open_vocabulary.frames import FrameSource, NamedFrame
from seg_perception.open_vocabulary.labelling import FrameLabeller
from seg_perception.open_vocabulary.unfinished import TaughtFrame, UnfinishedRun
from seg_perception.open_vocabulary.words import Words
from seg_perception.outputs.pictures import overlay

REGIONS, SUMMARY, WORDS = "regions.jsonl", "label.json", "words.yaml"
CONFIDENCE, OPEN, OVERLAYS = "confidence", "open", "overlays"
_ALPHA = OutputConfig().overlay_alpha
_MOST_CLASSES = 255
OnProgress = Callable[[int, int], None]
Step = Callable[[str], AbstractContextManager[OnProgress]]


@dataclass(frozen=True)
class LabellingCost:
    """What the first batch took.

    Attributes:
        frame_s: seconds a picture.
        memory_bytes: the most that was held at once.
        frames: pictures that are to be done yet.
    """

    frame_s: float
    memory_bytes: int
    frames: int

    def __str__(self) -> str:
        """In words."""
        left = f"; {self.frames} pictures take about {_duration(self.frame_s * self.frames)}"
        return (
            f"{self.frame_s:.2g} s a picture and {self.memory_bytes / 1e9:.2g} GB of memory"
            f"{left if self.frames else ''}"
        )


@dataclass(frozen=True)
class LabellingSummary:
    """What a run made.

    Attributes:
        source, output: as they were named.
        teacher: who was asked.
        frames: pictures with labels.
        taken_on: of these, how many an earlier run had done.
        asked: mean number of classes that were looked for at full size.
        classes: of the words.
        pixels: share of all pixels by class.
        open: share of pixels where two classes are too close to call.
        unlabelled: share of pixels without a label, the open ones too.
        frame_s, memory_bytes: what a picture took.
        notes: what a reader should know.
    """

    source: str
    output: str
    teacher: str
    frames: int
    taken_on: int
    asked: float
    classes: int
    pixels: dict[str, float]
    open: float
    unlabelled: float
    frame_s: float
    memory_bytes: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return asdict(self)


def _silent(_what: str) -> AbstractContextManager[OnProgress]:
    return nullcontext(lambda _done, _total: None)


def _nobody(_cost: LabellingCost) -> None:
    """Nobody waits for what it costs."""


@dataclass(frozen=True)
class WordRun:
    """A run over pictures.

    Attributes:
        labeller: makes labels of them.
        words: whose classes these have.
        decides: what else decides over the labels; a run that was stopped goes on where all of
            it is the same.
        batch: pictures at once.
        used_memory: the most bytes that were held at once so far.
    """

    labeller: FrameLabeller
    words: Words
    decides: Mapping[str, Any]
    batch: int
    used_memory: Callable[[], int]

    def label(
        self,
        source: FrameSource,
        output: Path,
        step: Step = _silent,
        tell: Callable[[LabellingCost], None] = _nobody,
    ) -> LabellingSummary:
        """Label every picture; a run that was stopped goes on.

        Args:
            source: of the pictures; it is read twice.
            output: a new folder; it appears when it is complete.
            step: makes a progress bar for a step that is named.
            tell: hears after the first batch what a picture costs.

        Raises:
            OpenVocabularyError: what was begun is another run, or memory does not suffice.
            DatasetError: the output is there already.
        """
        expect_new(output, DatasetError)
        self._expect_few_classes()
        unfinished = UnfinishedRun(output, self._identity(source))
        with step("asking the teacher") as advance:
            done = _ask(self.labeller, source, unfinished, self, advance, tell)
        with step("writing the labels") as advance:
            summary = self._write(source, output, unfinished, done, advance)
        unfinished.remove()
        return summary

    def _expect_few_classes(self) -> None:
        count = self.words.label_space.id_count
        if count > _MOST_CLASSES:
            msg = f"{self.words.name}: masks have 8 bits, expected at most 255 ids, got {count}"
            raise OpenVocabularyError(msg)

    def _identity(self, source: FrameSource) -> dict[str, Any]:
        return {
            "teacher": self.labeller.description,
            "words": self.words.model_dump(mode="json"),
            **self.decides,
            "source": source.origin,
        }

    def _write(
        self,
        source: FrameSource,
        output: Path,
        unfinished: UnfinishedRun,
        done: _Done,
        advance: OnProgress,
    ) -> LabellingSummary:
        counts = _Counts()
        with draft_folder(output, DatasetError) as draft:
            files = _Files(draft, self.words)
            with LabellingFolder(draft, self.words.label_space) as folder:
                for number, frame in enumerate(source.frames(), start=1):
                    taught = unfinished.read(frame.name)
                    folder.add(frame.name, frame.image, taught.labels)
                    files.add(frame, taught)
                    counts.add(frame, taught, self.words.label_space.unknown_id)
                    advance(number, max(number, source.count))
            summary = counts.summary(self, source, output, done)
            files.finish(summary)
        return summary


@dataclass(frozen=True)
class _Done:
    """What asking took: pictures taken on, and the cost of the others."""

    taken_on: int
    cost: LabellingCost


def _ask(
    labeller: FrameLabeller,
    source: FrameSource,
    unfinished: UnfinishedRun,
    run: WordRun,
    advance: OnProgress,
    tell: Callable[[LabellingCost], None],
) -> _Done:
    taken_on = asked = total = 0
    spent_s = 0.0
    for some in _batches(source.frames(), run.batch):
        total += len(some)
        left = [frame for frame in some if frame.name not in unfinished]
        taken_on += len(some) - len(left)
        if left:
            start = time.perf_counter()
            for frame, taught in zip(left, labeller.label(left), strict=True):
                unfinished.add(frame.name, taught)
            spent_s += time.perf_counter() - start
            asked += len(left)
            if asked == len(left):
                todo = max(source.count - total, 0)
                tell(LabellingCost(spent_s / asked, run.used_memory(), todo))
        advance(total, max(total, source.count))
    if not total:
        msg = (
            f"{source.origin}: no picture could be read; {'; '.join(source.notes) or 'none there'}"
        )
        raise OpenVocabularyError(msg)
    return _Done(taken_on, LabellingCost(spent_s / max(asked, 1), run.used_memory(), 0))


def _batches(frames: Iterator[NamedFrame], size: int) -> Iterator[list[NamedFrame]]:
    """Neighbours of one size."""
    some: list[NamedFrame] = []
    for frame in frames:
        if some and (len(some) == size or some[0].image.shape != frame.image.shape):
            yield some
            some = []
        some.append(frame)
    if some:
        yield some


class _Files:
    """What stands beside the files that every labelling folder has."""

    def __init__(self, folder: Path, words: Words) -> None:
        self._folder, self._words = folder, words
        self._lines: list[str] = []

    def add(self, frame: NamedFrame, taught: TaughtFrame) -> None:
        file = f"{frame.name}.png"
        write_image(self._folder / CONFIDENCE / file, taught.confidence, DatasetError)
        write_image(
            self._folder / OPEN / file, taught.open.astype(np.uint8) * np.uint8(255), DatasetError
        )
        mixed = overlay(frame.image, taught.labels, self._words.label_space, _ALPHA)
        bgr = cv2.cvtColor(mixed, cv2.COLOR_RGB2BGR).astype(np.uint8)
        write_image(self._folder / OVERLAYS / f"{frame.name}.jpg", bgr, DatasetError)
        self._lines += [json.dumps({"frame": frame.name, **region}) for region in taught.regions]

    def finish(self, summary: LabellingSummary) -> None:
        write_file(self._folder / REGIONS, "".join(f"{n}\n" for n in self._lines), DatasetError)
        text = yaml.safe_dump(
            self._words.model_dump(mode="json"), sort_keys=False, allow_unicode=True
        )
        write_file(self._folder / WORDS, text, DatasetError)
        write_file(self._folder / SUMMARY, dump_json(summary.to_json()), DatasetError)


class _Counts:
    """Pixels by label, and words by picture."""

    def __init__(self) -> None:
        self._pixels = np.zeros(256, np.int64)
        self._open = self._frames = self._asked = 0
        self._looked_for: set[str] = set()
        self._issues = IssueLog()

    def add(self, frame: NamedFrame, taught: TaughtFrame, unknown_id: int) -> None:
        self._pixels += np.bincount(taught.labels.reshape(-1), minlength=256)
        for issue in taught.issues:
            self._issues.add_issue(issue)
        if not taught.issues and (taught.labels == unknown_id).all():
            self._issues.add(PICTURE_EMPTY, frame.stream)
        self._open += int(taught.open.sum())
        self._frames += 1
        self._asked += len(taught.asked)
        self._looked_for.update(taught.asked)

    def summary(
        self, run: WordRun, source: FrameSource, output: Path, done: _Done
    ) -> LabellingSummary:
        space, total = run.words.label_space, int(self._pixels.sum())
        shares = {name: float(self._pixels[number] / total) for name, number in space.ids.items()}
        never = [name for name, share in shares.items() if not share]
        issues = [*run.labeller.issues, *self._issues.all(), *self._never_asked(run)]
        notes = [*source.notes, *map(str, issues)]
        notes += [f"no pixel was labelled {', '.join(never)}"] if never else []
        return LabellingSummary(
            source=source.origin,
            output=str(output),
            teacher=run.labeller.description,
            frames=self._frames,
            taken_on=done.taken_on,
            asked=self._asked / self._frames,
            classes=len(run.words.classes),
            pixels={name: share for name, share in shares.items() if share},
            open=self._open / total,
            unlabelled=float(self._pixels[space.unknown_id] / total),
            frame_s=done.cost.frame_s,
            memory_bytes=done.cost.memory_bytes,
            notes=tuple(dict.fromkeys(notes)),
        )

    def _never_asked(self, run: WordRun) -> Iterator[Issue]:
        """The words that no picture was asked for."""
        names = [entry.name for entry in run.words.classes]
        left = [name for name in names if name not in self._looked_for]
        if run.labeller.prunes and left:
            yield Issue.of(NEVER_ASKED, "", classes=", ".join(left))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

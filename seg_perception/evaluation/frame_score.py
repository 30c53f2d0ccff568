"""The score of one image or cloud, and the file that lists them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.document import Document

FRAMES, PICTURES = "frames.jsonl", "pictures"


class FrameScore(Document):
    """One image or cloud.

    Attributes:
        stream: whose frame it is.
        sequence, name: which frame; `name` is unique in its sequence.
        stamp_ns: 0 for a file without one.
        n: pixels or points that counted.
        accuracy, miou: percent, in the protocol's first class mapping; the mean is over the
            truth's classes.
        role: why its pictures were kept.
        files: pictures relative to the run folder, by what they show. An image has `image`
            (JPEG, absent where only labels were recorded), `truth` and `predicted` (PNG of class
            ids, in `Results.truth_ontology` and `Results.model.ontology`); a cloud has `cloud`
            (npz: xyz float32 (N, 3), truth and predicted uint16 (N,)).
    """

    stream: str
    sequence: str
    name: str
    stamp_ns: int
    n: int
    accuracy: float | None
    miou: float | None
    role: Literal["", "worst", "typical"] = ""
    files: Mapping[str, str] = {}


def write_frames(folder: Path, frames: Iterable[FrameScore]) -> None:
    """Write `frames.jsonl`, one frame a line, whole or not at all."""
    text = "".join(f"{frame.model_dump_json()}\n" for frame in frames)
    write_file(folder / FRAMES, text, EvaluationError)


def read_frames(folder: Path) -> Iterator[FrameScore]:
    """Every frame of a run, one after the other."""
    with (folder / FRAMES).open(encoding="utf-8") as file:
        for line in file:
            yield FrameScore.model_validate_json(line)

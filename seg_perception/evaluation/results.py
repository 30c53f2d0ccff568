"""What an evaluation found: `results.json`, with `frames.jsonl` and `pictures/` beside it.

A share is in percent, a duration in seconds; a value that is not defined (a class that
occurs nowhere) is null. Everything but `timing`, `created` and `seconds` is the same for the
same inputs, on however many processes they were scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, computed_field

from seg_perception.core.errors import EvaluationError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import explain
from seg_perception.evaluation.protocol import Protocol

RESULTS, FRAMES, PICTURES = "results.json", "frames.jsonl", "pictures"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class Metric(_Data):
    """One number.

    Attributes:
        key: its name in tables and gates, for instance `miou`.
        description: what it says, in a few words.
        unit: `%`, `s`, `Hz`, or empty for a count.
        value: the number; None where it is not defined.
        n: of how many pixels, points, frames or messages.
        conditions: what it is restricted to; empty: nothing.
        low, high: its 95 % bootstrap interval over units; None with fewer than two of them.
    """

    key: str
    description: str
    unit: str
    value: float | None
    n: int
    conditions: str = ""
    low: float | None = None
    high: float | None = None


class ClassScore(_Data):
    """One class of a class mapping.

    Attributes:
        id: its row in the class mapping's confusion matrix.
        color: #rrggbb.
        truth, predicted, correct: pixels or points.
        iou, precision, recall: percent; None where not defined.
        low, high: the interval of the IoU.
        boundary_iou, boundary_f: percent; None for clouds, and where not measured.
    """

    id: int
    name: str
    color: str
    truth: int
    predicted: int
    correct: int
    iou: float | None
    precision: float | None
    recall: float | None
    low: float | None = None
    high: float | None = None
    boundary_iou: float | None = None
    boundary_f: float | None = None

    @property
    def absent(self) -> bool:
        """Whether the truth has none of it."""
        return self.truth == 0

    @property
    def never_predicted(self) -> bool:
        """Whether the truth has it and the prediction never does."""
        return self.truth > 0 and self.predicted == 0


class Confusion(_Data):
    """Row truth, column prediction; the last columns are excluded classes and no label."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class ClassMappingResult(_Data):
    """The classes of one class mapping, and their means.

    Attributes:
        name: as in the protocol.
        metrics: the headline first.
        excluded: what the protocol leaves out.
        excluded_truth: pixels or points whose true class is left out.
        excluded_predictions: counted ones that were predicted as a class that is left out.
    """

    # What is computed stands in the document, too, and is computed again when it is read.
    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="null")

    name: str
    metrics: tuple[Metric, ...]
    classes: tuple[ClassScore, ...]
    confusion: Confusion
    excluded: tuple[str, ...] = ()
    excluded_truth: int = 0
    excluded_predictions: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def absent(self) -> tuple[str, ...]:
        """Classes that the truth has not."""
        return tuple(c.name for c in self.classes if c.absent)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def never_predicted(self) -> tuple[str, ...]:
        """The collapse alarm: classes that the truth has and the prediction never does."""
        return tuple(c.name for c in self.classes if c.never_predicted)


class Slice(_Data):
    """The scores of a part.

    Attributes:
        dimension: `range`, `region`, `sequence`, or the name of a condition.
        value: which part, for instance `10-20 m` or `autumn`.
        class_mapping: in which classes.
        iou: percent by class; None where absent.
    """

    dimension: str
    value: str
    class_mapping: str
    metrics: tuple[Metric, ...]
    iou: Mapping[str, float | None]


class CalibrationBin(_Data):
    """Predictions of about the same confidence (0 to 1).

    Attributes:
        low, high: limits of the bin.
        count: pixels or points.
        confidence: their mean confidence; None in an empty bin.
        accuracy: the share of them that is right; None in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


class Calibration(_Data):
    """Whether confidence means what it says, in the protocol's first class mapping."""

    metrics: tuple[Metric, ...]
    bins: tuple[CalibrationBin, ...]


class FrameScore(_Data):
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


class Unit(_Data):
    """What the bootstrap draws: a sequence, or a block of one.

    Attributes:
        sequence: of the data set, or a bag.
        name: the sequence's, with the block where it was cut.
        frames: how many.
        pairs: (true id, predicted id, count), in the ontologies' own ids.
    """

    sequence: str
    name: str
    frames: int
    pairs: tuple[tuple[int, int, int], ...]


class Pairing(_Data):
    """Which truth went with which labels.

    Attributes:
        tolerance_s: largest distance of their stamps; 0 for files, which go by name.
        paired: pairs that were scored.
        without_truth, without_labels: those that found no partner.
        refused: pairs that can't be compared, by reason.
    """

    tolerance_s: float
    paired: int
    without_truth: int = 0
    without_labels: int = 0
    refused: Mapping[str, int] = {}


class StreamResult(_Data):
    """Everything about one camera, lidar or radar, or about the images of a data set.

    Attributes:
        name: `camera.front`, `lidar.top`, `images`.
        kind: what is labelled.
        labels, truth: topics or folders.
        metrics: the composite, purity and coverage, agreement across time, pairing.
        class_mappings: in the protocol's order.
        slices: by range, region, condition, sequence.
        frames: worst and typical ones and some by lot, with pictures; all are in `frames.jsonl`.
        units: for intervals, and for comparing runs.
    """

    name: str
    kind: Literal["image", "lidar", "radar"]
    labels: str
    truth: str
    pairing: Pairing
    metrics: tuple[Metric, ...]
    class_mappings: tuple[ClassMappingResult, ...]
    slices: tuple[Slice, ...] = ()
    calibration: Calibration | None = None
    frames: tuple[FrameScore, ...] = ()
    units: tuple[Unit, ...] = ()


class StageTiming(_Data):
    """How long a stage took (second), and its histogram.

    Attributes:
        edges_s: limits of the bins, one more than counts; spaced evenly in the logarithm.
    """

    stage: str
    count: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    max_s: float | None
    edges_s: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


class StreamTiming(_Data):
    """What became of the messages of one input, and the rate of its stamps.

    Attributes:
        received, published, dropped, in_flight: messages.
        rate_hz: of the stamps; None below two messages.
        jitter_s: standard deviation of the time between stamps.
        missed: stamps that are missing at the median period.
    """

    stream: str
    received: int
    published: int
    dropped: Mapping[str, int]
    in_flight: int
    rate_hz: float | None = None
    jitter_s: float | None = None
    missed: int = 0

    @property
    def balanced(self) -> bool:
        """Whether no message is unaccounted for."""
        return self.received == self.published + sum(self.dropped.values()) + self.in_flight


class Timing(_Data):
    """Latency, rates and message counts of the run."""

    stages: tuple[StageTiming, ...] = ()
    streams: tuple[StreamTiming, ...] = ()


class Source(_Data):
    """What was scored.

    Attributes:
        kind: bags through the core, bags that were labelled before, or files.
        paths: bags or folders.
        sequences: names, in order.
        frames: pairs in all.
    """

    kind: Literal["bag", "labelled bag", "data set", "predictions"]
    paths: tuple[str, ...]
    sequences: tuple[str, ...]
    frames: int


class ModelRecord(_Data):
    """What made the labels.

    Attributes:
        name: the bundle's, or where the labels came from.
        engine: in one line; empty for labels that were there before.
        ontology: of the labels.
    """

    name: str
    ontology: Ontology
    engine: str = ""
    sha256: str = ""


class Results(_Data):
    """A run.

    Attributes:
        format: of this document.
        name: of the run.
        created: ISO 8601, UTC.
        seconds: how long it took.
        configuration: flat parameters, as they ran.
        versions: of this package and of the libraries that make numbers.
        hashes: sha256 of model, protocol and ontologies.
        notes: what a reader should know.
        problems: what came to nothing.
    """

    format: Literal[2] = 2
    name: str
    created: str
    seconds: float
    command: str = ""
    source: Source
    model: ModelRecord
    protocol: Protocol
    truth_ontology: Ontology
    streams: tuple[StreamResult, ...]
    timing: Timing = Timing()
    configuration: Mapping[str, Any] = {}
    versions: Mapping[str, str] = {}
    hashes: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def stream(self, name: str) -> StreamResult | None:
        """A stream by its name."""
        return next((stream for stream in self.streams if stream.name == name), None)

    def write(self, folder: Path) -> Path:
        """Write `results.json` into a run folder, whole or not at all."""
        path, part = folder / RESULTS, folder / f"{RESULTS}.part"
        part.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        part.replace(path)
        return path

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """Read a run folder, or its `results.json`.

        Raises:
            EvaluationError: there is none, or of another format.
        """
        path = Path(folder)
        path = path / RESULTS if path.is_dir() else path
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            msg = f"{path} can't be read: expected the folder of a finished run, got {error}"
            raise EvaluationError(msg) from error
        except ValidationError as error:
            msg = f"{explain(error, str(path))}; evaluate again with this version"
            raise EvaluationError(msg) from error


def write_frames(folder: Path, frames: Iterable[FrameScore]) -> None:
    """Write `frames.jsonl`, one frame a line, whole or not at all."""
    path, part = folder / FRAMES, folder / f"{FRAMES}.part"
    with part.open("w", encoding="utf-8") as file:
        file.writelines(f"{frame.model_dump_json()}\n" for frame in frames)
    part.replace(path)


def read_frames(folder: Path) -> Iterator[FrameScore]:
    """Every frame of a run, one after the other."""
    with (folder / FRAMES).open(encoding="utf-8") as file:
        for line in file:
            yield FrameScore.model_validate_json(line)

"""The classes of one class mapping: their scores, what they were taken for, and their means."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ConfigDict, computed_field

from seg_perception.evaluation.document import Document
from seg_perception.evaluation.metric import Metric


class ClassScore(Document):
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


class Confusion(Document):
    """Row truth, column prediction; the last columns are excluded classes and no label."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class ClassMappingResult(Document):
    """The classes of one class mapping, and their means.

    Attributes:
        name: as in the protocol.
        metrics: the headline first.
        excluded: what the protocol leaves out, and what no true id of a mapping stands for.
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


class Slice(Document):
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

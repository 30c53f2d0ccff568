"""Scores a labelled bag against a bag with true labels, message by message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CloudError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.confusion import Labels
from seg_perception.evaluation.metrics import Scores, TruthScore
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud

_LABEL_FIELDS = ("semantic_label", "label", "label_id", "class_id")
_TRUTH_FIELD = "label"
_VISIBLE_FIELD = "visible"
# Both bags are read side by side; a message waits for its partner at most this long.
_WINDOW = 64


@dataclass(frozen=True)
class TruthTopic:
    """Labels and the topic of another bag that has the true ones, with the same stamps.

    Attributes:
        topic: label images, or semantic clouds.
        truth: label images, or clouds of the same points with a field `label`; where they
            have a field `visible`, too, a visible point without a label counts as missing.
    """

    topic: str
    truth: str


def score_bag(
    labelled: str | Path,
    truth: str | Path,
    topics: Sequence[TruthTopic],
    predicted: Ontology,
    true: Ontology,
) -> dict[str, Scores]:
    """Compare topics of two bags, or of one bag with itself.

    Returns:
        Scores by topic.

    Raises:
        BagError: a bag can't be read, or lacks a topic.
        CloudError: a cloud without labels, or with other points than the truth.
        ImageError: an image that holds no labels.
    """
    return {
        entry.topic: _score(Path(labelled), Path(truth), entry, TruthScore(true, predicted))
        for entry in topics
    }


def _score(labelled: Path, truth: Path, topics: TruthTopic, score: TruthScore) -> Scores:
    with BagReader(labelled) as ours, BagReader(truth) as theirs:
        for got, true in _pairs(_stamped(ours, topics.topic), _stamped(theirs, topics.truth)):
            compare = _add_cloud if hasattr(got, "point_step") else _add_image
            compare(score, got, true, topics)
    return score.scores()


def _stamped(bag: BagReader, topic: str) -> Iterator[tuple[int, Any]]:
    for entry in bag.messages({topic}):
        yield stamp_to_ns(entry.message.header.stamp), entry.message


def _pairs(
    ours: Iterator[tuple[int, Any]], theirs: Iterator[tuple[int, Any]]
) -> Iterator[tuple[Any, Any]]:
    """Messages of one stamp; those without a partner are passed over."""
    waiting: dict[int, Any] = {}
    newest = -1
    for stamp, message in ours:
        while newest < stamp and (following := next(theirs, None)) is not None:
            newest = max(newest, following[0])
            waiting[following[0]] = following[1]
            if len(waiting) > _WINDOW:
                del waiting[min(waiting)]
        if stamp in waiting:
            yield message, waiting.pop(stamp)


def _add_image(score: TruthScore, got: Any, true: Any, _topics: TruthTopic) -> None:
    """At the truth's size, as data sets are scored: labels are enlarged by nearest neighbour."""
    labels, expected = decode_label_image(got), decode_label_image(true)
    size = (expected.shape[1], expected.shape[0])
    enlarged: Any = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
    score.add(expected, enlarged)


def _add_cloud(score: TruthScore, got: Any, true: Any, topics: TruthTopic) -> None:
    """Points that have a label, and those that the truth calls visible."""
    points, expected = decode_cloud(got).points, decode_cloud(true).points
    labels = _ids(points, _LABEL_FIELDS, topics.topic)
    true_labels = _ids(expected, (_TRUTH_FIELD,), topics.truth)
    if labels.size != true_labels.size:
        msg = (
            f"{topics.topic}: expected the {true_labels.size} points of {topics.truth}, "
            f"got {labels.size}; label with output.drop_unlabelled: false"
        )
        raise CloudError(msg)
    counted = labels != score.unknown_id
    if _VISIBLE_FIELD in (expected.dtype.names or ()):
        counted |= expected[_VISIBLE_FIELD].reshape(-1) != 0
    score.add(true_labels[counted], labels[counted])


def _ids(points: NDArray[Any], fields: Sequence[str], topic: str) -> Labels:
    names = points.dtype.names or ()
    name = next((field for field in fields if field in names), None)
    if name is None:
        msg = f"{topic}: expected a field {' or '.join(fields)} with labels, got {list(names)}"
        raise CloudError(msg)
    labels = points[name]
    narrow = labels.dtype == np.uint8
    return np.ascontiguousarray(labels.reshape(-1), np.uint8 if narrow else np.uint16)

"""All trials of one node under one load, in figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.graph.figures import Flow, flow, percentiles
from bench.graph.recordings import messages
from bench.graph.trial import Trial
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionCounter, ConfusionLayout
from seg_perception.evaluation.protocol import OWN, Protocol
from seg_perception.evaluation.scores import LabelCounts
from seg_perception.io.pointcloud2 import decode_cloud

Truth = Mapping[int, tuple[NDArray[np.uint8], NDArray[np.bool_]]]
"""By stamp: class of each point, and whether the front camera sees it."""


@dataclass(frozen=True)
class Summary:
    """What one node did.

    Attributes:
        images, clouds: label images and semantic clouds.
        gap_s: p50, p95, p99 of the time between a cloud and the label images it got.
        cpu: cores that the node kept busy while it was played to.
        cpu_per_result_s: processor time for each label image and cloud that came out.
        right: share of the points with a label whose label is right.
        labelled: share of the points that the front camera sees which got a label.
    """

    images: Flow
    clouds: Flow
    gap_s: tuple[float, float, float]
    cpu: float
    cpu_per_result_s: float
    right: float
    labelled: float


def summarize(
    trials: Sequence[Trial], truth: Truth, ontologies: tuple[Ontology, Ontology]
) -> Summary:
    """Put the trials together.

    Args:
        trials: of one node under one load.
        truth: of the simulator.
        ontologies: of the labels, and of the truth.
    """
    seconds, cpu_s = sum(one.seconds for one in trials), sum(one.cpu_s for one in trials)
    images = _flow(trials, "images", "camera.", seconds)
    clouds = _flow(trials, "clouds", "lidar.", seconds)
    right, labelled = _quality(trials, truth, ontologies)
    return Summary(
        images=images,
        clouds=clouds,
        gap_s=_gaps(trials),
        cpu=cpu_s / seconds,
        cpu_per_result_s=cpu_s / max(images.heard + clouds.heard, 1),
        right=right,
        labelled=labelled,
    )


def read_truth(drive: Path, topic: str) -> Truth:
    """The true classes of a drive's scans."""
    found = {}
    for stamp_ns, _, message in messages(drive, topic):
        points = decode_cloud(message).points.reshape(-1)
        found[stamp_ns] = (points["label"].copy(), points["visible"] != 0)
    return found


def accounted(report: Mapping[str, Any], prefix: str) -> int:
    """Messages of these streams that a node says it dropped, or lost on their way to it."""
    dropped = sum(
        sum(count["dropped"].values())
        for name, count in report.get("streams", {}).items()
        if name.startswith(prefix)
    )
    lost = report.get("lost_in_transport", {}).items()
    return dropped + sum(number for name, number in lost if name.startswith(prefix))


def _flow(trials: Sequence[Trial], kind: str, prefix: str, seconds: float) -> Flow:
    pairs = [entry for one in trials for entry in getattr(one, kind)]
    return flow(pairs, seconds, sum(accounted(one.report, prefix) for one in trials))


def _gaps(trials: Iterable[Trial]) -> tuple[float, float, float]:
    """From the usual node's list, or as medians over the trials of our stage `gap`."""
    listed = [gap for one in trials for gap in one.report.get("gaps_s", [])]
    if listed:
        return percentiles(listed)
    stages = [
        [entry[key] for key in ("p50_s", "p95_s", "p99_s")]
        for one in trials
        for entry in one.report.get("latencies", [])
        if entry["stage"] == "gap"
    ]
    p50, p95, p99 = np.median(stages, axis=0) if stages else (np.nan,) * 3
    return float(p50), float(p95), float(p99)


def _quality(
    trials: Iterable[Trial], truth: Truth, ontologies: tuple[Ontology, Ontology]
) -> tuple[float, float]:
    """How much of what has a label is right, and how much of what is seen has one."""
    predicted, true = ontologies
    layout = ConfusionLayout(true, predicted)
    counter = ConfusionCounter(layout)
    of_labelled, of_seen = np.zeros((2, *layout.shape), np.int64)
    for one in trials:
        for stamp_ns, of_cloud in one.labels.items():
            expected, seen = truth[stamp_ns]
            labels = of_cloud.reshape(-1)
            labelled = labels != predicted.unknown_id
            of_labelled += counter.count(expected[labelled], labels[labelled])
            of_seen += counter.count(expected[seen], labels[seen])
    (mapped,) = map_classes(Protocol.load(OWN), layout, partial=True)
    right = LabelCounts.of(mapped.fold(of_labelled)).purity
    return right / 100, LabelCounts.of(mapped.fold(of_seen)).coverage / 100

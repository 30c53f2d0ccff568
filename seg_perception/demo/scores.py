"""How well the labels of a demo agree with the simulator's truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from seg_perception.config import Config
from seg_perception.core.message_accounting import stream
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.assemble import count
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.job import Job, Shard, StreamGroundTruth
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.protocol import OWN, Protocol
from seg_perception.evaluation.scores import ClassCounts, LabelCounts
from seg_perception.io.bag_reader import BagReader
from seg_perception.outputs.topics import CameraTopics, cloud_topic
from seg_perception.simulation.config import SimulationConfig


@dataclass(frozen=True)
class TopicScores:
    """Scores of one topic of label images or semantic clouds; a share is from 0 to 1.

    Attributes:
        count: pixels or points with a true label; of a cloud those that got a label or that
            a camera sees.
        labelled: share of them that got a label at all.
        accuracy: share of those with a label whose label is right.
        iou: intersection over union of each class that the truth has.
    """

    count: int
    labelled: float
    accuracy: float
    iou: Mapping[str, float]

    @classmethod
    def of(cls, pairs: Counts, mapped: MappedClasses) -> TopicScores:
        """Of the evaluator's counts: int64, in the shape of its `ConfusionLayout`."""
        folded = mapped.fold(pairs)
        labels, classes = LabelCounts.of(folded), ClassCounts.of(folded)
        return cls(
            count=labels.expected,
            labelled=labels.visible_coverage / 100,
            accuracy=labels.purity / 100,
            iou={
                mapped.names[n]: float(classes.iou[n]) / 100 for n in np.flatnonzero(classes.truth)
            },
        )

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that the truth has; NaN where it has none."""
        return fmean(self.iou.values()) if self.iou else float("nan")


def score_labels(
    labelled: Path, truth: Path, config: Config, world: SimulationConfig, predicted: Ontology
) -> dict[str, TopicScores]:
    """Score every topic of labels.

    Args:
        labelled: what the graph recorded.
        truth: the simulated drive.
        config: of the graph.
        world: of the drive.
        predicted: ontology of the labels.

    Raises:
        BagError: a recording can't be read, or lacks a topic of the truth.
        EvaluationError: labels or a truth that can't be read or compared.
    """
    with BagReader(labelled) as bag:
        shard = Shard(number=0, path=str(labelled), truth_path=str(truth), size=bag.message_count)
    job = Job(
        kind="labelled bag",
        protocol=Protocol.load(OWN),
        truth_ontology=Ontology.load(world.ontology),
        model_ontology=predicted,
        model_name=predicted.name,
        # A bundle of other classes is scored, too: what the truth lacks is wrong.
        partial=True,
        parameters={"transforms.fixed_frame": config.transforms.fixed_frame},
        streams=tuple(_streams(config, world)),
        tolerance_ns=0,
        boundary=False,
        pictures=0,
        shards=(shard,),
    )
    mapped = job.mapped_classes[0]
    found = count(job)
    return {
        entry.labels: TopicScores.of(found[entry.stream].pairs, mapped) for entry in job.streams
    }


def _streams(config: Config, world: SimulationConfig) -> Iterator[StreamGroundTruth]:
    for name, camera in config.cameras.items():
        topic, truth = CameraTopics.of(camera).label_image, world.camera_truth_topic
        yield StreamGroundTruth(
            stream=stream("camera", name), kind="image", labels=topic, truth=truth
        )
    for name, lidar in config.lidars.items():
        topic, truth = cloud_topic(lidar), world.lidar_truth_topic
        yield StreamGroundTruth(
            stream=stream("lidar", name), kind="lidar", labels=topic, truth=truth
        )
    for name, radar in config.radars.items():
        topic, truth = cloud_topic(radar), world.radar_truth_topic
        yield StreamGroundTruth(
            stream=stream("radar", name), kind="radar", labels=topic, truth=truth
        )

"""What is to be scored, as data: it can be written down, compared, and sent elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.document import Document
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.protocol import Protocol
from seg_perception.io.remapped_bag import RemappedBag

Kind = Literal["bag", "labelled bag", "data set", "predictions"]
StreamKind = Literal["image", "lidar", "radar"]


class StreamGroundTruth(Document):
    """One stream, and where its truth is.

    Attributes:
        stream: as in the accounting, for instance `lidar.top`.
        labels: topic or folder of the labels.
        truth: topic or folder of the truth; empty where cuboids are it.
    """

    stream: str
    kind: StreamKind
    labels: str
    truth: str


class CuboidSource(Document):
    """Cuboids in a map that are the truth of clouds.

    Attributes:
        file: of segments.ai.
        rules: what they mean.
        sample: which drive of the file.
        lidar_inflation_m, radar_inflation_m: by how much faces are moved outwards.
    """

    file: str
    rules: str = "viking_hill"
    sample: int = 0
    lidar_inflation_m: float = 0.0
    radar_inflation_m: float = 0.0

    def inflation_m(self, kind: StreamKind) -> float:
        """For one kind of sensor."""
        return self.radar_inflation_m if kind == "radar" else self.lidar_inflation_m


class FilePair(Document):
    """The files of one frame; `predicted` is empty where the model makes the labels."""

    source: str
    truth: str
    predicted: str = ""
    sequence: str
    unit: str
    name: str
    stamp_ns: int = 0


class LabelledFiles(Document):
    """The images of a data set, whose labels may have any form.

    Attributes:
        root: its folder.
        layout: one of `datasets.layouts.IMAGE_LAYOUTS`.
        split: as in `datasets.layouts.open_folder`.
        painted: whether masks in colours have those of the truth's ontology.
    """

    root: str
    layout: str
    split: str = ""
    painted: bool = False


class Shard(Document):
    """What one process does in one go: a bag, or a part of a data set.

    Attributes:
        number: its place; results are put together in this order.
        sequence: name of the bag; of a data set, empty.
        path: the bag.
        truth_path: the bag that has the truth.
        size: messages or frames, for the progress.
        pairs: files; empty for a bag.
    """

    number: int
    sequence: str = ""
    path: str = ""
    truth_path: str = ""
    size: int
    pairs: tuple[FilePair, ...] = ()


class Job(Document):
    """Everything that the result depends on.

    Attributes:
        class_mappings: of the protocol; empty: all.
        truth_meanings: of true ids, the model's classes that each may be; as in a
            `ConfusionLayout`.
        truth_origin: what the true ids were taken for, and why: half a sentence.
        remarks: what was taken of the inputs, for people.
        truth_assumed: whether nobody has said what the true ids mean.
        partial: score a model although its classes differ.
        remap: rules for the names of topics of the recordings, see `RemappedBag`.
        odometry: what finds the robot's motion, see `lidar_odometry`; empty: the recordings do.
        parameters: flat parameters of the core.
        files: of a data set of images.
        image_topics: pictures by stream, for bags that were labelled before.
        conditions: of each sequence, for instance `season: autumn`.
        tolerance_ns: largest distance of two stamps.
        corruptions: names of those that pictures are spoilt by, each in five strengths.
        latency_ns: of a machine whose drops are imitated; 0: every image is labelled.
        boundary: whether boundaries are measured.
        pictures: how many worst, and how many typical frames keep their pictures.
    """

    kind: Kind
    protocol: Protocol
    truth_ontology: Ontology
    model_ontology: Ontology
    model_name: str
    model_sha256: str = ""
    truth_meanings: Mapping[int, tuple[str, ...]] = {}
    truth_origin: str = ""
    truth_assumed: bool = False
    remarks: tuple[str, ...] = ()
    class_mappings: tuple[str, ...] = ()
    partial: bool = False
    remap: tuple[str, ...] = ()
    odometry: str = ""
    parameters: Mapping[str, Any] = {}
    streams: tuple[StreamGroundTruth, ...] = Field(min_length=1)
    files: LabelledFiles | None = None
    image_topics: Mapping[str, str] = {}
    cuboids: CuboidSource | None = None
    conditions: Mapping[str, Mapping[str, str]] = {}
    tolerance_ns: int = 5_000_000
    corruptions: tuple[str, ...] = ()
    latency_ns: int = 0
    boundary: bool = True
    pictures: int = 4
    shards: tuple[Shard, ...]

    def remapped(self, shard: Shard) -> RemappedBag:
        """The bag of a shard, under the job's names."""
        return RemappedBag.of(shard.path, self.remap)

    @property
    def layout(self) -> ConfusionLayout:
        """Of the pairs of ids."""
        return ConfusionLayout(self.truth_ontology, self.model_ontology, self.truth_meanings)

    @property
    def mapped_classes(self) -> tuple[MappedClasses, ...]:
        """The class mappings to score.

        Raises:
            ConfigError: classes that do not fit.
        """
        return map_classes(self.protocol, self.layout, self.class_mappings, partial=self.partial)

    @property
    def fingerprint(self) -> str:
        """The same for jobs that give the same results."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
